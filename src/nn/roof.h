/* What this processor can do at best, as measured now: the roofs that training is compared with. */
#ifndef BF_NN_ROOF_H
#define BF_NN_ROOF_H
#include "nn/plan.h"

/* Local. Floating-point operations per second of a dense layer of n x n weights over n rows, forward, with the threads that bf_threads_set
 * gave: the fastest repetition within so many seconds, four at least. 0 when it cannot be built. */
double bf_product_rate(const bf_backend *backend, bool narrow, int n, double seconds);
/* Local. In about 50 ms: Gflop/s of a large product, and bytes per second of reading and writing vectors longer than any cache. */
BF_MUST_USE bf_status bf_gemm_roof(const bf_backend *backend, bool narrow, double *gflops, double *bytes_per_second);
#endif
