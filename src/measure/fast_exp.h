/* e^x in single precision, written so that a loop over it vectorises: relative error below 3e-7 for x in [-87, 88]; smaller x give
 * e^-87, which is nothing beside the terms sums of exponentials keep. */
#ifndef BF_MEASURE_FAST_EXP_H
#define BF_MEASURE_FAST_EXP_H
#include <stdint.h>
#include <string.h>

static inline float bf_fast_exp(float x)
{
    const float to_integer = 12582912.0f;           /* 1.5 * 2^23: adding it rounds to the nearest integer */
    /* max(x, -87) on the bits, where it is a plain integer minimum: a comparison of floats would be control flow to the compiler. */
    uint32_t sign_and_size;
    memcpy(&sign_and_size, &x, sizeof x);
    sign_and_size = sign_and_size < 0xc2ae0000u ? sign_and_size : 0xc2ae0000u;
    memcpy(&x, &sign_and_size, sizeof x);
    float shifted = x * 1.44269504f + to_integer, n = shifted - to_integer;
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;         /* ln 2 in two parts */
    float p = 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r * r + r + 1.0f;
    int32_t bits = ((int32_t)n + 127) * (1 << 23);
    float two_to_n;
    memcpy(&two_to_n, &bits, sizeof two_to_n);
    return p * two_to_n;
}
#endif
