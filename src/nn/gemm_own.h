/* Our own products of matrices. A BLAS call costs microseconds before its first multiplication: packing, zeroing, choosing; the layers of a
 * tiny model are over by then. And BLAS has to copy what we know to lie well: on processors with AVX2 these are faster at every size a layer has. */
#ifndef BF_NN_GEMM_OWN_H
#define BF_NN_GEMM_OWN_H
#include <stdbool.h>
#include <stddef.h>
#include "nn/taker.h"

/* An operand as it lies in memory: entry (i, j) at at[i * row + j * col]. */
typedef struct bf_operand { const float *at; size_t row, col; } bf_operand;

/* True where a call of a library would cost more than it multiplies faster: a rule on sizes alone. */
bool bf_gemm_is_small(int m, int n, int k);

/* All of them: c (m, n), contiguous, = a (m, k) b (k, n), added to c when `adds`. Sums run over k in f32 with fused multiply-adds where the
 * processor has them; an entry's bits do not depend on m and n. work is 64-byte aligned and holds as many floats as the _work function says. */

/* Any layout, panel by panel of b. */
void bf_gemm_panels(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, float *work);
size_t bf_gemm_panels_work(int m, int k);
/* b's columns are contiguous: a layer's way forward, whose weights are read as they lie. Worth it where b is larger than a. */
void bf_gemm_across(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, float *work);
size_t bf_gemm_across_work(int m, int n, int k);
/* Some rows after the other, all of b being packed before: a gradient of weights. With a taker, c is NULL and whole rows go
 * there, c's first element having the number `first`. */
void bf_gemm_rows(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, const bf_taker *taker, size_t first, float *work);
size_t bf_gemm_rows_work(int m, int n, int k);
#endif
