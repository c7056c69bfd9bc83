/* Somebody who takes part of a flat vector or matrix while it is in the cache: elements first .. first+count-1, which are gone afterwards. */
#ifndef BF_NN_TAKER_H
#define BF_NN_TAKER_H
#include <stddef.h>

typedef struct bf_taker { void *self; void (*take)(void *self, size_t first, size_t count, const float *v); } bf_taker;
#endif
