/* Which samples a step sees: an epoch is a permutation of its own, addressed by (seed, epoch), cut into whole batches;
 * what is left over sits that epoch out. */
#ifndef BF_TRAIN_BATCHES_H
#define BF_TRAIN_BATCHES_H
#include <stdint.h>
#include "base/status.h"

typedef struct bf_batches {
    uint64_t seed;
    int64_t  train, batch, steps_per_epoch;
    int64_t  epoch;             /* whose permutation `order` holds; -1 none yet */
    int64_t *order;             /* (train) */
} bf_batches;

/* Local. BF_E_INPUT when there are fewer samples than one batch. Ends with bf_batches_destroy(). */
BF_MUST_USE bf_status bf_batches_create(uint64_t seed, int64_t train, int64_t batch, bf_batches *out);
void bf_batches_destroy(bf_batches *b);
/* Local. samples (n): rows first .. first+n-1 of the batch of a step, counted from 0. */
void bf_batches_take(bf_batches *b, int64_t step, int64_t first, int64_t n, int64_t *samples);
#endif
