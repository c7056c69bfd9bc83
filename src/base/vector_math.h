/* Elementary functions in single precision, written so that a loop over them becomes vector instructions: no calls, no branches,
 * no tables. The same bits on every machine and every C library. A NaN stays a NaN. Bounds, against the true value, are held by
 * tests/unit/test_vector_math.c: exp, expm1, log, log1p, sigmoid, softplus 3 ulp; tanh 4 ulp; sine and cosine 2^-23 absolute.
 * Coefficients are minimax fits of the function's tail over the reduced range, beyond the terms that are written out. */
#ifndef BF_BASE_VECTOR_MATH_H
#define BF_BASE_VECTOR_MATH_H
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t bf_bits_of(float x)
{
    uint32_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline float bf_float_of(uint32_t b)
{
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* The nearest integer, as a float: adding 1.5 * 2^23 leaves no room for a fraction. |x| < 2^22. */
static inline float bf_nearest(float x)
{
    const float magic = 12582912.0f;
    return (x + magic) - magic;
}

/* 2^n for an integer n in [-126, 127]. */
static inline float bf_two_to(int32_t n) { return bf_float_of((uint32_t)(n + 127) << 23); }

/* x = n ln 2 + r with |r| <= ln 2 / 2; returns e^r - 1. */
static inline float bf_reduced_expm1(float x, float *n)
{
    *n = bf_nearest(x * 1.44269504f);
    const float r = (x - *n * 0.693359375f) + *n * 2.12194440e-4f;     /* ln 2 in two parts: the first product is exact */
    float p = 0.000199141705f;
    p = p * r + 0.00139410084f;
    p = p * r + 0.00833327305f;
    p = p * r + 0.0416663547f;
    p = p * r + 0.166666668f;
    p = p * r + 0.5f;
    return r + r * r * p;
}

/* e^x. Above 88.72 infinity, below -103.97 zero; in between the scale is applied in two halves, so that small results are denormal, not lost. */
static inline float bf_exp(float x)
{
    const float bounded = x > -104.0f ? (x < 89.0f ? x : 89.0f) : -104.0f;     /* a NaN too becomes a number here */
    float n;
    const float p = bf_reduced_expm1(bounded, &n);
    const int32_t k = (int32_t)n, half = k >> 1;
    const float y = (1.0f + p) * bf_two_to(half) * bf_two_to(k - half);
    return x == x ? y : x;
}

/* e^x - 1, with all its digits near 0. */
static inline float bf_expm1(float x)
{
    const float bounded = x > -18.0f ? (x < 89.0f ? x : 89.0f) : -18.0f;       /* below -18 it is -1 to the last bit */
    float n;
    const float p = bf_reduced_expm1(bounded, &n);
    const int32_t k = (int32_t)n, half = k >> 1;
    const float s = bf_two_to(half), t = bf_two_to(k - half);
    const float y = s * (t * p) + (s * t - 1.0f);
    return x == x ? (x > 88.73f ? INFINITY : y) : x;
}

/* ln m + n ln 2 for m = 1 + f in [sqrt(1/2), sqrt(2)), f exact. */
static inline float bf_log_reduced(float f, float n)
{
    const float s = f / (2.0f + f), z = s * s, half_square = 0.5f * f * f;
    float p = 0.23582435f;
    p = p * z + 0.285372945f;
    p = p * z + 0.400003354f;
    p = p * z + 0.666666656f;
    return n * 0.693359375f + (f - (half_square - (s * (half_square + z * p) - n * 2.12194440e-4f)));
}

/* ln x for normal positive x; what it gives for other x is of no use to anybody here. */
static inline float bf_log(float x)
{
    const uint32_t offset = bf_bits_of(x) - 0x3f3504f3u;               /* sqrt(1/2) becomes the bottom of a binade */
    const float n = (float)((int32_t)offset >> 23);
    const float m = bf_float_of((offset & 0x7fffffu) + 0x3f3504f3u);
    return bf_log_reduced(m - 1.0f, n);
}

/* ln(1 + x) for x from 0 to 1e30. */
static inline float bf_log1p(float x)
{
    const float u = 1.0f + x;
    const float lost = x - (u - 1.0f);                                  /* what rounding 1 + x dropped */
    return bf_log(u) + lost / u;
}

/* ln(1 + e^x). */
static inline float bf_softplus(float x) { return (x < 0.0f ? 0.0f : x) + bf_log1p(bf_exp(-fabsf(x))); }

/* 1 / (1 + e^-x). */
static inline float bf_sigmoid(float x)
{
    const float e = bf_exp(-fabsf(x)), y = 1.0f / (1.0f + e);
    return x < 0.0f ? e * y : y;
}

static inline float bf_tanh(float x)
{
    const float a = fabsf(x), z = x * x;
    float p = 0.00239899953f;
    p = p * z - 0.00841679405f;
    p = p * z + 0.0217837682f;
    p = p * z - 0.0539597924f;
    p = p * z + 0.133332946f;
    p = p * z - 0.333333327f;
    const float small = x + x * z * p, e = bf_exp(-2.0f * a), large = (1.0f - e) / (1.0f + e);
    return a < 0.55f ? small : x < 0.0f ? -large : large;
}

/* Sine and cosine of 2 pi t for t in [0, 1]: exact quarter turns are taken off first. */
static inline void bf_sincos_turns(float t, float *sine, float *cosine)
{
    const float quarter = bf_nearest(4.0f * t);
    const float a = 6.28318531f * (t - 0.25f * quarter), z = a * a;
    const float s = a + a * z * ((-0.000195172346f * z + 0.00833217769f) * z - 0.166666549f);
    const float c = 1.0f - 0.5f * z + z * z * ((2.44383793e-05f * z - 0.00138873669f) * z + 0.0416666469f);
    const uint32_t q = (uint32_t)(int32_t)quarter, odd = 0u - (q & 1u);
    /* One quarter turn swaps them; signs follow the quadrant. */
    const uint32_t s_bits = (bf_bits_of(s) & ~odd) | (bf_bits_of(c) & odd), c_bits = (bf_bits_of(c) & ~odd) | (bf_bits_of(s) & odd);
    *sine = bf_float_of(s_bits ^ (q & 2u) << 30);
    *cosine = bf_float_of(c_bits ^ ((q + 1u) & 2u) << 30);
}
#endif
