/* The operations of this room: op rows, and what builds them into a plan. */
#ifndef BF_VAE_OPS_H
#define BF_VAE_OPS_H
#include "nn/plan.h"

extern const bf_op bf_op_noise_normal, bf_op_reparameterize, bf_op_kl_normal, bf_op_squared_error, bf_op_bernoulli,
                   bf_op_gaussian_fixed, bf_op_gaussian_learned, bf_op_gaussian_optimal, bf_op_gaussian_per_image;

/* (rows, cols) standard normal, row r addressed by (seed, step, samples[r], use); padding rows are 0. */
bf_value bf_noise_normal(bf_builder *b, int rows, int cols, uint32_t use);
/* z = mean + exp(logvar / 2) noise, all (rows, cols). */
bf_value bf_reparameterize(bf_builder *b, bf_value mean, bf_value logvar, bf_value noise);
/* (rows, 1): KL( N(mean, exp(logvar)) || N(0, 1) ), summed over dimensions. */
bf_value bf_kl_normal(bf_builder *b, bf_value mean, bf_value logvar);
/* (rows, 1): the sum of (x - mean)^2 over the columns. */
bf_value bf_squared_error(bf_builder *b, bf_value x, bf_value mean);
/* (rows, 1): -log p(x | logits) of independent Bernoullis. */
bf_value bf_bernoulli(bf_builder *b, bf_value x, bf_value logits);
#endif
