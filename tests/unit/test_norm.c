/* Normalisations: over the whole batch wherever its lanes are, by running averages, by the largest singular value; in narrow plans, too. */
#include "close.h"
#include "nn/channel_sums.h"
#include "nn/layers.h"
#include "nn/threads.h"
#include "nn/tree.h"
#include "op_bench.h"
#include "twins/twin.h"
#include <stdlib.h>
#include <string.h>

static void fill(float *x, size_t n, double step, double start)
{
    for (size_t i = 0; i < n; i++) x[i] = (float)cos(step * (double)i + start);
}

/* --- a net, its lanes, and what a run of it leaves ---------------------------------------------------------------- */

typedef struct net {
    bf_params *params;
    bf_plan   *plan;
    bf_value   x, y;
    int        lanes;
    size_t     size;
    float     *theta, *grads;           /* (size), (lanes, size) */
    double    *stats;                   /* (lanes, stats) */
} net;

typedef bf_value (*body)(bf_builder *b, bf_value x);

static net net_create(body of, bf_shape in, int lanes, bool backward, bool narrow)
{
    net n = { .params = bf_params_create(), .lanes = lanes };
    const bf_plan_shape shape = { .rows = in.rows, .lanes = lanes, .backward = backward, .narrow = narrow };
    bf_builder *b = bf_builder_create(n.params, &shape, &bf_backend_portable);
    n.x = bf_input(b, "x", in);
    n.y = of(b, n.x);
    bf_keep(b, n.y);
    bf_loss(b, "loss", bf_wide(b, bf_dense(b, bf_activate(b, n.y, BF_TANH), 1, "last", 1.0, 0.0)));
    const bf_status s = bf_builder_finish(&b, &n.plan);
    if (s.code) fail_msg("%s", s.what);
    n.size = bf_params_size(n.params);
    n.theta = calloc(n.size, sizeof *n.theta);
    n.grads = calloc(n.size * (size_t)lanes, sizeof *n.grads);
    n.stats = calloc((size_t)(bf_plan_stats_size(n.plan) * lanes), sizeof *n.stats);
    assert_true(n.theta != NULL && n.grads != NULL && n.stats != NULL);
    bf_params_init(n.params, 3, n.theta);
    return n;
}

static void net_destroy(net *n)
{
    free(n->theta);
    free(n->grads);
    free(n->stats);
    bf_plan_destroy(&n->plan);
    bf_params_destroy(&n->params);
}

static float *slot(const net *n, float *of, const char *name)
{
    const int s = bf_params_find(n->params, name);
    assert_true(s >= 0);
    return of + bf_params_at(n->params, s)->offset;
}

/* Lanes take their share of one batch, from sample `first` on; rows that are not in use hold other finite numbers. */
static void net_run(net *n, int rows, int first, double batch, const bf_coupler *coupler)
{
    const bf_shape in = bf_plan_shape_of(n->plan, n->x);
    const size_t cols = bf_shape_cols(in);
    for (int l = 0; l < n->lanes; l++) {
        float *x = bf_plan_value(n->plan, l, n->x);
        fill(x, bf_shape_count(in), 0.1, 0.0);
        fill(x, (size_t)rows * cols, 0.37, 0.37 * (double)cols * (first + l * rows));
    }
    const double weight = 1.0;
    bf_plan_run(n->plan, &(bf_run){ .theta = n->theta, .grads = n->grads, .stats = n->stats, .rows = rows, .weights = &weight, .batch = batch,
                                    .coupler = coupler });
}

static void close_floats(const char *what, const float *got, const float *want, size_t n, double bound)
{
    double scale = 1e-3;
    for (size_t i = 0; i < n; i++) scale = fmax(scale, fabs((double)want[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= bound * scale))
            fail_msg("%s: entry %zu is %.9g, not %.9g", what, i, (double)got[i], (double)want[i]);
}

/* --- batch normalisation ----------------------------------------------------------------------------------------- */

static const bf_conv_spec window = { .kernel = 3, .stride = 2, .pad = 1, .plain = true };

/* A spectral layer, two batch normalisations, both kinds of convolution. */
static bf_value convolutional(bf_builder *b, bf_value x)
{
    const bf_conv_spec plain = { .kernel = 2, .stride = 1, .same = true, .plain = true };
    x = bf_activate(b, bf_spectral(b, bf_conv(b, x, 3, &plain, "first", 1.0), "first"), BF_LEAKY_RELU);
    bf_value h = bf_activate(b, bf_batch_norm(b, bf_conv(b, x, 6, &window, "conv", 1.0), "norm", 0.25, 1e-3), BF_RELU);
    h = bf_batch_norm(b, bf_deconv(b, h, 4, &window, "deconv", 1.0), "second", 0.25, 1e-3);
    return bf_wide(b, bf_dense(b, bf_activate(b, h, BF_LEAKY_RELU_2), 5, "dense", 1.0, 0.1));
}

static void compare_splits(int rows_each, int padding)
{
    enum { LANES = 4 };
    const int batch = LANES * rows_each;
    net whole = net_create(convolutional, (bf_shape){ batch, 5, 7, 2 }, 1, true, false);
    net split = net_create(convolutional, (bf_shape){ rows_each + padding, 5, 7, 2 }, LANES, true, false);
    net_run(&whole, batch, 0, batch, NULL);
    net_run(&split, rows_each, 0, batch, NULL);
    const float *want = bf_plan_value(whole.plan, 0, whole.y);
    for (int l = 0; l < LANES; l++)
        close_floats("a lane's output", bf_plan_value(split.plan, l, split.y), want + 5 * l * rows_each, (size_t)(5 * rows_each), 1e-5);
    bf_tree_f32(split.grads, LANES, split.size);
    for (int s = 0; s < bf_params_slots(whole.params); s++) {
        const bf_slot *at = bf_params_at(whole.params, s);
        close_floats(at->name, split.grads + at->offset, whole.grads + at->offset, at->count, 2e-5);
    }
    const int stats = bf_plan_stats_size(whole.plan);
    bf_tree_f64(split.stats, LANES, (size_t)stats);
    for (int i = 0; i < stats; i++) BF_CHECK_NEAR(split.stats[i], whole.stats[i], 1e-5 * (1.0 + fabs(whole.stats[i])));
    net_destroy(&whole);
    net_destroy(&split);
}

static void test_norm__lanes_share_one_batch(void **state) { (void)state; compare_splits(3, 0); }
static void test_norm__padded_rows_do_not_count(void **state) { (void)state; compare_splits(2, 3); }

static bf_value alone(bf_builder *b, bf_value x) { return bf_batch_norm(b, x, "norm", 0.25, 1e-3); }

static const double torch_y[6] = { 1.2845175770438788, 0.5925827852924282, 0.2111543351057211, -0.8642786549343732, -0.5286665703606614, -2.629390735953647 };
static const double torch_mean[3] = { 0.2621022215657431, 0.24101871058472008, 0.22415924035222146 };
static const double torch_var[3] = { 0.885515234519546, 0.8880089222869988, 0.8657597909211545 };       /* of the biased variance */

/* x + 1, of which PyTorch's numbers are. */
static net torch_net(bool backward)
{
    net n = net_create(alone, (bf_shape){ 4, 2, 1, 3 }, 1, backward, false);
    memcpy(slot(&n, n.theta, "norm.weight"), (const float[]){ 1.0f, 0.5f, 2.0f }, 3 * sizeof(float));
    memcpy(slot(&n, n.theta, "norm.bias"), (const float[]){ 0.0f, 0.1f, -0.3f }, 3 * sizeof(float));
    float *x = bf_plan_value(n.plan, 0, n.x);
    fill(x, 24, 0.7, 0.1);
    for (int i = 0; i < 24; i++) x[i] += 1.0f;
    return n;
}

static void test_norm__computes_what_pytorch_does(void **state)
{
    (void)state;
    net n = torch_net(true);
    const double weight = 1.0;
    bf_plan_run(n.plan, &(bf_run){ .theta = n.theta, .grads = n.grads, .stats = n.stats, .rows = 4, .weights = &weight, .batch = 4 });
    const float *y = bf_plan_value(n.plan, 0, n.y);
    for (int i = 0; i < 6; i++) BF_CHECK_NEAR((double)y[i], torch_y[i], 2e-6);
    bf_plan_average(n.plan, n.stats, 4, n.theta);
    for (int c = 0; c < 3; c++) {
        BF_CHECK_NEAR((double)slot(&n, n.theta, "norm.running_mean")[c], torch_mean[c], 1e-6);
        BF_CHECK_NEAR((double)slot(&n, n.theta, "norm.running_var")[c], torch_var[c], 1e-6);
    }
    net_destroy(&n);
}

/* A plan without backward takes the averages and leaves them alone, whatever the batch. */
static void test_norm__evaluates_by_running_averages(void **state)
{
    (void)state;
    net n = torch_net(false);
    for (int c = 0; c < 3; c++) {
        slot(&n, n.theta, "norm.running_mean")[c] = (float)torch_mean[c];
        slot(&n, n.theta, "norm.running_var")[c] = (float)torch_var[c];
    }
    assert_int_equal(bf_plan_segments(n.plan), 1);
    bf_plan_run(n.plan, &(bf_run){ .theta = n.theta, .stats = n.stats, .rows = 1, .batch = 1 });
    const float *x = bf_plan_value(n.plan, 0, n.x), *y = bf_plan_value(n.plan, 0, n.y);
    static const double weight[3] = { 1.0, 0.5, 2.0 }, bias[3] = { 0.0, 0.1, -0.3 };
    for (int i = 0; i < 6; i++) {
        const int c = i % 3;
        BF_CHECK_NEAR((double)y[i], ((double)x[i] - torch_mean[c]) / sqrt(torch_var[c] + 1e-3) * weight[c] + bias[c], 2e-6);
    }
    net_destroy(&n);
}

/* --- far from zero ----------------------------------------------------------------------------------------------- */

enum { FAR_ROWS = 12, FAR_LANES = 2, FAR_CHANNELS = 3, FAR_SIDE = 4, FAR_COUNT = FAR_ROWS * FAR_SIDE * FAR_SIDE * FAR_CHANNELS };

/* What a run leaves: the first lane's output, the gradient of what was normalised (a parameter here), what the averages take in. */
typedef struct far_run { double y[FAR_COUNT], dx[FAR_COUNT], mean[FAR_CHANNELS], variance[FAR_CHANNELS]; } far_run;

static double at(const void *v, bool wide, size_t i) { return wide ? ((const double *)v)[i] : (double)((const float *)v)[i]; }

static const double *noted(const bf_plan *p, const double *stats, const char *name)
{
    const bf_stat_info *info = bf_plan_stat_find(p, name);
    assert_true(info != NULL && info->count == FAR_CHANNELS);
    return stats + info->offset;
}

static void run_far(const bf_backend *backend, const float *x, far_run *out)
{
    bf_params *params = bf_params_create();
    bf_bench g = { .rows = FAR_ROWS };
    bf_plan *plan;
    g.b = bf_builder_create(params, &(bf_plan_shape){ .rows = FAR_ROWS, .lanes = FAR_LANES, .backward = true }, backend);
    const bf_value y = bf_batch_norm(g.b, bf_bench_grid(&g, "x", FAR_SIDE, FAR_SIDE, FAR_CHANNELS, 1.0), "norm", 0.25, 1e-3);
    bf_keep(g.b, y);
    bf_loss(g.b, "loss", bf_dense(g.b, bf_activate(g.b, y, BF_TANH), 1, "last", 1.0, 0.0));
    assert_int_equal(bf_builder_finish(&g.b, &plan).code, BF_OK);
    const size_t size = bf_params_size(params), from = bf_params_at(params, bf_params_find(params, "x"))->offset;
    const bool wide = backend->element == sizeof(double);
    float *theta = calloc(size, sizeof *theta);
    double *widened = calloc(size, sizeof *widened), *stats = calloc((size_t)(FAR_LANES * bf_plan_stats_size(plan)), sizeof *stats);
    void *grads = calloc(size * FAR_LANES, backend->element);
    assert_true(theta != NULL && widened != NULL && stats != NULL && grads != NULL);
    bf_params_init(params, 3, theta);
    memcpy(theta + from, x, FAR_COUNT * sizeof *x);
    for (size_t i = 0; i < size; i++) widened[i] = (double)theta[i];
    bf_plan_run(plan, &(bf_run){ .theta = wide ? (const void *)widened : theta, .grads = grads, .stats = stats, .rows = FAR_ROWS,
                                 .weights = (const double[]){ 1.0 }, .batch = FAR_LANES * FAR_ROWS });
    for (size_t i = 0; i < FAR_COUNT; i++) {
        out->y[i] = at(bf_plan_value(plan, 0, y), wide, i);
        out->dx[i] = at(grads, wide, from + i);
    }
    for (int c = 0; c < FAR_CHANNELS; c++) {
        out->mean[c] = noted(plan, stats, "norm.running_mean")[c] / FAR_ROWS;
        out->variance[c] = noted(plan, stats, "norm.running_var")[c] / FAR_ROWS;
    }
    free(theta);
    free(widened);
    free(stats);
    free(grads);
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
}

static void close_doubles(const char *what, const double *got, const double *want, size_t n, double bound)
{
    double scale = 0.0;
    for (size_t i = 0; i < n; i++) scale = fmax(scale, fabs(want[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= bound * scale)) fail_msg("%s: entry %zu is %.9g, not %.9g", what, i, got[i], want[i]);
}

/* Channels a thousand deviations to either side of zero, where E[x^2] - mean^2 of floats has no digit left, and one that is hardly off it. */
static void test_norm__channels_far_from_zero_keep_their_digits(void **state)
{
    (void)state;
    static const float middle[FAR_CHANNELS] = { 1000.0f, -1000.0f, 0.5f };
    float x[FAR_COUNT];
    static far_run got, want;
    for (size_t i = 0; i < FAR_COUNT; i++) x[i] = middle[i % FAR_CHANNELS] + 1.4f * (float)sin(0.61 * (double)i * (1.0 + 0.001 * (double)i));
    run_far(&bf_backend_portable, x, &got);
    run_far(&bf_backend_twin, x, &want);
    for (int c = 0; c < FAR_CHANNELS; c++) {
        BF_CHECK_NEAR(got.mean[c], want.mean[c], 1e-6 * sqrt(want.variance[c]));
        BF_CHECK_NEAR(got.variance[c], want.variance[c], 1e-6 * want.variance[c]);
    }
    close_doubles("y", got.y, want.y, FAR_COUNT, 1e-6);
    close_doubles("dx", got.dx, want.dx, FAR_COUNT, 1e-5);
}

/* --- sums -------------------------------------------------------------------------------------------------------- */

/* The bound of the header, at a size where one float sum would be off by 1e-4. */
static void test_norm__channel_sums_do_not_drift(void **state)
{
    (void)state;
    enum { POSITIONS = 100003 };
    static const size_t widths[] = { 1, 3, 16, 19 };
    float *x = malloc(POSITIONS * 19 * sizeof *x), center[19];
    assert_non_null(x);
    for (size_t i = 0; i < (size_t)POSITIONS * 19; i++) x[i] = 3.1f + (float)sin(0.013 * (double)i);
    for (int c = 0; c < 19; c++) center[c] = 3.0f;
    for (int k = 0; k < 4; k++) {
        const size_t width = widths[k];
        double sum[19] = { 0 }, square[19] = { 0 }, again[19] = { 0 }, product[19] = { 0 }, plain[19] = { 0 };
        double want[3][19] = { { 0 } };
        for (size_t i = 0; i < POSITIONS * width; i++) {
            want[0][i % width] += (double)x[i];
            want[1][i % width] += (double)x[i] * (double)x[i];
            want[2][i % width] += (double)x[i] * ((double)x[i] - 3.0);
        }
        bf_channel_sums(x, POSITIONS, width, plain);
        bf_channel_squares(x, POSITIONS, width, sum, square);
        bf_channel_products(x, x, center, POSITIONS, width, again, product);
        for (size_t c = 0; c < width; c++) {
            BF_CHECK_NEAR(plain[c], want[0][c], 2e-7 * want[0][c]);
            BF_CHECK_NEAR(sum[c], want[0][c], 2e-7 * want[0][c]);
            BF_CHECK_NEAR(again[c], want[0][c], 2e-7 * want[0][c]);
            BF_CHECK_NEAR(square[c], want[1][c], 2e-7 * want[1][c]);
            BF_CHECK_NEAR(product[c], want[2][c], 2e-7 * want[1][c]);
        }
    }
    free(x);
}

/* --- narrow plans, split lanes ----------------------------------------------------------------------------------- */

/* |a - b| / |b| of one slot's gradients on the first lane. */
static double distance(const net *a, const net *b, const char *name)
{
    const float *x = slot(a, a->grads, name), *y = slot(b, b->grads, name);
    double apart = 0, length = 0;
    for (size_t i = 0; i < bf_params_at(b->params, bf_params_find(b->params, name))->count; i++) {
        apart += pow((double)x[i] - (double)y[i], 2);
        length += pow((double)y[i], 2);
    }
    return sqrt(apart / length);
}

static void test_norm__narrow_plans_stay_close(void **state)
{
    (void)state;
    const bf_shape in = { 6, 5, 7, 2 };
    net wide = net_create(convolutional, in, 2, true, false), narrow = net_create(convolutional, in, 2, true, true);
    net_run(&wide, 6, 0, 12, NULL);
    net_run(&narrow, 6, 0, 12, NULL);
    const float *a = bf_plan_value(wide.plan, 0, wide.y), *b = bf_plan_value(narrow.plan, 0, narrow.y);
    close_floats("output", b, a, 30, 0.03);
    assert_memory_not_equal(a, b, 30 * sizeof *a);
    static const char *const learned[] = { "conv.weight", "norm.weight", "norm.bias", "deconv.weight", "second.weight", "dense.weight", "last.weight" };
    for (size_t i = 0; i < sizeof learned / sizeof *learned; i++)
        BF_CHECK_NEAR(distance(&narrow, &wide, learned[i]), 0.0, 0.02);
    BF_CHECK_NEAR(distance(&narrow, &wide, "first.weight"), 0.0, 0.1);          /* what is left when a normalisation took the mean away */
    net_destroy(&wide);
    net_destroy(&narrow);
}

/* A team in one process: the whole run records what its couplings summed, the parts check their partials against it and take the totals. */
typedef struct record { double partials[16][4][12], total[16][12]; int calls, first; bool plays; } record;

static void sum_recorded(void *self, const double *partials, int lanes, int count, double *total)
{
    record *r = self;
    const int call = r->calls++;
    assert_true(call < 16 && count <= 12);
    for (int l = 0; l < lanes; l++) {
        if (r->plays) assert_memory_equal(r->partials[call][r->first + l], partials + l * count, (size_t)count * sizeof *partials);
        else memcpy(r->partials[call][l], partials + l * count, (size_t)count * sizeof *partials);
    }
    if (!r->plays) bf_coupler_alone.sum(NULL, partials, lanes, count, r->total[call]);
    memcpy(total, r->total[call], (size_t)count * sizeof *total);
}

static void compare_parts(bool narrow)
{
    enum { ROWS = 2, LANES = 4 };
    const bf_shape in = { ROWS, 5, 7, 2 };
    record *r = calloc(1, sizeof *r);
    assert_non_null(r);
    net whole = net_create(convolutional, in, LANES, true, narrow), part = net_create(convolutional, in, LANES / 2, true, narrow);
    const bf_coupler coupler = { .self = r, .sum = sum_recorded };
    net_run(&whole, ROWS, 0, ROWS * LANES, &coupler);
    assert_int_equal(r->calls, 4);                      /* two couplings, there and back */
    r->plays = true;
    for (int half = 0; half < 2; half++) {
        r->calls = 0;
        r->first = half * LANES / 2;
        net_run(&part, ROWS, r->first * ROWS, ROWS * LANES, &coupler);
        assert_memory_equal(part.grads, whole.grads + (size_t)r->first * whole.size, part.size * LANES / 2 * sizeof(float));
        for (int l = 0; l < LANES / 2; l++)
            assert_memory_equal(bf_plan_value(part.plan, l, part.y), bf_plan_value(whole.plan, r->first + l, whole.y), 5 * ROWS * sizeof(float));
    }
    net_destroy(&whole);
    net_destroy(&part);
    free(r);
}

static void test_norm__lanes_have_the_same_bits_in_any_process(void **state)
{
    (void)state;
    compare_parts(false);
    compare_parts(true);
}

/* --- spectral normalisation -------------------------------------------------------------------------------------- */

static bf_value spectral(bf_builder *b, bf_value x)
{
    return bf_spectral(b, bf_dense_plain(b, x, bf_shape_flat(bf_builder_shape(b, x).rows, 4), "layer", 1.0), "layer");
}

static net spectral_net(bool backward)
{
    net n = net_create(spectral, bf_shape_flat(2, 3), 1, backward, false);
    fill(slot(&n, n.theta, "layer.weight"), 12, 0.5, 0.2);
    memcpy(slot(&n, n.theta, "layer.bias"), (const float[]){ 0.1f, -0.2f, 0.3f, 0.0f }, 4 * sizeof(float));
    memcpy(slot(&n, n.theta, "layer.u"), (const float[]){ 1.0f, -1.0f, 2.0f, 0.5f }, 4 * sizeof(float));
    fill(bf_plan_value(n.plan, 0, n.x), 6, 0.3, 0.0);
    return n;
}

static void test_norm__spectral_computes_what_pytorch_does(void **state)
{
    (void)state;
    static const double y[8] = { 2.031606973223055, -1.5812972642615357, -1.827025179513284, 1.0803776461105097, 0.976509215907779,
                                 -0.5433872386790677, -0.6250897206128927, 0.21251072242364152 };
    static const double before[4] = { 1.0, -1.0, 2.0, 0.5 }, after[4] = { -0.5924344567796809, -0.3841888104493877, 0.5380815740532147, 0.460313580084342 };
    for (int backward = 0; backward < 2; backward++) {
        net n = spectral_net(backward);
        const double weight = 1.0;
        bf_plan_run(n.plan, &(bf_run){ .theta = n.theta, .grads = n.grads, .stats = n.stats, .rows = 2, .weights = &weight, .batch = 2 });
        const float *got = bf_plan_value(n.plan, 0, n.y);
        for (int i = 0; i < 8; i++) BF_CHECK_NEAR((double)got[i], y[i], 2e-6);
        bf_plan_average(n.plan, n.stats, 2, n.theta);
        for (int i = 0; i < 4; i++)             /* evaluation takes the same step and keeps nothing */
            BF_CHECK_NEAR((double)slot(&n, n.theta, "layer.u")[i], backward ? after[i] : before[i], 1e-6);
        net_destroy(&n);
    }
}

/* Steps with unchanged weights find the largest singular value: rows of lengths 3, 2 and 1 at right angles, and one of zeros. */
static void test_norm__spectral_finds_the_largest_singular_value(void **state)
{
    (void)state;
    net n = spectral_net(true);
    float *weight = slot(&n, n.theta, "layer.weight");
    memset(weight, 0, 12 * sizeof *weight);
    weight[0 * 3 + 1] = 2.0f;
    weight[1 * 3 + 0] = -3.0f;
    weight[2 * 3 + 2] = 1.0f;
    memset(slot(&n, n.theta, "layer.bias"), 0, 4 * sizeof(float));
    const double one = 1.0;
    const bf_run run = { .theta = n.theta, .grads = n.grads, .stats = n.stats, .rows = 2, .weights = &one, .batch = 2 };
    for (int k = 0; k < 40; k++) {
        bf_plan_run(n.plan, &run);
        bf_plan_average(n.plan, n.stats, 2, n.theta);
    }
    const float *x = bf_plan_value(n.plan, 0, n.x), *y = bf_plan_value(n.plan, 0, n.y);
    BF_CHECK_NEAR((double)y[0], 2.0 / 3.0 * (double)x[1], 1e-6);
    BF_CHECK_NEAR((double)y[1], -(double)x[0], 1e-6);
    BF_CHECK_NEAR((double)y[2], (double)x[2] / 3.0, 1e-6);
    net_destroy(&n);
}

static void test_norm__spectral_needs_a_layer(void **state)
{
    (void)state;
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = 1, .lanes = 1 }, &bf_backend_portable);
    bf_spectral(b, bf_input(b, "x", bf_shape_flat(1, 3)), "nobody");
    bf_plan *plan;
    const bf_status s = bf_builder_finish(&b, &plan);
    assert_int_equal(s.code, BF_E_INTERNAL);
    assert_non_null(strstr(s.what, "nobody.weight"));
    bf_params_destroy(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_norm__lanes_share_one_batch),
        cmocka_unit_test(test_norm__padded_rows_do_not_count),
        cmocka_unit_test(test_norm__computes_what_pytorch_does),
        cmocka_unit_test(test_norm__evaluates_by_running_averages),
        cmocka_unit_test(test_norm__channels_far_from_zero_keep_their_digits),
        cmocka_unit_test(test_norm__channel_sums_do_not_drift),
        cmocka_unit_test(test_norm__narrow_plans_stay_close),
        cmocka_unit_test(test_norm__lanes_have_the_same_bits_in_any_process),
        cmocka_unit_test(test_norm__spectral_computes_what_pytorch_does),
        cmocka_unit_test(test_norm__spectral_finds_the_largest_singular_value),
        cmocka_unit_test(test_norm__spectral_needs_a_layer),
    };
    bf_threads_set(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
