/* Activations as loops over arrays: what the activation rows and the operations that fuse one share. */
#ifndef BF_NN_ACTIVATION_H
#define BF_NN_ACTIVATION_H
#include "nn/layers.h"

/* y = f(x); x and y may be the same. */
void bf_activation_value(bf_activation kind, size_t n, const float *x, float *y);
/* dx (+)= dy f'(y), the slope as a function of the output; dx and dy may be the same. */
void bf_activation_slope(bf_activation kind, size_t n, const float *y, const float *dy, float *dx, bool adds);
/* y (rows, cols) = f(y + bias); bias NULL: none. */
void bf_bias_activate(bf_activation kind, size_t rows, size_t cols, const float *bias, float *y);
/* For backward kernels that fuse an activation: turns the output's gradient, in place, into that of what was activated. */
float *bf_own_slope(const bf_node *n, const bf_lane *l);
#endif
