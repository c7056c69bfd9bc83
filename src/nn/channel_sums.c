#include "nn/channel_sums.h"
#include "base/inlined.h"

enum { WIDE = 16 };     /* channels whose sums stay in registers */

/* One block of up to WIDE channels; a second factor, its centre and a second sum where they are given. Always inlined, so that every caller
 * has loops of its own. */
BF_INLINED void add_block(const float *x, const float *y, const float *center, size_t positions,
                          size_t channels, size_t width, double *sum, double *product)
{
    float s[WIDE] = { 0 }, q[WIDE] = { 0 };
    for (size_t p = 0; p < positions; p++)
        for (size_t j = 0; j < width; j++) {
            const float v = x[p * channels + j];
            s[j] += v;
            if (product != NULL) q[j] += v * (y[p * channels + j] - center[j]);
        }
    for (size_t j = 0; j < width; j++) sum[j] += (double)s[j];
    for (size_t j = 0; product != NULL && j < width; j++) product[j] += (double)q[j];
}

BF_INLINED void add_all(const float *x, const float *y, const float *center, size_t positions,
                        size_t channels, double *sum, double *product)
{
    for (size_t p = 0; p < positions; p += BF_CHANNEL_BLOCK) {
        const size_t count = positions - p < BF_CHANNEL_BLOCK ? positions - p : BF_CHANNEL_BLOCK, at = p * channels;
        size_t c = 0;
        for (; c + WIDE <= channels; c += WIDE)
            add_block(x + at + c, y == NULL ? NULL : y + at + c, center == NULL ? NULL : center + c, count, channels, WIDE, sum + c,
                      product == NULL ? NULL : product + c);
        if (c < channels)
            add_block(x + at + c, y == NULL ? NULL : y + at + c, center == NULL ? NULL : center + c, count, channels, channels - c, sum + c,
                      product == NULL ? NULL : product + c);
    }
}

void bf_channel_sums(const float *x, size_t positions, size_t channels, double *sum)
{
    add_all(x, NULL, NULL, positions, channels, sum, NULL);
}

/* The same block about its own mean, which it reads a second time, from the first cache: deviations are small numbers whose squares floats
 * can add, and doubles put the mean back. */
BF_INLINED void add_squares(const float *x, size_t positions, size_t channels, size_t width, double *sum,
                            double *square)
{
    float mean[WIDE] = { 0 }, s[WIDE] = { 0 }, q[WIDE] = { 0 };
    for (size_t p = 0; p < positions; p++)
        for (size_t j = 0; j < width; j++) mean[j] += x[p * channels + j];
    for (size_t j = 0; j < width; j++) mean[j] /= (float)positions;
    for (size_t p = 0; p < positions; p++)
        for (size_t j = 0; j < width; j++) {
            const float v = x[p * channels + j] - mean[j];
            s[j] += v;
            q[j] += v * v;
        }
    for (size_t j = 0; j < width; j++) {
        const double m = (double)mean[j], rest = (double)s[j], n = (double)positions;
        sum[j] += n * m + rest;
        square[j] += (double)q[j] + m * (n * m + 2.0 * rest);
    }
}

void bf_channel_squares(const float *x, size_t positions, size_t channels, double *sum, double *square)
{
    for (size_t p = 0; p < positions; p += BF_CHANNEL_BLOCK) {
        const size_t count = positions - p < BF_CHANNEL_BLOCK ? positions - p : BF_CHANNEL_BLOCK, at = p * channels;
        size_t c = 0;
        for (; c + WIDE <= channels; c += WIDE) add_squares(x + at + c, count, channels, WIDE, sum + c, square + c);
        if (c < channels) add_squares(x + at + c, count, channels, channels - c, sum + c, square + c);
    }
}

void bf_channel_products(const float *x, const float *y, const float *center, size_t positions, size_t channels, double *sum, double *product)
{
    add_all(x, y, center, positions, channels, sum, product);
}

void bf_channel_give(const double *sum, size_t channels, bool adds, float *to)
{
    for (size_t c = 0; c < channels; c++) to[c] = adds ? to[c] + (float)sum[c] : (float)sum[c];
}
