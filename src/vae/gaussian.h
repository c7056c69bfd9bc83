/* What the treatments of a gaussian likelihood's variance share: heads, the decoder mean, and the likelihood of a row as a function of
 * its squared error and variance. */
#ifndef BF_VAE_GAUSSIAN_H
#define BF_VAE_GAUSSIAN_H
#include "vae/registry.h"

#define BF_VARIANCE_FLOOR 1e-8

/* NaN stays NaN: a floor must not hide divergence. */
static inline double bf_gaussian_floored(double variance) { return variance < BF_VARIANCE_FLOOR ? BF_VARIANCE_FLOOR : variance; }

bf_heads bf_gaussian_heads(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features);
bf_value bf_gaussian_mean(bf_builder *b, const bf_vae_options *o, bf_heads heads);
/* (rows, 1) squared errors of the decoder mean: what op rows below turn into likelihoods. */
bf_value bf_gaussian_errors(bf_builder *b, const bf_vae_options *o, bf_value x, bf_heads heads);
/* A node of op over squared errors, with its width in option[0] and the statistic variance_sum. */
bf_node *bf_gaussian_node(bf_builder *b, const bf_op *op, const bf_vae_data *d, bf_value errors);
/* Where the log variance starts: likelihood.value, or (auto) the data's variance per entry. */
bf_init bf_gaussian_start(const bf_vae_options *o, const bf_vae_data *d);
/* The same for a head of the decoder whose softclip is a log standard deviation: its bias, and the gain of its weights, so that every entry starts
 * near this variance. */
double bf_gaussian_head_start(const bf_vae_options *o, const bf_vae_data *d);
#define BF_GAUSSIAN_HEAD_GAIN 0.1
bf_value bf_gaussian_own_variance(bf_builder *b, bf_heads heads);
extern const int64_t bf_gaussian_slot_shape[1];
#define BF_GAUSSIAN_SLOT "likelihood.log_variance"

/* -log N(x | mean, variance I) of a row. */
double bf_gaussian_nll(double sse, int width, double variance);
double bf_gaussian_distortion(double fit, int width, double log_variance);
double bf_gaussian_row_variance(double fit, int width, double log_variance);

/* Kernels for one variance that all rows share: the likelihoods, and the gradient of the squared errors. */
void bf_gaussian_forward(const bf_node *n, const bf_lane *l, double variance);
void bf_gaussian_backward(const bf_node *n, const bf_lane *l, double variance);
#endif
