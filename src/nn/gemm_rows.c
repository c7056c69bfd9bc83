/* Some rows of c after the other, against panels of all of b: what is finished is finished for good, so that a taker has whole rows while they
 * are in the cache. */
#include "nn/gemm_tile.h"

/* As many rows as one takes at a time: enough that a call is nothing beside its work, few enough for the second cache. */
enum { TAKEN = 16384 };

static size_t rows_at_once(size_t m, size_t n)
{
    const size_t tiles = TAKEN / n / TALL;
    return less(m, tiles > 0 ? tiles * TALL : TALL);
}

static size_t panel_floats(size_t n, size_t k) { return panels_of(n) * WIDE * k; }

size_t bf_gemm_rows_work(int m, int n, int k)
{
    const size_t some = rows_at_once((size_t)m, (size_t)n);
    return panel_floats((size_t)n, (size_t)k) + padded(some * (size_t)k) + some * (size_t)n;
}

/* c (m, n) of a few rows, which are packed first: a panel meets them all while it is in the first cache. */
static void some_rows(size_t m, size_t n, size_t k, bf_operand a, const float *panels, bool adds, float *c, float *packed)
{
    for (size_t i = 0, tall; i < m; i += tall) {
        tall = height(m - i);
        pack_rows(tall, k, (bf_operand){ a.at + i * a.row, a.row, a.col }, packed + i * k);
    }
    for (size_t j = 0; j < n; j += WIDE)
        for (size_t i = 0, tall; i < m; i += tall) {
            tall = height(m - i);
            tile(tall, n - j, k, (bf_operand){ packed + i * k, 1, tall }, panels + j * k, adds, c + i * n + j, n);
        }
}

void bf_gemm_rows(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, const bf_taker *taker, size_t first, float *work)
{
    const size_t rows = (size_t)m, cols = (size_t)n, deep = (size_t)k, most = rows_at_once(rows, cols);
    float *panels = work, *packed = panels + panel_floats(cols, deep), *taken = packed + padded(most * deep);
    for (size_t j = 0; j < cols; j += WIDE) pack_panel(b, j, cols, deep, panels + j * deep);
    for (size_t i = 0, some; i < rows; i += some) {
        some = less(rows - i, most);
        float *to = taker == NULL ? c + i * cols : taken;
        some_rows(some, cols, deep, (bf_operand){ a.at + i * a.row, a.row, a.col }, panels, adds, to, packed);
        if (taker != NULL) taker->take(taker->self, first + i * cols, some * cols, taken);
    }
}
