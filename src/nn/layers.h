/* The layers every network is made of. Each wraps one op row; a layer applied twice under one name shares its slots. */
#ifndef BF_NN_LAYERS_H
#define BF_NN_LAYERS_H
#include "nn/plan.h"

typedef enum bf_activation { BF_LINEAR, BF_RELU, BF_LEAKY_RELU, BF_TANH, BF_SOFTPLUS, BF_ELU, BF_SIGMOID,
               BF_LEAKY_RELU_2, BF_ACTIVATIONS } bf_activation;      /* leaky-relu: slope 0.01 below 0; leaky-relu-0.2: 0.2 */
extern const char *const bf_activation_names[];         /* "linear relu leaky-relu ...", NULL-terminated */
int bf_activation_find(const char *name);               /* -1 when there is none */
bf_activation bf_activation_of(const bf_op *op);        /* BF_LINEAR when it is none of them */

/* y (rows, out) = x W^T + b with slots name.weight (out, in) and name.bias (out); weights N(0, gain^2 / in), bias constant. */
bf_value bf_dense(bf_builder *b, bf_value x, int out, const char *name, double gain, double bias);
bf_value bf_activate(bf_builder *b, bf_value x, bf_activation kind);
/* The gain that keeps the second moment through an activation: 1 / sqrt(E f(x)^2), x ~ N(0, 1). */
double bf_activation_gain(bf_activation kind);
/* Clamps to [lo, hi], zero gradient outside; counts what it clamped in the statistic `counter`. */
bf_value bf_clamp(bf_builder *b, bf_value x, double lo, double hi, const char *counter);
/* Statistics name.sum and name.square, (cols) each: column sums of x and x^2 over the rows in use. */
void bf_column_moments(bf_builder *b, bf_value x, const char *name);
/* A coupling point at which the (rows, 1) value is summed over the whole batch; returns the coupling's index for the nodes that read it. */
int bf_row_total(bf_builder *b, bf_value rows);
extern const bf_op *const bf_nn_ops[];                  /* every op row of this room, NULL-terminated: the tests walk over it */
#endif
