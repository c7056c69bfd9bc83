/* The product behind every dense layer and convolution: our own kernels where it is small, BLAS where it is not. */
#ifndef BF_NN_GEMM_H
#define BF_NN_GEMM_H
#include "nn/gemm_small.h"

/* Bytes of work that bf_gemm wants. */
size_t bf_gemm_work(int m, int n, int k);
/* c (m, n), contiguous, = a (m, k) b (k, n), added to c when `adds`. One stride of each operand is 1. Which kernel runs depends on the sizes
 * alone, because kernels differ in their bits. work is 64-byte aligned. */
void bf_gemm(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, void *work);
#endif
