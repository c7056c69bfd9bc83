/* Is every number finite? Cheap enough for every step: one pass over the bits, without a branch per element. */
#ifndef BF_TRAIN_FINITE_H
#define BF_TRAIN_FINITE_H
#include <stdbool.h>
#include <stddef.h>
#include "base/status.h"
#include "nn/params.h"

bool bf_finite_all(const float *v, size_t n);
/* Local. BF_OK, or BF_E_DIVERGED naming the first tensor of v (params size) that holds a number that is not finite:
 * "step 123: <what> of encoder.0.weight is not finite". */
BF_MUST_USE bf_status bf_finite_check(const bf_params *p, const float *v, const char *what, int64_t step);
#endif
