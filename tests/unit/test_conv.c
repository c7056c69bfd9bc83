/* Convolutions: how windows lie, what they compute, against the twin, against PyTorch's numbers and against each other. */
#include "close.h"
#include "nn/convolve_ways.h"
#include "nn/threads.h"
#include "op_bench.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* --- geometry ---------------------------------------------------------------------------------------------------- */

typedef struct lie { bf_conv_spec w; int in, out, before; bool transposed; } lie;

/* Layers of published networks, their sides worked out by hand. */
static const lie lies[] = {
    { { .kernel = 4, .stride = 2, .pad = 1 }, 28, 14, 1, false }, { { .kernel = 4, .stride = 2, .pad = 1 }, 7, 3, 1, false }, { { .kernel = 4, .stride = 2, .pad = 1 }, 3, 1, 1, false },
    { { .kernel = 5, .stride = 2, .pad = 2 }, 14, 7, 2, false },  { { .kernel = 3, .stride = 1, .pad = 1 }, 28, 28, 1, false }, { { .kernel = 4, .stride = 1 }, 4, 1, 0, false },
    { { .kernel = 2, .stride = 2 }, 9, 4, 0, false },             { { .kernel = 1, .stride = 1 }, 5, 5, 0, false },
    { { .kernel = 5, .stride = 2, .same = true }, 64, 32, 1, false }, { { .kernel = 5, .stride = 1, .same = true }, 64, 64, 2, false }, { { .kernel = 4, .stride = 2, .same = true }, 28, 14, 1, false },
    { { .kernel = 3, .stride = 2, .same = true }, 7, 4, 1, false },   { { .kernel = 3, .stride = 2, .same = true }, 8, 4, 0, false },   { { .kernel = 2, .stride = 3, .same = true }, 7, 3, 0, false },
    { { .kernel = 1, .stride = 2, .same = true }, 5, 3, 0, false },
    { { .kernel = 4, .stride = 1 }, 1, 4, 0, true },              { { .kernel = 4, .stride = 2, .pad = 1 }, 4, 8, 1, true },    { { .kernel = 6, .stride = 2, .pad = 2 }, 7, 14, 2, true },
    { { .kernel = 3, .stride = 2, .pad = 1 }, 4, 7, 1, true },    { { .kernel = 3, .stride = 2, .pad = 1, .out_pad = 1 }, 7, 14, 1, true }, { { .kernel = 5, .stride = 1, .pad = 2 }, 28, 28, 2, true },
    { { .kernel = 4, .stride = 2, .same = true }, 7, 14, 1, true }, { { .kernel = 5, .stride = 2, .same = true }, 8, 16, 1, true }, { { .kernel = 3, .stride = 1, .same = true }, 8, 8, 1, true },
};

static void test_conv__windows_lie_as_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        const lie *t = &lies[i];
        bf_geometry g;
        const bf_status s = (t->transposed ? bf_geometry_deconv : bf_geometry_conv)(&t->w, (bf_shape){ 2, t->in, t->in, 3 }, 5, "layer", &g);
        if (s.code) fail_msg("case %zu: %s", i, s.what);
        const int made = t->transposed ? g.in_height : g.out_height, read = t->transposed ? g.out_width : g.in_width;
        if (made != t->out || read != t->in || g.pad_top != t->before || g.pad_left != t->before)
            fail_msg("case %zu: %d of %d positions, %d before", i, made, read, g.pad_top);
        assert_int_equal(t->transposed ? g.out_channels : g.in_channels, 3);
        assert_int_equal(t->transposed ? g.in_channels : g.out_channels, 5);
    }
}

static void refused(bool transposed, bf_conv_spec w, int side, const char *fragment)
{
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = 2, .lanes = 1 }, &bf_backend_portable);
    const bf_value x = bf_input(b, "x", (bf_shape){ 2, side, side, 3 });
    const bf_value y = transposed ? bf_deconv(b, x, 4, &w, "decoder.1", 1.0) : bf_conv(b, x, 4, &w, "encoder.1", 1.0);
    bf_conv(b, y, 4, &w, "after", 1.0);                 /* written without checks */
    bf_batch_norm(b, y, "norm", 0.1, 1e-5);
    bf_row_total(b, y);
    bf_plan *plan;
    const bf_status s = bf_builder_finish(&b, &plan);
    assert_int_equal(s.code, BF_E_INPUT);
    if (strstr(s.what, fragment) == NULL || strstr(s.what, "coder.1") == NULL) fail_msg("'%s' does not say '%s'", s.what, fragment);
    bf_params_destroy(&params);
}

static void test_conv__a_window_that_does_not_fit_is_told(void **state)
{
    (void)state;
    refused(false, (bf_conv_spec){ .kernel = 5, .stride = 1 }, 4, "does not fit 4 x 4");
    refused(false, (bf_conv_spec){ .kernel = 0, .stride = 1 }, 4, "kernel 0");
    refused(false, (bf_conv_spec){ .kernel = 3, .stride = 0, .same = true }, 4, "stride 0");
    refused(false, (bf_conv_spec){ .kernel = 3, .stride = 1, .pad = -1 }, 4, "padding -1");
    refused(false, (bf_conv_spec){ .kernel = INT_MAX, .stride = 1 }, 4, "kernel");
    refused(false, (bf_conv_spec){ .kernel = 1 << 17, .stride = 1, .same = true }, 4, "too large");
    refused(true, (bf_conv_spec){ .kernel = 3, .stride = 2, .out_pad = 2 }, 4, "output padding 2");
    refused(true, (bf_conv_spec){ .kernel = 2, .stride = 1, .pad = 3 }, 4, "leaves nothing");
    refused(true, (bf_conv_spec){ .kernel = 2, .stride = INT_MAX / 4, .same = true }, 400, "leaves nothing");
}

/* --- against the twin -------------------------------------------------------------------------------------------- */

/* Kernels 1 to 6, strides 1 to 3, both paddings, 1, 3 and 5 channels, odd sides: over two rounds all of them. */
static void layer(bf_bench *g, bool transposed, int round)
{
    static const int channels[] = { 1, 3, 5 };
    const int i = g->cols - 1, kernel = 1 + (i / 3 + 2) % 6, stride = 1 + i % 3;
    const bool same = (i / 18 + round) % 2 == 1;
    const bf_conv_spec w = { .kernel = kernel, .stride = stride, .same = same, .pad = kernel / 2, .out_pad = transposed && !same ? i % stride : 0,
                             .plain = i % 5 == 4 };
    const bool few = i < 3;             /* where the twin meets differences, which take a run for every entry */
    const bf_value x = bf_bench_grid(g, "x", few ? 2 : 3 + i % 4, transposed ? 3 : 4 + i % 3, few ? 1 + i % 2 : channels[(i + round) % 3], 1.0);
    const int out = few ? 2 : channels[(i / 3 + round + 1) % 3];
    const bf_value y = transposed ? bf_deconv(g->b, x, out, &w, "layer", 1.0) : bf_conv(g->b, x, out, &w, "layer", 1.0);
    bf_bench_probe(g, bf_activate(g->b, y, i % 2 == 0 ? BF_LINEAR : BF_TANH));
}
static void conv(bf_bench *g) { layer(g, false, 0); }
static void conv_again(bf_bench *g) { layer(g, false, 1); }
static void deconv(bf_bench *g) { layer(g, true, 0); }
static void deconv_again(bf_bench *g) { layer(g, true, 1); }

static void test_conv__matches_its_twin_in_every_geometry(void **state)
{
    (void)state;
    static const bf_op_case cases[] = { { "conv", conv }, { "conv", conv_again }, { "deconv", deconv }, { "deconv", deconv_again } };
    for (int k = 0; k < 4; k++)
        for (int cols = 1; cols <= 33; cols++)
            for (int twice = 0; twice < 2; twice++) bf_bench_compare(&cases[k], &bf_backend_portable, cols, twice);
}

/* --- against PyTorch --------------------------------------------------------------------------------------------- */

static void fill(float *x, size_t n, double step, double start)
{
    for (size_t i = 0; i < n; i++) x[i] = (float)cos(step * (double)i + start);
}

static void test_conv__computes_what_pytorch_does(void **state)
{
    (void)state;
    static const double conv_says[12] = { 1.1201588552515165, -0.4602917568076041, -0.3788256794577196, -1.4612098686784465, -0.9904928685529885,
        -1.7657968463931686, -1.2235483411436918, -0.6676349963902479, -1.0283589676762013, -0.0867037046463916, 0.3759761042439662, 1.0008664343966531 };
    static const double deconv_says[12] = { -0.11416677847539003, 0.5083327955712031, -0.5521866690874786, 0.7348021645272018, -0.17679650582692566,
        0.07026003240022166, -0.5569347409819837, -0.2951683920231607, -0.029952155933622188, -0.5723401352409417, 0.18200387134067147, -0.6289876791385147 };
    static const float bias[2] = { 0.1f, -0.2f };
    for (int transposed = 0; transposed < 2; transposed++) {
        bf_params *params = bf_params_create();
        bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = 2, .lanes = 1 }, &bf_backend_portable);
        const bf_value x = bf_input(b, "x", transposed ? (bf_shape){ 2, 2, 3, 3 } : (bf_shape){ 2, 5, 4, 3 });
        const bf_conv_spec w = { .kernel = 3, .stride = 2, .pad = 1, .out_pad = transposed };
        const bf_value y = transposed ? bf_deconv(b, x, 2, &w, "layer", 1.0) : bf_conv(b, x, 2, &w, "layer", 1.0);
        bf_keep(b, y);
        bf_plan *plan;
        assert_int_equal(bf_builder_finish(&b, &plan).code, BF_OK);
        float theta[128] = { 0 };
        assert_true(bf_params_size(params) <= 128);
        fill(theta + bf_params_at(params, bf_params_find(params, "layer.weight"))->offset, 54, 0.5, 0.2);
        memcpy(theta + bf_params_at(params, bf_params_find(params, "layer.bias"))->offset, bias, sizeof bias);
        fill(bf_plan_value(plan, 0, x), bf_shape_count(bf_plan_shape_of(plan, x)), 0.3, 0.0);
        bf_plan_run(plan, &(bf_run){ .theta = theta, .rows = 2, .batch = 2 });
        const float *got = bf_plan_value(plan, 0, y);
        for (int i = 0; i < 12; i++) BF_CHECK_NEAR((double)got[i], (transposed ? deconv_says : conv_says)[i], 2e-6);
        bf_plan_destroy(&plan);
        bf_params_destroy(&params);
    }
}

/* --- the three products ------------------------------------------------------------------------------------------ */

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

typedef struct products { bf_geometry g; size_t ins, outs, weights; float *in, *out, *weight, *made_in, *made_out, *made_weight; void *work; } products;

static float *floats(size_t n, double step)
{
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    fill(x, n, step, 0.3);
    return x;
}

static products products_create(const bf_conv_spec *w, bf_shape in, int channels)
{
    products p;
    assert_int_equal(bf_geometry_conv(w, in, channels, "layer", &p.g).code, BF_OK);
    p.ins = bf_shape_count(in);
    p.outs = bf_shape_count((bf_shape){ in.rows, p.g.out_height, p.g.out_width, channels });
    p.weights = (size_t)in.channels * (size_t)channels * (size_t)w->kernel * (size_t)w->kernel;
    p.in = floats(p.ins, 0.37);
    p.out = floats(p.outs, 0.91);
    p.weight = floats(p.weights, 0.53);
    p.made_in = floats(p.ins, 0.0);
    p.made_out = floats(p.outs, 0.0);
    p.made_weight = floats(p.weights, 0.0);
    p.work = aligned_alloc(64, (bf_convolve_work(&p.g, in.rows) + 63) / 64 * 64);
    assert_non_null(p.work);
    return p;
}

static void products_destroy(products *p)
{
    float *all[] = { p->in, p->out, p->weight, p->made_in, p->made_out, p->made_weight };
    for (int i = 0; i < 6; i++) free(all[i]);
    free(p->work);
}

/* <conv(x, w), y> = <x, back(y, w)> = <w, weight(x, y)>: each is the slope of the same triple sum. Several blocks of windows and a rest. */
static void check_adjoint(bf_conv_spec w, bf_shape in, int channels)
{
    products p = products_create(&w, in, channels);
    bf_convolve(&p.g, in.rows, p.in, p.weight, p.made_out, false, p.work);
    bf_convolve_back(&p.g, in.rows, p.out, p.weight, p.made_in, false, p.work);
    bf_convolve_weight(&p.g, in.rows, p.in, p.out, p.made_weight, false, p.work);
    const double scale = sqrt(dot(p.made_out, p.made_out, p.outs) * dot(p.out, p.out, p.outs)), want = dot(p.made_out, p.out, p.outs);
    BF_CHECK_NEAR(dot(p.in, p.made_in, p.ins), want, 2e-7 * scale);
    BF_CHECK_NEAR(dot(p.weight, p.made_weight, p.weights), want, 2e-7 * scale);
    products_destroy(&p);
}

static void test_conv__three_products_are_adjoint(void **state)
{
    (void)state;
    check_adjoint((bf_conv_spec){ .kernel = 3, .stride = 1, .pad = 1 }, (bf_shape){ 5, 41, 37, 5 }, 3);
    check_adjoint((bf_conv_spec){ .kernel = 4, .stride = 2, .same = true }, (bf_shape){ 3, 29, 27, 64 }, 7);
    check_adjoint((bf_conv_spec){ .kernel = 1, .stride = 1 }, (bf_shape){ 3, 41, 37, 40 }, 9);
    check_adjoint((bf_conv_spec){ .kernel = 2, .stride = 3 }, (bf_shape){ 7, 11, 5, 300 }, 33);
    check_adjoint((bf_conv_spec){ .kernel = 5, .stride = 1, .pad = 7 }, (bf_shape){ 2, 3, 4, 2 }, 2);       /* windows wholly outside */
}

/* in (rows, height, width, channels) meets out by weight wherever a window's tap lies inside: the three sums by their definition. */
static void define(const products *p, int rows, double *in, double *out, double *weight)
{
    const bf_geometry *g = &p->g;
    size_t o = 0;
    for (int r = 0; r < rows; r++)
        for (int y = 0; y < g->out_height; y++)
            for (int x = 0; x < g->out_width; x++)
                for (int c = 0; c < g->out_channels; c++, o++)
                    for (int ky = 0; ky < g->kernel; ky++)
                        for (int kx = 0; kx < g->kernel; kx++) {
                            const int iy = y * g->stride - g->pad_top + ky, ix = x * g->stride - g->pad_left + kx;
                            if (iy < 0 || iy >= g->in_height || ix < 0 || ix >= g->in_width) continue;
                            for (int k = 0; k < g->in_channels; k++) {
                                const size_t i = (((size_t)r * (size_t)g->in_height + (size_t)iy) * (size_t)g->in_width + (size_t)ix) * (size_t)g->in_channels + (size_t)k;
                                const size_t w = (((size_t)c * (size_t)g->in_channels + (size_t)k) * (size_t)g->kernel + (size_t)ky) * (size_t)g->kernel + (size_t)kx;
                                out[o] += (double)p->in[i] * (double)p->weight[w];
                                in[i] += (double)p->out[o] * (double)p->weight[w];
                                weight[w] += (double)p->in[i] * (double)p->out[o];
                            }
                        }
}

static double *zeros(size_t n)
{
    double *x = calloc(n, sizeof *x);
    assert_non_null(x);
    return x;
}

static void check_near(const float *got, const double *want, size_t n, double times, double bound)
{
    for (size_t i = 0; i < n; i++) BF_CHECK_NEAR((double)got[i], times * want[i], bound);
}

static void check_way(const bf_convolve_way *way, products *p, int rows)
{
    double *in = zeros(p->ins), *out = zeros(p->outs), *weight = zeros(p->weights);
    void *work = aligned_alloc(64, (way->work(&p->g, rows) + 63) / 64 * 64);
    assert_non_null(work);
    define(p, rows, in, out, weight);
    for (int adds = 0; adds < 2; adds++) {
        way->forward(&p->g, rows, p->in, p->weight, p->made_out, adds, work);
        way->back(&p->g, rows, p->out, p->weight, p->made_in, adds, work);
        way->weight(&p->g, rows, p->in, p->out, p->made_weight, adds, work);
        check_near(p->made_out, out, p->outs, 1.0 + adds, 1e-6 * (20.0 + (double)bf_geometry_entries(&p->g)));
        check_near(p->made_in, in, p->ins, 1.0 + adds, 1e-6 * (20.0 + (double)p->g.out_channels * p->g.kernel));
        check_near(p->made_weight, weight, p->weights, 1.0 + adds, 1e-6 * (20.0 + (double)rows * (double)bf_geometry_positions(&p->g)));
    }
    free(work);
    free(in);
    free(out);
    free(weight);
}

typedef struct layout { bf_conv_spec w; bf_shape in; int channels; } layout;

/* Images large and small, with a frame and without, groups of samples and what is left of them, several blocks, panels and parts of sums, more ways
 * to be cut than are told apart, taps of few channels. */
static const layout layouts[] = {
    { { .kernel = 3, .stride = 1, .pad = 1 }, { 20, 4, 4, 40 }, 20 },       { { .kernel = 4, .stride = 2, .pad = 1 }, { 7, 14, 14, 17 }, 33 },
    { { .kernel = 5, .stride = 2, .pad = 2 }, { 8, 13, 11, 3 }, 6 },        { { .kernel = 3, .stride = 1, .same = true }, { 7, 8, 8, 9 }, 270 },
    { { .kernel = 6, .stride = 1, .pad = 5 }, { 3, 3, 2, 7 }, 5 },          { { .kernel = 1, .stride = 2 }, { 14, 9, 9, 20 }, 16 },
    { { .kernel = 4, .stride = 2, .pad = 1 }, { 2, 30, 28, 1 }, 64 },       { { .kernel = 3, .stride = 3 }, { 7, 11, 10, 6 }, 1 },
    { { .kernel = 5, .stride = 1, .pad = 2 }, { 1, 20, 9, 32 }, 3 },        { { .kernel = 2, .stride = 2 }, { 5, 4, 6, 300 }, 8 },
    { { .kernel = 4, .stride = 2, .pad = 1 }, { 7, 22, 20, 48 }, 40 },      { { .kernel = 3, .stride = 1, .pad = 1 }, { 8, 6, 5, 16 }, 20 },
    { { .kernel = 3, .stride = 1, .pad = 1 }, { 3, 12, 10, 16 }, 9 },       { { .kernel = 2, .stride = 4, .pad = 1 }, { 7, 15, 15, 16 }, 10 },
    { { .kernel = 4, .stride = 3, .pad = 2 }, { 8, 10, 11, 32 }, 18 },
};

static void test_conv__both_ways_compute_what_is_defined(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        const layout *l = &layouts[i];
        products p = products_create(&l->w, l->in, l->channels);
        check_way(&bf_convolve_unfolded, &p, l->in.rows);
        check_way(&bf_convolve_direct, &p, l->in.rows);
        products_destroy(&p);
    }
}

/* To the bit: whatever group and place in it a sample is given. */
static void test_conv__a_sample_does_not_depend_on_the_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        const layout *l = &layouts[i];
        products p = products_create(&l->w, l->in, l->channels);
        const size_t rows = (size_t)l->in.rows, in = p.ins / rows, out = p.outs / rows;
        void *work = aligned_alloc(64, (bf_convolve_direct.work(&p.g, l->in.rows) + 63) / 64 * 64);
        float *one_in = floats(in, 0.0), *one_out = floats(out, 0.0);
        assert_non_null(work);
        bf_convolve_direct.forward(&p.g, l->in.rows, p.in, p.weight, p.made_out, false, work);
        bf_convolve_direct.back(&p.g, l->in.rows, p.out, p.weight, p.made_in, false, work);
        for (size_t r = 0; r < rows; r++) {
            bf_convolve_direct.forward(&p.g, 1, p.in + r * in, p.weight, one_out, false, work);
            bf_convolve_direct.back(&p.g, 1, p.out + r * out, p.weight, one_in, false, work);
            assert_memory_equal(one_out, p.made_out + r * out, out * sizeof *one_out);
            assert_memory_equal(one_in, p.made_in + r * in, in * sizeof *one_in);
        }
        free(one_in);
        free(one_out);
        free(work);
        products_destroy(&p);
    }
}

/* What is added is added, in every product, with and without unfolding. */
static void test_conv__adds_where_it_is_told_to(void **state)
{
    (void)state;
    for (int kernel = 1; kernel <= 3; kernel += 2) {
        const bf_conv_spec w = { .kernel = kernel, .stride = 1, .pad = kernel / 2 };
        products p = products_create(&w, (bf_shape){ 2, 5, 7, 3 }, 4);
        float *const made[] = { p.made_out, p.made_in, p.made_weight };
        const size_t sizes[] = { p.outs, p.ins, p.weights };
        for (int k = 0; k < 3; k++) {
            float *first = floats(sizes[k], 0.0);
            for (int adds = 0; adds < 2; adds++) {
                if (k == 0) bf_convolve(&p.g, 2, p.in, p.weight, made[k], adds, p.work);
                else if (k == 1) bf_convolve_back(&p.g, 2, p.out, p.weight, made[k], adds, p.work);
                else bf_convolve_weight(&p.g, 2, p.in, p.out, made[k], adds, p.work);
                if (!adds) memcpy(first, made[k], sizes[k] * sizeof *first);
            }
            for (size_t i = 0; i < sizes[k]; i++) BF_CHECK_NEAR((double)made[k][i], 2.0 * (double)first[i], 1e-4);
            free(first);
        }
        products_destroy(&p);
    }
}

/* Rows do not meet: many at once are what each is alone. */
static void test_conv__a_batch_is_its_rows(void **state)
{
    (void)state;
    const bf_conv_spec w = { .kernel = 3, .stride = 1, .same = true };
    const bf_shape all = { 6, 33, 31, 4 };
    products p = products_create(&w, all, 5);
    const size_t in = bf_shape_cols(all), out = p.outs / 6;
    bf_convolve(&p.g, 6, p.in, p.weight, p.made_out, false, p.work);
    float *alone = floats(out, 0.0);
    for (size_t r = 0; r < 6; r++) {
        bf_convolve(&p.g, 1, p.in + r * in, p.weight, alone, false, p.work);
        for (size_t i = 0; i < out; i++) BF_CHECK_NEAR((double)p.made_out[r * out + i], (double)alone[i], 1e-5);
    }
    free(alone);
    products_destroy(&p);
}

/* --- the plan ---------------------------------------------------------------------------------------------------- */

/* 3 x 3 windows over 4 x 4 positions meet (2 + 3 + 3 + 2)^2 entries. The first layer's input wants no gradient. */
static void test_conv__flops_count_what_lies_inside(void **state)
{
    (void)state;
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = 3, .lanes = 2, .backward = true }, &bf_backend_portable);
    const bf_conv_spec w = { .kernel = 3, .stride = 1, .pad = 1 }, wide = { .kernel = 2, .stride = 2, .plain = true };
    const bf_value x = bf_input(b, "x", (bf_shape){ 3, 4, 4, 2 });
    const bf_value h = bf_deconv(b, bf_conv(b, x, 5, &w, "first", 1.0), 7, &wide, "second", 1.0);
    bf_loss(b, "loss", bf_dense(b, bf_mean_pool(b, h), 1, "last", 1.0, 0.0));
    bf_plan *plan;
    assert_int_equal(bf_builder_finish(&b, &plan).code, BF_OK);
    const double first = 2.0 * 3 * 100 * 2 * 5, second = 2.0 * 3 * 64 * 5 * 7, last = 2.0 * 3 * 7;
    BF_CHECK_NEAR(bf_plan_flops(plan), 2 * (2 * first + 3 * second + 3 * last), 0.0);
    assert_int_equal(bf_params_find(params, "second.bias"), -1);
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
}

static void test_conv__a_grid_that_does_not_pool_is_told(void **state)
{
    (void)state;
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = 1, .lanes = 1 }, &bf_backend_portable);
    bf_average_pool(b, bf_upsample(b, bf_input(b, "x", (bf_shape){ 1, 3, 2, 1 }), 3), 2);
    bf_plan *plan;
    const bf_status s = bf_builder_finish(&b, &plan);
    assert_int_equal(s.code, BF_E_INPUT);
    assert_non_null(strstr(s.what, "9 x 6"));
    bf_params_destroy(&params);
}

/* The ways of a residual block, one window without padding: read on, the shorter one would end in its neighbour's memory. */
static void test_conv__ways_that_do_not_meet_are_told(void **state)
{
    (void)state;
    const bf_conv_spec narrows = { .kernel = 3, .stride = 1 };
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = 1, .lanes = 1 }, &bf_backend_portable);
    const bf_value x = bf_input(b, "x", (bf_shape){ 1, 5, 4, 3 });
    bf_keep(b, bf_add(b, x, bf_conv(b, x, 3, &narrows, "layer", 1.0)));
    bf_plan *plan;
    const bf_status s = bf_builder_finish(&b, &plan);
    assert_int_equal(s.code, BF_E_INPUT);
    assert_non_null(strstr(s.what, "3 x 2 x 3 entries cannot be added to 5 x 4 x 3"));
    bf_params_destroy(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv__windows_lie_as_published),
        cmocka_unit_test(test_conv__a_window_that_does_not_fit_is_told),
        cmocka_unit_test(test_conv__matches_its_twin_in_every_geometry),
        cmocka_unit_test(test_conv__computes_what_pytorch_does),
        cmocka_unit_test(test_conv__three_products_are_adjoint),
        cmocka_unit_test(test_conv__both_ways_compute_what_is_defined),
        cmocka_unit_test(test_conv__a_sample_does_not_depend_on_the_others),
        cmocka_unit_test(test_conv__adds_where_it_is_told_to),
        cmocka_unit_test(test_conv__a_batch_is_its_rows),
        cmocka_unit_test(test_conv__flops_count_what_lies_inside),
        cmocka_unit_test(test_conv__a_grid_that_does_not_pool_is_told),
        cmocka_unit_test(test_conv__ways_that_do_not_meet_are_told),
    };
    bf_threads_set(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
