/* Optimisers: rows of a table over the flat vector. */
#ifndef BF_NN_OPTIMIZER_H
#define BF_NN_OPTIMIZER_H
#include <stdint.h>
#include "nn/params.h"

typedef struct bf_optimizer_options { double lr, momentum, weight_decay, epsilon, betas[2]; } bf_optimizer_options;
typedef struct bf_optimizer {
    const char *name, *help;
    int states;                             /* flat vectors it keeps: adam 2, sgd 1 */
    /* One pass: theta, state (states, stride) from grad, elements first .. first+n-1, step counted from 1; decay is 0 where weights do not decay. */
    void (*step)(const bf_optimizer_options *o, int64_t step, double decay, float *restrict theta, const float *restrict grad,
                 float *restrict state, size_t stride, size_t first, size_t n);
} bf_optimizer;
const bf_optimizer *bf_optimizer_find(const char *name);
extern const char *const bf_optimizer_names[];
/* One step over all slots; scale multiplies the gradient (clipping). */
void bf_optimizer_apply(const bf_optimizer *opt, const bf_optimizer_options *o, const bf_params *p, int64_t step,
                        float *theta, float *grad, float *state, double scale);
/* Euclidean norm in double over fixed blocks of 4096 elements, so that a sharded sum may give the same bits. */
double bf_norm_blocks(const float *v, size_t n);
#endif
