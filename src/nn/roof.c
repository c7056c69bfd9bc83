#include "nn/roof.h"

#include <stdlib.h>

#include "base/clock.h"
#include "nn/layers.h"

/* One dense layer as every network has them: n rows through (n, n) weights. */
static bf_status build(const bf_backend *backend, bool narrow, int n, bf_params *params, bf_plan **plan, bf_value *x)
{
    const bf_plan_shape shape = { .rows = n, .lanes = 1, .narrow = narrow };
    bf_builder *b = bf_builder_create(params, &shape, backend);
    if (b == NULL) return BF_FAIL(BF_E_MEMORY, "no memory for a plan");
    *x = bf_input(b, "x", bf_shape_flat(n, n));
    bf_keep(b, bf_wide(b, bf_dense(b, *x, n, "product", 1.0, 0.0)));
    return bf_builder_finish(&b, plan);
}

/* The fastest of the repetitions: the first ones wake the processor up, others may be interrupted, on a busy machine for long. */
static double fastest(bf_plan *plan, const float *theta, int n, double seconds)
{
    enum { LEAST = 4 };
    const bf_run run = { .theta = theta, .rows = n, .batch = n };
    const double end = bf_clock_seconds() + seconds;
    double best = 0.0;
    for (int k = 0; k < LEAST || bf_clock_seconds() < end; k++) {
        const double start = bf_clock_seconds();
        bf_plan_run(plan, &run);
        const double spent = bf_clock_seconds() - start, rate = spent > 0.0 ? 2.0 * (double)n * n * n / spent : 0.0;
        if (rate > best) best = rate;
    }
    return best;
}

double bf_product_rate(const bf_backend *backend, bool narrow, int n, double seconds)
{
    double rate = 0.0;
    bf_plan *plan = NULL;
    bf_value x = BF_NO_VALUE;
    bf_params *params = bf_params_create();
    bf_status s = params ? build(backend, narrow, n, params, &plan, &x) : BF_FAIL(BF_E_MEMORY, "no memory for parameters");
    float *theta = s.code ? NULL : malloc(bf_params_size(params) * sizeof *theta);
    if (theta != NULL) {
        float *in = bf_plan_value(plan, 0, x);
        bf_params_init(params, 1, theta);
        for (size_t i = 0; i < (size_t)n * (size_t)n; i++) in[i] = 1.0f / (float)(1 + i % 7);
        rate = fastest(plan, theta, n, seconds);
    }
    free(theta);
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
    return rate;
}

/* Reads two vectors and writes one, as an optimiser does; the fastest of a few passes. */
double bf_memory_roof(void)
{
    enum { LEAST = 3 };
    const double seconds = 0.01;
    const size_t count = (size_t)1 << 23;       /* 32 MiB each */
    float *a = malloc(2 * count * sizeof *a);
    if (a == NULL) return 0.0;
    const float *b = a + count;
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

double bf_gemm_roof(const bf_backend *backend, bool narrow) { return bf_product_rate(backend, narrow, 512, 0.02); }
