#include "nn/column_sum.h"

#include "nn/bf16.h"

enum { STRIP = 64, BLOCK = 64 };    /* columns that are summed together; rows whose sum is added as one number */

/* Defines the sums of `cols` columns, at most a strip, of a matrix whose rows lie `pitch` apart. */
#define STRIP_SUM(name, T, WIDEN)                                                                                               \
    static void name##_block(size_t rows, size_t cols, size_t pitch, const T *restrict x, float *restrict part)               \
    {                                                                                                                          \
        for (size_t j = 0; j < cols; j++) part[j] = 0.0f;                                                                      \
        for (size_t r = 0; r < rows; r++, x += pitch)                                                                          \
            for (size_t j = 0; j < cols; j++) part[j] += WIDEN(x[j]);                                                          \
    }                                                                                                                          \
    static void name##_strip(size_t rows, size_t cols, size_t pitch, const T *restrict x, float *restrict sum)                \
    {                                                                                                                          \
        float part[STRIP];                                                                                                     \
        for (size_t r = 0; r < rows; r += BLOCK, x += BLOCK * pitch) {                                                         \
            const size_t high = rows - r < BLOCK ? rows - r : BLOCK;                                                           \
            if (cols == STRIP) name##_block(high, STRIP, pitch, x, part);       /* a constant: kept in registers */            \
            else name##_block(high, cols, pitch, x, part);                                                                     \
            for (size_t j = 0; j < cols; j++) sum[j] += part[j];                                                               \
        }                                                                                                                      \
    }                                                                                                                          \
    static void name(size_t rows, size_t cols, const T *restrict x, bool adds, float *restrict sum)                           \
    {                                                                                                                          \
        for (size_t j = 0; j < cols; j += STRIP) {                                                                             \
            const size_t wide = cols - j < STRIP ? cols - j : STRIP;                                                           \
            for (size_t k = j; k < j + wide && !adds; k++) sum[k] = 0.0f;                                                      \
            name##_strip(rows, wide, cols, x + j, sum + j);                                                                    \
        }                                                                                                                      \
    }

#define AS_IT_IS(x) (x)
STRIP_SUM(wide, float, AS_IT_IS)
STRIP_SUM(narrow, uint16_t, bf_widen)

void bf_column_sum(size_t rows, size_t cols, const float *restrict x, bool adds, float *restrict sum) { wide(rows, cols, x, adds, sum); }
void bf_column_sum_narrow(size_t rows, size_t cols, const uint16_t *restrict x, bool adds, float *restrict sum) { narrow(rows, cols, x, adds, sum); }
