/* Products of small matrices. A BLAS call costs microseconds before its first multiplication: packing, zeroing, choosing. The layers of a tiny
 * model are over by then. */
#ifndef BF_NN_GEMM_SMALL_H
#define BF_NN_GEMM_SMALL_H
#include <stdbool.h>
#include <stddef.h>

/* An operand as it lies in memory: entry (i, j) at at[i * row + j * col]. */
typedef struct bf_operand { const float *at; size_t row, col; } bf_operand;

/* True where these kernels beat a BLAS call: a rule on sizes alone. */
bool bf_gemm_is_small(int m, int n, int k);
/* Floats of work that a product wants. */
size_t bf_gemm_small_work(int m, int k);
/* c (m, n), contiguous, = a (m, k) b (k, n), added to c when `adds`. Sums run over k in order, in f32 with fused multiply-adds where the
 * processor has them. work is 64-byte aligned. */
void bf_gemm_small(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, float *work);
#endif
