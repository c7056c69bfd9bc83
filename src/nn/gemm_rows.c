/* Some rows of c after the other, against panels of all of b: what is finished is finished for good, so that a taker has whole rows while they
 * are in the cache. */
#include "nn/gemm_tile.h"
#include "nn/tree.h"

/* As many rows, of all lanes, as one takes at a time: enough that a call is nothing beside its work, few enough for the second cache. */
enum { TAKEN = 16384 };

static size_t rows_at_once(size_t m, size_t n)
{
    const size_t tiles = TAKEN / n / TALL;
    return less(m, tiles > 0 ? tiles * TALL : TALL);
}

static size_t panel_floats(size_t n, size_t k) { return panels_of(n) * WIDE * k; }

size_t bf_gemm_rows_work(int m, int n, int k, int lanes)
{
    const size_t some = rows_at_once((size_t)m, (size_t)n * (size_t)lanes), of_a_lane = panel_floats((size_t)n, (size_t)k) + some * (size_t)n;
    return padded(some * (size_t)k) + (size_t)lanes * of_a_lane;
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

void bf_gemm_rows(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, float *work)
{
    const size_t rows = (size_t)m, cols = (size_t)n, deep = (size_t)k, most = rows_at_once(rows, cols);
    float *panels = work, *packed = panels + panel_floats(cols, deep);
    pack_all(deep, deep, cols, b, panels);
    for (size_t i = 0, some; i < rows; i += some) {
        some = less(rows - i, most);
        some_rows(some, cols, deep, (bf_operand){ a.at + i * a.row, a.row, a.col }, panels, adds, c + i * cols, packed);
    }
}

static void outer(size_t m, size_t n, const float *u, const float *restrict v, float *restrict c)
{
    for (size_t i = 0; i < m; i++, c += n)
        for (size_t j = 0; j < n; j++) c[j] = u[i] * v[j];
}

void bf_gemm_rows_taken(const bf_thin *g, int from, int to, const bf_taker *taker, float *work)
{
    const size_t end = (size_t)to, cols = (size_t)g->in, deep = (size_t)g->rows, lanes = (size_t)g->lanes, panel = panel_floats(cols, deep);
    const size_t most = rows_at_once(end - (size_t)from, lanes * cols);
    float *panels = work, *packed = panels + lanes * panel, *taken = packed + padded(most * deep);
    for (size_t l = 0; l < lanes; l++) pack_all(deep, deep, cols, (bf_operand){ g->inputs + l * g->apart, cols, 1 }, panels + l * panel);
    for (size_t i = (size_t)from, some; i < end; i += some) {
        some = less(end - i, most);
        for (size_t l = 0; l < lanes; l++) {
            float *c = taken + l * some * cols;
            if (g->u != NULL) outer(some, cols, g->u + l * g->apart + i, g->v + l * g->apart, c);
            some_rows(some, cols, deep, (bf_operand){ g->slopes + l * g->apart + i, 1, (size_t)g->out }, panels + l * panel, g->u != NULL, c, packed);
        }
        bf_tree_f32(taken, g->lanes, some * cols);
        taker->take(taker->self, g->first + i * cols, some * cols, taken);
    }
}
