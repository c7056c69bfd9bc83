/* A tile of c stays in registers while k runs: a's entries are broadcast, b is packed into panels as wide as the tile, k is cut so that
 * a panel stays in the first cache. This file is compiled with -ffp-contract=fast, so that a product and its addition become one
 * instruction. */
#include "nn/gemm_small.h"
#include <string.h>

#ifdef __AVX512F__
enum { VECTOR = 16 };
#elif defined __AVX__
enum { VECTOR = 8 };
#else
enum { VECTOR = 4 };
#endif
enum { DEEP = 256 };
enum { TALL = 6, WIDE = 2 * VECTOR };       /* a tile: 12 accumulators, two panel vectors and a broadcast fit 16 registers */
typedef float vector __attribute__((vector_size(4 * VECTOR)));
typedef float loose __attribute__((vector_size(4 * VECTOR), aligned(4)));      /* the same at any address */

/* Measured on AVX2 against OpenBLAS: 1.3 to 2 times as fast at 100 x 64 x 25, level from about 100 x 256 x 256 on. */
#define SMALL 4.0e6

static size_t packed_rows(size_t m, size_t k) { return (m * k + 15) & ~(size_t)15; }


bool bf_gemm_is_small(int m, int n, int k) { return (double)m * (double)n * (double)k < SMALL; }

size_t bf_gemm_small_work(int m, int k)
{
    const size_t deep = k < DEEP ? (size_t)k : DEEP;
    return packed_rows((size_t)m, deep) + deep * WIDE;
}

typedef float four __attribute__((vector_size(16)));
typedef float four_loose __attribute__((vector_size(16), aligned(4)));

/* to (4 rows of WIDE) = the transpose of 4 x 4 entries whose columns lie `col` apart. */
static inline void turn(const float *from, size_t col, float *to)
{
    const four a = *(const four_loose *)from, b = *(const four_loose *)(from + col), c = *(const four_loose *)(from + 2 * col),
               d = *(const four_loose *)(from + 3 * col);
    const four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(four *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(four *)(to + WIDE) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    *(four *)(to + 2 * WIDE) = __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5);
    *(four *)(to + 3 * WIDE) = __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7);
}

/* Columns of b that are contiguous along k: turned four by four. */
static void pack_turned(const float *from, size_t col, size_t width, size_t k, float *restrict to)
{
    const size_t k4 = k & ~(size_t)3, w4 = width & ~(size_t)3;
    for (size_t j = 0; j < w4; j += 4)
        for (size_t p = 0; p < k4; p += 4) turn(from + j * col + p, col, to + p * WIDE + j);
    for (size_t j = 0; j < width; j++)
        for (size_t p = j < w4 ? k4 : 0; p < k; p++) to[p * WIDE + j] = from[j * col + p];
}

/* Columns first .. first+width-1 of b as k rows of WIDE, the rest zeros. */
static void pack_panel(bf_operand b, size_t first, size_t width, size_t k, float *restrict to)
{
    const float *from = b.at + first * b.col;
    if (width < WIDE) memset(to, 0, k * WIDE * sizeof *to);
    if (b.row == 1 && b.col != 1) { pack_turned(from, b.col, width, k, to); return; }
    if (b.col == 1 && width == WIDE) {
        for (size_t p = 0; p < k; p++) memcpy(to + p * WIDE, from + p * b.row, WIDE * sizeof *to);
        return;
    }
    for (size_t p = 0; p < k; p++)
        for (size_t j = 0; j < width; j++) to[p * WIDE + j] = from[p * b.row + j * b.col];
}

static inline __attribute__((always_inline)) void put(vector sum, bool adds, float *c)
{
    loose *to = (loose *)c;
    *to = adds ? *to + sum : sum;
}

static inline __attribute__((always_inline)) void put_part(const float *sum, size_t width, bool adds, float *c)
{
    size_t j = 0;
    for (; j + 4 <= width; j += 4) {
        four_loose *to = (four_loose *)(c + j);
        *to = adds ? *to + *(const four *)(sum + j) : *(const four *)(sum + j);
    }
    for (; j < width; j++) c[j] = adds ? c[j] + sum[j] : sum[j];
}

/* `tall` rows of c against one panel; inlined with tall constant, so that the sums are registers. */
static inline __attribute__((always_inline)) void tile(size_t tall, size_t width, size_t k, const float *a, size_t row, size_t col,
                                                       const float *panel, bool adds, float *c, size_t stride)
{
    vector left[TALL], right[TALL];
    for (size_t i = 0; i < tall; i++) left[i] = right[i] = (vector){ 0.0f };
    for (size_t p = 0; p < k; p++, a += col, panel += WIDE) {
        const vector b0 = *(const vector *)panel, b1 = *(const vector *)(panel + VECTOR);
        for (size_t i = 0; i < tall; i++) {
            const vector x = a[i * row] - (vector){ 0.0f };
            left[i] += x * b0;
            right[i] += x * b1;
        }
    }
    for (size_t i = 0; i < tall; i++, c += stride) {
        if (width == WIDE) { put(left[i], adds, c); put(right[i], adds, c + VECTOR); continue; }
        const vector sums[2] = { left[i], right[i] };
        put_part((const float *)sums, width, adds, c);
    }
}

/* Rows of a that are contiguous: `tall` of them as k groups, so that what a tile reads lies in one stream. */
static inline __attribute__((always_inline)) void pack_rows(size_t tall, size_t k, const float *from, size_t col, float *restrict to)
{
    for (size_t p = 0; p < k; p++, from += col, to += tall)
        for (size_t i = 0; i < tall; i++) to[i] = from[i];
}

/* Rows of the next tile: a short last tile would leave the multipliers waiting, so the last two share what is left. */
static size_t height(size_t left)
{
    if (left <= TALL) return left;
    return left >= 2 * TALL ? TALL : (left + 1) / 2;
}

#define EACH_HEIGHT(what) \
    case 1: what(1); break; case 2: what(2); break; case 3: what(3); break; case 4: what(4); break; case 5: what(5); break; case 6: what(6); break
#define PACK(tall) pack_rows(tall, k, a.at + i, a.col, to)
#define TILE(tall) tile(tall, width, k, from, row, col, panel, adds, to, n)

static void pack_all_rows(size_t m, size_t k, bf_operand a, float *work)
{
    for (size_t i = 0, tall; i < m; i += tall) {
        float *to = work + i * k;
        switch (tall = height(m - i)) { EACH_HEIGHT(PACK); }
    }
}

/* Worth it where enough panels read the rows again. */
static bool packs_rows(size_t n, bf_operand a) { return a.row == 1 && a.col > WIDE && n >= 4 * WIDE; }
static void block(size_t m, size_t n, size_t k, bf_operand a, bf_operand b, bool adds, float *c, float *work)
{
    const bool packed = packs_rows(n, a);
    float *panel = work + (packed ? packed_rows(m, k) : 0);
    if (packed) pack_all_rows(m, k, a, work);
    for (size_t j = 0; j < n; j += WIDE) {
        const size_t width = n - j < WIDE ? n - j : WIDE;
        pack_panel(b, j, width, k, panel);
        for (size_t i = 0, tall; i < m; i += tall) {
            tall = height(m - i);
            const float *from = packed ? work + i * k : a.at + i * a.row;
            const size_t row = packed ? 1 : a.row, col = packed ? tall : a.col;
            float *to = c + i * n + j;
            switch (tall) { EACH_HEIGHT(TILE); }
        }
    }
}

void bf_gemm_small(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, float *work)
{
    for (int p = 0; p < k; p += DEEP) {
        const bf_operand ap = { a.at + (size_t)p * a.col, a.row, a.col }, bp = { b.at + (size_t)p * b.row, b.row, b.col };
        block((size_t)m, (size_t)n, (size_t)(k - p < DEEP ? k - p : DEEP), ap, bp, adds || p > 0, c, work);
    }
}
