/* An evenly spaced part of a split, gathered to every rank: what measures quadratic in the samples work on. Spread over the whole
 * split, because data sets are often sorted; the choice depends on the counts alone, so every team takes the same samples. */
#ifndef BF_MEASURE_SUBSET_H
#define BF_MEASURE_SUBSET_H
#include "measure/evaluate.h"

typedef struct bf_subset { int64_t count; int latent; float *mean, *logvar, *z; } bf_subset;   /* (count, latent); NULL where not asked for */
enum { BF_SUBSET_Z = 1, BF_SUBSET_MEAN = 2, BF_SUBSET_LOGVAR = 4, BF_SUBSET_POSTERIOR = BF_SUBSET_MEAN | BF_SUBSET_LOGVAR };

/* Number k of n out of `samples`. */
static inline int64_t bf_subset_index(int64_t k, int64_t n, int64_t samples) { return k * samples / n; }
/* Collective over team. At most `most` samples. On success what is in *out belongs to the caller: bf_subset_free(). */
BF_MUST_USE bf_status bf_subset_gather(const bf_comm *team, const bf_evaluation *e, int64_t most, int what, bf_subset *out);
void bf_subset_free(bf_subset *s);
#endif
