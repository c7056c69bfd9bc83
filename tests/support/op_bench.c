#include "op_bench.h"
#include "close.h"
#include "nn/backend.h"
#include "nn/layers.h"
#include "nn/plan_state.h"
#include "nn/threads.h"
#include "nn/tree.h"
#include "twins/twin.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, LANES = 2, MAX_TERMS = 16 };

/* --- ops of the bench itself, in both element types ------------------------------------------------------------- */

static void leaf_forward(const bf_node *n, const bf_lane *l)
{
    memcpy(bf_lane_value(l, n->output), bf_lane_slot(l, n, 0), bf_shape_count(bf_lane_shape(l, n->output)) * l->plan->backend->element);
}

/* Uneven, and sums of them do not cancel. */
static double weight_at(size_t i) { return 0.3 + cos(0.7 * (double)i + 0.5); }

/* The backward of `poison` runs just before that of the op whose output it forwards: what the op does not claim to need turns to NaN.
 * Twins are definitions and may read what they like. */
static void poison(const bf_lane *l, bf_value v)
{
    memset(bf_lane_value(l, v), 0xff, bf_shape_count(bf_lane_shape(l, v)) * l->plan->backend->element);
}

static void poison_unneeded(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < l->plan->nodes; i++) {
        const bf_node *owner = &l->plan->node[i];
        if (owner->output != n->input[0]) continue;
        for (int k = 0; k < owner->n_inputs; k++)
            if ((owner->op->needs >> k & 1u) == 0) poison(l, owner->input[k]);
    }
}

static void poison_forward(const bf_node *n, const bf_lane *l)
{
    memcpy(bf_lane_value(l, n->output), bf_lane_value(l, n->input[0]),
           bf_shape_count(bf_lane_shape(l, n->output)) * l->plan->backend->element);
}

static void poison_backward(const bf_node *n, const bf_lane *l)
{
    const bf_value v = n->input[0];
    memcpy(bf_lane_gradient(l, v), bf_lane_gradient(l, n->output), bf_shape_count(bf_lane_shape(l, v)) * l->plan->backend->element);
    if (l->plan->backend == &bf_backend_twin) return;
    poison_unneeded(n, l);
    for (int i = 0; i < l->plan->nodes; i++)
        if (l->plan->node[i].output == v && (l->plan->node[i].op->needs & BF_NEEDS_OUTPUT) == 0) poison(l, v);
}

static void read_total(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->output);
    void *y = bf_lane_value(l, n->output);
    for (size_t i = 0; i < bf_shape_count(s); i++) {
        const double total = bf_lane_total(l, n)[i % bf_shape_cols(s)];
        if (l->plan->backend->element == sizeof(float)) ((float *)y)[i] = (float)total;
        else ((double *)y)[i] = total;
    }
}

#define BENCH_OPS(T)                                                                                                            \
    static void leaf_backward_##T(const bf_node *n, const bf_lane *l)                                                          \
    {                                                                                                                          \
        const size_t count = bf_shape_count(bf_lane_shape(l, n->output));                                                      \
        const T *g = bf_lane_gradient(l, n->output);                                                                           \
        T *to = bf_lane_slot_gradient(l, n, 0);                                                                                \
        for (size_t i = 0; i < count; i++) to[i] = n->slot_adds[0] ? to[i] + g[i] : g[i];                                      \
    }                                                                                                                          \
    static void weigh_forward_##T(const bf_node *n, const bf_lane *l)                                                          \
    {                                                                                                                          \
        const bf_shape s = bf_lane_shape(l, n->input[0]);                                                                      \
        const size_t cols = bf_shape_cols(s);                                                                                  \
        const T *x = bf_lane_value(l, n->input[0]);                                                                            \
        T *y = bf_lane_value(l, n->output);                                                                                    \
        for (size_t r = 0; r < (size_t)s.rows; r++) {                                                                          \
            double sum = 0;                                                                                                    \
            for (size_t j = r * cols; j < (r + 1) * cols; j++) sum += weight_at(j) * (double)x[j];                             \
            y[r] = (T)sum;                                                                                                     \
        }                                                                                                                      \
    }                                                                                                                          \
    static void weigh_backward_##T(const bf_node *n, const bf_lane *l)                                                         \
    {                                                                                                                          \
        const bf_shape s = bf_lane_shape(l, n->input[0]);                                                                      \
        const T *dy = bf_lane_gradient(l, n->output);                                                                          \
        T *dx = bf_lane_gradient(l, n->input[0]);                                                                              \
        for (size_t i = 0; i < bf_shape_count(s); i++) {                                                                       \
            const T g = (T)weight_at(i) * dy[i / bf_shape_cols(s)];                                                            \
            dx[i] = n->adds[0] ? dx[i] + g : g;                                                                                \
        }                                                                                                                      \
    }

BENCH_OPS(float)
BENCH_OPS(double)

static const bf_op op_leaf = { .name = "bench.leaf", .portable = { leaf_forward, leaf_backward_float } };
static const bf_op op_weigh = { .name = "bench.weigh", .portable = { weigh_forward_float, weigh_backward_float } };
static const bf_op op_read_total = { .name = "bench.read_total", .portable = { read_total, NULL } };
static const bf_op op_poison = { .name = "bench.poison", .portable = { poison_forward, poison_backward } };

const bf_twin bf_twins_bench[] = {
    { "bench.leaf", { leaf_forward, leaf_backward_double } },
    { "bench.weigh", { weigh_forward_double, weigh_backward_double } },
    { "bench.read_total", { read_total, NULL } },
    { "bench.poison", { poison_forward, poison_backward } },
    { NULL, { NULL, NULL } },
};

/* --- recording --------------------------------------------------------------------------------------------------- */

static void weigh(bf_bench *g, bf_value v)
{
    char name[32];
    snprintf(name, sizeof name, "term%d", g->terms++);
    assert_true(g->terms <= MAX_TERMS);
    v = bf_repeat(g->b, v);
    bf_loss(g->b, name, bf_node_add(g->b, &op_weigh, 1, &v, bf_shape_flat(g->rows, 1))->output);
}

static bf_value leaf(bf_bench *g, const char *name, bf_shape s, double spread)
{
    bf_node *n = bf_node_add(g->b, &op_leaf, 0, NULL, s);
    const bf_value v = n->output;
    bf_node_slot(g->b, n, name, 2, (const int64_t[]){ s.rows, (int64_t)bf_shape_cols(s) }, (bf_init){ BF_INIT_NORMAL, spread }, false);
    assert_true(g->leaves < (int)(sizeof g->leaf / sizeof *g->leaf));
    g->leaf[g->leaves++] = v;
    return v;
}

bf_value bf_bench_leaf(bf_bench *g, const char *name, int cols, double spread)
{
    return leaf(g, name, bf_shape_flat(g->rows, cols), spread);
}

bf_value bf_bench_grid(bf_bench *g, const char *name, int height, int width, int channels, double spread)
{
    return leaf(g, name, (bf_shape){ g->rows, height, width, channels }, spread);
}

void bf_bench_watch(bf_bench *g, bf_value v)
{
    assert_true(g->probes < (int)(sizeof g->probe / sizeof *g->probe));
    bf_keep(g->b, v);
    g->probe[g->probes++] = v;
}

void bf_bench_watch_totals(bf_bench *g, int coupling, int count)
{
    bf_node *n = bf_node_add(g->b, &op_read_total, 0, NULL, bf_shape_flat(g->rows, count));
    n->coupling = coupling;
    bf_bench_watch(g, n->output);
}

void bf_bench_probe(bf_bench *g, bf_value v)
{
    const bf_value through = bf_node_add(g->b, &op_poison, 1, &v, bf_builder_shape(g->b, v))->output;
    bf_bench_watch(g, through);
    weigh(g, through);
}

/* --- running ----------------------------------------------------------------------------------------------------- */

typedef struct rig {
    bf_params *params;
    bf_plan   *plan;
    size_t     size;                    /* elements of the flat vector */
    int        probes, settle;
    bf_value   probe[16];
    void      *theta, *grads;
    double    *stats;                   /* (LANES, stats size) */
} rig;

static const double weights[MAX_TERMS] = { 0.9, 1.1, 0.7, 1.3, 0.8, 1.2, 0.6, 1.4, 0.9, 1.1, 0.7, 1.3, 0.8, 1.2, 0.6, 1.4 };

/* Applied twice: over the same parameters, and every leaf has another use, so that gradients are added as well as written. */
static void record(bf_bench *g, const bf_op_case *c, bool twice)
{
    c->record(g);
    if (!twice) return;
    g->round = 1;
    c->record(g);
    const int leaves = g->leaves;
    for (int i = 0; i < leaves; i++) weigh(g, g->leaf[i]);
}

static rig rig_create(const bf_op_case *c, int cols, bool trains, bool twice, const bf_backend *backend)
{
    rig r = { .params = bf_params_create() };
    assert_non_null(r.params);
    bf_bench g = { .rows = ROWS, .cols = cols };
    g.b = bf_builder_create(r.params, &(bf_plan_shape){ .rows = ROWS, .lanes = LANES, .backward = trains }, backend);
    assert_non_null(g.b);
    record(&g, c, twice);
    const bf_status s = bf_builder_finish(&g.b, &r.plan);
    if (s.code) fail_msg("%s: %s", c->op, s.what);
    r.probes = g.probes;
    r.settle = g.settle;
    memcpy(r.probe, g.probe, sizeof r.probe);
    r.size = bf_params_size(r.params);
    r.theta = calloc(r.size + 1, backend->element);
    r.grads = calloc(r.size * LANES + 1, backend->element);
    r.stats = calloc((size_t)bf_plan_stats_size(r.plan) * LANES + 1, sizeof(double));
    assert_true(r.theta != NULL && r.grads != NULL && r.stats != NULL);
    return r;
}

static void rig_destroy(rig *r)
{
    free(r->theta);
    free(r->grads);
    free(r->stats);
    bf_plan_destroy(&r->plan);
    bf_params_destroy(&r->params);
}

static void rig_run(rig *r, int rows)
{
    static const int64_t row = (int64_t)1 << 40, samples[LANES * ROWS] = { 11, 5 | 1 * row, 8 | 7 * row, 2 | 2 * row, 900 | 3 * row, 4 };
    const bf_run run = { .theta = r->theta, .grads = r->grads, .stats = r->stats, .samples = samples, .seed = 5, .step = 7, .rows = rows,
                         .weights = weights, .batch = LANES * rows };
    bf_plan_run(r->plan, &run);
}

/* Whatever a run leaves behind must not reach the next: values, gradients, statistics and slots all turn to NaN. */
static void rig_spoil(rig *r)
{
    const bf_plan *p = r->plan;
    for (int l = 0; l < LANES; l++)
        for (int v = 0; v < p->values; v++) {
            if (p->value[v].used) poison(&p->lane[l], v);
            if (p->value[v].has_gradient)
                memset(p->lane[l].gradient[v], 0xff, bf_shape_count(p->value[v].shape) * p->backend->element);
        }
    memset(r->grads, 0xff, r->size * LANES * p->backend->element);
    memset(r->stats, 0xff, (size_t)bf_plan_stats_size(p) * LANES * sizeof(double));
}

/* --- comparing --------------------------------------------------------------------------------------------------- */

typedef struct where { const bf_op_case *c; const bf_backend *backend; int cols, rows; bool trains, twice; } where;

static void compare(const where *w, const char *what, const float *got, const double *want, size_t n)
{
    double scale = 1e-30;
    for (size_t i = 0; i < n; i++) scale = fmax(scale, fabs(want[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= 1e-5 * scale))
            fail_msg("%s: %s of %s, %d columns, %d rows%s%s: entry %zu is %.9g, its twin says %.9g", w->backend->name, what, w->c->op, w->cols,
                     w->rows, w->trains ? "" : ", no backward", w->twice ? ", twice" : "", i, (double)got[i], want[i]);
}

static void compare_stats(const where *w, const rig *fast, const rig *twin)
{
    for (int i = 0; i < LANES * bf_plan_stats_size(fast->plan); i++) {
        const double want = twin->stats[i];
        if (!(fabs(fast->stats[i] - want) <= 1e-5 * (1e-1 + fabs(want))))
            fail_msg("statistics of %s, %d columns: %.9g, its twin says %.9g", w->c->op, w->cols, fast->stats[i], want);
    }
}

static void compare_rigs(const where *w, const rig *fast, const rig *twin)
{
    for (int l = 0; l < LANES; l++) {
        for (int i = 0; i < fast->probes; i++) {
            const size_t n = bf_shape_count(bf_plan_shape_of(fast->plan, fast->probe[i]));
            compare(w, "value", bf_plan_value(fast->plan, l, fast->probe[i]), bf_plan_value(twin->plan, l, twin->probe[i]), n);
        }
        for (int s = 0; s < bf_params_slots(fast->params) && w->trains; s++) {
            const bf_slot *slot = bf_params_at(fast->params, s);
            const size_t at = (size_t)l * fast->size + slot->offset;
            compare(w, slot->name, (const float *)fast->grads + at, (const double *)twin->grads + at, slot->count);
        }
    }
    compare_stats(w, fast, twin);
}

static double loss(rig *r, int rows)
{
    rig_run(r, rows);
    double sum = 0;
    for (int t = 0; t < bf_plan_terms(r->plan); t++) {
        const bf_stat_info *info = bf_plan_stat_find(r->plan, bf_plan_term_name(r->plan, t));
        for (int l = 0; l < LANES; l++) sum += weights[t] * r->stats[l * bf_plan_stats_size(r->plan) + info->offset];
    }
    return sum / (LANES * rows);
}

/* Central differences of fourth order: the error left is rounding, about 1e-11. */
static double slope(rig *r, int rows, double *x)
{
    static const double at[4] = { -2, -1, 1, 2 }, factor[4] = { 1, -8, 8, -1 };
    const double h = 1e-4, before = *x;
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        *x = before + at[k] * h;
        sum += factor[k] * loss(r, rows);
    }
    *x = before;
    return sum / (12 * h);
}

static void check_slopes(const where *w, rig *twin)
{
    double *gradient = calloc(twin->size * LANES + 1, sizeof *gradient), *theta = twin->theta;
    assert_non_null(gradient);
    const double bound = twin->settle > 0 ? 1e-5 : 1e-6;        /* averages settle as floats */
    rig_run(twin, w->rows);
    memcpy(gradient, twin->grads, twin->size * LANES * sizeof *gradient);
    bf_tree_f64(gradient, LANES, twin->size);
    for (int s = 0; s < bf_params_slots(twin->params); s++) {
        const bf_slot *slot = bf_params_at(twin->params, s);
        for (size_t i = slot->offset; i < slot->offset + slot->count; i++) {
            const double want = slope(twin, w->rows, &theta[i]);
            if (!(fabs(gradient[i] - want) <= bound * (1e-2 + fabs(want))))
                fail_msg("%s by %s[%zu], %d columns, %d rows: gradient %.12g, differences say %.12g", w->c->op, slot->name,
                         i - slot->offset, w->cols, w->rows, gradient[i], want);
        }
    }
    free(gradient);
}

/* Slots start as in a model, but for those that start all equal, which would hide mistakes. */
static void rig_start(rig *r)
{
    float *theta = r->theta;
    bf_params_init(r->params, 3, theta);
    for (int s = 0; s < bf_params_slots(r->params); s++) {
        const bf_slot *slot = bf_params_at(r->params, s);
        for (size_t i = 0; i < slot->count && slot->init.kind == BF_INIT_CONST; i++)
            theta[slot->offset + i] += 0.25f * (float)cos(1.3 * (double)i + s);
    }
}

static void rig_settle(rig *r, int rows)
{
    const int size = bf_plan_stats_size(r->plan);
    for (int k = 0; k < r->settle; k++) {
        rig_run(r, rows);
        bf_tree_f64(r->stats, LANES, (size_t)size);
        bf_plan_average(r->plan, r->stats, LANES * rows, r->theta);
    }
}

static void check_case(const where *w)
{
    rig fast = rig_create(w->c, w->cols, w->trains, w->twice, w->backend), twin = rig_create(w->c, w->cols, w->trains, w->twice, &bf_backend_twin);
    const int rows = w->rows;
    const bool slopes = w->cols <= 3 && w->backend == &bf_backend_portable && w->trains;
    rig_start(&fast);
    if (slopes) rig_settle(&fast, rows);
    for (size_t i = 0; i < fast.size; i++) ((double *)twin.theta)[i] = (double)((float *)fast.theta)[i];
    rig_spoil(&fast);
    rig_run(&fast, rows);
    rig_run(&twin, rows);
    compare_rigs(w, &fast, &twin);
    if (slopes) check_slopes(w, &twin);
    rig_destroy(&fast);
    rig_destroy(&twin);
}

void bf_bench_compare(const bf_op_case *c, const bf_backend *backend, int cols, bool twice)
{
    for (int rows = ROWS - 1; rows <= ROWS; rows++)
        for (int trains = twice; trains < 2; trains++) check_case(&(where){ c, backend, cols, rows, trains, twice });
}

static void compare_size(const bf_op_case *c, const bf_backend *backend, int cols)
{
    bf_bench_compare(c, backend, cols, false);
    bf_bench_compare(c, backend, cols, true);
}

/* All sizes on our own kernels; some on a library's, which makes code for each. */
static void compare_sizes(const bf_op_case *c, const bf_backend *library)
{
    static const int some[] = { 1, 2, 3, 8, 17, 33 };
    for (int cols = 1; cols <= 33; cols++) compare_size(c, &bf_backend_portable, cols);
    for (size_t i = 0; library != NULL && i < sizeof some / sizeof *some; i++) compare_size(c, library, some[i]);
}

void bf_bench_check(const bf_op *const *ops, const bf_op_case *cases)
{
    const bf_backend *library = bf_backend_find("onednn");
    bf_threads_set(1);
    for (int i = 0; ops[i] != NULL; i++) {
        int found = 0;
        for (const bf_op_case *c = cases; c->op != NULL; c++) {
            if (strcmp(c->op, ops[i]->name) != 0) continue;
            found++;
            compare_sizes(c, library);
        }
        if (found == 0) fail_msg("the op %s has no case", ops[i]->name);
    }
}
