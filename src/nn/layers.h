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
/* The same with a spatial output: y (rows, height, width, channels), its entries in that order. Slots remember the spatial sides of input and
 * output, so that files hold them in PyTorch's order (bf_params_export). */
bf_value bf_dense_to(bf_builder *b, bf_value x, bf_shape out, const char *name, double gain, double bias);
/* The same without bias. */
bf_value bf_dense_plain(bf_builder *b, bf_value x, bf_shape out, const char *name, double gain);
bf_value bf_activate(bf_builder *b, bf_value x, bf_activation kind);
/* The gain that keeps the second moment through an activation: 1 / sqrt(E f(x)^2), x ~ N(0, 1). */
double bf_activation_gain(bf_activation kind);
/* Clamps to [lo, hi], zero gradient outside; counts what it clamped in the statistic `counter`. */
bf_value bf_clamp(bf_builder *b, bf_value x, double lo, double hi, const char *counter);
/* Statistics name.sum and name.square, (cols) each: column sums of x and x^2 over the rows in use. */
void bf_column_moments(bf_builder *b, bf_value x, const char *name);
/* A coupling point at which the columns of a value are summed over the rows of the whole batch; returns the coupling's index for the nodes
 * that read the totals. */
int bf_row_total(bf_builder *b, bf_value rows);

/* Convolutions over (rows, height, width, channels). Slots name.weight (out, in, kernel, kernel) and name.bias (out); a transposed
 * convolution is the adjoint of a convolution, its weight (in, out, kernel, kernel). Weights N(0, gain^2 / entries that meet in one output). */
typedef struct bf_conv_spec {
    int  kernel, stride;
    bool same;              /* TensorFlow's SAME: out = ceil(in / stride), what is odd at the bottom and right; transposed: out = in * stride */
    int  pad, out_pad;      /* else PyTorch's: out = (in + 2 pad - kernel) / stride + 1; transposed: (in - 1) stride - 2 pad + kernel + out_pad */
    bool plain;             /* without bias: what normalises the output brings its own */
    double bias;            /* where the bias starts */
} bf_conv_spec;
bf_value bf_conv(bf_builder *b, bf_value x, int channels, const bf_conv_spec *w, const char *name, double gain);
bf_value bf_deconv(bf_builder *b, bf_value x, int channels, const bf_conv_spec *w, const char *name, double gain);
/* Batch normalisation over rows and positions of the team's whole batch, (x - mean) / sqrt(variance + epsilon) * weight + bias; a plan without
 * backward uses the running averages. Slots name.weight, name.bias, name.running_mean, name.running_var, all (channels). rate: of the running
 * averages, PyTorch's momentum; the running variance is the biased one. */
bf_value bf_batch_norm(bf_builder *b, bf_value x, const char *name, double rate, double epsilon);
/* y = h / sigma + bias, for h = x W^T made without bias by the dense layer or convolution of that name: spectral normalisation by one power
 * step a training step. Slots name.weight (the layer's), name.u (out), name.bias (out). */
bf_value bf_spectral(bf_builder *b, bf_value h, const char *name);
bf_value bf_add(bf_builder *b, bf_value x, bf_value y);                 /* the sum of two values of one shape: a residual connection */
bf_value bf_concat(bf_builder *b, bf_value x, bf_value y);              /* (rows, cols of x + cols of y): the two side by side */
bf_value bf_repeat(bf_builder *b, bf_value x);                          /* all rows of the plan, of a value that may have fewer */
bf_value bf_mean_pool(bf_builder *b, bf_value x);                       /* (rows, channels): the mean over all positions */
bf_value bf_upsample(bf_builder *b, bf_value x, int factor);            /* every position repeated factor times along both sides */
bf_value bf_average_pool(bf_builder *b, bf_value x, int factor);        /* means over factor x factor positions; sides are multiples */
extern const bf_op *const bf_nn_ops[];                  /* every op row of this room, NULL-terminated: the tests walk over it */
#endif
