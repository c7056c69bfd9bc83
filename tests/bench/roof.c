/* The roof of the benchmark, on one thread, as JSON: matrix products in f32 (OpenBLAS, oneDNN) and bf16 (oneDNN), and Adam's pass over
 * parameters, gradient and its two moments: 28 bytes read or written for each parameter, by the optimiser that trains.
 * usage: bf_bench_roof [SECONDS for each measurement, default 1] */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "nn/kernels_info.h"
#include "nn/optimizer.h"
#include "nn/threads.h"
#include "roof.h"

#define ADAM_BYTES 28.0

static const bf_gemm_shape shapes[] = { { 512, 512, 512 }, { 1024, 1024, 1024 }, { 2048, 1024, 1024 }, { 2048, 2048, 2048 } };
static const int adam_sizes[] = { 1 << 20, 1 << 22, 13 << 20 };
enum { SHAPES = sizeof shapes / sizeof shapes[0], SIZES = sizeof adam_sizes / sizeof adam_sizes[0] };

static float *filled(size_t n, float value)
{
    float *v = aligned_alloc(64, (n * sizeof *v + 63) / 64 * 64);
    if (!v) {
        fprintf(stderr, "bf_bench_roof: no memory for %zu numbers\n", n);
        exit(70);
    }
    for (size_t i = 0; i < n; i++) v[i] = value;
    return v;
}

static double openblas(bf_gemm_shape s, double seconds)
{
    float *a = filled((size_t)s.m * (size_t)s.k, 1.0f), *b = filled((size_t)s.k * (size_t)s.n, 1.0f), *c = filled((size_t)s.m * (size_t)s.n, 0.0f);
    const double end = bf_clock_seconds() + seconds;
    double start = 0.0, least = 1e30;
    do {
        start = bf_clock_seconds();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, s.m, s.n, s.k, 1.0f, a, s.k, b, s.n, 0.0f, c, s.n);
        const double spent = bf_clock_seconds() - start;
        least = spent < least ? spent : least;
    } while (start < end);
    free(c);
    free(b);
    free(a);
    return 2e-9 * s.m * s.n * s.k / least;
}

static double onednn_f32(bf_gemm_shape s, double seconds) { return bf_roof_onednn(s, false, seconds); }
static double onednn_bf16(bf_gemm_shape s, double seconds) { return bf_roof_onednn(s, true, seconds); }

/* Prints "name": the best over the shapes, null when there is none; returns it. */
static double product(const char *name, double (*measure)(bf_gemm_shape, double), double seconds)
{
    double best = 0.0;
    for (int i = 0; i < SHAPES; i++) {
        const double rate = measure(shapes[i], seconds);
        best = rate > best ? rate : best;
    }
    char text[32];
    printf("  \"%s\": %s,\n", name, best > 0.0 ? bf_json_number(best, text) : "null");
    return best;
}

/* The fastest pass, as above: a roof is what the machine can do, not what it mostly does. */
static double adam_seconds(size_t n, double seconds)
{
    const bf_optimizer *adam = bf_optimizer_find("adam");
    bf_optimizer_options o = { .epsilon = 1e-8, .betas = { 0.9, 0.999 } };
    float *theta = filled(n, 0.5f), *grad = filled(n, 0.01f), *state = filled(2 * n, 1e-4f);
    const double end = bf_clock_seconds() + seconds;
    double start = 0.0, least = 1e30;
    int64_t t = 0;
    do {
        start = bf_clock_seconds();
        bf_optimizer_begin(&o, 1e-3, ++t);
        adam->step(&o, 0.0, 1.0f, n, theta, grad, state, n);
        const double spent = bf_clock_seconds() - start;
        least = spent < least ? spent : least;
    } while (start < end);
    free(state);
    free(grad);
    free(theta);
    return least;
}

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 1.0;
    char onednn[32], blas[160], text[32];
    bf_threads_set(1);
    bf_kernel_library(blas, sizeof blas);
    printf("{\n  \"blas\": \"%s\",\n  \"onednn\": \"%s\",\n", blas, bf_roof_onednn_version(onednn));
    const double a = product("openblas_f32_gflops", openblas, seconds);
    const double b = product("onednn_f32_gflops", onednn_f32, seconds);
    product("bf16_gflops", onednn_bf16, seconds);
    printf("  \"f32_gflops\": %s,\n  \"adam\": [", bf_json_number(a > b ? a : b, text));
    for (int i = 0; i < SIZES; i++) {
        const double least = adam_seconds((size_t)adam_sizes[i], seconds);
        printf("%s\n    {\"parameters\": %d, \"ms\": %.4f, ", i ? "," : "", adam_sizes[i], 1e3 * least);
        printf("\"gbytes_per_second\": %s}", bf_json_number(1e-9 * ADAM_BYTES * adam_sizes[i] / least, text));
    }
    printf("\n  ]\n}\n");
    return 0;
}
