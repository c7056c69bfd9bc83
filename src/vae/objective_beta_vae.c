/* objective beta-vae: distortion + beta * rate. beta may rise linearly from 0, once or in cycles, and dimensions may have free bits. In a
 * conditioned model the second term is weighted_rate, every row's rate times its own beta, and what rises is a common factor. */
#include "vae/ops.h"
#include "vae/registry.h"
#include <math.h>

static bf_status check(const bf_vae_options *o, const bf_rate *rate)
{
    if (!(o->warmup >= 0.0) || isinf(o->warmup)) return BF_FAIL(BF_E_INPUT, "objective.warmup: %g is not a number from 0 on", o->warmup);
    if (o->cycles < 0) return BF_FAIL(BF_E_INPUT, "objective.cycles: %lld is not a number from 0 on", (long long)o->cycles);
    if (o->cycles > 0 && o->warmup > 0.0) return BF_FAIL(BF_E_INPUT, "objective.cycles: beta rises in cycles or once, over objective.warmup; not both");
    if (o->cycles > 0 && (!(o->ramp > 0.0) || !(o->ramp <= 1.0)))
        return BF_FAIL(BF_E_INPUT, "objective.ramp: %g is not a part of a cycle, above 0 and up to 1", o->ramp);
    if (!(o->free_bits >= 0.0) || isinf(o->free_bits)) return BF_FAIL(BF_E_INPUT, "objective.free_bits: %g is not a number from 0 on", o->free_bits);
    if (o->free_bits > 0.0 && rate->each == NULL)
        return BF_FAIL(BF_E_INPUT, "objective.free_bits: posterior: %s has no rates of single dimensions", o->posterior);
    if (o->free_bits > 0.0 && bf_beta_conditioned(o))
        return BF_FAIL(BF_E_INPUT, "objective.free_bits: the batch of a model with model.condition: beta mixes values of beta, and so would its mean rates");
    return BF_DONE;
}

static bool each(const bf_vae_options *o) { return o->free_bits > 0.0; }

static void build(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value nll, bf_value rate, const bf_posterior_values *q)
{
    (void)q;
    bf_loss(b, "distortion", nll);
    if (rate == BF_NO_VALUE) return;
    if (c->n != BF_NO_VALUE) bf_loss(b, "weighted_rate", bf_weigh(b, rate, c->n, c->middle, c->slope));
    else if (each(o)) bf_loss(b, "free_rate", bf_free_bits(b, rate, o->free_bits));
    else bf_loss(b, "rate", rate);
}

/* What beta is multiplied by. */
static double risen(const bf_vae_options *o, const bf_moment *at)
{
    if (o->cycles == 0) return at->epoch < o->warmup ? at->epoch / o->warmup : 1.0;
    const double cycle = at->epoch * (double)o->cycles / at->epochs;
    return fmin((cycle - floor(cycle)) / o->ramp, 1.0);
}

static double weights(const bf_vae_options *o, const bf_moment *at, int terms, double *w)
{
    const double beta = bf_beta_conditioned(o) ? 1.0 : o->beta;
    w[0] = 1.0;
    if (terms == 1) return NAN;
    w[1] = beta * risen(o, at);
    return w[1];
}

static const char *needs_total(const bf_vae_options *o) { return o->cycles > 0 ? "objective.cycles" : NULL; }

const bf_objective bf_objective_beta_vae = {
    .name = "beta-vae", .help = "distortion + beta * rate", .by_beta = true, .check = check, .each = each, .build = build, .weights = weights, .needs_total = needs_total,
};
