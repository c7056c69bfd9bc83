/* What the generators share: how many samples by default, and the addresses of their random numbers.
 * Sample `index` of a part is a pure function of (data.seed, part, index), so any rank makes any sample. */
#ifndef BF_DATA_GENERATOR_H
#define BF_DATA_GENERATOR_H
#include "base/rng.h"
#include "data/source.h"

/* Local. data.train and data.test, by default 8192 and 2048. */
BF_MUST_USE bf_status bf_generator_rows(const bf_data_options *o, bf_data_info *info);
/* Local. A matrix or list all samples share; what: a number of its own for each. */
bf_draw bf_generator_shared(const bf_data_options *o, uint64_t what);
/* Local. Numbers of one sample; what: a number of its own for each kind of number. */
bf_draw bf_generator_sample(const bf_data_options *o, bf_split split, int64_t index, uint64_t what);
/* Local. `count` doubles; *out belongs to the caller: free(). */
BF_MUST_USE bf_status bf_generator_doubles(size_t count, double **out);
/* Local. y (rows) = a (cols, rows) transposed times v (cols): the inner loop runs over y, so it is a vector loop with a fixed order of sums. */
void bf_generator_mix(const double *restrict a, const double *restrict v, double *restrict y, size_t rows, size_t cols);
#endif
