/* Every combination the registries allow: gradients against finite differences in double, and the f32 backend against the double one. */
#include "close.h"
#include "nn/layers.h"
#include "nn/tree.h"
#include "twins/twin.h"
#include "vae/draws.h"
#include "vae_rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, LANES = 2, FEW = 40 };
#define LIMIT 0.3       /* of free bits: between the rates of the rig's two dimensions */

/* Calls check for every network x activation x posterior x prior x likelihood row x objective x output that has a rate row. An affine
 * network has no activation, so one is enough there. Discrete likelihoods have thousands of outputs and no part of model.output: they take one
 * activation and one output; so do objectives beyond the first, which end at the rate. */
static void walk_likelihoods(bf_vae_options *o, void (*check)(const bf_vae_options *))
{
    const bool first = strcmp(o->activation, bf_activation_names[0]) == 0 && strcmp(o->output, "linear") == 0;
    for (int i = 0; bf_likelihood_row(i) != NULL; i++) {
        const bf_likelihood *l = bf_likelihood_row(i);
        if (l->discrete && !first) continue;
        snprintf(o->likelihood, sizeof o->likelihood, "%s", l->name);
        snprintf(o->variance, sizeof o->variance, "%s", l->variance == NULL ? "fixed" : l->variance);
        for (int j = 0; bf_objective_names[j] != NULL && (j == 0 || first); j++) {
            snprintf(o->objective, sizeof o->objective, "%s", bf_objective_names[j]);
            check(o);
        }
        snprintf(o->objective, sizeof o->objective, "beta-vae");
        o->free_bits = LIMIT;
        if (first) check(o);
        o->free_bits = 0.0;
    }
}

static void walk_posteriors(bf_vae_options *o, void (*check)(const bf_vae_options *))
{
    for (int i = 0; bf_posterior_names[i] != NULL; i++)
        for (int j = 0; bf_prior_names[j] != NULL; j++) {
            if (bf_rate_find(bf_posterior_names[i], bf_prior_names[j]) == NULL) continue;
            snprintf(o->posterior, sizeof o->posterior, "%s", bf_posterior_names[i]);
            snprintf(o->prior, sizeof o->prior, "%s", bf_prior_names[j]);
            walk_likelihoods(o, check);
        }
}

static void walk(void (*check)(const bf_vae_options *))
{
    static const char *const outputs[] = { "linear", "sigmoid" };
    bf_vae_options o = vae_rig_options();
    for (int n = 0; bf_network_names[n] != NULL && !bf_network_in_words(bf_network_find(bf_network_names[n])); n++)
        for (int a = 0; bf_activation_names[a] != NULL && (a == 0 || !bf_network_find(bf_network_names[n])->affine); a++)
            for (int k = 0; k < 2; k++) {
                snprintf(o.net, sizeof o.net, "%s", bf_network_names[n]);
                snprintf(o.activation, sizeof o.activation, "%s", bf_activation_names[a]);
                snprintf(o.output, sizeof o.output, "%s", outputs[k]);
                walk_posteriors(&o, check);
            }
}

/* Models that are told beta: every modulation in dense layers and residual blocks; what stands beside the input also where there are no layers.
 * Models that are told classes, alone and with beta: all networks. */
static void walk_conditions(void (*check)(const bf_vae_options *))
{
    static const char *const nets[] = { "mlp", "described", "linear" };
    bf_vae_options o = vae_rig_options(), labelled = o;
    snprintf(o.condition, sizeof o.condition, "beta");
    o.beta = NAN;
    o.beta_range[0] = 0.1;
    o.beta_range[1] = 3.0;
    o.encoder = (bf_layer_texts){ 2, { "fc 5 tanh", "res-fc 4 tanh" } };
    o.decoder = (bf_layer_texts){ 2, { "res-fc 3 tanh", "fc 5 tanh" } };
    for (int m = 0; bf_modulation_names[m] != NULL; m++)
        for (int n = 0; n < 3; n++) {
            snprintf(o.modulation, sizeof o.modulation, "%s", bf_modulation_names[m]);
            snprintf(o.net, sizeof o.net, "%s", nets[n]);
            if (n < 2 || bf_modulation_find(o.modulation)->beside) check(&o);
        }
    snprintf(o.condition, sizeof o.condition, "beta label");
    snprintf(o.modulation, sizeof o.modulation, "concat");
    snprintf(labelled.condition, sizeof labelled.condition, "label");
    labelled.encoder = o.encoder;
    labelled.decoder = o.decoder;
    for (int n = 0; n < 3; n++) {
        snprintf(o.net, sizeof o.net, "%s", nets[n]);
        memcpy(labelled.net, o.net, sizeof o.net);
        check(&o);
        check(&labelled);
    }
}

/* Models whose codes are drawn several times from one encoding. */
static void walk_draws(void (*check)(const bf_vae_options *))
{
    static const struct { const char *draw; int64_t draws; } drawings[] = { { "random", 3 }, { "antithetic", 2 }, { "sigma-points", 0 } };
    static const char *const nets[] = { "mlp", "described", "linear" }, *const conditions[] = { "none", "label", "beta", "beta label" };
    bf_vae_options o = vae_rig_options();
    o.encoder = (bf_layer_texts){ 2, { "fc 5 bn tanh", "res-fc 4 tanh" } };
    o.decoder = (bf_layer_texts){ 2, { "res-fc 3 tanh", "fc 5 tanh" } };
    snprintf(o.modulation, sizeof o.modulation, "concat");
    for (int n = 0; n < 3; n++)
        for (int c = 0; c < 4; c++) {
            snprintf(o.draw, sizeof o.draw, "%s", drawings[(n + c) % 3].draw);
            o.draws = drawings[(n + c) % 3].draws;
            snprintf(o.net, sizeof o.net, "%s", nets[n]);
            snprintf(o.condition, sizeof o.condition, "%s", conditions[c]);
            o.beta = c < 2 ? 0.7 : NAN;
            o.beta_range[0] = 0.1;
            o.beta_range[1] = 3.0;
            o.free_bits = c < 2 && n == 0 ? LIMIT : 0.0;
            check(&o);
        }
    for (int m = 0; bf_modulation_names[m] != NULL; m++) {
        snprintf(o.modulation, sizeof o.modulation, "%s", bf_modulation_names[m]);
        snprintf(o.net, sizeof o.net, "mlp");
        check(&o);
    }
}

static int rows_of(const bf_vae_options *o) { return ROWS * (int)bf_draws(o); }

static void complain(const bf_vae_options *o, const char *slot, size_t i, double got, double want)
{
    fail_msg("%s %s %s, posterior %s, likelihood %s %s: gradient by %s[%zu] is %.12g, not %.12g", o->net, o->activation, o->output,
             o->posterior, o->likelihood, o->variance, slot, i, got, want);
}

static double loss_at(vae_rig *r, size_t i, double x)
{
    ((double *)r->theta)[i] = x;
    vae_rig_run(r, r->rows);
    return vae_rig_loss(r);
}

/* Central differences of fourth order. With `optimal` the variance moves along; its own gradient vanishes at the minimiser. */
static double slope(vae_rig *r, size_t i)
{
    const double h = 1e-4, x = ((double *)r->theta)[i];
    const double far = loss_at(r, i, x - 2 * h) - loss_at(r, i, x + 2 * h), near = loss_at(r, i, x + h) - loss_at(r, i, x - h);
    ((double *)r->theta)[i] = x;
    return (far + 8 * near) / (12 * h);
}

static void check_differences(const bf_vae_options *o)
{
    vae_rig r = vae_rig_create(o, BF_VAE_TRAIN, &bf_backend_twin, rows_of(o), LANES, 0);
    double *gradient = calloc(r.size * LANES, sizeof *gradient);
    assert_non_null(gradient);
    vae_rig_run(&r, r.rows);
    memcpy(gradient, r.grads, r.size * LANES * sizeof *gradient);
    bf_tree_f64(gradient, LANES, r.size);
    for (int s = 0; s < bf_params_slots(r.params); s++) {
        const bf_slot *slot = bf_params_at(r.params, s);
        const size_t stride = slot->count / FEW + 1;        /* all of a small tensor, entries from everywhere in a large one */
        for (size_t i = 0; i < slot->count; i += stride) {
            const double want = slope(&r, slot->offset + i), got = gradient[slot->offset + i];
            if (!(fabs(got - want) <= 1e-6 * (1e-2 + fabs(want)))) complain(o, slot->name, i, got, want);
        }
    }
    free(gradient);
    vae_rig_destroy(&r);
}

static void check_f32(const bf_vae_options *o)
{
    const int rows = rows_of(o), used = rows - (int)bf_draws(o);
    vae_rig fast = vae_rig_create(o, BF_VAE_TRAIN, &bf_backend_portable, rows, LANES, 0);
    vae_rig twin = vae_rig_create(o, BF_VAE_TRAIN, &bf_backend_twin, rows, LANES, 0);
    fast.batch = twin.batch = used * LANES;
    vae_rig_run(&fast, used);
    vae_rig_run(&twin, used);
    BF_CHECK_NEAR(vae_rig_loss(&fast), vae_rig_loss(&twin), 1e-5 * (1.0 + fabs(vae_rig_loss(&twin))));
    double scale = 0;
    for (size_t i = 0; i < fast.size * LANES; i++) scale = fmax(scale, fabs(((double *)twin.grads)[i]));
    for (size_t i = 0; i < fast.size * LANES; i++) {
        const double got = (double)((float *)fast.grads)[i], want = ((double *)twin.grads)[i];
        if (!(fabs(got - want) <= 1e-5 * scale)) complain(o, "flat", i, got, want);
    }
    vae_rig_destroy(&fast);
    vae_rig_destroy(&twin);
}

static void test_vae_gradient__equals_finite_differences(void **state)
{
    (void)state;
    walk(check_differences);
    walk_conditions(check_differences);
    walk_draws(check_differences);
}

static void test_vae_gradient__f32_follows_double_with_padded_rows(void **state)
{
    (void)state;
    walk(check_f32);
    walk_conditions(check_f32);
    walk_draws(check_f32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vae_gradient__equals_finite_differences),
        cmocka_unit_test(test_vae_gradient__f32_follows_double_with_padded_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
