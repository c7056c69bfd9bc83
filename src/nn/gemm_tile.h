/* What our products are made of: a tile of c stays in registers while k runs; a's entries are broadcast, b is packed into panels as wide as
 * the tile. The files that multiply with it are compiled with -ffp-contract=fast, so that a product and its addition become one instruction. */
#ifndef BF_NN_GEMM_TILE_H
#define BF_NN_GEMM_TILE_H
#include "base/inlined.h"
#include "nn/gemm_own.h"
#include <string.h>

#ifdef __AVX512F__
enum { VECTOR = 16 };
#elif defined __AVX__
enum { VECTOR = 8 };
#else
enum { VECTOR = 4 };
#endif
enum { TALL = 6, WIDE = 2 * VECTOR };       /* a tile: 12 accumulators, two panel vectors and a broadcast fit 16 registers */
typedef float vector __attribute__((vector_size(4 * VECTOR)));
typedef float loose __attribute__((vector_size(4 * VECTOR), aligned(4)));      /* the same at any address */
typedef float four __attribute__((vector_size(16)));
typedef float four_loose __attribute__((vector_size(16), aligned(4)));

static inline size_t less(size_t x, size_t y) { return x < y ? x : y; }
static inline size_t padded(size_t floats) { return (floats + 15) & ~(size_t)15; }      /* what follows begins on a line */
static inline size_t panels_of(size_t n) { return (n + WIDE - 1) / WIDE; }

/* to (4 rows, `stride` apart) = the transpose of 4 x 4 entries whose columns lie `col` apart. */
BF_INLINED void turn(const float *from, size_t col, float *to, size_t stride)
{
    const four a = *(const four_loose *)from, b = *(const four_loose *)(from + col), c = *(const four_loose *)(from + 2 * col),
               d = *(const four_loose *)(from + 3 * col);
    const four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(four_loose *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(four_loose *)(to + stride) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    *(four_loose *)(to + 2 * stride) = __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5);
    *(four_loose *)(to + 3 * stride) = __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7);
}

/* to (rows, cols), rows `stride` apart, = the transpose of what lies with its columns `col` apart: four by four, then the edges. */
static inline void turn_all(const float *from, size_t col, size_t rows, size_t cols, float *restrict to, size_t stride)
{
    const size_t rows4 = rows & ~(size_t)3, cols4 = cols & ~(size_t)3;
    for (size_t j = 0; j < cols4; j += 4)
        for (size_t i = 0; i < rows4; i += 4) turn(from + j * col + i, col, to + i * stride + j, stride);
    for (size_t j = 0; j < cols; j++)
        for (size_t i = j < cols4 ? rows4 : 0; i < rows; i++) to[i * stride + j] = from[j * col + i];
}

/* Columns first .. first+WIDE-1 of b (k, n) as k rows of WIDE; zeros where there are no more. */
static inline void pack_panel(bf_operand b, size_t first, size_t n, size_t k, float *restrict to)
{
    const float *from = b.at + first * b.col;
    const size_t width = less(n - first, WIDE);
    if (width < WIDE) memset(to, 0, k * WIDE * sizeof *to);
    if (b.row == 1 && b.col != 1) { turn_all(from, b.col, k, width, to, WIDE); return; }
    if (b.col == 1 && width == WIDE) {
        for (size_t p = 0; p < k; p++, from += b.row, to += WIDE) {
            *(vector *)to = *(const loose *)from;
            *(vector *)(to + VECTOR) = *(const loose *)(from + VECTOR);
        }
        return;
    }
    for (size_t p = 0; p < k; p++)
        for (size_t j = 0; j < width; j++) to[p * WIDE + j] = from[p * b.row + j * b.col];
}

/* Even parts of a sum that are no longer than `most`, a multiple of WIDE, as they are themselves: parts of windows begin at such entries. k > 0. */
static inline size_t even_part(size_t k, size_t most)
{
    const size_t parts = (k + most - 1) / most;
    return panels_of((k + parts - 1) / parts) * WIDE;
}

/* All panels of b (k, n), those of one part of k after those of the other. */
static inline void pack_all(size_t k, size_t part, size_t n, bf_operand b, float *to)
{
    for (size_t p = 0, some; p < k; p += some) {
        some = less(part, k - p);
        for (size_t j = 0; j < n; j += WIDE, to += some * WIDE) pack_panel((bf_operand){ b.at + p * b.row, b.row, b.col }, j, n, some, to);
    }
}

BF_INLINED void put(vector sum, bool adds, float *c)
{
    loose *to = (loose *)c;
    *to = adds ? *to + sum : sum;
}

BF_INLINED void put_part(const float *sum, size_t width, bool adds, float *c)
{
    size_t j = 0;
    for (; j + 4 <= width; j += 4) {
        four_loose *to = (four_loose *)(c + j);
        const four_loose some = *(const four_loose *)(sum + j);
        *to = adds ? *to + some : some;
    }
    for (; j < width; j++) c[j] = adds ? c[j] + sum[j] : sum[j];
}

/* At most WIDE columns of a row. */
BF_INLINED void put_row(vector left, vector right, size_t width, bool adds, float *c)
{
    if (width >= WIDE) { put(left, adds, c); put(right, adds, c + VECTOR); return; }
    const vector sums[2] = { left, right };
    put_part((const float *)sums, width, adds, c);
}

/* Inlined with tall and half constant, so that the sums are registers. half: at most VECTOR columns, for which half of the products is enough. */
BF_INLINED void sum_up(size_t tall, bool half, size_t k, bf_operand a, const float *panel, vector *left, vector *right)
{
    const float *from = a.at;
    for (size_t i = 0; i < tall; i++) left[i] = right[i] = (vector){ 0.0f };
    /* Unrolled and fetched ahead: where two threads share a core, instructions and caches are what is short. */
#pragma GCC unroll 4
    for (size_t p = 0; p < k; p++, from += a.col, panel += WIDE) {
        __builtin_prefetch(panel + 16 * (size_t)WIDE);
        const vector b0 = *(const vector *)panel, b1 = *(const vector *)(panel + VECTOR);
        for (size_t i = 0; i < tall; i++) {
            const vector x = from[i * a.row] - (vector){ 0.0f };
            left[i] += x * b0;
            if (!half) right[i] += x * b1;
        }
    }
}

BF_INLINED void tile_of(size_t tall, bool half, size_t width, size_t k, bf_operand a, const float *panel, bool adds, float *c, size_t stride)
{
    vector left[TALL], right[TALL];
    sum_up(tall, half, k, a, panel, left, right);
    for (size_t i = 0; i < tall; i++, c += stride) put_row(left[i], right[i], width, adds, c);
}

/* Rows of a as k groups of `tall`, so that what a tile reads lies in one stream. */
BF_INLINED void pack_rows_of(size_t tall, size_t k, bf_operand a, float *restrict to)
{
    const float *from = a.at;
    for (size_t p = 0; p < k; p++, from += a.col, to += tall)
        for (size_t i = 0; i < tall; i++) to[i] = from[i * a.row];
}

#define EACH_HEIGHT(what) \
    case 1: what(1); break; case 2: what(2); break; case 3: what(3); break; case 4: what(4); break; case 5: what(5); break; case 6: what(6); break
#define TILE(tall) tile_of(tall, false, width, k, a, panel, adds, c, stride)
#define HALF_TILE(tall) tile_of(tall, true, width, k, a, panel, adds, c, stride)
#define PACK(tall) pack_rows_of(tall, k, a, to)

/* `tall` rows of c, min(width, WIDE) columns, against one panel. */
BF_INLINED void tile(size_t tall, size_t width, size_t k, bf_operand a, const float *panel, bool adds, float *c, size_t stride)
{
    if (width > VECTOR)
        switch (tall) { EACH_HEIGHT(TILE); }
    else
        switch (tall) { EACH_HEIGHT(HALF_TILE); }
}

BF_INLINED void pack_rows(size_t tall, size_t k, bf_operand a, float *restrict to)
{
    switch (tall) { EACH_HEIGHT(PACK); }
}

/* Rows of the next tile: a short last tile would leave the multipliers waiting, so the last two share what is left. */
static inline size_t height(size_t left)
{
    if (left <= TALL) return left;
    return left >= 2 * TALL ? TALL : (left + 1) / 2;
}
#endif
