#include "train/batches.h"

#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

bf_status bf_batches_create(uint64_t seed, int64_t train, int64_t batch, bf_batches *out)
{
    *out = (bf_batches){ .seed = seed, .train = train, .batch = batch, .epoch = -1 };
    if (batch < 1 || train < batch)
        return BF_FAIL(BF_E_INPUT, "train.batch: %lld samples in a batch, but the training part has %lld", (long long)batch, (long long)train);
    out->steps_per_epoch = train / batch;
    out->order = calloc((size_t)train, sizeof *out->order);
    if (!out->order) return BF_FAIL(BF_E_MEMORY, "the order of %lld samples", (long long)train);
    return BF_DONE;
}

void bf_batches_destroy(bf_batches *b)
{
    free(b->order);
    b->order = NULL;
}

void bf_batches_take(bf_batches *b, int64_t step, int64_t first, int64_t n, int64_t *samples)
{
    int64_t epoch = step / b->steps_per_epoch;
    if (epoch != b->epoch) {
        const bf_draw d = { .seed = b->seed, .step = (uint64_t)epoch, .use = BF_USE_SHUFFLE };
        bf_rng_permutation(&d, b->order, b->train);
        b->epoch = epoch;
    }
    int64_t row = step % b->steps_per_epoch * b->batch + first;
    memcpy(samples, b->order + row, (size_t)n * sizeof *samples);
}
