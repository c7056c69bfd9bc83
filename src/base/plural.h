/* "1 rank", "2 ranks": the end of a noun that is counted. */
#ifndef BF_BASE_PLURAL_H
#define BF_BASE_PLURAL_H
#include <stdint.h>
static inline const char *bf_plural(int64_t n) { return n == 1 ? "" : "s"; }
#endif
