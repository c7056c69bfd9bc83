/* c's transpose, strip by strip: columns of b are broadcast as they lie, and rows of a, of which there are fewer, are packed into panels. So
 * the large operand is read once and never copied. A group of strips is turned back while it is in the cache. */
#include "nn/gemm_tile.h"

enum { ROWS = 128, DEEP = 800 };                        /* panels of ROWS x DEEP stay in a second cache of half a MiB */
enum { GROUP = 8 * TALL, RUN = 64 * GROUP };            /* columns that are turned together; that wait together while k is long */

typedef struct cut { size_t m, n, k, deep; } cut;       /* m: rows at a time; deep: of k */

static cut cut_of(int m, int n, int k)
{
    const size_t blocks = ((size_t)k + DEEP - 1) / DEEP, deep = ((size_t)k + blocks - 1) / blocks;
    return (cut){ less((size_t)m, ROWS), (size_t)n, (size_t)k, deep };
}

/* Columns of a run. Sums of several blocks of k wait for each other, those of one are turned at once. */
static size_t run_of(cut s) { return s.deep < s.k ? less(s.n, RUN) : s.n; }
static size_t waiting(cut s) { return s.deep < s.k ? run_of(s) : less(s.n, GROUP); }

size_t bf_gemm_across_work(int m, int n, int k)
{
    const cut s = cut_of(m, n, k);
    return padded(waiting(s) * s.m) + panels_of(s.m) * WIDE * s.deep;
}

/* sums (count, m) of one group of b's columns over one block of k. */
static void strips(size_t count, size_t m, size_t k, bf_operand b, const float *panels, bool adds, float *sums)
{
    for (size_t i = 0, tall; i < count; i += tall) {
        tall = height(count - i);
        const bf_operand rows = { b.at + i * b.col, b.col, b.row };
        for (size_t j = 0; j < m; j += WIDE) tile(tall, m - j, k, rows, panels + j * k, adds, sums + i * m + j, m);
    }
}

static void turn_back(const float *sums, size_t m, size_t count, bool adds, float *c, size_t stride)
{
    if (!adds) { turn_all(sums, m, m, count, c, stride); return; }
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < count; j++) c[i * stride + j] += sums[j * m + i];
}

/* At most ROWS rows of c and `cols` of its columns. */
static void some_of_it(cut s, size_t cols, bf_operand a, bf_operand b, bool adds, float *c, float *work)
{
    float *sums = work, *panels = work + padded(waiting(s) * s.m);
    for (size_t p = 0; p < s.k; p += s.deep) {
        const size_t deep = less(s.k - p, s.deep);
        const bool last = p + deep == s.k;
        for (size_t j = 0; j < s.m; j += WIDE) pack_panel((bf_operand){ a.at + p * a.col, a.col, a.row }, j, s.m, deep, panels + j * deep);
        for (size_t g = 0; g < cols; g += GROUP) {
            const size_t count = less(cols - g, GROUP);
            float *group = s.deep < s.k ? sums + g * s.m : sums;
            strips(count, s.m, deep, (bf_operand){ b.at + g * b.col + p * b.row, b.row, b.col }, panels, p > 0, group);
            if (last) turn_back(group, s.m, count, adds, c + g, s.n);
        }
    }
}

void bf_gemm_across(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, float *work)
{
    cut s = cut_of(m, n, k);
    for (size_t i = 0; i < (size_t)m; i += ROWS) {
        s.m = less((size_t)m - i, ROWS);
        const bf_operand rows = { a.at + i * a.row, a.row, a.col };
        for (size_t j = 0, run = run_of(s); j < s.n; j += run)
            some_of_it(s, less(s.n - j, run), rows, (bf_operand){ b.at + j * b.col, b.row, b.col }, adds, c + i * s.n + j, work);
    }
}
