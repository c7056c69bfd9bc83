/* log p(x) of a linear decoder in closed form: x ~ N(b, W W^T + variance I) when z ~ N(0, I). Everything in double, and by the latent
 * dimension's matrix M = variance I + W^T W alone: with m = M^-1 W^T (x - b), the posterior's mean,
 *   -2 log p(x) = d log 2 pi + (d - latent) log variance + log |M| + |x - b - W m|^2 / variance + |m|^2,
 * a sum of squares, so that nothing cancels where the variance is small. A model that is told beta has a b for it; one that is told classes, a b for
 * each: p(x) is p(x | class). */
#ifndef BF_MEASURE_LINEAR_DENSITY_H
#define BF_MEASURE_LINEAR_DENSITY_H
#include "measure/evaluator.h"

typedef struct bf_linear_density bf_linear_density;

/* Local. Of an evaluator whose decoder is affine, as it is told just then; block: samples per call. *out belongs to the caller. Where the weights are
 * not finite, every result is NaN. */
BF_MUST_USE bf_status bf_linear_density_create(bf_evaluator *e, const float *theta, double log_variance, int block, bf_linear_density **out);
void bf_linear_density_destroy(bf_linear_density **d);
/* nll (n) of x (n, width), n at most the block; labels (n), NULL without classes. The same shapes are computed whatever n, so that bits do not
 * depend on it. */
void bf_linear_density_nll(bf_linear_density *d, const float *x, const int32_t *labels, int n, double *nll);
#endif
