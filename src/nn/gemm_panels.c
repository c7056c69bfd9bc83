/* Panel by panel: a panel of b is packed, every row of a goes past it. k is cut so that a panel stays in the first cache. */
#include "nn/gemm_tile.h"

enum { DEEP = 256 };

size_t bf_gemm_panels_work(int m, int k)
{
    const size_t deep = less((size_t)k, DEEP);
    return padded((size_t)m * deep) + deep * WIDE;
}

size_t bf_gemm_multiplied(int n) { return ((size_t)n + VECTOR - 1) / VECTOR * VECTOR; }

/* Worth it where rows are contiguous the other way and enough panels read them again. */
static bool packs_rows(size_t n, bf_operand a) { return a.row == 1 && a.col > WIDE && n >= 4 * WIDE; }

static void pack_all_rows(size_t m, size_t k, bf_operand a, float *work)
{
    for (size_t i = 0, tall; i < m; i += tall) {
        tall = height(m - i);
        pack_rows(tall, k, (bf_operand){ a.at + i * a.row, a.row, a.col }, work + i * k);
    }
}

/* The next panel's lines come one by one from far apart, where the processor foresees nothing: some are asked for at every tile. */
typedef struct ahead { const float *at; size_t row, left, each; } ahead;

static ahead look_ahead(bf_operand b, size_t next, size_t m, size_t n, size_t k)
{
    const bool far = b.col == 1 && next + WIDE <= n;
    return (ahead){ b.at + next * b.col, b.row, far ? k : 0, (k * TALL + m - 1) / m };
}

static void fetch(ahead *a)
{
    for (size_t q = less(a->each, a->left); q > 0; q--, a->left--, a->at += a->row) {
        __builtin_prefetch(a->at);
        __builtin_prefetch(a->at + WIDE - 1);
    }
}

static void block(size_t m, size_t n, size_t k, bf_operand a, bf_operand b, bool adds, float *c, float *work)
{
    const bool packed = packs_rows(n, a);
    float *panel = work + (packed ? padded(m * k) : 0);
    if (packed) pack_all_rows(m, k, a, work);
    for (size_t j = 0; j < n; j += WIDE) {
        ahead next = look_ahead(b, j + WIDE, m, n, k);
        pack_panel(b, j, n, k, panel);
        for (size_t i = 0, tall; i < m; i += tall) {
            tall = height(m - i);
            const bf_operand rows = packed ? (bf_operand){ work + i * k, 1, tall } : (bf_operand){ a.at + i * a.row, a.row, a.col };
            fetch(&next);
            tile(tall, n - j, k, rows, panel, adds, c + i * n + j, n);
        }
    }
}

void bf_gemm_panels(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, float *work)
{
    for (size_t p = 0, part = even_part((size_t)k, DEEP), some; p < (size_t)k; p += some) {
        some = less((size_t)k - p, part);
        const bf_operand ap = { a.at + p * a.col, a.row, a.col }, bp = { b.at + p * b.row, b.row, b.col };
        block((size_t)m, (size_t)n, some, ap, bp, adds || p > 0, c, work);
    }
}
