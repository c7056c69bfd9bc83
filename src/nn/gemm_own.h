/* Our own products of matrices. A BLAS call costs microseconds before its first multiplication: packing, zeroing, choosing; the layers of a
 * tiny model are over by then. And BLAS has to copy what we know to lie well: on processors with AVX2 these are faster at every size a layer has. */
#ifndef BF_NN_GEMM_OWN_H
#define BF_NN_GEMM_OWN_H
#include <stdbool.h>
#include <stddef.h>
#include "nn/taker.h"

/* An operand as it lies in memory: entry (i, j) at at[i * row + j * col]. */
typedef struct bf_operand { const float *at; size_t row, col; } bf_operand;

/* A gradient of weights (out, in) as the thin matrices it is made of: u v^T, where there is one, plus the slopes of the outputs, turned, times the
 * inputs; of several lanes, the tree's sum (nn/tree.h), every lane's four lying `apart` floats behind those of the one before. */
typedef struct bf_thin {
    int rows, out, in, lanes;
    const float *slopes, *inputs;           /* (rows, out), (rows, in) */
    const float *u, *v;                     /* (out), (in); NULL: none */
    size_t apart, first;                    /* first: the number of the gradient's first entry in the flat vector */
} bf_thin;

/* True where a call of a library would cost more than it multiplies faster: a rule on sizes alone. */
bool bf_gemm_is_small(int m, int n, int k);
/* Columns that are multiplied where there are n: whole vectors. */
size_t bf_gemm_multiplied(int n);

/* All of them: c (m, n), contiguous, = a (m, k) b (k, n), added to c when `adds`. Sums run over k in f32 with fused multiply-adds where the
 * processor has them; an entry's bits do not depend on m and n. work is 64-byte aligned and holds as many floats as the _work function says. */

/* Any layout, panel by panel of b. */
void bf_gemm_panels(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, float *work);
size_t bf_gemm_panels_work(int m, int k);
/* The transpose, b's columns against panels of a's rows: a layer's way forward, whose weights are read as they lie. Worth it where a and c are
 * smaller than b. */
void bf_gemm_across(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, float *work);
size_t bf_gemm_across_work(int m, int n, int k);
/* Some rows after the other, all of b being packed before: a gradient of weights. */
void bf_gemm_rows(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, float *work);
/* Rows from .. to-1 of a gradient of weights, the same bits, but whole rows go to the taker, numbered as they are in the flat vector. */
void bf_gemm_rows_taken(const bf_thin *g, int from, int to, const bf_taker *taker, float *work);
size_t bf_gemm_rows_work(int m, int n, int k, int lanes);
#endif
