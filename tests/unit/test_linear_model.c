/* Measures of linear models whose weights are set by hand, against closed forms: no training, no chance beyond the measures' own draws. */
#include "hand_model.h"

#include "measure/evaluator.h"
#include "vae/registry.h"

/* --- methods 5.3: W = [[1, .5], [0, 1], [.5, -.5]], variance .25, x = (.8, -.4, 1.1) --------------------------------- */

/* All samples are 0 and the decoder's bias is -x: what is left to explain is x. q is the diagonal posterior of least KL. */
static rig one_point(int64_t samples, const char *net)
{
    static const double zeros[3] = { 0 };
    return opened(samples, 3, zeros, net, 2, 0.25, 1.0);
}

static void fill_one_point(rig *r)
{
    const double w[6] = { 1, 0.5, 0, 1, 0.5, -0.5 }, x[3] = { 0.8, -0.4, 1.1 }, mean[2] = { 0.97560976, -0.45365854 }, precision[2] = { 6, 7 };
    start(r);
    for (int i = 0; i < 6; i++) put(r, "decoder.output.weight", i, w[i]);
    for (int i = 0; i < 3; i++) put(r, "decoder.output.bias", i, -x[i]);
    for (int j = 0; j < 2; j++) {
        put(r, "posterior.mean.bias", j, mean[j]);
        put(r, "posterior.logvar.bias", j, -log(precision[j]));
    }
}

/* As if nothing were known of its decoder. */
static void forget(rig *r) { r->evaluator->affine = false; }

static void fill_random(rig *r)
{
    start(r);
    bf_params_init(r->params, 3, r->theta);
}

static void test_linear_model__likelihood_is_exact(void **state)
{
    (void)state;
    rig r = one_point(70, "linear");        /* more than two tiles, the last one not full */
    fill_one_point(&r);
    BF_CHECK_NEAR(measured(&r, "nll"), 3.42098936, 1e-6);
    BF_CHECK_NEAR(measured(&r, "nll_se"), 0.0, 1e-12);
    BF_CHECK_NEAR(measured(&r, "nll_bias"), 0.0, 0.0);
    assert_true(isnan(measured(&r, "nll_ess")));
    assert_true(isnan(measured(&r, "nll_discrete")));
    BF_CHECK_NEAR(measured(&r, "elbo"), -3.43303814, 1e-6);
    r.measure.nll_rows = 5;
    BF_CHECK_NEAR(measured(&r, "nll"), 3.42098936, 1e-6);
    closed(&r);
}

/* Four latent dimensions for three entries, two of which nothing comes of. */
static void test_linear_model__likelihood_with_more_latents_than_entries(void **state)
{
    (void)state;
    static const double zeros[3] = { 0 }, w[6] = { 1, 0.5, 0, 1, 0.5, -0.5 }, x[3] = { 0.8, -0.4, 1.1 };
    rig r = opened(40, 3, zeros, "linear", 4, 0.25, 1.0);
    start(&r);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 2; j++) put(&r, "decoder.output.weight", 4 * i + 2 * j, w[2 * i + j]);
        put(&r, "decoder.output.bias", i, -x[i]);
    }
    BF_CHECK_NEAR(measured(&r, "nll"), 3.42098936, 1e-6);
    closed(&r);
}

/* A linear model that is told beta = 2 beside its latents: what it is told moves the mean, and the bias moves it back. */
static void test_linear_model__likelihood_is_exact_at_every_beta(void **state)
{
    (void)state;
    const double w[6] = { 1, 0.5, 0, 1, 0.5, -0.5 }, x[3] = { 0.8, -0.4, 1.1 }, mean[2] = { 0.97560976, -0.45365854 }, told[3] = { 0.3, -2, 0.7 };
    rig r = one_point(70, "linear");
    snprintf(r.vae.condition, sizeof r.vae.condition, "beta");
    snprintf(r.vae.modulation, sizeof r.vae.modulation, "concat");
    r.vae.beta = NAN;
    r.vae.beta_range[0] = 0.5;
    r.vae.beta_range[1] = 2.0;
    start(&r);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 2; j++) put(&r, "decoder.output.weight", 3 * i + j, w[2 * i + j]);
        put(&r, "decoder.output.weight", 3 * i + 2, told[i]);
        put(&r, "decoder.output.bias", i, -x[i] - sqrt(3.0) * told[i]);
    }
    for (int j = 0; j < 2; j++) {
        put(&r, "posterior.mean.bias", j, mean[j]);
        put(&r, "posterior.logvar.bias", j, -log(j == 0 ? 6.0 : 7.0));
    }
    bf_evaluator_tell(r.evaluator, 2.0);
    BF_CHECK_NEAR(measured(&r, "nll"), 3.42098936, 1e-5);
    BF_CHECK_NEAR(measured(&r, "nll_bias"), 0.0, 0.0);
    BF_CHECK_NEAR(measured(&r, "elbo"), -3.43303814, 1e-5);
    BF_CHECK_NEAR(measured(&r, "distortion_se"), 0.0, 0.0);
    bf_evaluator_tell(r.evaluator, 0.5);
    assert_true(measured(&r, "nll") > 4.0);
    closed(&r);
}

/* The same map through a hidden layer that does not bend, whose gates, where it is told beta, are one half at beta = 2. */
static void check_layers(const char *condition, const char *activation, bool exact)
{
    const double in[4] = { 2, 0, 0, 2 }, out[9] = { 0.5, 0.25, 1, 0, 0.5, -1, 0.25, -0.25, 2 }, middle[3] = { 0.5, -1, 3 }, bias[3] = { -3.8, 3.9, -7.475 };
    const double mean[2] = { 0.97560976, -0.45365854 }, factor = condition[0] == 'b' ? 2.0 : 1.0;
    rig r = one_point(70, "mlp");
    r.vae.hidden = (bf_i64_list){ 1, { 3 } };
    snprintf(r.vae.activation, sizeof r.vae.activation, "%s", activation);
    snprintf(r.vae.condition, sizeof r.vae.condition, "%s", condition);
    snprintf(r.vae.modulation, sizeof r.vae.modulation, "gate");
    r.vae.beta = factor > 1.0 ? NAN : 1.0;
    r.vae.beta_range[0] = 0.5;
    r.vae.beta_range[1] = 2.0;
    start(&r);
    for (int i = 0; i < 9; i++) put(&r, "decoder.output.weight", i, out[i]);
    for (int i = 0; i < 4; i++) put(&r, "decoder.0.weight", i, factor * in[i]);
    for (int i = 0; i < 3; i++) {
        put(&r, "decoder.0.bias", i, factor * middle[i]);
        put(&r, "decoder.output.bias", i, bias[i]);
        if (factor > 1.0) put(&r, "decoder.0.gate.weight", i, 0.1);
        if (factor > 1.0) put(&r, "decoder.0.gate.bias", i, log(0.75) - 0.1 * sqrt(3.0));
    }
    for (int j = 0; j < 2; j++) {
        put(&r, "posterior.mean.bias", j, mean[j]);
        put(&r, "posterior.logvar.bias", j, -log(j == 0 ? 6.0 : 7.0));
    }
    bf_evaluator_tell(r.evaluator, 2.0);
    assert_true(isnan(measured(&r, "nll_ess")) == exact && isnan(measured(&r, "distortion_se")) != exact);
    if (exact) BF_CHECK_NEAR(measured(&r, "nll"), 3.42098936, 1e-5);
    if (exact) BF_CHECK_NEAR(measured(&r, "elbo"), -3.43303814, 1e-5);
    bf_evaluator_tell(r.evaluator, 0.5);
    assert_true(!exact || factor == 1.0 || measured(&r, "nll") > 3.43);
    closed(&r);
}

static void test_linear_model__layers_that_do_not_bend_are_one(void **state)
{
    (void)state;
    check_layers("none", "linear", true);
    check_layers("beta", "linear", true);
    check_layers("none", "leaky-relu", false);
}

/* The same model without what is known of it: every sample has draws of its own. */
static void test_linear_model__importance_sampling_finds_the_likelihood(void **state)
{
    (void)state;
    static const struct { int k; double nll, sd; } row[] = {
        { 1, 3.43303814, 0.154 }, { 2, 3.427149, 0.110 }, { 5, 3.423534, 0.0709 }, { 50, 3.421251, 0.0229 } };
    enum { N = 3000 };
    rig r = one_point(N, "mlp");
    fill_one_point(&r);
    forget(&r);
    r.measure.count = 1;
    snprintf(r.measure.name[0], BF_NAME, "nll");
    for (int i = 0; i < 4; i++) {
        const double k = row[i].k;
        r.measure.nll_samples = row[i].k;
        const double se = measured(&r, "nll_se"), ess = measured(&r, "nll_ess"), bias = measured(&r, "nll_bias");
        BF_CHECK_NEAR(measured(&r, "nll"), row[i].nll, 5.0 * se);
        BF_CHECK_NEAR(se * sqrt(N), row[i].sd, 0.08 * row[i].sd);
        assert_true(ess > 0.96 * k && ess <= k + 1e-12);
        if (k == 1.0) assert_true(isnan(bias));
        else BF_CHECK_NEAR(bias, 0.01314 / k, 0.01314 / k * (0.05 + 0.3 / k));     /* to first order in 1/K */
    }
    closed(&r);
}

static void test_linear_model__weights_that_are_no_numbers(void **state)
{
    (void)state;
    static const char *const column[] = { "nll", "traversal_variance", "traversal_spearman", "norm_units", "distortion_half" };
    for (int i = 0; i < 2; i++) {
        rig r = one_point(40, "linear");
        fill_one_point(&r);
        if (i == 1) forget(&r);
        put(&r, "decoder.output.weight", 1, NAN);
        for (size_t c = 0; c < sizeof column / sizeof *column; c++) assert_true(isnan(measured(&r, column[c])));
        closed(&r);
    }
}

static void test_linear_model__variance_along_a_latent(void **state)
{
    (void)state;
    rig r = one_point(40, "mlp");
    fill_one_point(&r);
    /* The variance of 11 points in [-3, 3] is 3.6; the columns' squared norms are 1.25 and 1.5. */
    BF_CHECK_NEAR(measured(&r, "traversal_variance"), 3.6 * 2.75, 1e-5);
    BF_CHECK_NEAR(measured(&r, "traversal_spearman"), 1.0, 1e-12);
    put(&r, "posterior.logvar.bias", 1, 0.0);
    BF_CHECK_NEAR(measured(&r, "traversal_spearman"), -1.0, 1e-12);
    put(&r, "posterior.logvar.bias", 0, 0.0);
    assert_true(isnan(measured(&r, "traversal_spearman")));
    BF_CHECK_NEAR(measured(&r, "norm_units"), 2.0, 0.0);
    for (int i = 0; i < 3; i++) put(&r, "decoder.output.weight", 2 * i, 0.004);
    BF_CHECK_NEAR(measured(&r, "norm_units"), 1.0, 0.0);
    closed(&r);
}

/* --- methods 5.2: the optimum of SSE + K KL on eigenvalues 4, 2, 1, .5, .1, .05 with four latents --------------------- */

static void test_linear_model__three_accountings_of_one_distortion(void **state)
{
    (void)state;
    static const double lambda[6] = { 4, 2, 1, 0.5, 0.1, 0.05 };
    static const struct { double k, sse, rate, half, beta, refit; int units; } row[] = {
        { 0.1, 0.35, 6.68461173, 3.78418966, 0.02643438, -0.01111358, 4 }, { 0.5, 1.15, 3.46573590, 4.58418966, 3.65474812, 3.55763862, 4 },
        { 2.0, 3.65, 1.03972077, 7.08418966, 7.33863120, 7.02253429, 2 } };
    for (int i = 0; i < 3; i++) {
        const double theta = row[i].k / 2.0;        /* variance 1/2, beta K */
        rig r = opened(500, 6, lambda, "linear", 4, 0.5, row[i].k);
        start(&r);
        for (int j = 0; j < 4; j++) {
            if (lambda[j] <= theta) continue;
            put(&r, "decoder.output.weight", j * 4 + j, sqrt(lambda[j] - theta));
            put(&r, "posterior.mean.weight", j * 6 + j, sqrt(lambda[j] - theta) / lambda[j]);
            put(&r, "posterior.logvar.bias", j, log(theta / lambda[j]));
        }
        BF_CHECK_NEAR(measured(&r, "rate"), row[i].rate, 1e-5);
        BF_CHECK_NEAR(measured(&r, "distortion_half"), row[i].half, 1e-5);
        BF_CHECK_NEAR(measured(&r, "distortion_half") - 3.0 * log(3.14159265358979323846), row[i].sse, 1e-5);
        BF_CHECK_NEAR(measured(&r, "distortion_beta"), row[i].beta, 1e-4);
        BF_CHECK_NEAR(measured(&r, "distortion_refit"), row[i].refit, 1e-4);
        BF_CHECK_NEAR(measured(&r, "active_units"), row[i].units, 0.0);
        BF_CHECK_NEAR(measured(&r, "norm_units"), row[i].units, 0.0);
        closed(&r);
    }
}

/* A per-image variance has no one variance to multiply, but its squared errors have the other accountings. */
static void test_linear_model__accountings_of_other_likelihoods(void **state)
{
    (void)state;
    rig r = one_point(40, "mlp");
    snprintf(r.vae.variance, sizeof r.vae.variance, "per-image");
    fill_one_point(&r);
    const double sse = 3.0 * measured(&r, "mse_sampled");
    BF_CHECK_NEAR(measured(&r, "distortion_half"), sse + 1.5 * log(3.14159265358979323846), 1e-6);
    BF_CHECK_NEAR(measured(&r, "distortion_refit"), 1.5 * (log(2.0 * 3.14159265358979323846 * sse / 3.0) + 1.0), 1e-6);
    assert_true(isnan(measured(&r, "distortion_beta")));
    assert_true(isnan(measured(&r, "nll")));        /* no density */
    closed(&r);
    r = one_point(40, "mlp");
    snprintf(r.vae.likelihood, sizeof r.vae.likelihood, "bernoulli");
    fill_one_point(&r);
    assert_true(isnan(measured(&r, "distortion_half")) && isnan(measured(&r, "distortion_beta")) && isnan(measured(&r, "distortion_refit")));
    /* All samples are 0: bits, so that every number is one of a probability. */
    BF_CHECK_NEAR(measured(&r, "elbo_discrete"), measured(&r, "elbo"), 0.0);
    BF_CHECK_NEAR(measured(&r, "nll_discrete"), measured(&r, "nll"), 0.0);
    assert_true(measured(&r, "nll") > 0.0 && measured(&r, "nll") < -measured(&r, "elbo") + 0.5);
    closed(&r);
}

/* Whatever the decoder says of x, one importance sample estimates -elbo, and more of them less. */
static void test_linear_model__every_likelihood_is_sampled(void **state)
{
    (void)state;
    const bf_likelihood *l;
    for (int i = 0; (l = bf_likelihood_row(i)); i++) {
        rig r = one_point(300, "mlp");
        snprintf(r.vae.likelihood, sizeof r.vae.likelihood, "%s", l->name);
        if (l->variance) snprintf(r.vae.variance, sizeof r.vae.variance, "%s", l->variance);
        r.vae.components = 3;
        r.vae.floor = 1e-6;
        fill_random(&r);
        forget(&r);
        r.measure.nll_samples = 1;
        const double one = measured(&r, "nll"), bound = -measured(&r, "elbo"), se = measured(&r, "nll_se");
        r.measure.nll_samples = 30;
        const double many = measured(&r, "nll");
        if (l->fits_itself) assert_true(isnan(one) && isnan(many));
        else BF_CHECK_NEAR(one, bound, 8.0 * se);
        if (!l->fits_itself && !(many < one)) fail_msg("%s: %g with 30 draws, %g with one", l->name, many, one);
        closed(&r);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_model__likelihood_is_exact),
        cmocka_unit_test(test_linear_model__likelihood_with_more_latents_than_entries),
        cmocka_unit_test(test_linear_model__likelihood_is_exact_at_every_beta),
        cmocka_unit_test(test_linear_model__layers_that_do_not_bend_are_one),
        cmocka_unit_test(test_linear_model__importance_sampling_finds_the_likelihood),
        cmocka_unit_test(test_linear_model__weights_that_are_no_numbers),
        cmocka_unit_test(test_linear_model__variance_along_a_latent),
        cmocka_unit_test(test_linear_model__three_accountings_of_one_distortion),
        cmocka_unit_test(test_linear_model__every_likelihood_is_sampled),
        cmocka_unit_test(test_linear_model__accountings_of_other_likelihoods),
    };
    bf_status s = bf_comm_init(&argc, &argv, NULL, &world);
    if (s.code) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bf_comm_finalize(&world);
    return failed;
}
