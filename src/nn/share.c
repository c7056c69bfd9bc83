/* Memory of a plan that only runs forward: a value's memory serves another one as soon as the last node that reads it has run. Readable values
 * keep theirs. What evaluation of a convolutional network needs is then its few widest layers, not all of them. */
#include "nn/plan_state.h"
#include <stdlib.h>

typedef struct sharing {
    bf_plan *plan;
    int     *last;              /* (values) the last node that reads or makes the value */
    bool    *busy;              /* (buffers) */
} sharing;

static bool shares(const bf_plan *p, bf_value v) { return v != BF_NO_VALUE && p->value[v].used && !p->value[v].readable; }

static void find_last(sharing *s)
{
    for (int i = 0; i < s->plan->nodes; i++) {
        const bf_node *n = &s->plan->node[i];
        if (n->output != BF_NO_VALUE) s->last[n->output] = i;
        for (int k = 0; k < n->n_inputs; k++) s->last[n->input[k]] = i;
    }
}

/* The free buffer that fits best: the smallest that is large enough, else the largest, which then grows; a new one when none is free. */
static int take_buffer(sharing *s, size_t bytes)
{
    bf_plan *p = s->plan;
    int best = -1;
    for (int i = 0; i < p->buffers; i++) {
        if (s->busy[i]) continue;
        const size_t have = p->buffer[i], found = best < 0 ? 0 : p->buffer[best];
        const bool better = have >= bytes ? found < bytes || have < found : have > found;
        if (best < 0 || better) best = i;
    }
    if (best < 0) best = p->buffers++;
    if (p->buffer[best] < bytes) p->buffer[best] = bytes;
    s->busy[best] = true;
    return best;
}

static void release_if_last(sharing *s, bf_value v, int node)
{
    if (shares(s->plan, v) && s->last[v] == node && s->plan->value[v].buffer >= 0) s->busy[s->plan->value[v].buffer] = false;
}

static void assign(sharing *s)
{
    bf_plan *p = s->plan;
    for (int i = 0; i < p->nodes; i++) {
        const bf_node *n = &p->node[i];
        if (shares(p, n->output)) {
            bf_value_state *v = &p->value[n->output];
            v->buffer = take_buffer(s, bf_shape_count(v->shape) * bf_format_size(v->format));
        }
        for (int k = 0; k < n->n_inputs; k++) release_if_last(s, n->input[k], i);
        if (n->output != BF_NO_VALUE) release_if_last(s, n->output, i);
    }
}

bf_status bf_plan_share(bf_plan *p)
{
    sharing s = { .plan = p, .last = calloc((size_t)p->values + 1, sizeof *s.last), .busy = calloc((size_t)p->values + 1, sizeof *s.busy) };
    p->buffer = calloc((size_t)p->values + 1, sizeof *p->buffer);
    const bool memory = s.last != NULL && s.busy != NULL && p->buffer != NULL;
    if (memory) {
        find_last(&s);
        assign(&s);
    }
    free(s.last);
    free(s.busy);
    return memory ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a plan of %d values", p->values);
}
