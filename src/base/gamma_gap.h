/* How far the gamma function's ratio at half a step is from a root: gap(a) = ln(a) / 2 - (ln Gamma(a + 1/2) - ln Gamma(a)), for a > 0. It falls
 * like 1 / (8 a), so nothing cancels for large a, where the difference of two ln Gamma has no digits left. Written for vector loops like
 * vector_math.h; errors below 1e-6 absolute, and 2e-6 relative for the slope (tests/unit/test_gamma_gap.c). */
#ifndef BF_BASE_GAMMA_GAP_H
#define BF_BASE_GAMMA_GAP_H
#include "base/vector_math.h"

/* From a on, where the series has its digits. */
static inline float bf_gamma_gap_series(float a)
{
    const float z = 1.0f / (a * a);
    return (0.125f - (5.20833333e-3f - (1.5625e-3f - 1.18582589e-3f * z) * z) * z) / a;
}

static inline float bf_gamma_gap_series_slope(float a)
{
    const float z = 1.0f / (a * a);
    return -(0.125f - (1.5625e-2f - (7.8125e-3f - 8.30078125e-3f * z) * z) * z) * z;
}

/* Below 4 the argument is moved up by 4: Gamma(a + 1/2) / Gamma(a) gains the factors (a + i + 1/2) / (a + i). */
static inline float bf_gamma_gap(float a)
{
    const float s = a < 4.0f ? a : 4.0f;
    const float ratio = ((s + 0.5f) * (s + 1.5f) * (s + 2.5f) * (s + 3.5f)) / (s * (s + 1.0f) * (s + 2.0f) * (s + 3.0f));
    const float moved = bf_gamma_gap_series(s + 4.0f) + 0.5f * bf_log(ratio * ratio * (s / (s + 4.0f)));
    return a < 4.0f ? moved : bf_gamma_gap_series(a);
}

/* d gap / da. */
static inline float bf_gamma_gap_slope(float a)
{
    const float s = a < 4.0f ? a : 4.0f;
    const float steps = 1.0f / (s * (s + 0.5f)) + 1.0f / ((s + 1.0f) * (s + 1.5f)) + 1.0f / ((s + 2.0f) * (s + 2.5f)) +
                        1.0f / ((s + 3.0f) * (s + 3.5f));
    const float moved = bf_gamma_gap_series_slope(s + 4.0f) + 0.5f * (4.0f / (s * (s + 4.0f)) - steps);
    return a < 4.0f ? moved : bf_gamma_gap_series_slope(a);
}
#endif
