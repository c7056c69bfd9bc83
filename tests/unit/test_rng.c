/* Addressed numbers: the published vectors of Philox, addresses that do not meet, and moments. */
#include "base/philox.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The three vectors of Random123's kat_vectors for philox4x32-10, reached through our own packing. */
static void test_rng__philox_known_answers(void **state)
{
    (void)state;
    static const struct { bf_draw draw; size_t block; uint32_t want[4]; } rows[] = {
        { { 0, 0, 0, 0 }, 0, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { .seed = UINT64_MAX, .step = (UINT64_C(1) << 36) - 1, .sample = UINT64_MAX, .use = 0xfff }, 0xffff,
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { .seed = UINT64_C(0x299f31d0a4093822), .step = UINT64_C(0x037073441), .sample = UINT64_C(0x85a308d3243f6a88), .use = 0x319 }, 0x8a2e,
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < 3; i++) {
        size_t n = 4 * (rows[i].block + 1);
        float *u = malloc(n * sizeof *u);
        assert_non_null(u);
        bf_rng_uniform(&rows[i].draw, u, n);
        for (int k = 0; k < 4; k++)
            assert_true(u[n - 4 + (size_t)k] == (float)(((double)(rows[i].want[k] >> 9) + 0.5) / 8388608.0));
        free(u);
    }
}

/* The same vectors through what makes several counters at once words, in every place. */
static void test_rng__philox_of_several_counters(void **state)
{
    (void)state;
    static const struct { uint64_t seed; uint32_t counter[4], want[4]; } rows[] = {
        { 0, { 0, 0, 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { UINT64_MAX, { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX }, { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { UINT64_C(0x299f31d0a4093822), { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < 3; i++)
        for (int lane = 0; lane < BF_PHILOX_LANES; lane++) {
            uint32_t word[4][BF_PHILOX_LANES] = { { 7, 11 }, { 13 } };
            for (int w = 0; w < 4; w++) word[w][lane] = rows[i].counter[w];
            bf_philox(rows[i].seed, word[0], word[1], word[2], word[3]);
            for (int w = 0; w < 4; w++) assert_int_equal(word[w][lane], rows[i].want[w]);
        }
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Every combination of small values and of values at the borders of the packed fields is a place of its own. */
static void test_rng__addresses_do_not_meet(void **state)
{
    (void)state;
    static const uint64_t seeds[] = { 0, 1, UINT64_C(1) << 32 }, steps[] = { 0, 1, 2, 15, 16, 256, UINT64_C(1) << 32, (UINT64_C(1) << 36) - 1 };
    static const uint64_t samples[] = { 0, 1, 2, 65536, UINT64_C(1) << 32, (UINT64_C(1) << 40) - 1 };
    static const uint32_t uses[] = { 0, 1, 2, 16, 17, 33, 0xfff };
    enum { LONG = 2 * 65536 + 4, PLACES = 3 * 8 * 6 * 7 * 4 };
    static double u[LONG];
    static uint64_t seen[PLACES];
    size_t count = 0;
    for (int a = 0; a < 3; a++) for (int b = 0; b < 8; b++) for (int c = 0; c < 6; c++) for (int e = 0; e < 7; e++) {
        bf_draw d = { seeds[a], steps[b], samples[c], uses[e] };
        bf_rng_uniform64(&d, u, 4);
        memcpy(seen + count, u, 4 * sizeof *u);
        count += 4;
    }
    assert_int_equal(count, PLACES);
    qsort(seen, count, sizeof *seen, ascending);
    for (size_t i = 1; i < count; i++)
        assert_true(seen[i] != seen[i - 1]);
    /* The block index leaves its 16 bits here; what follows is neither a repetition nor another sample. */
    bf_rng_uniform64(&(bf_draw){ .seed = 5 }, u, LONG);
    for (size_t i = 0; i < 4; i++)
        assert_true(u[2 * 65536 + i] != u[i]);
    double other[4];
    bf_rng_uniform64(&(bf_draw){ .seed = 5, .sample = 1 }, other, 4);
    assert_true(memcmp(other, u + 2 * 65536, sizeof other) != 0);
}

/* Entry j does not depend on n: shorter requests are prefixes, bit for bit. */
static void test_rng__shorter_draws_are_prefixes(void **state)
{
    (void)state;
    const bf_draw d = { .seed = 3, .step = 9, .sample = 12, .use = BF_USE_EPS };
    float normal[33], uniform[33];
    double normal64[33], uniform64[33];
    bf_rng_normal(&d, normal, 33);
    bf_rng_uniform(&d, uniform, 33);
    bf_rng_normal64(&d, normal64, 33);
    bf_rng_uniform64(&d, uniform64, 33);
    for (size_t n = 0; n < 33; n++) {
        float f[34];
        double g[34];
        f[n] = -7.0f;
        bf_rng_normal(&d, f, n);
        assert_memory_equal(f, normal, n * sizeof *f);
        bf_rng_uniform(&d, f, n);
        assert_memory_equal(f, uniform, n * sizeof *f);
        assert_true(f[n] == -7.0f);
        g[n] = -7.0;
        bf_rng_normal64(&d, g, n);
        assert_memory_equal(g, normal64, n * sizeof *g);
        bf_rng_uniform64(&d, g, n);
        assert_memory_equal(g, uniform64, n * sizeof *g);
        assert_true(g[n] == -7.0);
    }
}

static void test_rng__rows_are_the_samples_draws(void **state)
{
    (void)state;
    static const int64_t samples[] = { 5, 0, 59999, 5 };
    bf_draw d = { .seed = 1, .step = 2, .use = BF_USE_EPS };
    float rows[4][7], one[7];
    bf_rng_normal_rows(&d, samples, 4, 7, rows[0]);
    for (int i = 0; i < 4; i++) {
        d.sample = (uint64_t)samples[i];
        bf_rng_normal(&d, one, 7);
        assert_memory_equal(one, rows[i], sizeof one);
    }
}

/* Bounds are five standard errors of each estimate. */
static void check_normal(const double *z, size_t n)
{
    double m[5] = { 0 }, neighbours = 0.0;
    for (size_t i = 0; i < n; i++) {
        assert_true(isfinite(z[i]));
        double p = 1.0;
        for (int k = 0; k < 5; k++, p *= z[i])
            m[k] += p / (double)n;
        if (i > 0)
            neighbours += z[i] * z[i - 1] / (double)n;
    }
    double se = 5.0 / sqrt((double)n);
    assert_true(fabs(m[1]) < se);
    assert_true(fabs(m[2] - 1.0) < se * sqrt(2.0));
    assert_true(fabs(m[3]) < se * sqrt(15.0));
    assert_true(fabs(m[4] - 3.0) < se * sqrt(96.0));
    assert_true(fabs(neighbours) < se);
}

static void test_rng__normals_have_the_moments_of_normals(void **state)
{
    (void)state;
    enum { N = 400000, LATENT = 8 };
    static float f[N];
    static double z[N];
    bf_draw d = { .seed = 7, .step = 3, .use = BF_USE_EPS };
    for (uint64_t i = 0; i < N / LATENT; i++) {         /* as a training step asks for them */
        d.sample = i;
        bf_rng_normal(&d, f + i * LATENT, LATENT);
    }
    for (size_t i = 0; i < N; i++)
        z[i] = f[i];
    check_normal(z, N);
    bf_rng_normal64(&d, z, N);
    check_normal(z, N);
}

static void test_rng__uniforms_are_open_and_even(void **state)
{
    (void)state;
    enum { N = 400000, BINS = 64 };
    static float u[N];
    static double v[N];
    const bf_draw d = { .seed = 11, .use = BF_USE_PRIOR };
    bf_rng_uniform(&d, u, N);
    bf_rng_uniform64(&d, v, N);
    int bins[2][BINS] = { { 0 } };
    for (size_t i = 0; i < N; i++) {
        assert_true(u[i] > 0.0f && u[i] < 1.0f && v[i] > 0.0 && v[i] < 1.0);
        bins[0][(int)(u[i] * BINS)]++;
        bins[1][(int)(v[i] * BINS)]++;
    }
    for (int kind = 0; kind < 2; kind++) {
        double chi2 = 0.0, want = (double)N / BINS;
        for (int b = 0; b < BINS; b++)
            chi2 += (bins[kind][b] - want) * (bins[kind][b] - want) / want;
        assert_true(chi2 < 63.0 + 5.0 * sqrt(126.0));
    }
}

static void test_rng__permutations_are_permutations(void **state)
{
    (void)state;
    static int64_t p[5000], q[5000];
    static const int64_t sizes[] = { 0, 1, 2, 3, 1000, 5000 };
    for (size_t s = 0; s < 6; s++) {
        bool seen[5000] = { false };
        bf_rng_permutation(&(bf_draw){ .seed = 1, .step = s, .use = BF_USE_SHUFFLE }, p, sizes[s]);
        for (int64_t i = 0; i < sizes[s]; i++) {
            assert_true(p[i] >= 0 && p[i] < sizes[s] && !seen[p[i]]);
            seen[p[i]] = true;
        }
    }
    bf_rng_permutation(&(bf_draw){ .seed = 1, .step = 5, .use = BF_USE_SHUFFLE }, q, 5000);
    assert_memory_equal(p, q, sizeof p);
    bf_rng_permutation(&(bf_draw){ .seed = 1, .step = 6, .use = BF_USE_SHUFFLE }, q, 5000);
    assert_true(memcmp(p, q, sizeof p) != 0);
}

/* All 24 orders of four things come equally often. */
static void test_rng__permutations_are_even(void **state)
{
    (void)state;
    enum { DRAWS = 48000 };
    int count[256] = { 0 }, orders = 0;
    for (uint64_t e = 0; e < DRAWS; e++) {
        int64_t p[4];
        bf_rng_permutation(&(bf_draw){ .seed = 9, .step = e, .use = BF_USE_SHUFFLE }, p, 4);
        count[p[0] * 64 + p[1] * 16 + p[2] * 4 + p[3]]++;
    }
    double chi2 = 0.0, want = DRAWS / 24.0;
    for (int i = 0; i < 256; i++)
        if (count[i] > 0) {
            orders++;
            chi2 += (count[i] - want) * (count[i] - want) / want;
        }
    assert_int_equal(orders, 24);
    assert_true(chi2 < 23.0 + 5.0 * sqrt(46.0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rng__philox_known_answers),
        cmocka_unit_test(test_rng__philox_of_several_counters),
        cmocka_unit_test(test_rng__addresses_do_not_meet),
        cmocka_unit_test(test_rng__shorter_draws_are_prefixes),
        cmocka_unit_test(test_rng__rows_are_the_samples_draws),
        cmocka_unit_test(test_rng__normals_have_the_moments_of_normals),
        cmocka_unit_test(test_rng__uniforms_are_open_and_even),
        cmocka_unit_test(test_rng__permutations_are_permutations),
        cmocka_unit_test(test_rng__permutations_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
