/* posterior gaussian: a diagonal Gaussian whose mean and log variance are heads on the encoder's features. */
#include "nn/layers.h"
#include "vae/ops.h"
#include "vae/registry.h"

/* A guard against overflow, not a regulariser: informative dimensions may become as narrow as they want. */
#define LOGVAR_LOW (-20.0)
#define LOGVAR_HIGH 10.0
#define LOGVAR_GAIN 0.1     /* starts near the prior's variance for every sample */

static bf_posterior_values build(bf_builder *b, const bf_vae_options *o, bf_value features, uint32_t use)
{
    const int latent = (int)o->latent, rows = bf_builder_shape(b, features).rows;
    bf_posterior_values q;
    q.mean = bf_wide(b, bf_dense(b, features, latent, "posterior.mean", 1.0, 0.0));
    q.logvar = bf_clamp(b, bf_wide(b, bf_dense(b, features, latent, "posterior.logvar", LOGVAR_GAIN, 0.0)), LOGVAR_LOW, LOGVAR_HIGH, "logvar_clamp_hits");
    q.z = bf_reparameterize(b, q.mean, q.logvar, bf_noise_normal(b, rows, latent, use));
    return q;
}

const bf_posterior bf_posterior_gaussian = {
    .name = "gaussian", .help = "diagonal Gaussian", .stochastic = true, .build = build,
};
