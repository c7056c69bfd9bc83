/* bf16: the upper half of an f32. Rounding is to nearest, ties to even; a NaN stays one. */
#ifndef BF_NN_BF16_H
#define BF_NN_BF16_H
#include <stddef.h>
#include <stdint.h>
#include "base/vector_math.h"

static inline float bf_widen(uint16_t x) { return bf_float_of((uint32_t)x << 16); }

static inline uint16_t bf_narrow(float x)
{
    const uint32_t b = bf_bits_of(x), rounded = (b + 0x7fffu + (b >> 16 & 1u)) >> 16, quiet = b >> 16 | 0x40u;
    return (uint16_t)(x == x ? rounded : quiet);
}

static inline void bf_widen_all(const uint16_t *restrict from, float *restrict to, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = bf_widen(from[i]);
}

static inline void bf_narrow_all(const float *restrict from, uint16_t *restrict to, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = bf_narrow(from[i]);
}
#endif
