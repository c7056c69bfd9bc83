/* objective beta-vae: distortion + beta * rate, beta rising linearly from 0 over objective.warmup epochs. In a conditioned model the
 * second term is weighted_rate, every row's rate times its own beta, and what rises is a common factor. */
#include "vae/ops.h"
#include "vae/registry.h"

static void build(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value nll, bf_value rate, const bf_posterior_values *q)
{
    (void)o;
    (void)q;
    bf_loss(b, "distortion", nll);
    if (rate == BF_NO_VALUE) return;
    if (c->n == BF_NO_VALUE) bf_loss(b, "rate", rate);
    else bf_loss(b, "weighted_rate", bf_weigh(b, rate, c->n, c->middle, c->slope));
}

static void weights(const bf_vae_options *o, double epoch, int terms, double *w)
{
    const double beta = bf_beta_conditioned(o) ? 1.0 : o->beta;
    w[0] = 1.0;
    if (terms > 1) w[1] = epoch < o->warmup ? beta * (epoch / o->warmup) : beta;
}

const bf_objective bf_objective_beta_vae = {
    .name = "beta-vae", .help = "distortion + beta * rate", .build = build, .weights = weights,
};
