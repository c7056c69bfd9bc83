#include "nn/gemm.h"
#include <cblas.h>

/* Packing all of b pays while its panels stay in the cache; a convolution's windows do not. */
#define PACKED_WHOLE ((size_t)1 << 20)

/* Measured on AVX2 against OpenBLAS: 1.3 to 2 times as fast at 100 x 64 x 25, level with packing less from about 100 x 256 x 256 on. */
bool bf_gemm_is_small(int m, int n, int k) { return (double)m * (double)n * (double)k < 4.0e6; }

/* Measured on Zen 3 against OpenBLAS and oneDNN, in a step of 784-512-256, where operands are not in the first caches: 1.05 to 1.15 times as
 * fast. On processors with other vectors, and with several threads, the libraries keep the large products. */
#if defined __AVX2__ && defined __FMA__ && !defined __AVX512F__
enum { BEATS_BLAS = 1 };
#else
enum { BEATS_BLAS = 0 };
#endif

bool bf_gemm_beats_blas(void) { return BEATS_BLAS && openblas_get_num_threads() == 1; }

static bool is_ours(int m, int n, int k) { return bf_gemm_is_small(m, n, k) || bf_gemm_beats_blas(); }

typedef enum way { BLAS, PANELS, ACROSS, ROWS } way;

/* A small gradient of weights has few rows or few columns: those are broadcast whose number does not fill vectors. */
static bool wastes_less_across(int m, int n) { return (size_t)n * bf_gemm_multiplied(m) < (size_t)m * bf_gemm_multiplied(n); }

/* Across, a is turned and then c; panel by panel, b. */
static bool turns_less_across(int m, int n, int k) { return (double)m * ((double)n + k) < (double)n * k; }

static way choose(int m, int n, int k, bf_operand a, bf_operand b)
{
    const bool of_weights = a.row == 1 && a.col != 1 && b.col == 1;
    if (!is_ours(m, n, k)) return BLAS;
    if (bf_gemm_is_small(m, n, k)) return of_weights && wastes_less_across(m, n) ? ACROSS : PANELS;
    if (a.col == 1 && b.row == 1 && b.col != 1 && turns_less_across(m, n, k)) return ACROSS;
    if (of_weights) return (size_t)n * (size_t)k <= PACKED_WHOLE ? ROWS : BLAS;
    return PANELS;
}

static size_t more(size_t x, size_t y) { return x > y ? x : y; }

size_t bf_gemm_work(int m, int n, int k)
{
    if (!is_ours(m, n, k)) return 0;
    const size_t across = turns_less_across(m, n, k) || wastes_less_across(m, n) ? bf_gemm_across_work(m, n, k) : 0;
    const size_t rows = !bf_gemm_is_small(m, n, k) && (size_t)n * (size_t)k <= PACKED_WHOLE ? bf_gemm_rows_work(m, n, k, 1) : 0;
    return more(more(bf_gemm_panels_work(m, k), across), rows) * sizeof(float);
}

static CBLAS_TRANSPOSE turned(bf_operand x) { return x.col == 1 ? CblasNoTrans : CblasTrans; }

/* BLAS wants a stride no shorter than a row, even of an operand that has one row only. */
static int stride(bf_operand x, int rows, int cols)
{
    const int across = x.col == 1 ? cols : rows, given = (int)(x.col == 1 ? x.row : x.col);
    return given > across ? given : across;
}

void bf_gemm(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, void *work)
{
    switch (choose(m, n, k, a, b)) {
    case PANELS: bf_gemm_panels(m, n, k, a, b, adds, c, work); break;
    case ACROSS: bf_gemm_across(m, n, k, a, b, adds, c, work); break;
    case ROWS: bf_gemm_rows(m, n, k, a, b, adds, c, work); break;
    case BLAS:
        cblas_sgemm(CblasRowMajor, turned(a), turned(b), m, n, k, 1.0f, a.at, stride(a, m, k), b.at, stride(b, k, n), adds ? 1.0f : 0.0f, c, n);
        break;
    }
}

bool bf_gemm_can_be_taken(int rows, int out, int in)
{
    return choose(out, in, rows, (bf_operand){ NULL, 1, (size_t)out }, (bf_operand){ NULL, (size_t)in, 1 }) == ROWS;
}

void bf_gemm_taken(const bf_thin *g, int from, int to, const bf_taker *taker, void *work) { bf_gemm_rows_taken(g, from, to, taker, work); }

size_t bf_gemm_taken_work(const bf_thin *g) { return bf_gemm_rows_work(g->out, g->in, g->rows, g->lanes) * sizeof(float); }
