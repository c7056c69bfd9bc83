/* What a model's -log p is, so that numbers of different likelihoods meet only where they can. */
#ifndef BF_MEASURE_COMPARABLE_H
#define BF_MEASURE_COMPARABLE_H
#include "measure/measure.h"

typedef enum bf_nll_kind {
    BF_NLL_NEITHER,         /* bernoulli on values between 0 and 1; a variance that each sample chooses for itself */
    BF_NLL_DENSITY,         /* of the sample in model units */
    BF_NLL_PROBABILITY      /* of the stored values, or of bits */
} bf_nll_kind;

bf_nll_kind bf_nll_kind_of(const bf_vae_options *vae, const bf_evaluation *e);
const char *bf_nll_kind_name(bf_nll_kind kind);     /* "neither", "density", "probability" */
/* -log of the probability of the stored values, from a -log p of `nats`: a density of x = v / 255 is one of v with 1/255 of the volume per
 * entry, and the probability of whole numbers is close to that. NaN where there is none. */
double bf_nll_of_stored(const bf_measure_input *in, double nats);
#endif
