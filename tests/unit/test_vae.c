/* What each purpose of a model offers, and that the purposes agree; registries and checks. */
#include "close.h"
#include "base/rng.h"
#include "vae_rig.h"
#include <stdio.h>
#include <string.h>

enum { ROWS = 6 };

static void same(const vae_rig *a, bf_value u, const vae_rig *b, bf_value v)
{
    const bf_shape s = bf_plan_shape_of(a->vae.plan, u), t = bf_plan_shape_of(b->vae.plan, v);
    assert_memory_equal(&s, &t, sizeof s);
    assert_memory_equal(bf_plan_value(a->vae.plan, 0, u), bf_plan_value(b->vae.plan, 0, v), bf_shape_count(s) * sizeof(float));
}

/* Training, evaluation and encoding see the same posterior; decoding its draw gives the same reconstruction. */
static void test_vae__purposes_agree(void **state)
{
    (void)state;
    const bf_vae_options o = vae_rig_options();
    const bf_backend *backend = &bf_backend_portable;
    vae_rig evaluate = vae_rig_create(&o, BF_VAE_EVALUATE, backend, ROWS, 1, 0), encode = vae_rig_create(&o, BF_VAE_ENCODE, backend, ROWS, 1, 0);
    vae_rig decode = vae_rig_create(&o, BF_VAE_DECODE, backend, ROWS, 1, 0), train = vae_rig_create(&o, BF_VAE_TRAIN, backend, ROWS, 1, 0);
    vae_rig_run(&evaluate, ROWS);
    vae_rig_run(&encode, ROWS);
    vae_rig_run(&train, ROWS);
    memcpy(bf_plan_value(decode.vae.plan, 0, decode.vae.z), bf_plan_value(evaluate.vae.plan, 0, evaluate.vae.z), ROWS * 2 * sizeof(float));
    vae_rig_run(&decode, ROWS);
    same(&evaluate, evaluate.vae.mean, &encode, encode.vae.mean);
    same(&evaluate, evaluate.vae.logvar, &train, train.vae.logvar);
    same(&evaluate, evaluate.vae.z, &encode, encode.vae.z);
    same(&evaluate, evaluate.vae.z, &train, train.vae.z);
    same(&evaluate, evaluate.vae.recon, &decode, decode.vae.recon);
    double rate = 0.0;
    for (int r = 0; r < ROWS; r++) rate += (double)((float *)bf_plan_value(evaluate.vae.plan, 0, evaluate.vae.rate))[r];
    BF_CHECK_NEAR(rate, vae_rig_stat(&train, "rate"), 0.0);
    vae_rig_destroy(&evaluate);
    vae_rig_destroy(&encode);
    vae_rig_destroy(&decode);
    vae_rig_destroy(&train);
}

static void test_vae__the_draw_is_addressed_by_sample(void **state)
{
    (void)state;
    const bf_vae_options o = vae_rig_options();
    vae_rig r = vae_rig_create(&o, BF_VAE_ENCODE, &bf_backend_portable, ROWS, 1, 0);
    vae_rig_run(&r, ROWS);
    const float *mean = bf_plan_value(r.vae.plan, 0, r.vae.mean), *logvar = bf_plan_value(r.vae.plan, 0, r.vae.logvar);
    const float *z = bf_plan_value(r.vae.plan, 0, r.vae.z);
    for (int row = 0; row < ROWS; row++) {
        float noise[2];
        bf_rng_normal(&(bf_draw){ .seed = 11, .step = 4, .sample = (uint64_t)r.samples[row], .use = 3 }, noise, 2);
        for (int j = 0; j < 2; j++) {
            const int i = 2 * row + j;
            BF_CHECK_NEAR((double)z[i], (double)mean[i] + exp(0.5 * (double)logvar[i]) * (double)noise[j], 1e-6);
        }
    }
    vae_rig_destroy(&r);
}

static double row_error(const vae_rig *r, bf_value recon, int row)
{
    const float *x = bf_plan_value(r->vae.plan, 0, r->vae.x), *y = bf_plan_value(r->vae.plan, 0, recon);
    double sum = 0.0;
    for (int j = row * RIG_WIDTH; j < (row + 1) * RIG_WIDTH; j++) sum += pow((double)x[j] - (double)y[j], 2.0);
    return sum;
}

static void check_evaluation(const char *likelihood, const char *output)
{
    bf_vae_options o = vae_rig_options();
    snprintf(o.likelihood, sizeof o.likelihood, "%s", likelihood);
    snprintf(o.output, sizeof o.output, "%s", output);
    vae_rig r = vae_rig_create(&o, BF_VAE_EVALUATE, &bf_backend_portable, ROWS, 1, 0);
    vae_rig_run(&r, ROWS);
    const float *sse = bf_plan_value(r.vae.plan, 0, r.vae.sse), *sse_mean = bf_plan_value(r.vae.plan, 0, r.vae.sse_mean);
    for (int row = 0; row < ROWS; row++) {
        BF_CHECK_NEAR((double)sse[row], row_error(&r, r.vae.recon, row), 1e-6);
        BF_CHECK_NEAR((double)sse_mean[row], row_error(&r, r.vae.recon_mean, row), 1e-6);
        assert_true(sse[row] != sse_mean[row]);
    }
    const bool bernoulli = strcmp(likelihood, "bernoulli") == 0;
    assert_int_equal(bernoulli, r.vae.fit != r.vae.sse);
    const float *recon = bf_plan_value(r.vae.plan, 0, r.vae.recon);
    if (bernoulli || strcmp(output, "sigmoid") == 0)
        for (int i = 0; i < ROWS * RIG_WIDTH; i++) assert_true(recon[i] > 0.0f && recon[i] < 1.0f);
    vae_rig_destroy(&r);
}

static void test_vae__evaluation_leaves_row_statistics(void **state)
{
    (void)state;
    check_evaluation("gaussian", "linear");
    check_evaluation("gaussian", "sigmoid");
    check_evaluation("bernoulli", "linear");
}

static void test_vae__a_point_posterior_has_neither_rate_nor_variance(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    snprintf(o.posterior, sizeof o.posterior, "delta");
    vae_rig r = vae_rig_create(&o, BF_VAE_EVALUATE, &bf_backend_portable, ROWS, 1, 0), t = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 1, 0);
    assert_int_equal(r.vae.rate, BF_NO_VALUE);
    assert_int_equal(r.vae.logvar, BF_NO_VALUE);
    assert_int_equal(r.vae.z, r.vae.mean);
    assert_int_equal(r.vae.sse, r.vae.sse_mean);
    assert_int_equal(bf_plan_terms(t.vae.plan), 1);
    assert_true(bf_params_find(t.params, "posterior.logvar.weight") < 0);
    vae_rig_destroy(&r);
    vae_rig_destroy(&t);
}

/* The first rows of a padded block are the rows of a full one, bit for bit: sums skip the padding, products do not. */
static void test_vae__padding_changes_no_row(void **state)
{
    (void)state;
    const bf_vae_options o = vae_rig_options();
    vae_rig full = vae_rig_create(&o, BF_VAE_EVALUATE, &bf_backend_portable, ROWS, 1, 0);
    vae_rig part = vae_rig_create(&o, BF_VAE_EVALUATE, &bf_backend_portable, ROWS, 1, 0);
    memset((float *)bf_plan_value(part.vae.plan, 0, part.vae.x) + 2 * RIG_WIDTH, 0, (ROWS - 2) * RIG_WIDTH * sizeof(float));
    for (int i = 2; i < ROWS; i++) part.samples[i] = -1;        /* must not be read */
    vae_rig_run(&full, ROWS);
    vae_rig_run(&part, 2);
    const bf_value rows[] = { full.vae.rate, full.vae.fit, full.vae.fit_mean, full.vae.sse, full.vae.sse_mean };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_memory_equal(bf_plan_value(full.vae.plan, 0, rows[i]), bf_plan_value(part.vae.plan, 0, rows[i]), 2 * sizeof(float));
    const float *all = bf_plan_value(part.vae.plan, 0, part.vae.recon);
    for (int i = 0; i < ROWS * RIG_WIDTH; i++) assert_true(isfinite(all[i]));
    vae_rig_destroy(&full);
    vae_rig_destroy(&part);
}

static void test_vae__parameters_do_not_depend_on_what_is_built_first(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    for (int i = 0; bf_likelihood_row(i) != NULL; i++) {
        const bf_likelihood *l = bf_likelihood_row(i);
        snprintf(o.likelihood, sizeof o.likelihood, "%s", l->name);
        snprintf(o.variance, sizeof o.variance, "%s", l->variance == NULL ? "fixed" : l->variance);
        vae_rig train = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 1, 0);
        vae_rig decode = vae_rig_create(&o, BF_VAE_DECODE, &bf_backend_portable, ROWS, 1, 0);
        assert_int_equal(bf_params_slots(train.params), bf_params_slots(decode.params));
        for (int s = 0; s < bf_params_slots(train.params); s++) {
            assert_string_equal(bf_params_at(train.params, s)->name, bf_params_at(decode.params, s)->name);
            assert_int_equal(bf_params_at(train.params, s)->offset, bf_params_at(decode.params, s)->offset);
        }
        assert_int_equal(l->variance_slot, bf_params_find(train.params, "likelihood.log_variance") >= 0);
        vae_rig_destroy(&train);
        vae_rig_destroy(&decode);
    }
}

static void test_vae__slots_have_the_names_of_the_file(void **state)
{
    (void)state;
    static const char *const names[] = { "encoder.0.weight", "encoder.0.bias", "encoder.1.weight", "encoder.1.bias", "posterior.mean.weight",
        "posterior.mean.bias", "posterior.logvar.weight", "posterior.logvar.bias", "decoder.0.weight", "decoder.0.bias", "decoder.1.weight",
        "decoder.1.bias", "decoder.output.weight", "decoder.output.bias", "likelihood.log_variance" };
    bf_vae_options o = vae_rig_options();
    vae_rig r = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 1, 0);
    assert_int_equal(bf_params_slots(r.params), sizeof names / sizeof *names);
    for (int s = 0; s < bf_params_slots(r.params); s++) assert_string_equal(bf_params_at(r.params, s)->name, names[s]);
    const bf_slot *first_decoder = bf_params_at(r.params, 8);       /* the hidden layers in reverse */
    assert_int_equal(first_decoder->shape[0], 3);
    assert_int_equal(first_decoder->shape[1], 2);
    vae_rig_destroy(&r);
}

static double start_of(const char *variance, double value)
{
    bf_vae_options o = vae_rig_options();
    snprintf(o.variance, sizeof o.variance, "%s", variance);
    o.variance_value = value;
    vae_rig r = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 1, 0);
    float theta[512];
    assert_true(r.size <= 512);
    bf_params_init(r.params, 1, theta);
    const double start = bf_likelihood_log_variance(bf_likelihood_find("gaussian", variance), &o, r.params, theta);
    vae_rig_destroy(&r);
    return start;
}

static void test_vae__log_variance_starts_at_the_value_or_at_the_data(void **state)
{
    (void)state;
    BF_CHECK_NEAR(start_of("learned", 0.25), log(0.25), 1e-6);
    BF_CHECK_NEAR(start_of("learned", NAN), log(0.1), 1e-6);
    BF_CHECK_NEAR(start_of("fixed", 0.25), log(0.25), 1e-12);
    BF_CHECK_NEAR(start_of("fixed", NAN), 0.0, 0.0);
}

static void test_vae__beta_rises_over_the_warm_up(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    o.beta = 4.0;
    o.warmup = 8.0;
    vae_rig r = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 1, 0);
    const int rate = strcmp(bf_plan_term_name(r.vae.plan, 0), "rate") == 0 ? 0 : 1;
    const double epochs[] = { 0.0, 2.0, 8.0, 9.0 }, want[] = { 0.0, 1.0, 4.0, 4.0 };
    for (int i = 0; i < 4; i++) {
        BF_CHECK_NEAR(bf_vae_weights(&r.vae, &o, &(bf_moment){ epochs[i], 20.0 }, r.weights), want[i], 1e-12);
        BF_CHECK_NEAR(r.weights[rate], want[i], 1e-12);
        BF_CHECK_NEAR(r.weights[1 - rate], 1.0, 0.0);
    }
    vae_rig_destroy(&r);
}

static void expect(const bf_vae_options *o, double minimum, double maximum, double step, const char *fragment)
{
    const bf_status s = bf_vae_check(o, minimum, maximum, step);
    if (fragment == NULL) {
        assert_int_equal(s.code, BF_OK);
        return;
    }
    assert_int_equal(s.code, BF_E_INPUT);
    if (strstr(s.what, fragment) == NULL) fail_msg("'%s' does not mention '%s'", s.what, fragment);
}

static void test_vae__check_names_what_makes_no_sense(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    expect(&o, -3.0, 5.0, NAN, NULL);
    snprintf(o.likelihood, sizeof o.likelihood, "bernoulli");
    expect(&o, 0.0, 1.0, NAN, NULL);
    expect(&o, NAN, NAN, NAN, NULL);
    expect(&o, 0.0, 1.5, NAN, "[0, 1.5]");
    o = vae_rig_options();
    o.latent = 0;
    expect(&o, 0.0, 1.0, NAN, "model.latent");
    o = vae_rig_options();
    o.hidden.at[1] = -4;
    expect(&o, 0.0, 1.0, NAN, "model.hidden");
    o = vae_rig_options();
    o.beta = NAN;
    expect(&o, 0.0, 1.0, NAN, "objective.beta");
    o = vae_rig_options();
    o.variance_value = 0.0;
    expect(&o, 0.0, 1.0, NAN, "likelihood.value");
    o = vae_rig_options();
    snprintf(o.net, sizeof o.net, "transformer");
    expect(&o, 0.0, 1.0, NAN, "transformer");
}

static void test_vae__names_lead_to_rows(void **state)
{
    (void)state;
    for (int i = 0; bf_network_names[i] != NULL; i++) assert_string_equal(bf_network_find(bf_network_names[i])->name, bf_network_names[i]);
    for (int i = 0; bf_posterior_names[i] != NULL; i++) assert_string_equal(bf_posterior_find(bf_posterior_names[i])->name, bf_posterior_names[i]);
    for (int i = 0; bf_prior_names[i] != NULL; i++) assert_string_equal(bf_prior_find(bf_prior_names[i])->name, bf_prior_names[i]);
    for (int i = 0; bf_objective_names[i] != NULL; i++) assert_string_equal(bf_objective_find(bf_objective_names[i])->name, bf_objective_names[i]);
    for (int i = 0; bf_likelihood_names[i] != NULL; i++)
        for (int j = 0; bf_variance_names[j] != NULL; j++)
            assert_string_equal(bf_likelihood_find(bf_likelihood_names[i], bf_variance_names[j])->name, bf_likelihood_names[i]);
    for (int i = 0; bf_rate_row(i) != NULL; i++) assert_non_null(bf_posterior_find(bf_rate_row(i)->posterior));
    assert_null(bf_network_find("none"));
    assert_null(bf_rate_find("gaussian", "none"));
}

static bool is_affine(const bf_vae_options *o)
{
    bool affine;
    vae_rig r = vae_rig_create(o, BF_VAE_DECODE, &bf_backend_portable, ROWS, 1, 0);
    assert_int_equal(bf_vae_affine(&r.vae, o, &affine).code, BF_OK);
    vae_rig_destroy(&r);
    return affine;
}

static void test_vae__affine_means_an_exact_distortion(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    assert_false(is_affine(&o));
    snprintf(o.net, sizeof o.net, "linear");
    assert_true(is_affine(&o));
    static const char *const not[] = { "per-image", "per-pixel", "decoder" };     /* no squared error whose mean is exact, or no one variance */
    for (size_t i = 0; i < sizeof not / sizeof *not; i++) {
        snprintf(o.variance, sizeof o.variance, "%s", not[i]);
        assert_false(is_affine(&o));
    }
    snprintf(o.variance, sizeof o.variance, "optimal");
    assert_true(is_affine(&o));
    snprintf(o.output, sizeof o.output, "sigmoid");
    assert_false(is_affine(&o));
}

/* What counts is what it is made of, and it may be told anything. */
static void test_vae__a_decoder_is_affine_that_has_no_bends(void **state)
{
    (void)state;
    static const struct { const char *layer; bool affine; } layers[] = {
        { "fc 5", true }, { "res-fc 5 linear", true }, { "fc 5 bn", true }, { "fc 5 sn", true }, { "join", true },
        { "fc 5 tanh", false }, { "act relu", false }, { "res-fc 5 relu", false } };
    bf_vae_options o = vae_rig_options();
    snprintf(o.activation, sizeof o.activation, "linear");
    snprintf(o.condition, sizeof o.condition, "beta label");
    o.beta = NAN;
    o.beta_range[0] = 0.1;
    o.beta_range[1] = 3.0;
    for (int m = 0; bf_modulation_names[m] != NULL; m++) {
        snprintf(o.modulation, sizeof o.modulation, "%s", bf_modulation_names[m]);
        assert_true(is_affine(&o));
    }
    snprintf(o.net, sizeof o.net, "described");
    o.encoder = (bf_layer_texts){ 1, { "fc 5 tanh" } };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        o.decoder = (bf_layer_texts){ 2, { "fc 4" } };
        snprintf(o.decoder.at[1], BF_LAYER_TEXT, "%s", layers[i].layer);
        if (is_affine(&o) != layers[i].affine) fail_msg("%s", layers[i].layer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vae__purposes_agree),
        cmocka_unit_test(test_vae__the_draw_is_addressed_by_sample),
        cmocka_unit_test(test_vae__evaluation_leaves_row_statistics),
        cmocka_unit_test(test_vae__a_point_posterior_has_neither_rate_nor_variance),
        cmocka_unit_test(test_vae__padding_changes_no_row),
        cmocka_unit_test(test_vae__parameters_do_not_depend_on_what_is_built_first),
        cmocka_unit_test(test_vae__slots_have_the_names_of_the_file),
        cmocka_unit_test(test_vae__log_variance_starts_at_the_value_or_at_the_data),
        cmocka_unit_test(test_vae__beta_rises_over_the_warm_up),
        cmocka_unit_test(test_vae__check_names_what_makes_no_sense),
        cmocka_unit_test(test_vae__names_lead_to_rows),
        cmocka_unit_test(test_vae__affine_means_an_exact_distortion),
        cmocka_unit_test(test_vae__a_decoder_is_affine_that_has_no_bends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
