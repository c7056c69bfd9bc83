/* What a conditioned model is told, and what it then is: a plain one whose layers are multiplied by their gates. */
#include "base/rng.h"
#include "close.h"
#include "vae_rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6 };

static bf_vae_options options(const char *modulation)
{
    bf_vae_options o = vae_rig_options();
    snprintf(o.condition, sizeof o.condition, "beta");
    snprintf(o.modulation, sizeof o.modulation, "%s", modulation);
    o.beta = NAN;
    o.beta_range[0] = 0.05;
    o.beta_range[1] = 20.0;
    return o;
}

static void test_condition__n_has_variance_one_over_the_range(void **state)
{
    (void)state;
    const bf_vae_options o = options("gate");
    BF_CHECK_NEAR(bf_condition_n(&o, 0.05), -sqrt(3.0), 1e-12);
    BF_CHECK_NEAR(bf_condition_n(&o, 20.0), sqrt(3.0), 1e-12);
    BF_CHECK_NEAR(bf_condition_n(&o, 1.0), 0.0, 1e-12);
}

static void test_condition__the_grid_covers_the_range_evenly_in_the_logarithm(void **state)
{
    (void)state;
    bf_vae_options o = options("gate");
    bf_f64_list grid;
    bf_condition_grid(&o, &grid);
    assert_int_equal(grid.count, 20);
    assert_true(grid.at[0] == 0.05 && grid.at[19] == 20.0);
    for (int i = 1; i < 20; i++) BF_CHECK_NEAR(grid.at[i] / grid.at[i - 1], pow(400.0, 1.0 / 19), 1e-12);
    o.grid = (bf_f64_list){ 3, { 0.1, 0.9, 1.2 } };
    bf_condition_grid(&o, &grid);
    assert_int_equal(grid.count, 3);
    BF_CHECK_NEAR(bf_condition_stored_beta(&o), 0.9, 1e-12);
}

/* --- a plain model with multiplied weights ------------------------------------------------------------------------ */

static float *slot_of(const vae_rig *r, const char *name)
{
    const int slot = bf_params_find(r->params, name);
    return slot < 0 ? NULL : (float *)r->theta + bf_params_at(r->params, slot)->offset;
}

static double gate_of(const vae_rig *r, const char *layer, int channel, double n)
{
    char name[64];
    snprintf(name, sizeof name, "%s.gate.weight", layer);
    const double w = (double)slot_of(r, name)[channel];
    snprintf(name, sizeof name, "%s.gate.bias", layer);
    const double raw = w * n + (double)slot_of(r, name)[channel];
    if (strncmp(layer, "encoder", 7) == 0) return 1.0 / (1.0 + exp(-raw));
    return raw < -1e-6 ? sqrt(1.0 - exp(raw)) : 0.0;
}

/* Weights and biases of hidden layers times their gates; log beta goes into the log variance's bias. */
static void multiply(const vae_rig *told, double beta, vae_rig *plain)
{
    const double n = bf_condition_n(&told->options, beta);
    for (int s = 0; s < bf_params_slots(plain->params); s++) {
        const bf_slot *slot = bf_params_at(plain->params, s);
        float *to = (float *)plain->theta + slot->offset;
        const float *from = slot_of(told, slot->name);
        const bool hidden = strncmp(slot->name, "encoder.", 8) == 0 || (strncmp(slot->name, "decoder.", 8) == 0 && slot->name[8] != 'o');
        const size_t out = (size_t)slot->shape[0], in = slot->count / out;
        char layer[16];
        snprintf(layer, sizeof layer, "%.9s", slot->name);
        for (size_t i = 0; i < slot->count; i++)
            to[i] = (float)((double)from[i] * (hidden ? gate_of(told, layer, (int)(i / in), n) : 1.0));
        if (strcmp(slot->name, "posterior.logvar.bias") == 0)
            for (size_t i = 0; i < slot->count; i++) to[i] += (float)((double)slot_of(told, "posterior.logvar.log_beta")[i] * log(beta));
    }
}

static void compare(const vae_rig *told, const vae_rig *plain, bf_value a, bf_value b)
{
    const size_t n = bf_shape_count(bf_plan_shape_of(told->vae.plan, a));
    const float *x = bf_plan_value(told->vae.plan, 0, a), *y = bf_plan_value(plain->vae.plan, 0, b);
    for (size_t i = 0; i < n; i++) BF_CHECK_NEAR((double)x[i], (double)y[i], 2e-6 * (1.0 + fabs((double)y[i])));
}

static void test_condition__at_a_beta_it_is_a_plain_model_with_multiplied_weights(void **state)
{
    (void)state;
    static const double betas[] = { 0.05, 0.3, 1.0, 4.0, 20.0 };
    const bf_vae_options o = options("gate"), unconditioned = vae_rig_options();
    vae_rig told = vae_rig_create(&o, BF_VAE_EVALUATE, &bf_backend_portable, ROWS, 1, 0);
    vae_rig plain = vae_rig_create(&unconditioned, BF_VAE_EVALUATE, &bf_backend_portable, ROWS, 1, 0);
    float *bias = slot_of(&told, "decoder.0.gate.bias");
    bias[0] = 0.5f;                                             /* shut where n is small */
    for (size_t i = 0; i < sizeof betas / sizeof *betas; i++) {
        bf_vae_tell(&told.vae, &o, betas[i]);
        multiply(&told, betas[i], &plain);
        vae_rig_run(&told, ROWS);
        vae_rig_run(&plain, ROWS);
        compare(&told, &plain, told.vae.mean, plain.vae.mean);
        compare(&told, &plain, told.vae.logvar, plain.vae.logvar);
        compare(&told, &plain, told.vae.recon, plain.vae.recon);
        compare(&told, &plain, told.vae.rate, plain.vae.rate);
    }
    vae_rig_destroy(&told);
    vae_rig_destroy(&plain);
}

/* --- one linear model that is the best at every beta --------------------------------------------------------------- */

/* Data of these variances, uncorrelated; variance 1. A dimension's gate is shut where beta is above its variance. */
static const double spread[RIG_WIDTH] = { 4.0, 2.0, 1.0, 0.5 };

static vae_rig best_linear_model(const bf_vae_options *o)
{
    vae_rig r = vae_rig_create(o, BF_VAE_EVALUATE, &bf_backend_portable, RIG_WIDTH, 1, 0);
    const double slope = 1.0 / (bf_condition_n(o, exp(1.0)) - bf_condition_n(o, 1.0)), middle = -slope * bf_condition_n(o, 1.0);
    float *x = bf_plan_value(r.vae.plan, 0, r.vae.x);
    memset(r.theta, 0, r.size * sizeof(float));
    for (int i = 0; i < RIG_WIDTH; i++) {
        const int diagonal = i * RIG_WIDTH + i;
        for (int j = 0; j < RIG_WIDTH; j++) x[i * RIG_WIDTH + j] = i == j;
        slot_of(&r, "encoder.0.weight")[diagonal] = (float)(1.0 / sqrt(spread[i]));
        slot_of(&r, "posterior.mean.weight")[diagonal] = slot_of(&r, "decoder.0.weight")[diagonal] = 1.0f;
        slot_of(&r, "decoder.output.weight")[diagonal] = (float)sqrt(spread[i]);
        slot_of(&r, "encoder.0.gate.weight")[i] = slot_of(&r, "decoder.0.gate.weight")[i] = (float)slope;
        slot_of(&r, "encoder.0.gate.bias")[i] = slot_of(&r, "decoder.0.gate.bias")[i] = (float)(middle - log(spread[i]));
        slot_of(&r, "posterior.logvar.log_beta")[i] = 1.0f;
        slot_of(&r, "posterior.logvar.level")[i] = (float)-log(spread[i]);
    }
    return r;
}

/* Rate and squared error over such data, from what the model makes of unit vectors. */
static void expect_over_data(const vae_rig *r, double *rate, double *sse)
{
    const float *mean = bf_plan_value(r->vae.plan, 0, r->vae.mean), *logvar = bf_plan_value(r->vae.plan, 0, r->vae.logvar);
    const float *z = bf_plan_value(r->vae.plan, 0, r->vae.z), *recon = bf_plan_value(r->vae.plan, 0, r->vae.recon);
    *rate = *sse = 0.0;
    for (int i = 0; i < RIG_WIDTH; i++) {
        const int diagonal = i * RIG_WIDTH + i;
        const double in = (double)mean[diagonal], out = (double)recon[diagonal] / (double)z[diagonal], lv = (double)logvar[diagonal];
        *rate += 0.5 * (spread[i] * in * in + exp(lv) - lv - 1.0);
        *sse += spread[i] * (1.0 - out * in) * (1.0 - out * in) + out * out * exp(lv);
    }
}

static void test_condition__root_holds_the_best_linear_model_of_every_beta(void **state)
{
    (void)state;
    static const struct { double beta, rate, sse; } optimum[] = {
        { 0.01, 9.90348755, 0.04 }, { 0.1, 5.29831737, 0.4 }, { 0.2, 3.91202301, 0.8 }, { 0.5, 2.07944154, 2.0 }, { 1.0, 1.03972077, 3.5 },
        { 2.0, 0.34657359, 5.5 }, { 3.0, 0.14384104, 6.5 }, { 5.0, 0.0, 7.5 },
    };
    bf_vae_options o = options("root");
    o.beta_range[0] = 0.01;
    o.beta_range[1] = 10.0;
    o.hidden = (bf_i64_list){ 1, { RIG_WIDTH } };
    o.latent = RIG_WIDTH;
    snprintf(o.activation, sizeof o.activation, "linear");
    vae_rig r = best_linear_model(&o);
    for (size_t i = 0; i < sizeof optimum / sizeof *optimum; i++) {
        double rate, sse;
        bf_vae_tell(&r.vae, &o, optimum[i].beta);
        vae_rig_run(&r, RIG_WIDTH);
        expect_over_data(&r, &rate, &sse);
        BF_CHECK_NEAR(rate, optimum[i].rate, 1e-5);
        BF_CHECK_NEAR(sse, optimum[i].sse, 1e-5);
    }
    vae_rig_destroy(&r);
}

/* --- what it learns from ------------------------------------------------------------------------------------------ */

/* The loss is the mean of D + beta R with every row's own beta; the statistic rate stays what it is. */
static void test_condition__every_row_is_weighed_by_its_own_beta(void **state)
{
    (void)state;
    const bf_vae_options o = options("gate");
    double weighed = 0.0, rate = 0.0;
    vae_rig one = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, 1, 1, 0);
    vae_rig all = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 1, 0);
    vae_rig_run(&all, ROWS);
    for (int r = 0; r < ROWS; r++) {
        float u;
        const bf_draw d = { .seed = 11, .step = 4, .sample = (uint64_t)all.samples[r], .use = BF_USE_BETA };
        bf_rng_uniform(&d, &u, 1);
        memcpy(bf_plan_value(one.vae.plan, 0, one.vae.x), (float *)bf_plan_value(all.vae.plan, 0, all.vae.x) + r * RIG_WIDTH, RIG_WIDTH * sizeof(float));
        one.samples[0] = all.samples[r];
        vae_rig_run(&one, 1);
        rate += vae_rig_stat(&one, "rate");
        weighed += vae_rig_stat(&one, "rate") * 0.05 * pow(400.0, (double)u);
    }
    BF_CHECK_NEAR(vae_rig_stat(&all, "rate"), rate, 1e-5 * rate);
    BF_CHECK_NEAR(vae_rig_stat(&all, "weighted_rate"), weighed, 1e-5 * weighed);
    vae_rig_destroy(&one);
    vae_rig_destroy(&all);
}

static float gradient_of(const vae_rig *r, const char *name, int column)
{
    const float *grads = r->grads;
    return grads[bf_params_at(r->params, bf_params_find(r->params, name))->offset + (size_t)column];
}

/* At the cap nothing could be learned of how the log variance depends on beta: it begins below, wherever the range lies. */
static void test_condition__root_learns_in_any_range(void **state)
{
    (void)state;
    static const double ranges[][2] = { { 0.01, 0.5 }, { 0.05, 20.0 }, { 1.0, 100.0 }, { 50.0, 1e4 } };
    bf_vae_options o = options("root");
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        memcpy(o.beta_range, ranges[i], sizeof o.beta_range);
        vae_rig r = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, 4 * ROWS, 1, 0);
        vae_rig_run(&r, 4 * ROWS);
        for (int j = 0; j < (int)o.latent; j++) {
            assert_true(gradient_of(&r, "posterior.logvar.level", j) != 0.0f);
            assert_true(gradient_of(&r, "posterior.logvar.log_beta", j) != 0.0f);
        }
        vae_rig_destroy(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_condition__n_has_variance_one_over_the_range),
        cmocka_unit_test(test_condition__the_grid_covers_the_range_evenly_in_the_logarithm),
        cmocka_unit_test(test_condition__at_a_beta_it_is_a_plain_model_with_multiplied_weights),
        cmocka_unit_test(test_condition__root_holds_the_best_linear_model_of_every_beta),
        cmocka_unit_test(test_condition__every_row_is_weighed_by_its_own_beta),
        cmocka_unit_test(test_condition__root_learns_in_any_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
