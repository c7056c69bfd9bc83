/* f32 kernels on a node with bf16 values: inputs are widened into scratch, the kernel runs there, what it wrote is rounded back. What a
 * matrix product reads of its first slot is rounded too, so that values are those of bf16 operands with f32 accumulation, on any processor.
 * On the way back one operand is finer: the gradient that a product reads is in f32 once a fused activation's slope has been at it, and
 * where the output is f32. Slower than f32: it is for correctness where the processor or the backend has no bf16. */
#include "nn/bf16.h"
#include "nn/plan_state.h"
#include <string.h>

typedef struct copies {
    bf_lane lane;               /* as the kernel sees it: every pointer of the real one, but for this node's values */
    char   *next;               /* free scratch */
} copies;

static size_t padded(size_t bytes) { return (bytes + 63u) & ~(size_t)63u; }
static bool is_narrow(const bf_lane *l, bf_value v) { return l->plan->value[v].format == BF_BF16; }
static size_t count_of(const bf_lane *l, bf_value v) { return bf_shape_count(bf_lane_shape(l, v)); }

static void *take(copies *c, size_t bytes)
{
    void *at = c->next;
    c->next += padded(bytes);
    return at;
}

/* The lane's tables of values and gradients are copied, so that the node's entries can point into scratch. */
static copies open_copies(const bf_node *n, const bf_lane *l)
{
    const size_t table = (size_t)l->plan->values * sizeof(void *);
    copies c = { .lane = *l, .next = (char *)l->work + padded(n->op->work == NULL ? 0 : n->op->work(l->plan, n)) };
    c.lane.value = memcpy(take(&c, table), l->value, table);
    c.lane.gradient = memcpy(take(&c, table), l->gradient, table);
    if (n->op->width == BF_NARROW && n->n_slots > 0) {
        const size_t count = bf_params_at(l->plan->params, n->slot[0])->count;
        const float *theta = bf_lane_slot(l, n, 0);
        float *rounded = take(&c, count * sizeof *rounded);
        for (size_t i = 0; i < count; i++) rounded[i] = bf_widen(bf_narrow(theta[i]));
        c.lane.first_slot = rounded;
    }
    return c;
}

static void widen_value(copies *c, const bf_lane *l, bf_value v, bool filled)
{
    if (v == BF_NO_VALUE || !is_narrow(l, v) || c->lane.value[v] != l->value[v]) return;
    float *wide = take(c, count_of(l, v) * sizeof *wide);
    if (filled) bf_widen_all(l->value[v], wide, count_of(l, v));
    c->lane.value[v] = wide;
}

static void widen_gradient(copies *c, const bf_lane *l, bf_value v, bool filled)
{
    if (v == BF_NO_VALUE || !is_narrow(l, v) || l->gradient[v] == NULL || c->lane.gradient[v] != l->gradient[v]) return;
    float *wide = take(c, count_of(l, v) * sizeof *wide);
    if (filled) bf_widen_all(l->gradient[v], wide, count_of(l, v));
    c->lane.gradient[v] = wide;
}

static void forward(const bf_node *n, const bf_lane *l)
{
    copies c = open_copies(n, l);
    for (int i = 0; i < n->n_inputs; i++) widen_value(&c, l, n->input[i], true);
    widen_value(&c, l, n->output, false);
    n->inner.forward(n, &c.lane);
    if (n->output != BF_NO_VALUE && is_narrow(l, n->output)) bf_narrow_all(c.lane.value[n->output], l->value[n->output], count_of(l, n->output));
}

static void backward(const bf_node *n, const bf_lane *l)
{
    copies c = open_copies(n, l);
    for (int i = 0; i < n->n_inputs; i++) {
        widen_value(&c, l, n->input[i], true);
        widen_gradient(&c, l, n->input[i], n->adds[i]);
    }
    widen_value(&c, l, n->output, true);
    widen_gradient(&c, l, n->output, true);
    n->inner.backward(n, &c.lane);
    for (int i = 0; i < n->n_inputs; i++)
        if (n->wants[i] && is_narrow(l, n->input[i]))
            bf_narrow_all(c.lane.gradient[n->input[i]], l->gradient[n->input[i]], count_of(l, n->input[i]));
}

static size_t copy_bytes(const bf_plan *p, bf_value v)
{
    return v == BF_NO_VALUE || p->value[v].format != BF_BF16 ? 0 : 2 * padded(bf_shape_count(p->value[v].shape) * sizeof(float));
}

void bf_narrow_wrap(const bf_plan *p, bf_node *n)
{
    n->inner = n->run;
    n->run.forward = forward;
    if (n->run.backward != NULL) n->run.backward = backward;
    n->work = padded(n->work) + 2 * padded((size_t)p->values * sizeof(void *)) + copy_bytes(p, n->output);
    for (int i = 0; i < n->n_inputs; i++) n->work += copy_bytes(p, n->input[i]);
    if (n->op->width == BF_NARROW && n->n_slots > 0) n->work += padded(bf_params_at(p->params, n->slot[0])->count * sizeof(float));
}
