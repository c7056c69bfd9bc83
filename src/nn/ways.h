/* Long sums of floats: eight double sums side by side, then one fixed tree. The compiler may vectorise, the order cannot change. */
#ifndef BF_NN_WAYS_H
#define BF_NN_WAYS_H
#include <stddef.h>
#define BF_WAYS 8

/* Adds v (n) to the sums, entry j to way j modulo their number. */
static inline void bf_ways_add(double *restrict way, const float *restrict v, size_t n)
{
    size_t j = 0;
    for (; j + BF_WAYS <= n; j += BF_WAYS)
        for (size_t k = 0; k < BF_WAYS; k++) way[k] += (double)v[j + k];
    for (size_t k = 0; j + k < n; k++) way[k] += (double)v[j + k];
}

static inline double bf_ways_total(const double way[BF_WAYS])
{
    return ((way[0] + way[1]) + (way[2] + way[3])) + ((way[4] + way[5]) + (way[6] + way[7]));
}
#endif
