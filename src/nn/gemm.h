/* The product behind every dense layer and convolution: our own kernels where they are faster, BLAS where they are not. */
#ifndef BF_NN_GEMM_H
#define BF_NN_GEMM_H
#include "nn/gemm_own.h"

/* Bytes of work that bf_gemm and bf_gemm_taken want. */
size_t bf_gemm_work(int m, int n, int k);
/* c (m, n), contiguous, = a (m, k) b (k, n), added to c when `adds`. One stride of each operand is 1. Which kernel runs depends on sizes, strides
 * and bf_threads_set alone, because kernels differ in their bits. work is 64-byte aligned. */
void bf_gemm(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, void *work);
/* The same bits, but whole rows of c go to the taker, numbered from `first` on, and c is never all there. Only where it can. */
bool bf_gemm_can_be_taken(int m, int n, int k, bf_operand a, bf_operand b);
void bf_gemm_taken(int m, int n, int k, bf_operand a, bf_operand b, const bf_taker *taker, size_t first, void *work);
#endif
