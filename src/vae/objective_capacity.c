/* objective capacity (Alemi et al. 2018, Burgess et al. 2018): distortion + gamma |rate - C|, the capacity C rising linearly from 0. The rate is
 * the mean over the whole batch, or every sample's own. In the term `rate` it is recorded only: its weight is 0. */
#include "vae/ops.h"
#include "vae/registry.h"
#include <math.h>
#include <string.h>

static bf_status check(const bf_vae_options *o, const bf_rate *rate)
{
    if (rate->build == NULL) return BF_FAIL(BF_E_INPUT, "objective.kind: capacity is about the rate, and posterior: %s has none", o->posterior);
    if (bf_beta_conditioned(o)) return BF_FAIL(BF_E_INPUT, "objective.kind: capacity has no beta that a model with model.condition: beta could be told");
    if (o->warmup > 0.0 || o->cycles > 0 || o->free_bits > 0.0)
        return BF_FAIL(BF_E_INPUT, "objective.%s: not with objective.kind: capacity, whose weight is objective.gamma throughout",
                       o->warmup > 0.0 ? "warmup" : o->cycles > 0 ? "cycles" : "free_bits");
    if (!(o->capacity >= 0.0) || isinf(o->capacity)) return BF_FAIL(BF_E_INPUT, "objective.capacity: %g is not a number from 0 on", o->capacity);
    if (o->capacity_epochs < 0.0 || isinf(o->capacity_epochs))
        return BF_FAIL(BF_E_INPUT, "objective.capacity_epochs: %g is not a number from 0 on", o->capacity_epochs);
    if (!(o->gamma >= 0.0) || isinf(o->gamma)) return BF_FAIL(BF_E_INPUT, "objective.gamma: %g is not a number from 0 on", o->gamma);
    return BF_DONE;
}

static void build(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value nll, bf_value rate, const bf_posterior_values *q)
{
    (void)c;
    (void)q;
    bf_loss(b, "distortion", nll);
    if (rate == BF_NO_VALUE) return;
    bf_loss(b, "rate", rate);
    bf_loss(b, "from_capacity", bf_from_capacity(b, rate, strcmp(o->capacity_of, "sample") == 0));
}

/* distortion, rate, the capacity that is given, the distance from it */
static double weights(const bf_vae_options *o, const bf_moment *at, int terms, double *w)
{
    const double span = isnan(o->capacity_epochs) ? at->epochs : o->capacity_epochs;
    w[0] = 1.0;
    if (terms == 1) return NAN;
    w[1] = 0.0;
    w[2] = at->epoch < span ? o->capacity * (at->epoch / span) : o->capacity;
    w[3] = o->gamma;
    return o->gamma;
}

static const char *needs_total(const bf_vae_options *o)
{
    return isnan(o->capacity_epochs) ? "objective.capacity_epochs: all" : NULL;
}

const bf_objective bf_objective_capacity = {
    .name = "capacity", .help = "distortion + gamma * |rate - capacity|", .check = check, .build = build, .weights = weights, .needs_total = needs_total,
};
