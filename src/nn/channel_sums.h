/* Sums over positions, one per channel: x (positions, channels). Floats add up over blocks of 64 positions, doubles over the blocks: the
 * speed of floats, and an error near that of one block, about 1e-7 of the sum of magnitudes, however many positions there are. */
#ifndef BF_NN_CHANNEL_SUMS_H
#define BF_NN_CHANNEL_SUMS_H
#include <stdbool.h>
#include <stddef.h>

#define BF_CHANNEL_BLOCK 64

/* sum (channels) += sum of x. */
void bf_channel_sums(const float *x, size_t positions, size_t channels, double *sum);
/* sum += sum of x; square += sum of x^2, so exact that square / n - (sum / n)^2 is the variance to 1e-7 of itself, even where the mean is
 * thousands of deviations: what floats add up is counted from each block's mean. */
void bf_channel_squares(const float *x, size_t positions, size_t channels, double *sum, double *square);
/* sum += sum of x; product += sum of x (y - center), center (channels). */
void bf_channel_products(const float *x, const float *y, const float *center, size_t positions, size_t channels, double *sum, double *product);
/* to (channels) (+)= sum, as a gradient is given. */
void bf_channel_give(const double *sum, size_t channels, bool adds, float *to);
#endif
