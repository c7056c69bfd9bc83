/* ln(sum of e^v) of n > 0 values, shifted by their maximum so that nothing overflows: terms in single precision, their sum in double and in a
 * fixed order. A NaN among the values comes out. Error: 1e-6 of the sum, so about 1e-6 absolute. */
#ifndef BF_BASE_LOG_SUM_EXP_H
#define BF_BASE_LOG_SUM_EXP_H
#include "base/vector_math.h"

static inline float bf_max_of(const float *v, int n)
{
    float way[8];
    for (int k = 0; k < 8; k++) way[k] = v[k < n ? k : 0];
    for (int i = 8; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++) way[k] = v[i + k] > way[k] ? v[i + k] : way[k];
    for (int i = n & ~7; i < n; i++) way[0] = v[i] > way[0] ? v[i] : way[0];
    for (int k = 1; k < 8; k++) way[0] = way[k] > way[0] ? way[k] : way[0];
    return way[0];
}

static inline double bf_log_sum_exp(const float *v, int n)
{
    const float most = bf_max_of(v, n);
    double way[8] = { 0.0 };
    int i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++) way[k] += (double)bf_exp(v[i + k] - most);
    for (; i < n; i++) way[i & 7] += (double)bf_exp(v[i] - most);
    return (double)most + log(((way[0] + way[1]) + (way[2] + way[3])) + ((way[4] + way[5]) + (way[6] + way[7])));
}
#endif
