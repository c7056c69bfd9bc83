#include "nn/roof.h"

#include <cblas.h>
#include <stdlib.h>

#include "base/clock.h"

double bf_gemm_rate(int n, double seconds)
{
    enum { LEAST = 4 };
    const size_t count = (size_t)n * (size_t)n;
    float *v = malloc(3 * count * sizeof *v);
    if (v == NULL) return 0.0;
    for (size_t i = 0; i < 3 * count; i++) v[i] = 1.0f / (float)(1 + i % 7);
    double best = 0.0;
    /* The fastest of the repetitions: the first ones wake the processor up, others may be interrupted, on a busy machine for long. */
    const double end = bf_clock_seconds() + seconds;
    for (int k = 0; k < LEAST || bf_clock_seconds() < end; k++) {
        const double start = bf_clock_seconds();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, n, 1.0f, v, n, v + count, n, 0.0f, v + 2 * count, n);
        const double spent = bf_clock_seconds() - start, rate = spent > 0.0 ? 2.0 * (double)n * (double)count / spent : 0.0;
        if (rate > best) best = rate;
    }
    free(v);
    return best;
}

/* Reads two vectors and writes one, as an optimiser does; the fastest of a few passes. 0 when memory is short. */
static double memory_rate(double seconds)
{
    enum { LEAST = 3 };
    const size_t count = (size_t)1 << 23;       /* 32 MiB each */
    float *a = malloc(2 * count * sizeof *a), *b = a + count;
    if (a == NULL) return 0.0;
    for (size_t i = 0; i < 2 * count; i++) a[i] = 1.0f;
    double best = 0.0;
    const double end = bf_clock_seconds() + seconds;
    for (int k = 0; k < LEAST || bf_clock_seconds() < end; k++) {
        const float c = 0.5f + 0.125f * (float)(k % 3);         /* no pass repeats another, so none can be left out */
        const double start = bf_clock_seconds();
        for (size_t i = 0; i < count; i++) a[i] = c * a[i] + b[i];
        const double spent = bf_clock_seconds() - start, rate = spent > 0.0 ? 3.0 * (double)(count * sizeof *a) / spent : 0.0;
        if (rate > best) best = rate;
    }
    volatile float kept = a[count / 2];         /* somebody looks at the result */
    (void)kept;
    free(a);
    return best;
}

bf_status bf_gemm_roof(double *gflops, double *bytes_per_second)
{
    *gflops = 1e-9 * bf_gemm_rate(512, 0.02);
    *bytes_per_second = memory_rate(0.01);
    if (*gflops > 0.0 && *bytes_per_second > 0.0) return BF_DONE;
    return BF_FAIL(BF_E_MEMORY, "no memory to measure what this processor can do");
}
