/* The oneDNN backend: layers too large for our own small products against the twin, and what results may depend on. Without the library in
 * the build there is nothing to test. */
#include "close.h"
#include "nn/backend.h"
#include "nn/gemm_own.h"
#include "nn/layers.h"
#include "nn/onednn/onednn.h"
#include "nn/plan_state.h"
#include "nn/threads.h"
#include "op_bench.h"
#include <stdlib.h>
#include <string.h>

enum { IN = 1201, OUT = 1207, ROWS = 3 };   /* odd, and too many for the small kernels */

static const bf_backend *library(void) { return bf_backend_find("onednn"); }

/* --- against the twin -------------------------------------------------------------------------------------------- */

/* Two layers read the same leaf, so that its gradient is written and added to; the bench applies them twice for the weights' sake. */
static void layers(bf_bench *g, bf_activation kind)
{
    const bf_value x = bf_bench_leaf(g, "x", g->cols, 1.0);
    bf_bench_probe(g, bf_activate(g->b, bf_dense(g->b, x, OUT, "layer", 1.0, 0.25), kind));
    bf_bench_probe(g, bf_activate(g->b, bf_dense(g->b, x, OUT - 1, "other", 1.0, 0.25), kind));
}

#define LAYERS(name, kind) static void name(bf_bench *g) { layers(g, kind); }
LAYERS(linear, BF_LINEAR)
LAYERS(relu, BF_RELU)
LAYERS(steep, BF_LEAKY_RELU_2)
LAYERS(elu, BF_ELU)

static void test_onednn__dense_matches_its_twin(void **state)
{
    (void)state;
    static const bf_op_case cases[] = { { "dense", linear }, { "dense", relu }, { "dense", steep }, { "dense", elu } };
    if (library() == NULL) skip();
    assert_false(bf_gemm_is_small(ROWS, IN, OUT - 1));
    for (int i = 0; i < 4; i++) bf_bench_compare(&cases[i], library(), IN, i % 2 == 0);
}

/* Both kinds over images of odd sides, both paddings; channels that fill vectors and such that do not. The second use of x and of the weights
 * adds to gradients that are there. */
static void windows(bf_bench *g, int channels, int out, const bf_conv_spec *w)
{
    const bf_value x = bf_bench_grid(g, "x", 9, 7, channels, 1.0);
    const bf_value there = bf_activate(g->b, bf_conv(g->b, x, out, w, "conv", 1.0), BF_LEAKY_RELU);
    bf_bench_probe(g, there);
    bf_bench_probe(g, bf_activate(g->b, bf_deconv(g->b, x, out, w, "deconv", 1.0), BF_RELU));
    bf_bench_probe(g, bf_deconv(g->b, there, channels, w, "back", 1.0));
}

static void same(bf_bench *g) { windows(g, 16, 24, &(bf_conv_spec){ .kernel = 4, .stride = 2, .same = true }); }
static void padded(bf_bench *g) { windows(g, 16, 8, &(bf_conv_spec){ .kernel = 3, .stride = 1, .pad = 1 }); }
static void uneven(bf_bench *g) { windows(g, 3, 5, &(bf_conv_spec){ .kernel = 3, .stride = 2, .pad = 1, .out_pad = 1 }); }

static void test_onednn__convolutions_match_their_twins(void **state)
{
    (void)state;
    static const bf_op_case cases[] = { { "conv", same }, { "conv", padded }, { "conv", uneven } };
    if (library() == NULL) skip();
    for (int i = 0; i < 3; i++) {
        bf_bench_compare(&cases[i], library(), 4, false);
        bf_bench_compare(&cases[i], library(), 4, true);
    }
}

/* --- one plan ---------------------------------------------------------------------------------------------------- */

typedef struct net {
    bf_params *params;
    bf_plan   *plan;
    bf_value   x, y;
    size_t     size;
    float     *theta, *grads;       /* (size), (lanes, size), `shift` entries into what was allocated */
    int        lanes, shift;
    double     stats[8];
} net;

/* x -> IN -> OUT -> 1 with a loss; `small` in between is what no library is asked for. */
static net net_create(int lanes, int shift, bf_activation kind, bool backward)
{
    net n = { .params = bf_params_create(), .lanes = lanes, .shift = shift };
    bf_builder *b = bf_builder_create(n.params, &(bf_plan_shape){ .rows = ROWS, .lanes = lanes, .backward = backward }, library());
    n.x = bf_input(b, "x", bf_shape_flat(ROWS, IN));
    const bf_value first = bf_activate(b, bf_dense(b, n.x, OUT, "first", 1.0, 0.1), kind);
    n.y = bf_activate(b, bf_dense(b, first, IN, "second", 1.0, 0.1), kind);
    bf_keep(b, n.y);
    bf_loss(b, "loss", bf_dense(b, n.y, 1, "small", 1.0, 0.0));
    const bf_status s = bf_builder_finish(&b, &n.plan);
    if (s.code) fail_msg("%s", s.what);
    n.size = bf_params_size(n.params);
    n.theta = (float *)calloc(n.size + 16, sizeof(float)) + shift;
    n.grads = (float *)calloc(n.size * (size_t)lanes + 16, sizeof(float)) + shift;
    for (size_t i = 0; i < n.size; i++) n.theta[i] = ((float)((uint32_t)i * 2654435761u >> 16) / 65536.0f - 0.5f) * 0.1f;
    return n;
}

/* first_row: of the fixed data, for the first lane. */
static void net_run(net *n, int first_row)
{
    for (int l = 0; l < n->lanes; l++)
        for (int i = 0; i < ROWS * IN; i++)
            ((float *)bf_plan_value(n->plan, l, n->x))[i] = (float)sin(1.0 + 0.37 * ((first_row + l * ROWS) * IN + i));
    const double weights[] = { 1.0 };
    bf_plan_run(n->plan, &(bf_run){ .theta = n->theta, .grads = n->grads, .stats = n->stats, .rows = ROWS, .batch = ROWS * n->lanes, .weights = weights });
}

static void net_destroy(net *n)
{
    free(n->theta - n->shift);
    free(n->grads - n->shift);
    bf_plan_destroy(&n->plan);
    bf_params_destroy(&n->params);
}

/* Large layers are the library's, with everything that was fused into them; small ones and other operations are not. */
static void test_onednn__runs_what_is_large(void **state)
{
    (void)state;
    if (library() == NULL) skip();
    net n = net_create(1, 0, BF_TANH, true);
    int own = 0;
    for (int i = 0; i < n.plan->nodes; i++) own += n.plan->node[i].own != NULL;
    assert_int_equal(own, 2);
    net_destroy(&n);
}

/* Bits depend on neither the run, nor where the vectors lie, nor how many lanes share a process. */
static void test_onednn__bits_repeat(void **state)
{
    (void)state;
    if (library() == NULL) skip();
    net whole = net_create(2, 0, BF_RELU, true), second = net_create(1, 3, BF_RELU, true);
    net_run(&whole, 0);
    net_run(&second, 0);
    net_run(&second, ROWS);
    assert_memory_equal(bf_plan_value(whole.plan, 1, whole.y), bf_plan_value(second.plan, 0, second.y), ROWS * IN * sizeof(float));
    /* The mean is over the batch: one lane's share of it is half of what a batch of its own would give, exactly. */
    for (size_t i = 0; i < second.size; i++) assert_true(2.0f * whole.grads[whole.size + i] == second.grads[i]);
    net_destroy(&whole);
    net_destroy(&second);
}

/* Divergence must reach the loss: a NaN passes a layer with its activation, on the way there. */
static void test_onednn__nan_stays_nan(void **state)
{
    (void)state;
    if (library() == NULL) skip();
    for (int kind = BF_LINEAR; kind < BF_ACTIVATIONS; kind++) {
        net n = net_create(1, 0, (bf_activation)kind, false);
        n.theta[0] = NAN;       /* of the first layer's first output */
        net_run(&n, 0);
        const float *y = bf_plan_value(n.plan, 0, n.y);
        for (int i = 0; i < ROWS * IN; i++) assert_true(isnan(y[i]));
        net_destroy(&n);
    }
}

static void test_onednn__two_threads_are_close_to_one(void **state)
{
    (void)state;
    if (library() == NULL) skip();
    net one = net_create(1, 0, BF_SOFTPLUS, true);
    net_run(&one, 0);
    bf_threads_set(2);
    net two = net_create(1, 0, BF_SOFTPLUS, true);
    net_run(&two, 0);
    bf_threads_set(1);
    double scale = 0.0;
    for (size_t i = 0; i < one.size; i++) scale = fmax(scale, fabs((double)one.grads[i]));
    for (size_t i = 0; i < one.size; i++) assert_true(fabs((double)one.grads[i] - (double)two.grads[i]) <= 1e-5 * scale);
    net_destroy(&one);
    net_destroy(&two);
}

static void test_onednn__is_found_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(bf_backend_find("portable"), &bf_backend_portable);
    bf_onednn_info known;
    const bool wide = bf_onednn_describe(&known) && known.simd >= BF_SIMD_AVX512;
    assert_ptr_equal(bf_backend_find("auto"), wide ? library() : &bf_backend_portable);
    assert_null(bf_backend_find("fastest"));
    for (int i = 0; bf_backend_names[i] != NULL; i++)
        assert_true(strcmp(bf_backend_names[i], "onednn") == 0 || bf_backend_find(bf_backend_names[i]) != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_onednn__is_found_by_name),
        cmocka_unit_test(test_onednn__dense_matches_its_twin),
        cmocka_unit_test(test_onednn__convolutions_match_their_twins),
        cmocka_unit_test(test_onednn__runs_what_is_large),
        cmocka_unit_test(test_onednn__bits_repeat),
        cmocka_unit_test(test_onednn__nan_stays_nan),
        cmocka_unit_test(test_onednn__two_threads_are_close_to_one),
    };
    bf_threads_set(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
