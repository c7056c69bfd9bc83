/* Building and running plans: failures have sentences, sums have one order, idle slots have zero gradients. */
#include "close.h"
#include "nn/layers.h"
#include "nn/tree.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bf_plan_shape small = { .rows = 4, .lanes = 2, .backward = true };

static bf_status finish(bf_builder *b, bf_params *params, const char *fragment)
{
    bf_plan *plan = NULL;
    const bf_status s = bf_builder_finish(&b, &plan);
    assert_null(b);
    if (fragment != NULL) {
        assert_null(plan);
        if (strstr(s.what, fragment) == NULL) fail_msg("'%s' does not mention '%s'", s.what, fragment);
    }
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
    return s;
}

static void test_plan__a_shape_that_does_not_fit_is_named(void **state)
{
    (void)state;
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &small, &bf_backend_portable);
    bf_value x = bf_input(b, "pixels", bf_shape_flat(5, 3));
    x = bf_activate(b, bf_dense(b, x, 7, "layer", 1.0, 0.0), BF_RELU);      /* written without checks */
    bf_clamp(b, x, 0.0, 1.0, "hits");
    bf_column_moments(b, x, "x");
    bf_loss(b, "term", x);
    bf_row_total(b, x);
    assert_int_equal(finish(b, params, "pixels").code, BF_E_INTERNAL);
}

/* Of four rows: five are none of them, two stand for them, and go with their like until they are repeated. */
static void test_plan__values_of_unlike_rows_do_not_mix(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 2; wrong++) {
        bf_params *params = bf_params_create();
        bf_builder *b = bf_builder_create(params, &small, &bf_backend_portable);
        const bf_value x = bf_input(b, "x", bf_shape_flat(4, 3)), half = bf_input(b, "half", bf_shape_flat(2, 3));
        assert_int_equal(bf_builder_shape(b, bf_add(b, x, bf_repeat(b, half))).rows, 4);
        assert_int_equal(bf_repeat(b, x), x);
        if (wrong == 0) bf_add(b, x, half);
        else bf_column_moments(b, half, "half");
        assert_int_equal(finish(b, params, wrong == 0 ? "input 1 has 2 rows, not 4" : "a statistic is of all rows").code, BF_E_INTERNAL);
    }
}

static void test_plan__a_model_beyond_memory_is_refused(void **state)
{
    (void)state;
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = 1 << 30, .lanes = 1 << 10 }, &bf_backend_portable);
    bf_value x = bf_input(b, "x", bf_shape_flat(1 << 30, 1 << 30));
    bf_activate(b, x, BF_RELU);
    assert_int_equal(finish(b, params, "").code, BF_E_MEMORY);
}

static void test_plan__the_first_failure_is_the_one_told(void **state)
{
    (void)state;
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &small, &bf_backend_portable);
    bf_builder_fail(b, BF_FAIL(BF_E_INPUT, "first"));
    bf_builder_fail(b, BF_FAIL(BF_E_INPUT, "second"));
    assert_int_equal(bf_input(b, "x", bf_shape_flat(4, 3)), BF_NO_VALUE);
    assert_int_equal(finish(b, params, "first").code, BF_E_INPUT);
}

static bool find_none(const bf_op *op, bf_kernels *out)
{
    (void)op;
    *out = (bf_kernels){ NULL, NULL };
    return true;
}

static void test_plan__a_backend_without_a_kernel_is_named(void **state)
{
    (void)state;
    const bf_backend empty = { .name = "empty", .element = 4, .find = find_none };
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &small, &empty);
    bf_activate(b, bf_input(b, "x", bf_shape_flat(4, 3)), BF_TANH);
    assert_int_equal(finish(b, params, "empty has no kernel for tanh").code, BF_E_INTERNAL);
}

/* y = tanh(x W' + b) W'' + b', a term of one column, an idle slot, and a side branch nobody learns from. */
static bf_plan *two_layers(bf_params *params, const bf_plan_shape *shape, bf_value *x, bf_value *side)
{
    bf_builder *b = bf_builder_create(params, shape, &bf_backend_portable);
    *x = bf_input(b, "x", bf_shape_flat(shape->rows, 3));
    bf_value h = bf_activate(b, bf_dense(b, *x, 5, "first", 1.0, 0.1), BF_TANH);
    *side = bf_dense(b, h, 2, "side", 1.0, 0.0);
    bf_keep(b, *side);
    bf_builder_slot(b, "idle", 1, (const int64_t[]){ 3 }, (bf_init){ BF_INIT_CONST, 2.0 });
    bf_loss(b, "loss", bf_dense(b, h, 1, "second", 1.0, 0.0));
    bf_plan *plan;
    assert_int_equal(bf_builder_finish(&b, &plan).code, BF_OK);
    return plan;
}

static void test_plan__slots_that_nothing_learns_have_zero_gradient(void **state)
{
    (void)state;
    bf_params *params = bf_params_create();
    bf_value x, side;
    bf_plan *plan = two_layers(params, &small, &x, &side);
    const size_t size = bf_params_size(params);
    float *theta = calloc(size, sizeof *theta), *grads = malloc(2 * size * sizeof *grads);
    memset(grads, 0xff, 2 * size * sizeof *grads);
    bf_params_init(params, 1, theta);
    double stats[2];
    assert_int_equal(bf_plan_stats_size(plan), 1);
    const bf_run run = { .theta = theta, .grads = grads, .stats = stats, .rows = 4, .weights = (const double[]){ 1.0 }, .batch = 8 };
    bf_plan_run(plan, &run);
    for (int s = 0; s < bf_params_slots(params); s++) {
        const bf_slot *slot = bf_params_at(params, s);
        const bool idle = strcmp(slot->name, "idle") == 0 || strncmp(slot->name, "side", 4) == 0;
        for (size_t i = slot->offset; i < slot->offset + slot->count; i++) {
            assert_true(isfinite(grads[i]) && isfinite(grads[size + i]));
            if (idle) BF_CHECK_NEAR((double)grads[i], 0.0, 0.0);
        }
    }
    const float *bias = grads + bf_params_at(params, bf_params_find(params, "second.bias"))->offset;
    BF_CHECK_NEAR((double)*bias, 4.0 / 8.0, 1e-7);         /* a lane's share of the mean */
    free(theta);
    free(grads);
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
}

/* first layer: weights only; side: forward only; second: weights and input. */
static void test_plan__flops_count_what_runs(void **state)
{
    (void)state;
    bf_params *params = bf_params_create();
    bf_value x, side;
    bf_plan *plan = two_layers(params, &small, &x, &side);
    const double first = 2.0 * 4 * 3 * 5, aside = 2.0 * 4 * 5 * 2, second = 2.0 * 4 * 5 * 1;
    BF_CHECK_NEAR(bf_plan_flops(plan), 2 * (2 * first + aside + 3 * second), 0.0);
    bf_plan_destroy(&plan);
    plan = two_layers(params, &(bf_plan_shape){ .rows = 4, .lanes = 1 }, &x, &side);
    BF_CHECK_NEAR(bf_plan_flops(plan), first + aside + second, 0.0);
    assert_true(bf_plan_bytes(plan) >= 4 * (3 + 5 + 5 + 2 + 1) * sizeof(float));
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
}

/* Entries of the layer that is activated, on both lanes; the slope of a softplus takes one more. */
static void test_plan__elementary_functions_are_counted_beside_products(void **state)
{
    (void)state;
    bf_params *params = bf_params_create();
    bf_value x, side;
    bf_plan *plan = two_layers(params, &small, &x, &side);
    BF_CHECK_NEAR(bf_plan_elementary(plan), 2.0 * 4 * 5, 0.0);
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
    for (int back = 0; back < 2; back++) {
        params = bf_params_create();
        bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = 4, .lanes = 1, .backward = back != 0 }, &bf_backend_portable);
        x = bf_activate(b, bf_input(b, "x", bf_shape_flat(4, 7)), BF_SIGMOID);                  /* a node of its own, without backward */
        bf_loss(b, "loss", bf_activate(b, bf_dense(b, x, 1, "layer", 1.0, 0.0), BF_SOFTPLUS));  /* part of the layer */
        assert_int_equal(bf_builder_finish(&b, &plan).code, BF_OK);
        BF_CHECK_NEAR(bf_plan_elementary(plan), 4.0 * 7 + (back ? 3.0 : 2.0) * 4, 0.0);
        bf_plan_destroy(&plan);
        bf_params_destroy(&params);
    }
}

static void test_plan__the_tree_has_one_order(void **state)
{
    (void)state;
    const double v[8] = { 1e16, 1.0, -1e16, 1.0, 3.0, 1e-3, 7e15, 0.1 };
    const double want = ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
    double twice[16];
    for (int i = 0; i < 8; i++) twice[2 * i] = twice[2 * i + 1] = v[i];
    BF_CHECK_NEAR(bf_tree_strided(twice + 1, 2, 8), want, 0.0);
    bf_tree_f64(twice, 8, 2);
    BF_CHECK_NEAR(twice[0], want, 0.0);
    BF_CHECK_NEAR(twice[1], want, 0.0);
    float f[4] = { 1e8f, 1.0f, -1e8f, 1.0f };
    const float sum = (f[0] + f[1]) + (f[2] + f[3]);
    bf_tree_f32(f, 4, 1);
    BF_CHECK_NEAR((double)f[0], (double)sum, 0.0);
    BF_CHECK_NEAR(bf_tree_strided(v, 1, 1), v[0], 0.0);
}

/* A residual chain without a way back: the value of every layer, when all are kept and when one alone is. */
static bf_plan *chain(bf_params *params, bool keep_all, bf_value *x, bf_value *y)
{
    bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = 4, .lanes = 2 }, &bf_backend_portable);
    bf_value h = *x = bf_input(b, "x", bf_shape_flat(4, 40));
    for (int i = 0; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "layer.%d", i);
        const bf_value side = bf_activate(b, bf_dense(b, h, i % 2 ? 40 : 300, name, 1.0, 0.0), BF_TANH);
        h = i % 2 ? bf_add(b, side, *x) : side;
        if (keep_all) { bf_keep(b, side); bf_keep(b, h); }
    }
    bf_keep(b, *y = h);
    bf_plan *plan = NULL;
    assert_int_equal(bf_builder_finish(&b, &plan).code, BF_OK);
    return plan;
}

static void test_plan__without_a_way_back_values_share_memory(void **state)
{
    (void)state;
    bf_params *params = bf_params_create();
    bf_value x, y;
    bf_plan *whole = chain(params, true, &x, &y), *shared = chain(params, false, &x, &y);
    assert_true(bf_plan_bytes(shared) + 2 * 4 * 300 * sizeof(float) < bf_plan_bytes(whole));
    float *theta = calloc(bf_params_size(params), sizeof *theta);
    assert_non_null(theta);
    bf_params_init(params, 3, theta);
    bf_plan *plans[] = { whole, shared };
    for (int k = 0; k < 2; k++) {
        for (int l = 0; l < 2; l++)
            for (int i = 0; i < 160; i++) ((float *)bf_plan_value(plans[k], l, x))[i] = sinf((float)(i + 7 * l));
        bf_plan_run(plans[k], &(bf_run){ .theta = theta, .rows = 4, .batch = 8.0 });
    }
    for (int l = 0; l < 2; l++) assert_memory_equal(bf_plan_value(whole, l, y), bf_plan_value(shared, l, y), 160 * sizeof(float));
    free(theta);
    bf_plan_destroy(&whole);
    bf_plan_destroy(&shared);
    bf_params_destroy(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan__a_shape_that_does_not_fit_is_named),
        cmocka_unit_test(test_plan__values_of_unlike_rows_do_not_mix),
        cmocka_unit_test(test_plan__a_model_beyond_memory_is_refused),
        cmocka_unit_test(test_plan__the_first_failure_is_the_one_told),
        cmocka_unit_test(test_plan__a_backend_without_a_kernel_is_named),
        cmocka_unit_test(test_plan__slots_that_nothing_learns_have_zero_gradient),
        cmocka_unit_test(test_plan__flops_count_what_runs),
        cmocka_unit_test(test_plan__elementary_functions_are_counted_beside_products),
        cmocka_unit_test(test_plan__the_tree_has_one_order),
        cmocka_unit_test(test_plan__without_a_way_back_values_share_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
