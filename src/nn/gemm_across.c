/* c's transpose, strip by strip: columns of b are broadcast as they lie, and rows of a, of which there are fewer, are packed into panels. So
 * the large operand is read once and never copied. A group of strips is turned back while it is in the cache. */
#include "nn/gemm_tile.h"

/* Rows of c and entries of k at a time, columns that are turned together. Measured: panels may be longer than the first cache is large, because their
 * rows are asked for ahead, and a short sum has more beginnings and ends. */
enum { ROWS = 128, DEEP = 800, GROUP = 8 * TALL };

size_t bf_gemm_across_work(int m, int n, int k)
{
    const size_t rows = less((size_t)m, ROWS), columns = less((size_t)n, GROUP);
    return padded(columns * rows) + panels_of(rows) * WIDE * (size_t)k;
}

/* sums (count, m) of columns of b over a part of k, times one panel. */
static void strips(size_t count, size_t width, size_t k, bf_operand b, const float *panel, bool adds, float *sums, size_t m)
{
    for (size_t i = 0, tall; i < count; i += tall) {
        tall = height(count - i);
        tile(tall, width, k, (bf_operand){ b.at + i * b.col, b.col, b.row }, panel, adds, sums + i * m, m);
    }
}

static void turn_back(const float *sums, size_t m, size_t count, bool adds, float *c, size_t stride)
{
    if (!adds) { turn_all(sums, m, m, count, c, stride); return; }
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < count; j++) c[i * stride + j] += sums[j * m + i];
}

/* m <= ROWS rows of c. */
static void some_rows(size_t m, size_t n, size_t k, bf_operand a, bf_operand b, bool adds, float *c, float *work)
{
    float *sums = work, *panels = work + padded(less(n, GROUP) * m);
    const size_t part = even_part(k, DEEP);
    pack_all(k, part, m, (bf_operand){ a.at, a.col, a.row }, panels);
    for (size_t g = 0, count; g < n; g += count) {
        const float *panel = panels;
        count = less(n - g, GROUP);
        for (size_t p = 0, some; p < k; p += some) {
            some = less(k - p, part);
            for (size_t j = 0; j < m; j += WIDE, panel += some * WIDE)
                strips(count, m - j, some, (bf_operand){ b.at + g * b.col + p * b.row, b.row, b.col }, panel, p > 0, sums + j, m);
        }
        turn_back(sums, m, count, adds, c + g, n);
    }
}

void bf_gemm_across(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, float *work)
{
    for (size_t i = 0; i < (size_t)m; i += ROWS)
        some_rows(less((size_t)m - i, ROWS), (size_t)n, (size_t)k, (bf_operand){ a.at + i * a.row, a.row, a.col }, b, adds, c + i * (size_t)n, work);
}
