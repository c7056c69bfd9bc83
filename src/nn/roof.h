/* What this processor can do at best, as measured now: the roofs that training is compared with. */
#ifndef BF_NN_ROOF_H
#define BF_NN_ROOF_H
#include "nn/plan.h"

/* Local. Floating-point operations per second of a dense layer of n x n weights over n rows, forward, with the threads that bf_threads_set
 * gave: the fastest repetition within so many seconds, four at least. 0 when it cannot be built. */
double bf_product_rate(const bf_backend *backend, bool narrow, int n, double seconds);
/* Local. The same of a large product, in about 20 ms. */
double bf_gemm_roof(const bf_backend *backend, bool narrow);
/* Local. In about 30 ms: bytes per second of reading and writing vectors longer than any cache. 0 when memory is short. */
double bf_memory_roof(void);
#endif
