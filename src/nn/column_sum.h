/* Column sums of tall matrices: the gradient of a bias. */
#ifndef BF_NN_COLUMN_SUM_H
#define BF_NN_COLUMN_SUM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* sum (cols) = the column sums of x (rows, cols), added to what is there when `adds`. In blocks of rows, so that rounding does not grow with them. */
void bf_column_sum(size_t rows, size_t cols, const float *restrict x, bool adds, float *restrict sum);
/* The same of bf16. */
void bf_column_sum_narrow(size_t rows, size_t cols, const uint16_t *restrict x, bool adds, float *restrict sum);
#endif
