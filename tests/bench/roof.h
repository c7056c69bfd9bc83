/* The roof: how fast this processor multiplies matrices, whoever does it. */
#ifndef BF_BENCH_ROOF_H
#define BF_BENCH_ROOF_H
#include <stdbool.h>

typedef struct bf_gemm_shape { int m, n, k; } bf_gemm_shape;    /* (m, k) times (k, n) */

/* Local. GFLOP/s of oneDNN's matmul primitive on one thread, best of some repeats within `seconds`; operands in f32 or bf16, result in f32.
 * 0 when this processor, this library or this build has no such primitive. */
double bf_roof_onednn(bf_gemm_shape s, bool bf16, double seconds);
/* Local. "oneDNN 2.6.3", or "none". */
const char *bf_roof_onednn_version(char out[32]);
#endif
