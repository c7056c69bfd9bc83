/* The analytic curve of Gaussian data, against tables that were computed independently (L-BFGS on the exact objective agrees). */
#include "measure/water_filling.h"

#include <string.h>

#include "close.h"

static const double lambda[6] = { 4.0, 2.0, 1.0, 0.5, 0.1, 0.05 };

static void test_water_filling__fixed_variance_traces_shannons_curve(void **state)
{
    static const struct { double beta; int kept; double rate, sse, loss; } row[] = {
        { 0.01, 4, 9.90348755, 0.19, 5.70766607 }, { 0.1, 4, 5.29831737, 0.55, 6.31846294 }, { 0.2, 4, 3.91202301, 0.95, 6.77103580 },
        { 0.5, 3, 2.07944154, 2.15, 7.62835197 },  { 1.0, 2, 1.03972077, 3.65, 8.37835197 }, { 2.0, 1, 0.34657359, 5.65, 9.03177838 },
        { 3.0, 1, 0.14384104, 6.65, 9.27015431 },  { 5.0, 0, 0.0, 7.65, 9.33863120 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        bf_water w;
        bf_water_fixed(lambda, 6, 4, row[i].beta, 1.0, &w);
        assert_int_equal(w.kept, row[i].kept);
        BF_CHECK_NEAR(w.rate, row[i].rate, 1e-8);
        BF_CHECK_NEAR(w.sse, row[i].sse, 1e-12);
        BF_CHECK_NEAR(bf_water_distortion(&w, 1.0) + row[i].beta * w.rate, row[i].loss, 1e-8);
    }
}

static void test_water_filling__only_the_product_of_beta_and_variance_counts(void **state)
{
    bf_water a, b;
    (void)state;
    bf_water_fixed(lambda, 6, 6, 0.02, 1.0, &a);
    bf_water_fixed(lambda, 6, 6, 2.0, 0.01, &b);
    BF_CHECK_NEAR(a.rate, 9.78005751, 1e-8);
    BF_CHECK_NEAR(a.sse, 0.12, 1e-12);
    BF_CHECK_NEAR(b.rate, a.rate, 1e-12);
    BF_CHECK_NEAR(b.sse, a.sse, 1e-12);
}

/* A model trained as SSE + K KL, charged with the variances 1/2, K/2 and the one that fits best. */
static void test_water_filling__three_accountings_of_one_model(void **state)
{
    static const struct { double k, sse, rate, half, own, refit; } row[] = {
        { 0.1, 0.35, 6.68461173, 3.78418966, 0.02643438, -0.01111358 },
        { 0.5, 1.15, 3.46573590, 4.58418966, 3.65474812, 3.55763862 },
        { 2.0, 3.65, 1.03972077, 7.08418966, 7.33863120, 7.02253429 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        bf_water w;
        bf_water_fixed(lambda, 6, 4, row[i].k, 0.5, &w);
        BF_CHECK_NEAR(w.sse, row[i].sse, 1e-12);
        BF_CHECK_NEAR(w.rate, row[i].rate, 1e-8);
        BF_CHECK_NEAR(bf_water_distortion(&w, 0.5), row[i].half, 1e-8);
        BF_CHECK_NEAR(bf_water_distortion(&w, w.level), row[i].own, 1e-8);
        BF_CHECK_NEAR(bf_water_distortion(&w, w.sse / w.width), row[i].refit, 1e-8);
    }
}

static void test_water_filling__a_fitted_variance_and_beta_apart(void **state)
{
    static const struct { double beta; int kept; double variance, loss, rate, distortion; } row[] = {
        { 0.1, 4, 0.02678571, -1.09221950, 12.53809053, -2.34602855 }, { 0.25, 4, 0.03, 0.61367043, 10.47885170, -2.00604249 },
        { 0.5, 4, 0.0375, 2.98652328, 8.64627023, -1.33661184 },       { 1.0, 4, 0.075, 6.61651121, 5.87368151, 0.74282970 },
        { 1.2, 4, 0.125, 7.66017115, 4.48738715, 2.27530657 },         { 1.5, 3, 0.43333333, 8.53372984, 1.68589514, 6.00488713 },
        { 2.0, 2, 0.825, 9.01440649, 0.53894548, 7.93651552 },         { 3.0, 1, 1.21666667, 9.23932663, 0.04578360, 9.10197584 },
        { 3.1374, 0, 1.275, 9.24246974, 0.0, 9.24246974 },             { 100.0, 0, 1.275, 9.24246974, 0.0, 9.24246974 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        bf_water w;
        bf_water_fitted(lambda, 6, 4, row[i].beta, &w);
        assert_int_equal(w.kept, row[i].kept);
        BF_CHECK_NEAR(w.variance, row[i].variance, 1e-8);
        BF_CHECK_NEAR(w.rate, row[i].rate, 1e-8);
        BF_CHECK_NEAR(w.sse, 6 * w.variance, 1e-12);
        BF_CHECK_NEAR(bf_water_distortion(&w, w.variance), row[i].distortion, 1e-8);
        BF_CHECK_NEAR(bf_water_distortion(&w, w.variance) + row[i].beta * w.rate, row[i].loss, 1e-8);
    }
}

/* Where nothing is left over, a learned variance falls without end, until beta is so large that keeping the dimensions does not pay. */
static void test_water_filling__a_fitted_variance_may_have_no_end(void **state)
{
    static const double low[6] = { 4.0, 2.0, 1.0, 0.0, 0.0, 0.0 };
    bf_water w;
    (void)state;
    bf_water_fitted(low, 6, 4, 1.0, &w);
    assert_int_equal(w.kept, 3);
    assert_true(w.variance == 0.0 && isinf(w.rate));
    bf_water_fitted(low, 6, 4, 2.5, &w);                /* beta > d / r = 2 */
    assert_true(w.variance > 0.0 && w.kept < 3 && isfinite(w.rate));
    bf_water_fitted(lambda, 6, 4, 0.0, &w);
    BF_CHECK_NEAR(w.variance, 0.15 / 6.0, 1e-15);
    assert_true(isinf(w.rate));
}

static void make(bf_data_options *d, bf_vae_options *v)
{
    static const double mixed[6] = { 0.5, 4.0, 0.05, 1.0, 2.0, 0.1 };
    *d = (bf_data_options){ .source = "gaussian", .binarize = "none", .scale = "auto", .gaussian.eigenvalues.count = 6 };
    memcpy(d->gaussian.eigenvalues.at, mixed, sizeof mixed);
    *v = (bf_vae_options){ .latent = 4, .posterior = "gaussian", .prior = "normal", .likelihood = "gaussian", .variance = "fixed",
                           .variance_value = NAN, .objective = "beta-vae", .draw = "random" };
}

static void test_water_filling__knows_which_models_it_speaks_of(void **state)
{
    static bf_data_options d;
    bf_vae_options v;
    bf_water w;
    (void)state;
    make(&d, &v);
    assert_true(bf_water_of_model(&d, &v, 0.2, &w));    /* in any order; without a value the variance is 1 */
    BF_CHECK_NEAR(w.rate, 3.91202301, 1e-8);
    strcpy(v.variance, "optimal");
    assert_true(bf_water_of_model(&d, &v, 1.0, &w));
    BF_CHECK_NEAR(w.variance, 0.075, 1e-12);
    strcpy(v.variance, "per-image");
    assert_false(bf_water_of_model(&d, &v, 1.0, &w));
    make(&d, &v);
    strcpy(v.likelihood, "bernoulli");
    assert_false(bf_water_of_model(&d, &v, 1.0, &w));
    make(&d, &v);
    strcpy(d.scale, "standardize");
    assert_false(bf_water_of_model(&d, &v, 1.0, &w));
    make(&d, &v);
    strcpy(d.source, "patches");
    assert_false(bf_water_of_model(&d, &v, 1.0, &w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_water_filling__fixed_variance_traces_shannons_curve),
        cmocka_unit_test(test_water_filling__only_the_product_of_beta_and_variance_counts),
        cmocka_unit_test(test_water_filling__three_accountings_of_one_model),
        cmocka_unit_test(test_water_filling__a_fitted_variance_and_beta_apart),
        cmocka_unit_test(test_water_filling__a_fitted_variance_may_have_no_end),
        cmocka_unit_test(test_water_filling__knows_which_models_it_speaks_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
