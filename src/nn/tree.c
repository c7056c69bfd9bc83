/* Sums over lanes in one order, whoever computes them: neighbours first, then neighbouring pairs. */
#include "nn/tree.h"

void bf_tree_f32(float *v, int lanes, size_t n)
{
    for (int step = 1; step < lanes; step *= 2)
        for (int l = 0; l + step < lanes; l += 2 * step) {
            float *restrict a = v + (size_t)l * n;
            const float *restrict b = v + (size_t)(l + step) * n;
            for (size_t i = 0; i < n; i++) a[i] += b[i];
        }
}

void bf_tree_f64(double *v, int lanes, size_t n)
{
    for (int step = 1; step < lanes; step *= 2)
        for (int l = 0; l + step < lanes; l += 2 * step) {
            double *restrict a = v + (size_t)l * n;
            const double *restrict b = v + (size_t)(l + step) * n;
            for (size_t i = 0; i < n; i++) a[i] += b[i];
        }
}

double bf_tree_strided(const double *v, size_t stride, int lanes)
{
    if (lanes == 1) return v[0];
    int half = 1;
    while (2 * half < lanes) half *= 2;
    return bf_tree_strided(v, stride, half) + bf_tree_strided(v + (size_t)half * stride, stride, lanes - half);
}
