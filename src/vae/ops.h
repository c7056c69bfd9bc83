/* The operations of this room: op rows, and what builds them into a plan. */
#ifndef BF_VAE_OPS_H
#define BF_VAE_OPS_H
#include "nn/plan.h"

extern const bf_op bf_op_noise_normal, bf_op_noise_antithetic, bf_op_noise_sigma_points, bf_op_reparameterize, bf_op_kl_normal, bf_op_squared_error, bf_op_bernoulli,
                   bf_op_gaussian_fixed, bf_op_gaussian_learned, bf_op_gaussian_optimal, bf_op_gaussian_per_image,
                   bf_op_gaussian_per_pixel, bf_op_gaussian_decoder, bf_op_decoder_variance, bf_op_student_t, bf_op_log_abs, bf_op_levels, bf_op_bits,
                   bf_op_bits_mean, bf_op_categorical, bf_op_categorical_mean, bf_op_logistic_mixture, bf_op_logistic_mixture_mean,
                   bf_op_noise_even, bf_op_gate, bf_op_film, bf_op_beside, bf_op_weigh, bf_op_lift, bf_op_lift_capped,
                   bf_op_noise_listed, bf_op_cconv,
                   bf_op_kl_normal_each, bf_op_free_bits, bf_op_from_capacity;


/* How the posterior's noise is made, by noise.normal or another op of draws.h, and the use its addresses have. */
typedef struct bf_noise { const bf_op *op; uint32_t use; } bf_noise;
/* (rows, cols) of mean 0 and variance 1, row r addressed by (seed, step, samples[r], use); padding rows are 0. */
bf_value bf_noise_drawn(bf_builder *b, int cols, bf_noise noise);
/* (rows, 1) uniform on (-spread, spread), addressed alike, but `shared` rows of a sample, one after the other, have one number. */
bf_value bf_noise_even(bf_builder *b, int rows, int64_t shared, double spread, uint32_t use);
/* (rows, 1): one of first + k step, k = 0 .. count-1, each as likely. */
bf_value bf_noise_listed(bf_builder *b, int rows, int64_t shared, double first, double step, int count, uint32_t use);
/* (rows, height, width, channels + cols): at every position the numbers told (rows, cols) behind x's channels. No gradient goes to told. */
bf_value bf_beside(bf_builder *b, bf_value x, bf_value told);
/* rate (rows, 1) times beta, log beta = middle + slope n; the unweighted rate is summed in the statistic rate. */
bf_value bf_weigh(bf_builder *b, bf_value rate, bf_value n, double middle, double slope);
/* x + a log beta, a the parameter `name`, one number for every column. */
bf_value bf_lift(bf_builder *b, bf_value x, bf_value n, double middle, double slope, const char *name);
/* x + min(0, a log beta + level), a and level the parameters of those names, two numbers for every column. start: level's first value. */
bf_value bf_lift_capped(bf_builder *b, bf_value x, bf_value n, double middle, double slope, const char *name, const char *level, double start);
/* v times a factor s of its channel, of raw = w n + b: the sigmoid of raw, or root: sqrt(1 - exp(raw)), 0 where raw is not below 0. */
bf_value bf_gate(bf_builder *b, bf_value v, bf_value n, const char *name, bool root);
/* z = mean + exp(logvar / 2) noise, all (rows, cols). */
bf_value bf_reparameterize(bf_builder *b, bf_value mean, bf_value logvar, bf_value noise);
/* (rows, 1): KL( N(mean, exp(logvar)) || N(0, 1) ), summed over dimensions. */
bf_value bf_kl_normal(bf_builder *b, bf_value mean, bf_value logvar);
bf_value bf_kl_normal_each(bf_builder *b, bf_value mean, bf_value logvar);      /* (rows, cols): of every dimension by itself */
/* (rows, 1), from rates (rows, cols) of single dimensions: its mean over the batch is the sum of max(least, a dimension's mean over the batch).
 * What the rows' rates really sum to is the statistic rate. */
bf_value bf_free_bits(bf_builder *b, bf_value rates, double least);
/* (rows, 1): its mean over the batch is the distance of the mean rate (rows, 1) from the number given as `capacity`; each_row: every row's own
 * distance. +1 or -1, as the rate is above or below, is summed in the statistic rate_side. */
bf_value bf_from_capacity(bf_builder *b, bf_value rate, bool each_row);
/* (rows, 1): the sum of (x - mean)^2 over the columns. */
bf_value bf_squared_error(bf_builder *b, bf_value x, bf_value mean);
/* (rows, 1): -log p(x | logits) of independent Bernoullis. */
bf_value bf_bernoulli(bf_builder *b, bf_value x, bf_value logits);
/* (rows, 1): -log N(x | mean, exp(2 softclip(head))), head (rows, cols). */
bf_value bf_gaussian_per_pixel(bf_builder *b, bf_value x, bf_value mean, bf_value head);
/* (rows, 1): the same with one head (rows, 1), from the squared errors (rows, 1) of a sample of width entries. */
bf_value bf_gaussian_decoder(bf_builder *b, bf_value errors, bf_value head, int width);
/* (rows, 1): the mean over columns of exp(2 softclip(heads)), also summed over rows in the statistic variance_sum. No gradient. */
bf_value bf_decoder_variance(bf_builder *b, bf_value heads);
/* (rows, 1): -log p of Student's t; scale and dof are raw heads, all (rows, cols). */
bf_value bf_student_t(bf_builder *b, bf_value x, bf_value mean, bf_value scale, bf_value dof);
/* (rows, 1): the sum over columns of ln((x - mean)^2 + floor) / 2. */
bf_value bf_log_abs(bf_builder *b, bf_value x, bf_value mean, double floor);

#define BF_LEVELS 256           /* of a byte */
#define BF_MAX_COMPONENTS 64
/* x in [0, 1] as whole numbers 0 .. levels - 1, the nearest. No gradient. */
bf_value bf_levels(bf_builder *b, bf_value x, int levels);
/* (rows, 8 cols): the bits of levels up to 255, the lowest first. No gradient. */
bf_value bf_bits(bf_builder *b, bf_value level);
/* (rows, cols): the expected byte / 255, from the probabilities (rows, 8 cols) of its bits. No gradient. */
bf_value bf_bits_mean(bf_builder *b, bf_value probabilities);
/* (rows, 1): -log P(level) of a softmax per entry; logits (rows, cols times levels). */
bf_value bf_categorical(bf_builder *b, bf_value level, bf_value logits);
bf_value bf_categorical_mean(bf_builder *b, bf_value logits, int levels);       /* (rows, cols): the expected level / (levels - 1). No gradient. */
/* (rows, 1): -log P(level) of a mixture of logistics per entry; heads (rows, cols times 3 components), at most BF_MAX_COMPONENTS. */
bf_value bf_logistic_mixture(bf_builder *b, bf_value level, bf_value heads);
bf_value bf_logistic_mixture_mean(bf_builder *b, bf_value heads, int components);       /* (rows, cols) in [0, 1]. No gradient. */
#endif
