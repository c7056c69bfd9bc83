#include "nn/gemm.h"
#include <cblas.h>

size_t bf_gemm_work(int m, int n, int k) { return bf_gemm_is_small(m, n, k) ? bf_gemm_small_work(m, k) * sizeof(float) : 0; }

static CBLAS_TRANSPOSE turned(bf_operand x) { return x.col == 1 ? CblasNoTrans : CblasTrans; }

/* BLAS wants a stride no shorter than a row, even of an operand that has one row only. */
static int stride(bf_operand x, int rows, int cols)
{
    const int across = x.col == 1 ? cols : rows, given = (int)(x.col == 1 ? x.row : x.col);
    return given > across ? given : across;
}

void bf_gemm(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, void *work)
{
    if (bf_gemm_is_small(m, n, k)) bf_gemm_small(m, n, k, a, b, adds, c, work);
    else
        cblas_sgemm(CblasRowMajor, turned(a), turned(b), m, n, k, 1.0f, a.at, stride(a, m, k), b.at, stride(b, k, n), adds ? 1.0f : 0.0f, c, n);
}
