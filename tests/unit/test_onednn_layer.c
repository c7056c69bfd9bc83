/* What is built around the library's primitives — layouts, bias, activation, bf16, gradients that are added — with plain loops for the
 * primitives (support/plain_dnnl.c): against the portable kernels in f32, and against their emulation in bf16. */
#include "close.h"
#include "nn/backend.h"
#include "nn/layers.h"
#include "nn/plan_state.h"
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, SIDE = 5, CHANNELS = 4 };

typedef struct net {
    bf_params *params;
    bf_plan   *plan;
    bf_value   x, y;
    size_t     size;
    float     *theta, *grads;
    double     stats[8];
} net;

/* Every kind of layer, narrow and wide at its output, one with shared weights, and values that several layers read. */
static bf_value record(bf_builder *b, bf_value x, bf_activation kind)
{
    static const bf_conv_spec same = { .kernel = 3, .stride = 2, .same = true }, small = { .kernel = 3, .stride = 1, .pad = 1 };
    const bf_value first = bf_activate(b, bf_conv(b, x, CHANNELS, &small, "first", 1.0), kind);
    const bf_value again = bf_activate(b, bf_conv(b, first, CHANNELS, &small, "first", 1.0), kind);
    const bf_value down = bf_activate(b, bf_conv(b, bf_add(b, first, again), 6, &same, "down", 1.0), kind);
    const bf_value up = bf_activate(b, bf_deconv(b, down, 5, &same, "up", 1.0), kind);
    const bf_value out = bf_wide(b, bf_deconv(b, down, 3, &same, "out", 1.0));
    const bf_value flat = bf_activate(b, bf_dense(b, up, 9, "flat", 1.0, 0.1), kind);
    const bf_value twice = bf_activate(b, bf_dense(b, bf_activate(b, bf_dense(b, flat, 9, "shared", 1.0, 0.1), kind), 9, "shared", 1.0, 0.1), kind);
    const bf_value head = bf_wide(b, bf_dense(b, bf_add(b, flat, twice), 2, "head", 1.0, 0.1));
    bf_loss(b, "image", bf_wide(b, bf_dense(b, out, 1, "image", 1.0, 0.0)));
    return head;
}

static net net_create(const bf_backend *backend, bf_activation kind, bool narrow)
{
    net n = { .params = bf_params_create() };
    bf_builder *b = bf_builder_create(n.params, &(bf_plan_shape){ .rows = ROWS, .lanes = 1, .backward = true, .narrow = narrow }, backend);
    n.x = bf_input(b, "x", (bf_shape){ ROWS, SIDE, SIDE, CHANNELS });
    n.y = record(b, n.x, kind);
    bf_keep(b, n.y);
    bf_loss(b, "head", bf_wide(b, bf_dense(b, n.y, 1, "last", 1.0, 0.0)));
    const bf_status s = bf_builder_finish(&b, &n.plan);
    if (s.code) fail_msg("%s", s.what);
    n.size = bf_params_size(n.params);
    n.theta = calloc(n.size, sizeof(float));
    n.grads = calloc(n.size, sizeof(float));
    for (size_t i = 0; i < n.size; i++) n.theta[i] = (float)(0.3 * sin(1.0 + 2.3 * (double)i));
    for (int i = 0; i < ROWS * SIDE * SIDE * CHANNELS; i++) ((float *)bf_plan_value(n.plan, 0, n.x))[i] = (float)cos(0.9 * i);
    const double weights[] = { 1.0, 0.7 };
    for (int run = 0; run < 2; run++)       /* what the first leaves behind must not reach the second */
        bf_plan_run(n.plan, &(bf_run){ .theta = n.theta, .grads = n.grads, .stats = n.stats, .rows = ROWS, .batch = ROWS, .weights = weights });
    return n;
}

static void net_destroy(net *n)
{
    free(n->theta);
    free(n->grads);
    bf_plan_destroy(&n->plan);
    bf_params_destroy(&n->params);
}

static double distance(const float *a, const float *b, size_t n)
{
    double off = 0.0, scale = 0.0;
    for (size_t i = 0; i < n; i++) {
        off += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        scale += (double)b[i] * (double)b[i];
    }
    return sqrt(off / scale);
}

static void compare(bf_activation kind, bool narrow, double tolerance)
{
    net ours = net_create(bf_backend_find("onednn"), kind, narrow), portable = net_create(&bf_backend_portable, kind, narrow);
    int own = 0, layers = 0;
    for (int i = 0; i < ours.plan->nodes; i++) {
        own += ours.plan->node[i].own != NULL;
        layers += ours.plan->node[i].op->flops != NULL;
    }
    if (narrow) assert_int_equal(own, layers);      /* in f32 small dense layers are ours */
    assert_true(own >= 5);
    BF_CHECK_NEAR(distance(bf_plan_value(ours.plan, 0, ours.y), bf_plan_value(portable.plan, 0, portable.y), ROWS * 2), 0.0, tolerance);
    for (int s = 0; s < bf_params_slots(ours.params); s++) {
        const bf_slot *slot = bf_params_at(ours.params, s);
        const double off = distance(ours.grads + slot->offset, portable.grads + slot->offset, slot->count);
        if (!(off <= tolerance)) fail_msg("%s%s: the gradient of %s is off by %g", bf_activation_names[kind], narrow ? ", bf16" : "", slot->name, off);
    }
    net_destroy(&ours);
    net_destroy(&portable);
}

static void test_onednn_layer__f32_is_that_of_the_portable_kernels(void **state)
{
    (void)state;
    for (int kind = BF_LINEAR; kind < BF_ACTIVATIONS; kind++) compare((bf_activation)kind, false, 1e-5);
}

/* The library rounds gradients where the emulation keeps f32, so the two differ by a few roundings. */
static void test_onednn_layer__bf16_is_that_of_the_emulation(void **state)
{
    (void)state;
    for (int kind = BF_LINEAR; kind < BF_ACTIVATIONS; kind++) compare((bf_activation)kind, true, 0.04);
}

/* A NaN is not lost in a relu that follows rounding. */
static void test_onednn_layer__nan_stays_nan_in_bf16(void **state)
{
    (void)state;
    for (int kind = BF_LINEAR; kind < BF_ACTIVATIONS; kind++) {
        net n = net_create(bf_backend_find("onednn"), (bf_activation)kind, true);
        ((float *)bf_plan_value(n.plan, 0, n.x))[0] = NAN;
        const double weights[] = { 1.0, 0.7 };
        bf_plan_run(n.plan, &(bf_run){ .theta = n.theta, .grads = n.grads, .stats = n.stats, .rows = ROWS, .batch = ROWS, .weights = weights });
        assert_true(isnan(((float *)bf_plan_value(n.plan, 0, n.y))[0]));
        net_destroy(&n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_onednn_layer__f32_is_that_of_the_portable_kernels),
        cmocka_unit_test(test_onednn_layer__bf16_is_that_of_the_emulation),
        cmocka_unit_test(test_onednn_layer__nan_stays_nan_in_bf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
