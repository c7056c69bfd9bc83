/* The gradient of a large matrix of weights is the product of two thin ones: the slopes of a layer's outputs, turned, and its inputs. Ranks that share
 * a step pass these round rather than the product, each multiplies the rows it is to update, for the lanes of all, and hands them to the
 * optimiser while they are in the cache: less is sent, and no gradient goes through memory. */
#ifndef BF_NN_FACTORS_H
#define BF_NN_FACTORS_H
#include "nn/plan.h"

typedef struct bf_factors {
    int      node;
    int      rows, out, in;     /* a lane has slopes (rows, out) and inputs (rows, in) ... */
    bool     starts;            /* ... and an outer product, u (out) and v (in) */
    size_t   first;             /* of the matrix (out, in) in the flat vector */
    size_t   at;                /* where the four lie among a lane's factors, in floats, one behind the other */
} bf_factors;

/* Local. What bf_run.defers leaves to the caller, in the order of the flat vector; none where it would not pay. Sizes and the kernels
 * decide: a plan of the same model on another processor may have others. */
int bf_plan_factors(const bf_plan *p, const bf_factors **out);
size_t bf_plan_factors_size(const bf_plan *p);                      /* floats of a lane's factors */
/* Copies a lane's, after a run that deferred and before the next. to (bf_plan_factors_size). */
void bf_plan_factors_of_lane(const bf_plan *p, int lane, float *to);
/* The sum over the batch's lanes, whose factors lie one behind the other in `all`, of the gradient's rows from .. to-1: goes to the taker, numbered
 * as in the flat vector, and has the bits it would have had in bf_run.grads. work as below, 64-byte aligned. */
void bf_factors_multiply(const bf_plan *p, const bf_factors *f, int from, int to, const float *all, const bf_taker *taker, void *work);
size_t bf_plan_factors_work(const bf_plan *p);                      /* bytes */
/* What a step with factors takes of a rank that has all lanes: them, what multiplies them, and copies of the lanes' gradients between them. */
size_t bf_plan_factors_bytes(const bf_plan *p);
#endif
