/* Whether two models use their latent dimensions alike: their posterior means and draws of the same samples, dimension against dimension. The two
 * are sides 0 and 1. All Local; whoever shares the work gives every rank its own dimensions of side 0. */
#ifndef BF_MEASURE_ALIGNMENT_H
#define BF_MEASURE_ALIGNMENT_H
#include <stdint.h>

#include "base/arena.h"

#define BF_ALIGNMENT_SAMPLES 4096       /* of a split, evenly spaced, are compared at most */

typedef struct bf_alignment_work {
    int      latent;                    /* set these two; bf_alignment_memory() brings the rest */
    int64_t  samples;
    float   *column[2];                 /* (latent, samples) means, centred and of length 1 */
    float   *sorted[2];                 /* (samples) */
    double  *variance[2];               /* (latent) of the means */
    int     *used[2];                   /* (latent) dimensions that are active there, count[] of them */
    int      count[2];
    double  *like;                      /* (latent, latent + 1) every dimension's row; whoever compares fills it */
    double  *weight;                    /* (latent, latent) */
    int     *match;                     /* (latent) */
} bf_alignment_work;

typedef struct bf_alignment {
    double score, diagonal, permuted;   /* diagonal / permuted; NaN where a side has no active dimension, or one of which that is not known */
    double shift;                       /* mean over dimensions of the Wasserstein-1 distance of the draws */
    int    both;                        /* dimensions active on both sides; -1 where that is not known: some means are no numbers */
} bf_alignment;

void bf_alignment_memory(bf_alignment_work *w, bf_arena *a);
/* What a side's means (samples, latent) say alone. */
void bf_alignment_take(bf_alignment_work *w, int side, const float *mean);
/* Once both sides are taken: dimensions first .. first+n-1 of side 0 into rows (n, latent + 1): |correlation| with each of side 1, 0 where one of
 * the two is not active, and last the distance between the distributions of the draws z[side] (samples, latent). */
void bf_alignment_compare(bf_alignment_work *w, const float *const z[2], int first, int n, double *rows);
/* What the rows in w->like come to. */
BF_MUST_USE bf_status bf_alignment_score(bf_alignment_work *w, bf_alignment *out);
#endif
