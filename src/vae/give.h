/* How an op hands a gradient to one of its inputs, over count entries from `at`: written, or added to what is there; nothing where it is not
 * wanted. */
#ifndef BF_VAE_GIVE_H
#define BF_VAE_GIVE_H
#include "nn/plan.h"

static inline void bf_give(const bf_node *n, const bf_lane *l, int input, size_t at, const float *restrict slope, float factor, size_t count)
{
    if (!n->wants[input]) return;
    float *restrict to = (float *)bf_lane_gradient(l, n->input[input]) + at;
    if (n->adds[input])
        for (size_t j = 0; j < count; j++) to[j] += factor * slope[j];
    else
        for (size_t j = 0; j < count; j++) to[j] = factor * slope[j];
}
#endif
