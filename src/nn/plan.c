/* Running a plan, and what may be asked of it. Nothing here allocates, checks or decides: builder.c and gradient.c did. */
#include "nn/plan.h"
#include "base/clock.h"
#include "nn/ops.h"
#include "nn/plan_state.h"
#include "nn/tree.h"
#include <assert.h>
#include <string.h>

const bf_backend bf_backend_portable = { .name = "portable", .element = sizeof(float), .fuses = true };

/* --- running ----------------------------------------------------------------------------------------------------- */

static void prepare_lane(const bf_plan *p, const bf_run *r, bf_lane *l)
{
    const size_t index = (size_t)l->index, element = p->backend->element;
    l->theta = r->theta;
    l->grad = r->grads == NULL ? NULL : (char *)r->grads + index * bf_params_size(p->params) * element;
    l->stats = r->stats == NULL ? NULL : r->stats + index * (size_t)p->stats_size;
    l->samples = r->samples == NULL ? NULL : r->samples + index * (size_t)p->shape.rows;
    l->seed = r->seed;
    l->step = r->step;
    l->rows = r->rows;
    l->batch = r->batch;
    l->weights = r->weights;
    l->taker = r->taker;
    l->defers = r->defers;
    l->laps = r->laps;
    if (p->stats_size > 0) memset(l->stats, 0, (size_t)p->stats_size * sizeof(double));
    for (int i = 0; i < p->couplings; i++)
        if (p->coupling[i].learns) memset(p->coupling[i].slope + index * (size_t)p->coupling[i].count, 0, (size_t)p->coupling[i].count * sizeof(double));
    for (int i = 0; i < p->idles; i++)
        memset((char *)l->grad + p->idle[i].offset * element, 0, p->idle[i].count * element);
}

static int first_node(const bf_plan *p, int segment) { return segment == 0 ? 0 : p->segment[segment - 1]; }

/* Adds the time since *then to a sum. */
static void lap(double *sum, double *then)
{
    if (sum == NULL) return;
    const double now = bf_clock_seconds();
    *sum += now - *then;
    *then = now;
}

static double *laps_of(const bf_lane *l, int node, bool back) { return l->laps == NULL ? NULL : l->laps + 2 * node + back; }
static double start_laps(const bf_lane *l) { return l->laps == NULL ? 0.0 : bf_clock_seconds(); }

static void forward(const bf_plan *p, int segment, const bf_lane *l)
{
    double then = start_laps(l);
    for (int i = first_node(p, segment); i < p->segment[segment]; i++) {
        p->node[i].run.forward(&p->node[i], l);
        lap(laps_of(l, i, false), &then);
    }
}

/* What no later node adds to or reads goes to the taker while it is in the cache. */
static void hand_over(const bf_plan *p, const bf_node *n, const bf_lane *l)
{
    for (int k = n->hands ? 1 : 0; k < n->n_slots; k++)
        if (n->slot_last[k]) l->taker->take(l->taker->self, n->slot_offset[k], bf_params_at(p->params, n->slot[k])->count, bf_lane_slot_gradient(l, n, k));
}

static void backward(const bf_plan *p, int segment, const bf_lane *l)
{
    double then = start_laps(l);
    for (int i = p->segment[segment] - 1; i >= first_node(p, segment); i--) {
        const bf_node *n = &p->node[i];
        if (n->run.backward == NULL) continue;
        n->run.backward(n, l);
        if (l->taker != NULL) hand_over(p, n, l);
        lap(laps_of(l, i, true), &then);
    }
}

static void hand_over_idle(const bf_plan *p, const bf_lane *l)
{
    for (int i = 0; i < p->idles; i++)
        l->taker->take(l->taker->self, p->idle[i].offset, p->idle[i].count, (const float *)l->grad + p->idle[i].offset);
}

/* What follows coupling s has run backward on every lane: its readers' slopes meet. */
static void couple_back(const bf_plan *p, int s, const bf_coupler *coupler)
{
    const bf_coupling *c = &p->coupling[s];
    if (c->learns) coupler->sum(coupler->self, c->slope, p->shape.lanes, c->count, c->slopes);
}

void bf_plan_run(bf_plan *p, const bf_run *r)
{
    const int lanes = p->shape.lanes, last = p->segments - 1;
    const bf_coupler *coupler = r->coupler == NULL ? &bf_coupler_alone : r->coupler;
    double *there = r->seconds, *back = r->seconds == NULL ? NULL : r->seconds + 1, then = there == NULL ? 0.0 : bf_clock_seconds();
    assert(r->rows >= 0 && r->rows <= p->shape.rows);
    assert(r->taker == NULL || lanes == 1);
    assert((r->taker == NULL && !r->defers) || p->backend->element == sizeof(float));
    for (int l = 0; l < lanes; l++) prepare_lane(p, r, &p->lane[l]);
    for (int s = 0; s < last; s++) {
        for (int l = 0; l < lanes; l++) forward(p, s, &p->lane[l]);
        coupler->sum(coupler->self, p->coupling[s].partials, lanes, p->coupling[s].count, p->coupling[s].total);
    }
    for (int l = 0; l < lanes; l++) {       /* a lane turns round at once, while its activations are in the cache */
        forward(p, last, &p->lane[l]);
        lap(there, &then);
        backward(p, last, &p->lane[l]);
        lap(back, &then);
    }
    for (int s = last - 1; s >= 0; s--) {
        couple_back(p, s, coupler);
        for (int l = 0; l < lanes; l++) backward(p, s, &p->lane[l]);
    }
    if (r->taker != NULL) hand_over_idle(p, &p->lane[0]);
    lap(back, &then);
}

void bf_plan_average(const bf_plan *p, const double *totals, double batch, float *theta)
{
    for (int i = 0; i < p->averages; i++) {
        const bf_average *a = &p->average[i];
        const bf_stat_info *stat = &p->stat[a->stat].info;
        float *old = theta + bf_params_at(p->params, a->slot)->offset;
        for (int k = 0; k < stat->count; k++) {
            const double noted = totals[stat->offset + k] / (batch * a->uses);
            old[k] = (float)((1.0 - a->rate) * (double)old[k] + a->rate * noted);
        }
    }
}

static void sum_alone(void *self, const double *partials, int lanes, int count, double *total)
{
    (void)self;
    for (int i = 0; i < count; i++) total[i] = bf_tree_strided(partials + i, (size_t)count, lanes);
}

const bf_coupler bf_coupler_alone = { .self = NULL, .sum = sum_alone };

/* --- terms ------------------------------------------------------------------------------------------------------- */

/* The statistic gains the sum over the rows in use. */
static void term_forward(const bf_node *n, const bf_lane *l)
{
    const float *x = bf_lane_value(l, n->input[0]);
    double sum = 0.0;
    for (int r = 0; r < l->rows; r++) sum += (double)x[r];
    *bf_lane_stat(l, n, 0) += sum;
}

/* dLoss/dx of a row: weight / batch, nothing for padding. */
static void term_backward(const bf_node *n, const bf_lane *l)
{
    if (!n->wants[0]) return;
    float *g = bf_lane_gradient(l, n->input[0]);
    const int rows = bf_lane_shape(l, n->input[0]).rows;
    for (int r = 0; r < rows; r++) {
        const float seed = r < l->rows ? (float)(l->weights[n->kind] / l->batch) : 0.0f;
        g[r] = n->adds[0] ? g[r] + seed : seed;
    }
}

const bf_op bf_op_term = { .name = "term", .portable = { term_forward, term_backward } };

/* --- questions --------------------------------------------------------------------------------------------------- */

void *bf_plan_value(const bf_plan *p, int lane, bf_value v)
{
    assert(lane >= 0 && lane < p->shape.lanes && v >= 0 && v < p->values && p->value[v].readable && p->value[v].format != BF_BF16);
    return p->lane[lane].value[v];
}

bf_shape bf_plan_shape_of(const bf_plan *p, bf_value v) { return p->value[v].shape; }
bf_format bf_plan_format_of(const bf_plan *p, bf_value v) { return p->value[v].format; }
int bf_plan_terms(const bf_plan *p) { return p->terms; }
const char *bf_plan_term_name(const bf_plan *p, int term) { return p->stat[p->term[term]].name; }
int bf_plan_stats_size(const bf_plan *p) { return p->stats_size; }
int bf_plan_segments(const bf_plan *p) { return p->segments; }
size_t bf_plan_bytes(const bf_plan *p) { return p->memory.size; }
size_t bf_plan_scratch(const bf_plan *p) { return p->work; }

const bf_stat_info *bf_plan_stat_find(const bf_plan *p, const char *name)
{
    for (int i = 0; i < p->stats; i++)
        if (strcmp(p->stat[i].name, name) == 0) return &p->stat[i].info;
    return NULL;
}

int bf_plan_nodes(const bf_plan *p) { return p->nodes; }

/* Every gradient a node gives, of parameters or of an input, costs what its forward costs: so it is for matrix products. */
bf_node_info bf_plan_node(const bf_plan *p, int node)
{
    const bf_node *n = &p->node[node];
    const double once = n->op->flops == NULL ? 0.0 : n->op->flops(p, n) * p->shape.lanes;
    int back = 0;
    if (n->run.backward != NULL) {
        back = n->n_slots > 0;
        for (int i = 0; i < n->n_inputs; i++) back += n->wants[i];
    }
    return (bf_node_info){ n->op->name, n->n_slots > 0 ? bf_params_at(p->params, n->slot[0])->name : NULL,
                           n->output == BF_NO_VALUE ? (bf_shape){ 0 } : p->value[n->output].shape, once, back * once };
}

double bf_plan_flops(const bf_plan *p)
{
    double sum = 0.0;
    for (int i = 0; i < p->nodes; i++) {
        const bf_node_info n = bf_plan_node(p, i);
        sum += n.flops + n.back_flops;
    }
    return sum;
}

static size_t largest_value(const bf_plan *p, const bf_node *n)
{
    size_t most = n->output == BF_NO_VALUE ? 0 : bf_shape_count(p->value[n->output].shape);
    for (int i = 0; i < n->n_inputs; i++) {
        const size_t count = bf_shape_count(p->value[n->input[i]].shape);
        if (count > most) most = count;
    }
    return most;
}

static double elementary_of(bf_elementary e, bool back, size_t entries)
{
    return (double)(back ? e.forward + e.backward : e.forward) * (double)entries;
}

double bf_plan_elementary(const bf_plan *p)
{
    double sum = 0.0;
    for (int i = 0; i < p->nodes; i++) {
        const bf_node *n = &p->node[i];
        const bool back = n->run.backward != NULL;
        const bf_elementary after = bf_op_activation[n->activation].elementary;     /* of none: zeros */
        sum += elementary_of(n->op->elementary, back, largest_value(p, n));
        if (n->output != BF_NO_VALUE) sum += elementary_of(after, back, bf_shape_count(p->value[n->output].shape));
    }
    return sum * p->shape.lanes;
}

/* --- what kernels use -------------------------------------------------------------------------------------------- */

const void *bf_lane_known(const bf_lane *l, bf_value v)
{
    return l->index == 0 || !l->plan->shape.backward ? NULL : l->plan->lane[0].value[v];
}

const void *bf_lane_slot(const bf_lane *l, const bf_node *n, int i)
{
    if (i == 0 && l->first_slot != NULL) return l->first_slot;
    return (const char *)l->theta + n->slot_offset[i] * l->plan->backend->element;
}

void *bf_lane_slot_gradient(const bf_lane *l, const bf_node *n, int i)
{
    return (char *)l->grad + n->slot_offset[i] * l->plan->backend->element;
}

double *bf_lane_stat(const bf_lane *l, const bf_node *n, int i) { return l->stats + l->plan->stat[n->stat[i]].info.offset; }

double *bf_lane_partial(const bf_lane *l, const bf_node *n)
{
    const bf_coupling *c = &l->plan->coupling[n->coupling];
    return c->partials + (size_t)l->index * (size_t)c->count;
}

const double *bf_lane_total(const bf_lane *l, const bf_node *n) { return l->plan->coupling[n->coupling].total; }

double *bf_lane_total_slope(const bf_lane *l, const bf_node *n)
{
    const bf_coupling *c = &l->plan->coupling[n->coupling];
    return c->slope + (size_t)l->index * (size_t)c->count;
}

const double *bf_lane_total_slopes(const bf_lane *l, const bf_node *n) { return l->plan->coupling[n->coupling].slopes; }

void bf_lane_note(const bf_lane *l, const bf_node *n, int i, const double *values)
{
    const bf_stat_info *stat = &l->plan->stat[n->slot_stat[i]].info;
    for (int k = 0; k < stat->count; k++) l->stats[stat->offset + k] += l->rows * values[k];
}

bf_shape bf_lane_shape(const bf_lane *l, bf_value v) { return l->plan->value[v].shape; }
int bf_lane_copies(const bf_lane *l, bf_value v) { return l->plan->shape.rows / l->plan->value[v].shape.rows; }
