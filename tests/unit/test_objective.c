/* What objectives make of the rate: its weight over a training, free bits and capacities against their definitions. */
#include "base/rng.h"
#include "close.h"
#include "vae_rig.h"
#include <stdio.h>
#include <string.h>

enum { ROWS = 5, LANES = 2, LATENT = 2 };
#define EPOCHS 20.0

static bf_vae_options capacity_options(void)
{
    bf_vae_options o = vae_rig_options();
    snprintf(o.objective, sizeof o.objective, "capacity");
    return o;
}

static vae_rig rig_of(const bf_vae_options *o) { return vae_rig_create(o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, LANES, 0); }

/* The weights at an epoch of a training of EPOCHS epochs land in the rig. */
static double beta_at(vae_rig *r, double epoch) { return bf_vae_weights(&r->vae, &r->options, &(bf_moment){ epoch, EPOCHS }, r->weights); }

/* --- schedules ---------------------------------------------------------------------------------------------------- */

static void test_objective__beta_rises_in_every_cycle(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    o.beta = 4.0;
    o.cycles = 4;                                       /* of 5 epochs, the first 2 of which beta rises */
    o.ramp = 0.4;
    vae_rig r = rig_of(&o);
    const double epochs[] = { 0.0, 1.0, 2.0, 4.75, 5.0, 5.5, 16.0, 19.75 }, want[] = { 0.0, 2.0, 4.0, 4.0, 0.0, 1.0, 2.0, 4.0 };
    for (int i = 0; i < 8; i++) {
        BF_CHECK_NEAR(beta_at(&r, epochs[i]), want[i], 1e-12);
        BF_CHECK_NEAR(r.weights[1], want[i], 1e-12);
        BF_CHECK_NEAR(r.weights[0], 1.0, 0.0);
    }
    vae_rig_destroy(&r);
}

/* Three epochs into a warm-up of eight every row's own beta is at 3/8 of what its networks are told. */
static void test_objective__a_warm_up_scales_every_rows_own_beta(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    snprintf(o.condition, sizeof o.condition, "beta");
    snprintf(o.modulation, sizeof o.modulation, "gate");
    o.beta = NAN;
    o.beta_range[0] = 0.05;
    o.beta_range[1] = 20.0;
    o.betas_per_sample = 1;
    o.warmup = 8.0;
    vae_rig all = rig_of(&o), one = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, 1, 1, 0);
    BF_CHECK_NEAR(beta_at(&all, 3.0), 0.375, 1e-12);
    vae_rig_run(&all, ROWS);
    double loss = 0.0;
    for (int i = 0; i < ROWS * LANES; i++) {
        float u;
        const float *x = bf_plan_value(all.vae.plan, i / ROWS, all.vae.x);
        bf_rng_uniform(&(bf_draw){ .seed = 11, .step = 4, .sample = (uint64_t)all.samples[i], .use = BF_USE_BETA }, &u, 1);
        memcpy(bf_plan_value(one.vae.plan, 0, one.vae.x), x + (i % ROWS) * RIG_WIDTH, RIG_WIDTH * sizeof *x);
        one.samples[0] = all.samples[i];
        vae_rig_run(&one, 1);
        loss += (vae_rig_stat(&one, "distortion") + 0.375 * 0.05 * pow(400.0, (double)u) * vae_rig_stat(&one, "rate")) / (ROWS * LANES);
    }
    BF_CHECK_NEAR(vae_rig_loss(&all), loss, 1e-5 * fabs(loss));
    BF_CHECK_NEAR(beta_at(&all, 8.0), 1.0, 0.0);
    vae_rig_destroy(&one);
    vae_rig_destroy(&all);
}

static void check_capacity_at(double span, const double want[4])
{
    static const double epochs[] = { 0.0, 5.0, 10.0, 20.0 };
    bf_vae_options o = capacity_options();
    o.capacity = 8.0;
    o.capacity_epochs = span;
    vae_rig r = rig_of(&o);
    assert_int_equal(bf_plan_terms(r.vae.plan), 4);
    assert_string_equal(bf_plan_term_name(r.vae.plan, 2), "capacity");
    for (int i = 0; i < 4; i++) {
        BF_CHECK_NEAR(beta_at(&r, epochs[i]), o.gamma, 0.0);
        BF_CHECK_NEAR(r.weights[1], 0.0, 0.0);
        BF_CHECK_NEAR(r.weights[2], want[i], 1e-12);
        BF_CHECK_NEAR(r.weights[3], o.gamma, 0.0);
    }
    vae_rig_destroy(&r);
}

static void test_objective__the_capacity_rises_linearly(void **state)
{
    (void)state;
    check_capacity_at(10.0, (const double[]){ 0.0, 4.0, 8.0, 8.0 });
    check_capacity_at(NAN, (const double[]){ 0.0, 2.0, 4.0, 8.0 });
    check_capacity_at(0.0, (const double[]){ 8.0, 8.0, 8.0, 8.0 });
}

static void test_objective__says_what_depends_on_the_length(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    o.warmup = 3.0;
    assert_null(bf_vae_needs_total(&o));
    o.cycles = 2;
    assert_string_equal(bf_vae_needs_total(&o), "objective.cycles");
    o = capacity_options();
    assert_null(bf_vae_needs_total(&o));
    o.capacity_epochs = NAN;
    assert_non_null(strstr(bf_vae_needs_total(&o), "objective.capacity_epochs"));
}

/* --- values ------------------------------------------------------------------------------------------------------- */

/* Rates of every sample and dimension by their definition. */
static void rates_of(const vae_rig *r, double rate[ROWS * LANES][LATENT])
{
    for (int l = 0; l < LANES; l++) {
        const float *mean = bf_plan_value(r->vae.plan, l, r->vae.mean), *logvar = bf_plan_value(r->vae.plan, l, r->vae.logvar);
        for (int i = 0; i < ROWS * LATENT; i++) {
            const double m = (double)mean[i], v = (double)logvar[i];
            rate[l * ROWS + i / LATENT][i % LATENT] = 0.5 * (m * m + exp(v) - v - 1.0);
        }
    }
}

static double column_mean(double rate[ROWS * LANES][LATENT], int j)
{
    double sum = 0.0;
    for (int i = 0; i < ROWS * LANES; i++) sum += rate[i][j];
    return sum / (ROWS * LANES);
}

static void test_objective__free_bits_are_the_larger_of_mean_and_limit(void **state)
{
    (void)state;
    double rate[ROWS * LANES][LATENT], mean[LATENT];
    bf_vae_options o = vae_rig_options();
    for (int k = 0; k < 3; k++) {
        o.free_bits = k == 0 ? 1e-3 : k == 1 ? 0.5 * (mean[0] + mean[1]) : 10.0;        /* below both means, between them, above both */
        vae_rig r = rig_of(&o);
        vae_rig_run(&r, ROWS);
        rates_of(&r, rate);
        double want = 0.0;
        for (int j = 0; j < LATENT; j++) {
            mean[j] = column_mean(rate, j);
            want += fmax(mean[j], o.free_bits);
        }
        assert_true(fabs(mean[0] - mean[1]) > 1e-3);
        BF_CHECK_NEAR(vae_rig_stat(&r, "free_rate") / r.batch, want, 1e-6);
        BF_CHECK_NEAR(vae_rig_stat(&r, "rate") / r.batch, mean[0] + mean[1], 1e-6);
        vae_rig_destroy(&r);
    }
}

static void check_distance(double capacity, bool each)
{
    double rate[ROWS * LANES][LATENT], want = 0.0, side = 0.0, mean = 0.0;
    bf_vae_options o = capacity_options();
    o.capacity = capacity;
    snprintf(o.capacity_of, sizeof o.capacity_of, each ? "sample" : "batch");
    vae_rig r = rig_of(&o);
    vae_rig_run(&r, ROWS);
    rates_of(&r, rate);
    for (int i = 0; i < ROWS * LANES; i++) {
        const double own = rate[i][0] + rate[i][1];
        mean += own / r.batch;
        want += fabs(own - capacity) / r.batch;
        side += own > capacity ? 1.0 : -1.0;
    }
    BF_CHECK_NEAR(vae_rig_stat(&r, "from_capacity") / r.batch, each ? want : fabs(mean - capacity), 1e-6);
    BF_CHECK_NEAR(vae_rig_stat(&r, "rate_side"), each ? side : mean > capacity ? r.batch : -r.batch, 0.0);
    BF_CHECK_NEAR(vae_rig_stat(&r, "rate") / r.batch, mean, 1e-6);
    BF_CHECK_NEAR(vae_rig_loss(&r), vae_rig_stat(&r, "distortion") / r.batch + o.gamma * (each ? want : fabs(mean - capacity)), 1e-5);
    vae_rig_destroy(&r);
}

static void test_objective__capacity_is_the_distance_of_the_rate(void **state)
{
    (void)state;
    for (int each = 0; each < 2; each++) {
        check_distance(0.0, each);
        check_distance(0.7, each);
        check_distance(30.0, each);
    }
}

/* --- what makes no sense ------------------------------------------------------------------------------------------- */

static void refused(const bf_vae_options *o, const char *fragment)
{
    const bf_status s = bf_vae_check(o, -3.0, 5.0, NAN);
    assert_int_equal(s.code, BF_E_INPUT);
    if (strstr(s.what, fragment) == NULL) fail_msg("'%s' does not mention '%s'", s.what, fragment);
}

static void test_objective__check_names_what_makes_no_sense(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    o.cycles = 4;
    refused(&o, "objective.ramp: 0 ");
    o.ramp = 1.0;
    assert_int_equal(bf_vae_check(&o, -3.0, 5.0, NAN).code, BF_OK);
    o.warmup = 1.0;
    refused(&o, "objective.cycles: ");
    o = vae_rig_options();
    o.free_bits = -1.0;
    refused(&o, "objective.free_bits: -1 ");
    o.free_bits = 0.1;
    snprintf(o.posterior, sizeof o.posterior, "delta");
    refused(&o, "objective.free_bits: posterior: delta");
    o = capacity_options();
    assert_int_equal(bf_vae_check(&o, -3.0, 5.0, NAN).code, BF_OK);
    o.free_bits = 0.1;
    refused(&o, "objective.free_bits: ");
    o = capacity_options();
    o.capacity_epochs = -1.0;
    refused(&o, "objective.capacity_epochs: ");
    o = capacity_options();
    snprintf(o.posterior, sizeof o.posterior, "delta");
    refused(&o, "objective.kind: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objective__beta_rises_in_every_cycle),
        cmocka_unit_test(test_objective__a_warm_up_scales_every_rows_own_beta),
        cmocka_unit_test(test_objective__the_capacity_rises_linearly),
        cmocka_unit_test(test_objective__says_what_depends_on_the_length),
        cmocka_unit_test(test_objective__free_bits_are_the_larger_of_mean_and_limit),
        cmocka_unit_test(test_objective__capacity_is_the_distance_of_the_rate),
        cmocka_unit_test(test_objective__check_names_what_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
