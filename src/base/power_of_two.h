/* What lanes and the ranks that share them are, so that sums over them are whole trees. */
#ifndef BF_BASE_POWER_OF_TWO_H
#define BF_BASE_POWER_OF_TWO_H
#include <stdbool.h>
#include <stdint.h>

static inline bool bf_power_of_two(int64_t v) { return v > 0 && (v & (v - 1)) == 0; }
#endif
