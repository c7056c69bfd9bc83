/* What one block of an evaluation adds up, and how blocks meet: ranks own contiguous blocks, the blocks' records are gathered
 * and added in block order, so the totals are the same bits on every rank and for every team size. */
#ifndef BF_MEASURE_BLOCK_SUMS_H
#define BF_MEASURE_BLOCK_SUMS_H
#include <stdint.h>
#include "measure/evaluate.h"

/* A record: these sums over the block's samples, then BF_BLOCK_VECTORS vectors of (latent) each. */
enum {
    BF_BLOCK_RATE, BF_BLOCK_FIT, BF_BLOCK_SSE, BF_BLOCK_SSE_MEAN, BF_BLOCK_DISTORTION, BF_BLOCK_VARIANCE, BF_BLOCK_SCATTER,
    BF_BLOCK_FLOOR_HITS, BF_BLOCK_CLAMP_HITS, BF_BLOCK_NON_BINARY, BF_BLOCK_SUMS
};
enum { BF_BLOCK_KL, BF_BLOCK_MEAN, BF_BLOCK_SQUARE, BF_BLOCK_LOGVAR, BF_BLOCK_SIGMA2, BF_BLOCK_VECTORS };

static inline size_t bf_block_record(int latent) { return BF_BLOCK_SUMS + (size_t)BF_BLOCK_VECTORS * (size_t)latent; }
static inline int64_t bf_block_count(int64_t samples) { return samples / BF_EVAL_ROWS + (samples % BF_EVAL_ROWS != 0); }
/* The first block of a rank's share; that of rank `ranks` is the number of blocks. */
static inline int64_t bf_block_first(int64_t blocks, int rank, int ranks) { return blocks * rank / ranks; }

/* Collective over team. mine (own blocks, record): this rank's records; all (blocks, record): room for everybody's; total (record). */
void bf_block_total(const bf_comm *team, const double *mine, int64_t own, int64_t blocks, size_t record, double *all, double *total);
#endif
