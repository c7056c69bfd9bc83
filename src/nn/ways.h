/* Long sums of floats: eight double sums side by side, then one fixed tree. The compiler may vectorise, the order cannot change. */
#ifndef BF_NN_WAYS_H
#define BF_NN_WAYS_H
#define BF_WAYS 8
static inline double bf_ways_total(const double way[BF_WAYS])
{
    return ((way[0] + way[1]) + (way[2] + way[3])) + ((way[4] + way[5]) + (way[6] + way[7]));
}
#endif
