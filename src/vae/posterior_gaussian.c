/* posterior gaussian: a diagonal Gaussian whose mean and log variance are heads on the encoder's features. */
#include "nn/layers.h"
#include "vae/ops.h"
#include "vae/registry.h"
#include "base/vector_math.h"
#include <math.h>

/* A guard against overflow, not a regulariser: informative dimensions may become as narrow as they want. */
#define LOGVAR_LOW (-20.0)
#define LOGVAR_HIGH 10.0
#define LOG_TWO_PI 1.8378770664093453
#define LOGVAR_GAIN 0.1     /* starts near the prior's variance for every sample */

/* In a linear model the optimal log variance of a dimension in use is log beta and a constant; of the others, 0. At the cap nothing is learned of
 * how beta raises it, so what is capped starts with the cap no higher than the middle of the range. */
static bf_value with_beta(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value logvar)
{
    static const char name[] = "posterior.logvar.log_beta";
    if (c->n == BF_NO_VALUE) return logvar;
    if (!bf_modulation_find(o->modulation)->capped) return bf_lift(b, logvar, c->n, c->middle, c->slope, name);
    return bf_lift_capped(b, logvar, c->n, c->middle, c->slope, name, "posterior.logvar.level", fmin(0.0, -c->middle));
}

static bf_posterior_values build(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value features, bf_noise noise)
{
    const int latent = (int)o->latent;
    bf_posterior_values q;
    q.mean = bf_repeat(b, bf_wide(b, bf_dense(b, features, latent, "posterior.mean", 1.0, 0.0)));
    q.logvar = bf_repeat(b, bf_wide(b, bf_dense(b, features, latent, "posterior.logvar", LOGVAR_GAIN, 0.0)));
    q.logvar = with_beta(b, o, c, q.logvar);
    q.logvar = bf_clamp(b, q.logvar, LOGVAR_LOW, LOGVAR_HIGH, "logvar_clamp_hits");
    q.z = bf_reparameterize(b, q.mean, q.logvar, bf_noise_drawn(b, latent, noise));
    return q;
}

static void draw(const float *mean, const float *logvar, int latent, const bf_draw *at, float *z)
{
    bf_rng_normal(at, z, (size_t)latent);
    for (int j = 0; j < latent; j++) z[j] = mean[j] + bf_exp(0.5f * logvar[j]) * z[j];
}

static double log_density(const float *mean, const float *logvar, int latent, const float *z)
{
    double sum = latent * LOG_TWO_PI;
    for (int j = 0; j < latent; j++) {
        const double residual = (double)z[j] - (double)mean[j], lv = logvar[j];
        sum += lv + residual * residual * exp(-lv);
    }
    return -0.5 * sum;
}

const bf_posterior bf_posterior_gaussian = {
    .name = "gaussian", .help = "diagonal Gaussian", .stochastic = true, .build = build, .draw = draw, .log_density = log_density,
};
