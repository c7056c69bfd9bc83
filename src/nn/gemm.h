/* The product behind every dense layer and convolution: our own kernels where they are faster, BLAS where they are not. */
#ifndef BF_NN_GEMM_H
#define BF_NN_GEMM_H
#include "nn/gemm_own.h"

/* True where our own products are faster than the library's even where they are large. */
bool bf_gemm_beats_blas(void);
/* Bytes of work that bf_gemm wants. */
size_t bf_gemm_work(int m, int n, int k);
/* c (m, n), contiguous, = a (m, k) b (k, n), added to c when `adds`. One stride of each operand is 1. Which kernel runs depends on sizes, strides
 * and bf_threads_set alone, because kernels differ in their bits. work is 64-byte aligned. */
void bf_gemm(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, void *work);
/* The gradient of weights without a place of its own: rows go to the taker. The same bits as bf_gemm has for every lane, added by the tree. Only
 * where it can, which one lane's product decides. */
bool bf_gemm_can_be_taken(int rows, int out, int in);
void bf_gemm_taken(const bf_thin *g, int from, int to, const bf_taker *taker, void *work);
size_t bf_gemm_taken_work(const bf_thin *g);        /* bytes; with one lane no more than bf_gemm_work */
#endif
