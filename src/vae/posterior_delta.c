/* posterior delta: the code itself, without noise and without a rate. With it the model is a plain autoencoder. */
#include "nn/layers.h"
#include "vae/registry.h"

static bf_posterior_values build(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value features, bf_noise noise)
{
    (void)c;
    (void)noise;
    const bf_value mean = bf_wide(b, bf_dense(b, features, (int)o->latent, "posterior.mean", 1.0, 0.0));
    return (bf_posterior_values){ .mean = mean, .logvar = BF_NO_VALUE, .z = mean };
}

const bf_posterior bf_posterior_delta = { .name = "delta", .help = "a point: plain autoencoder", .stochastic = false, .build = build };
