/* What this processor can do at best, as measured now: the roofs that training is compared with. */
#ifndef BF_NN_ROOF_H
#define BF_NN_ROOF_H
#include "base/status.h"

/* Local. Floating-point operations per second of the product of two n x n matrices, with the threads that bf_threads_set gave: the fastest
 * repetition within so many seconds, four at least. 0 when memory is short. */
double bf_gemm_rate(int n, double seconds);
/* Local. In about 50 ms: Gflop/s of a product whose matrices fill a cache, and bytes per second of reading and writing vectors longer than any. */
BF_MUST_USE bf_status bf_gemm_roof(double *gflops, double *bytes_per_second);
#endif
