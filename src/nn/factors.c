#include "nn/factors.h"

#include "nn/gemm.h"
#include "nn/plan_state.h"

#include <stdlib.h>
#include <string.h>

/* Sending factors has to be far cheaper than sending their product. */
enum { CHEAPER = 4 };

static int batch_lanes(const bf_plan *p) { return p->shape.batch_lanes > 0 ? p->shape.batch_lanes : p->shape.lanes; }

static size_t slopes(const bf_factors *f) { return (size_t)f->rows * (size_t)f->out; }
static size_t inputs(const bf_factors *f) { return (size_t)f->rows * (size_t)f->in; }
static size_t outer(const bf_factors *f) { return f->starts ? (size_t)f->out + (size_t)f->in : 0; }
static size_t lane_floats(const bf_factors *f) { return slopes(f) + inputs(f) + outer(f); }
static size_t product(const bf_factors *f) { return (size_t)f->out * (size_t)f->in; }

static bf_factors factors_of(const bf_plan *p, int node)
{
    const bf_node *n = &p->node[node];
    const bf_shape x = p->value[n->input[0]].shape, y = p->value[n->output].shape;
    return (bf_factors){ .node = node, .rows = x.rows, .out = (int)bf_shape_cols(y), .in = (int)bf_shape_cols(x), .starts = n->start != BF_NO_VALUE,
                         .first = n->slot_offset[0] };
}

static bool pays(const bf_plan *p, const bf_factors *f)
{
    return (size_t)batch_lanes(p) * lane_floats(f) <= product(f) / CHEAPER;
}

static int by_place(const void *a, const void *b)
{
    const bf_factors *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

static size_t products(const bf_plan *p)
{
    size_t sum = 0;
    for (int i = 0; i < p->factored; i++) sum += product(&p->factors[i]);
    return sum;
}

/* Ranks have equal parts of the flat vector, whatever lies in it: when much of it is no such matrix, one of them might have them all. */
static bool most_of_all(const bf_plan *p) { return products(p) >= bf_params_size(p->params) / 4 * 3; }

static void find(bf_plan *p)
{
    for (int i = 0; i < p->nodes; i++) {
        const bf_node *n = &p->node[i];
        const bool can = n->op->hands != NULL && n->hands && n->inner.backward == NULL;     /* what is widened for a kernel is gone behind it */
        const bf_factors f = can ? factors_of(p, i) : (bf_factors){ 0 };
        if (can && pays(p, &f)) p->factors[p->factored++] = f;
    }
}

static void mark(bf_plan *p)
{
    for (int i = 0; i < p->factored; i++) {
        bf_node *n = &p->node[p->factors[i].node];
        n->defers = true;
        for (int k = 0; k < p->nodes; k++)
            if (n->start != BF_NO_VALUE && p->node[k].output == n->start) p->node[k].defers = true;
    }
}

bf_status bf_plan_factor(bf_plan *p)
{
    if (batch_lanes(p) < 2 || !p->shape.backward) return BF_DONE;
    p->factors = calloc((size_t)p->nodes + 1, sizeof *p->factors);
    if (p->factors == NULL) return BF_FAIL(BF_E_MEMORY, "no memory for a plan of %d nodes", p->nodes);
    find(p);
    if (!most_of_all(p)) p->factored = 0;
    mark(p);
    qsort(p->factors, (size_t)p->factored, sizeof *p->factors, by_place);
    for (int i = 1; i < p->factored; i++) p->factors[i].at = p->factors[i - 1].at + lane_floats(&p->factors[i - 1]);
    return BF_DONE;
}

int bf_plan_factors(const bf_plan *p, const bf_factors **out)
{
    *out = p->factors;
    return p->factored;
}

size_t bf_plan_factors_size(const bf_plan *p)
{
    if (p->factored == 0) return 0;
    const bf_factors *last = &p->factors[p->factored - 1];
    return last->at + lane_floats(last);
}

static float *append(float *to, const float *from, size_t count)
{
    memcpy(to, from, count * sizeof *to);
    return to + count;
}

void bf_plan_factors_of_lane(const bf_plan *p, int lane, float *to)
{
    const bf_lane *l = &p->lane[lane];
    for (int i = 0; i < p->factored; i++) {
        const bf_factors *f = &p->factors[i];
        const bf_node *n = &p->node[f->node];
        to = append(to, bf_lane_gradient(l, n->output), slopes(f));
        to = append(to, bf_lane_value(l, n->input[0]), inputs(f));
        if (!f->starts) continue;
        to = append(to, bf_lane_start_u(l, n), (size_t)f->out);
        to = append(to, bf_lane_start_v(l, n, f->out), (size_t)f->in);
    }
}

/* all: NULL to ask for sizes only. */
static bf_thin thin_of(const bf_plan *p, const bf_factors *f, const float *all)
{
    bf_thin g = { .rows = f->rows, .out = f->out, .in = f->in, .lanes = batch_lanes(p), .apart = bf_plan_factors_size(p), .first = f->first };
    if (all == NULL) return g;
    g.slopes = all + f->at;
    g.inputs = g.slopes + slopes(f);
    g.u = f->starts ? g.inputs + inputs(f) : NULL;
    g.v = f->starts ? g.u + f->out : NULL;
    return g;
}

void bf_factors_multiply(const bf_plan *p, const bf_factors *f, int from, int to, const float *all, const bf_taker *taker, void *work)
{
    const bf_thin g = thin_of(p, f, all);
    bf_gemm_taken(&g, from, to, taker, work);
}

size_t bf_plan_factors_work(const bf_plan *p)
{
    size_t most = 0;
    for (int i = 0; i < p->factored; i++) {
        const bf_thin g = thin_of(p, &p->factors[i], NULL);
        const size_t bytes = bf_gemm_taken_work(&g);
        if (bytes > most) most = bytes;
    }
    return most;
}

size_t bf_plan_factors_bytes(const bf_plan *p)
{
    if (p->factored == 0) return 0;
    const size_t floats = bf_plan_factors_size(p) + bf_params_size(p->params) - products(p);
    return (size_t)batch_lanes(p) * floats * sizeof(float) + bf_plan_factors_work(p);
}
