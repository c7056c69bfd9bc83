/* Numbers known in closed form. */
#include "close.h"
#include "nn/layers.h"
#include "vae/gaussian.h"
#include "vae/ops.h"
#include "vae_rig.h"
#include <stdio.h>
#include <string.h>

/* One row through an op over two inputs (rows 1, cols): the value of its (1, 1) output. */
static double two_inputs(bf_value (*op)(bf_builder *, bf_value, bf_value), int cols, const float *a, const float *b)
{
    bf_params *params = bf_params_create();
    bf_builder *builder = bf_builder_create(params, &(bf_plan_shape){ .rows = 1, .lanes = 1 }, &bf_backend_portable);
    const bf_value u = bf_input(builder, "a", bf_shape_flat(1, cols)), v = bf_input(builder, "b", bf_shape_flat(1, cols));
    const bf_value y = op(builder, u, v);
    bf_keep(builder, y);
    bf_plan *plan;
    assert_int_equal(bf_builder_finish(&builder, &plan).code, BF_OK);
    memcpy(bf_plan_value(plan, 0, u), a, (size_t)cols * sizeof *a);
    memcpy(bf_plan_value(plan, 0, v), b, (size_t)cols * sizeof *b);
    bf_plan_run(plan, &(bf_run){ .rows = 1, .batch = 1 });
    const double result = (double)*(float *)bf_plan_value(plan, 0, y);
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
    return result;
}

static void test_vae_values__kl_of_two_dimensions(void **state)
{
    (void)state;
    const float mean[] = { 1.5f, -0.5f }, logvar[] = { logf(0.25f), logf(2.0f) };
    BF_CHECK_NEAR(two_inputs(bf_kl_normal, 2, mean, logvar), 1.72157359, 1e-6);
}

/* Near the prior the rate is (mean^2 + logvar^2 / 2) / 2: exp(logvar) - 1 would have lost it. */
static void test_vae_values__kl_keeps_its_digits_near_the_prior(void **state)
{
    (void)state;
    const float zero = 0.0f, small = 1e-2f;
    BF_CHECK_NEAR(two_inputs(bf_kl_normal, 1, &zero, &small), 2.508354e-5, 1e-9);
    BF_CHECK_NEAR(two_inputs(bf_kl_normal, 1, &zero, &zero), 0.0, 0.0);
}

static void test_vae_values__bernoulli_of_two_pixels(void **state)
{
    (void)state;
    const float x[] = { 0.0f, 1.0f }, logit[] = { logf(0.1f / 0.9f), logf(0.7f / 0.3f) };
    BF_CHECK_NEAR(two_inputs(bf_bernoulli, 2, x, logit), 0.46203546, 1e-6);
}

static void test_vae_values__bernoulli_stays_finite_for_any_logit(void **state)
{
    (void)state;
    const float x[] = { 1.0f, 0.0f }, logit[] = { -1e4f, 1e4f };
    BF_CHECK_NEAR(two_inputs(bf_bernoulli, 2, x, logit), 2e4, 1.0);
}

/* likelihood.log_variance is where the learned variance lives; a row's -log p is a Gaussian's. */
static void test_vae_values__gaussian_rows_from_their_squared_error(void **state)
{
    (void)state;
    const double two_pi = 6.283185307179586;
    const bf_likelihood *learned = bf_likelihood_find("gaussian", "learned"), *own = bf_likelihood_find("gaussian", "per-image");
    BF_CHECK_NEAR(learned->distortion(3.0, 5, log(0.4)), 3.0 / 0.8 + 2.5 * log(two_pi * 0.4), 1e-12);
    BF_CHECK_NEAR(learned->row_variance(3.0, 5, log(0.4)), 0.4, 1e-15);
    BF_CHECK_NEAR(own->distortion(3.0, 5, 0.0), 2.5 * (log(two_pi * 0.6) + 1.0), 1e-12);
    BF_CHECK_NEAR(own->row_variance(3.0, 5, 0.0), 0.6, 1e-15);
    BF_CHECK_NEAR(own->row_variance(0.0, 5, 0.0), 1e-8, 0.0);
    assert_true(isnan(bf_likelihood_find("bernoulli", "fixed")->row_variance(1.0, 5, 0.0)));
}

/* gaussian/optimal over rows whose errors are e: the mean -log p of a batch. */
static double optimal_nll(const float *x, const float *mean, int rows, int cols)
{
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = rows, .lanes = 1 }, &bf_backend_portable);
    const bf_value u = bf_input(b, "x", bf_shape_flat(rows, cols)), heads = bf_input(b, "heads", bf_shape_flat(rows, cols));
    const bf_vae_options o = vae_rig_options();
    const bf_vae_data d = { .width = cols, .variance = 1.0 };
    bf_loss(b, "distortion", bf_likelihood_find("gaussian", "optimal")->nll(b, &o, &d, u, (bf_heads){ heads, BF_NO_VALUE, BF_NO_VALUE }));
    bf_plan *plan;
    assert_int_equal(bf_builder_finish(&b, &plan).code, BF_OK);
    assert_int_equal(bf_plan_segments(plan), 2);
    memcpy(bf_plan_value(plan, 0, u), x, (size_t)(rows * cols) * sizeof *x);
    memcpy(bf_plan_value(plan, 0, heads), mean, (size_t)(rows * cols) * sizeof *x);
    double stats[8] = { 0 };
    assert_true(bf_plan_stats_size(plan) <= 8);
    bf_plan_run(plan, &(bf_run){ .stats = stats, .rows = rows, .batch = rows });
    const double sum = stats[bf_plan_stat_find(plan, "distortion")->offset];
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
    return sum / rows;
}

static void test_vae_values__optimal_variance_scales_with_the_data(void **state)
{
    (void)state;
    enum { R = 3, D = 7 };
    float x[R * D], mean[R * D], halved[R * D], x3[R * D], mean3[R * D];
    for (int i = 0; i < R * D; i++) {
        x[i] = sinf(1.3f * (float)i);
        mean[i] = x[i] + 0.4f * cosf(2.1f * (float)i);
        halved[i] = x[i] + (mean[i] - x[i]) / sqrtf(2.0f);
        x3[i] = 3.0f * x[i];
        mean3[i] = 3.0f * mean[i];
    }
    const double before = optimal_nll(x, mean, R, D);
    BF_CHECK_NEAR(optimal_nll(x, halved, R, D), before - 0.5 * D * log(2.0), 1e-5);
    BF_CHECK_NEAR(optimal_nll(x3, mean3, R, D), before + D * log(3.0), 1e-5);
    /* A perfect reconstruction meets the floor, not minus infinity. */
    BF_CHECK_NEAR(optimal_nll(x, x, R, D), 0.5 * D * log(6.283185307179586 * 1e-8), 1e-5);
}

/* The gradient of the log of the mean squared error is that of a fixed variance frozen at the optimum. */
static void test_vae_values__optimal_gradient_is_the_stopped_one(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    snprintf(o.variance, sizeof o.variance, "optimal");
    vae_rig optimal = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, 4, 2, 0);
    vae_rig_run(&optimal, 4);
    snprintf(o.variance, sizeof o.variance, "fixed");
    o.variance_value = vae_rig_stat(&optimal, "variance_sum") / 8.0;
    vae_rig fixed = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, 4, 2, 0);
    memcpy(fixed.theta, optimal.theta, fixed.size * sizeof(float));
    vae_rig_run(&fixed, 4);
    assert_true(fixed.size + 16 == optimal.size);       /* the slot that keeps the refitted variance */
    for (int l = 0; l < 2; l++)
        for (size_t i = 0; i < fixed.size; i++)
            BF_CHECK_NEAR((double)((float *)optimal.grads + (size_t)l * optimal.size)[i],
                          (double)((float *)fixed.grads + (size_t)l * fixed.size)[i], 1e-7);
    BF_CHECK_NEAR((double)((float *)optimal.grads)[fixed.size], 0.0, 0.0);
    BF_CHECK_NEAR(vae_rig_loss(&optimal), vae_rig_loss(&fixed), 1e-6);
    vae_rig_destroy(&optimal);
    vae_rig_destroy(&fixed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vae_values__kl_of_two_dimensions),
        cmocka_unit_test(test_vae_values__kl_keeps_its_digits_near_the_prior),
        cmocka_unit_test(test_vae_values__bernoulli_of_two_pixels),
        cmocka_unit_test(test_vae_values__bernoulli_stays_finite_for_any_logit),
        cmocka_unit_test(test_vae_values__gaussian_rows_from_their_squared_error),
        cmocka_unit_test(test_vae_values__optimal_variance_scales_with_the_data),
        cmocka_unit_test(test_vae_values__optimal_gradient_is_the_stopped_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
