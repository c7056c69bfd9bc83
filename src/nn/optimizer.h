/* Optimisers: rows of a table over the flat vector. */
#ifndef BF_NN_OPTIMIZER_H
#define BF_NN_OPTIMIZER_H
#include <stdbool.h>
#include <stdint.h>
#include "nn/params.h"

typedef struct bf_optimizer_options {
    double lr, momentum, weight_decay, epsilon, betas[2];
    double bias[2];                         /* 1 - betas^t at step t, counted from 1: bf_optimizer_begin */
} bf_optimizer_options;
typedef struct bf_optimizer {
    const char *name, *help;
    int states;                             /* flat vectors it keeps: adam 2, sgd 1 */
    /* One pass over n elements: theta and state (states, stride) move by scale * grad; decay is 0 where weights do not decay. False when a gradient was not finite. */
    bool (*step)(const bf_optimizer_options *o, double decay, float scale, size_t n, float *restrict theta,
                 const float *restrict grad, float *restrict state, size_t stride);
} bf_optimizer;
const bf_optimizer *bf_optimizer_find(const char *name);
extern const char *const bf_optimizer_names[];
typedef struct bf_range { size_t first, count; } bf_range;              /* elements of the flat vector */
/* What changes from step to step. */
void bf_optimizer_begin(bf_optimizer_options *o, double lr, int64_t step);
/* The step begun over the elements of a range; scale multiplies the gradient (clipping). theta, grad and state (states, stride) begin at the
 * range's first element. False when a gradient was not finite: theta and state are lost then. */
bool bf_optimizer_apply(const bf_optimizer *opt, const bf_optimizer_options *o, const bf_params *p, double scale,
                        bf_range range, float *theta, const float *grad, float *state, size_t stride);
/* Sums of squares in double, one for each block of BF_NORM_BLOCK elements: added in order they give the same bits however v was shared. */
#define BF_NORM_BLOCK ((size_t)4096)
void bf_square_blocks(const float *v, size_t n, double *sums);
#endif
