/* log p(x) by importance sampling: log (1/K) sum_k p(x|z_k) p(z_k) / q(z_k|x), z_k ~ q(z|x). The sum is streamed, so K may be anything; pairs of
 * sample and draw fill blocks of one shape, so the bits depend neither on ranks nor on how many samples there are. */
#ifndef BF_MEASURE_IMPORTANCE_H
#define BF_MEASURE_IMPORTANCE_H
#include "measure/evaluator.h"

typedef struct bf_importance bf_importance;
typedef struct bf_estimate_of_p { double nll, ess, bias; } bf_estimate_of_p;    /* ess: (sum w)^2 / sum w^2; bias: what K draws put on nll, NaN for one */

/* Local. draws: K. block: samples per call, at most. *out belongs to the caller. The posterior has a density. */
BF_MUST_USE bf_status bf_importance_create(bf_evaluator *e, bf_split split, int64_t draws, int block, bf_importance **out);
void bf_importance_destroy(bf_importance **m);
/* Local, until bf_pause() says to leave. n samples: x (n, width), mean and scale (n, latent) of their posteriors, index (n) in the data set, which
 * addresses the draws. */
void bf_importance_take(bf_importance *m, const float *theta, double log_variance, const float *x, const float *mean, const float *scale,
                        const int64_t *index, int n, bf_estimate_of_p *out);
#endif
