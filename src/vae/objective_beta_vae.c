/* objective beta-vae: distortion + beta * rate, beta rising linearly from 0 over objective.warmup epochs. */
#include "vae/registry.h"

static void build(bf_builder *b, const bf_vae_options *o, bf_value nll, bf_value rate, const bf_posterior_values *q)
{
    (void)o;
    (void)q;
    bf_loss(b, "distortion", nll);
    if (rate != BF_NO_VALUE) bf_loss(b, "rate", rate);
}

static void weights(const bf_vae_options *o, double epoch, int terms, double *w)
{
    w[0] = 1.0;
    if (terms > 1) w[1] = epoch < o->warmup ? o->beta * (epoch / o->warmup) : o->beta;
}

const bf_objective bf_objective_beta_vae = {
    .name = "beta-vae", .help = "distortion + beta * rate", .build = build, .weights = weights,
};
