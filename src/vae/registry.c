/* The tables. Adding a row: its file, its line in rows.h, its line and its name here. */
#include "vae/registry.h"
#include "vae/gaussian.h"
#include "vae/ops.h"
#include "vae/rows.h"
#include <math.h>
#include <string.h>

static const bf_network *const networks[] = {
    &bf_network_linear, &bf_network_mlp, &bf_network_own, &bf_network_infogan, &bf_network_wae, &bf_network_wae_mnist, &bf_network_resnet,
    &bf_network_sigma, &bf_network_tcvae_mlp, &bf_network_tcvae_conv, &bf_network_dlib_conv, &bf_network_pythae_conv, &bf_network_mr_resnet,
    &bf_network_bs_resnet, &bf_network_second_stage, NULL
};
static const bf_posterior *const posteriors[] = { &bf_posterior_gaussian, &bf_posterior_delta, NULL };
static const bf_prior *const priors[] = { &bf_prior_normal, NULL };
static const bf_rate *const rates[] = { &bf_rate_gaussian_normal, &bf_rate_delta_normal, NULL };
static const bf_likelihood *const likelihoods[] = {
    &bf_likelihood_gaussian_fixed, &bf_likelihood_gaussian_learned, &bf_likelihood_gaussian_optimal, &bf_likelihood_gaussian_per_image,
    &bf_likelihood_gaussian_per_pixel, &bf_likelihood_gaussian_decoder, &bf_likelihood_bernoulli, &bf_likelihood_categorical,
    &bf_likelihood_bitwise, &bf_likelihood_logistic_mixture, &bf_likelihood_student_t, &bf_likelihood_log_abs, NULL
};
static const bf_objective *const objectives[] = { &bf_objective_beta_vae, &bf_objective_capacity, NULL };

const char *const bf_network_names[] = {
    "linear", "mlp", "described", "infogan", "wae", "wae-mnist", "resnet", "sigma", "tcvae-mlp", "tcvae-conv", "dlib-conv", "pythae-conv",
    "mr-resnet", "bs-resnet", "second-stage", NULL
};
const char *const bf_posterior_names[] = { "gaussian", "delta", NULL };
const char *const bf_prior_names[] = { "normal", NULL };
const char *const bf_likelihood_names[] = { "gaussian", "bernoulli", "categorical", "bitwise", "logistic-mixture", "student-t", "log-abs", NULL };
const char *const bf_variance_names[] = { "fixed", "learned", "optimal", "per-image", "per-pixel", "decoder", NULL };
const char *const bf_objective_names[] = { "beta-vae", "capacity", NULL };

const bf_op *const bf_vae_ops[] = {
    &bf_op_noise_normal, &bf_op_noise_antithetic, &bf_op_noise_sigma_points, &bf_op_reparameterize, &bf_op_kl_normal, &bf_op_squared_error, &bf_op_bernoulli, &bf_op_gaussian_fixed,
    &bf_op_gaussian_learned, &bf_op_gaussian_optimal, &bf_op_gaussian_per_image, &bf_op_gaussian_per_pixel, &bf_op_gaussian_decoder,
    &bf_op_decoder_variance, &bf_op_student_t, &bf_op_log_abs, &bf_op_levels, &bf_op_bits, &bf_op_bits_mean, &bf_op_categorical,
    &bf_op_categorical_mean, &bf_op_logistic_mixture, &bf_op_logistic_mixture_mean,
    &bf_op_noise_even, &bf_op_gate, &bf_op_film, &bf_op_beside, &bf_op_weigh, &bf_op_lift, &bf_op_lift_capped,
    &bf_op_noise_listed, &bf_op_cconv, &bf_op_kl_normal_each, &bf_op_free_bits, &bf_op_from_capacity, NULL
};

/* A row of a table by its name: tables differ in type only. */
#define FIND(table, wanted)                                         \
    for (size_t i = 0; table[i] != NULL; i++)                       \
        if (strcmp(table[i]->name, wanted) == 0) return table[i];   \
    return NULL

const bf_network *bf_network_find(const char *name) { FIND(networks, name); }
const bf_posterior *bf_posterior_find(const char *name) { FIND(posteriors, name); }
const bf_prior *bf_prior_find(const char *name) { FIND(priors, name); }
const bf_objective *bf_objective_find(const char *name) { FIND(objectives, name); }

const bf_rate *bf_rate_find(const char *posterior, const char *prior)
{
    for (size_t i = 0; rates[i] != NULL; i++)
        if (strcmp(rates[i]->posterior, posterior) == 0 && strcmp(rates[i]->prior, prior) == 0) return rates[i];
    return NULL;
}

/* A likelihood without variance treatments is found whatever `variance` says. */
const bf_likelihood *bf_likelihood_find(const char *kind, const char *variance)
{
    for (size_t i = 0; likelihoods[i] != NULL; i++) {
        const bf_likelihood *l = likelihoods[i];
        if (strcmp(l->name, kind) == 0 && (l->variance == NULL || strcmp(l->variance, variance) == 0)) return l;
    }
    return NULL;
}

const bf_likelihood *bf_likelihood_row(int i)
{
    return i >= 0 && (size_t)i < sizeof likelihoods / sizeof *likelihoods ? likelihoods[i] : NULL;
}

const bf_rate *bf_rate_row(int i) { return i >= 0 && (size_t)i < sizeof rates / sizeof *rates ? rates[i] : NULL; }

double bf_likelihood_log_variance(const bf_likelihood *l, const bf_vae_options *o, const bf_params *p, const float *theta)
{
    if (l->variance_slot) return (double)theta[bf_params_at(p, bf_params_find(p, BF_GAUSSIAN_SLOT))->offset];
    return l->variance == NULL || isnan(o->variance_value) ? 0.0 : log(o->variance_value);
}
