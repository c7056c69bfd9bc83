#include "measure/comparable.h"

#include "vae/registry.h"

#include <math.h>

bf_nll_kind bf_nll_kind_of(const bf_vae_options *vae, const bf_evaluation *e)
{
    const bf_likelihood *l = bf_likelihood_find(vae->likelihood, vae->variance);
    if (!l || l->fits_itself) return BF_NLL_NEITHER;
    if (l->discrete) return BF_NLL_PROBABILITY;
    if (l->needs_unit_interval) return e->non_binary == 0 ? BF_NLL_PROBABILITY : BF_NLL_NEITHER;
    return BF_NLL_DENSITY;
}

const char *bf_nll_kind_name(bf_nll_kind kind)
{
    static const char *const name[] = { "neither", "density", "probability" };
    return name[kind];
}

double bf_nll_of_stored(const bf_measure_input *in, double nats)
{
    switch (bf_nll_kind_of(in->vae, in->evaluation)) {
    case BF_NLL_PROBABILITY: return nats;
    case BF_NLL_DENSITY: return in->integers ? nats + in->width * log(in->unit) : NAN;
    default: return NAN;
    }
}
