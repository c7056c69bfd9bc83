/* Products of matrices against their definition in double: every tile height, panel width and depth, operands as they lie and turned. */
#include "close.h"
#include "nn/gemm.h"
#include <stdlib.h>

typedef struct sides { int m, n, k; } sides;

static float entry(size_t i) { return (float)((i * 2654435761u >> 8) % 2001) / 1000.0f - 1.0f; }

static float *filled(size_t n)
{
    float *v = aligned_alloc(64, (n * sizeof *v + 63) / 64 * 64);
    assert_non_null(v);
    for (size_t i = 0; i < n; i++) v[i] = entry(i + n);
    return v;
}

typedef void product(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, void *work);

static void small(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, void *work) { bf_gemm_small(m, n, k, a, b, adds, c, work); }

static double defined(sides s, bf_operand a, bf_operand b, int i, int j)
{
    double sum = 0.0;
    for (int p = 0; p < s.k; p++)
        sum += (double)a.at[(size_t)i * a.row + (size_t)p * a.col] * (double)b.at[(size_t)p * b.row + (size_t)j * b.col];
    return sum;
}

/* Entries on both diagonals' neighbourhood and the last row and column are enough where every entry goes through the same tile. */
static void check(product *multiply, sides s, bool turn_a, bool turn_b, bool adds)
{
    const size_t m = (size_t)s.m, n = (size_t)s.n, k = (size_t)s.k, work_bytes = bf_gemm_small_work(s.m, s.k) * sizeof(float);
    float *at = filled(m * k), *bt = filled(k * n), *c = filled(m * n + 1), *work = aligned_alloc(64, (work_bytes + 63) / 64 * 64);
    assert_non_null(work);
    const bf_operand a = { at, turn_a ? 1 : k, turn_a ? m : 1 }, b = { bt, turn_b ? 1 : n, turn_b ? k : 1 };
    multiply(s.m, s.n, s.k, a, b, adds, c, work);
    const int step = s.m * s.n > 4096 ? 7 : 1;
    for (int i = 0; i < s.m; i += i + step < s.m ? step : 1)
        for (int j = 0; j < s.n; j += j + step < s.n ? step : 1) {
            const size_t at_c = (size_t)i * n + (size_t)j;
            const double before = adds ? (double)entry(at_c + m * n + 1) : 0.0;
            BF_CHECK_NEAR((double)c[at_c], before + defined(s, a, b, i, j), 3e-7 * (4.0 + s.k));
        }
    assert_true(c[m * n] == entry(m * n + m * n + 1));      /* nothing is written behind the end */
    free(at);
    free(bt);
    free(c);
    free(work);
}

static void check_layouts(product *multiply, sides s)
{
    for (int kind = 0; kind < 8; kind++) check(multiply, s, kind & 1, kind & 2, kind & 4);
}

static void test_gemm__small_products(void **state)
{
    (void)state;
    static const int heights[] = { 1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13, 23 }, widths[] = { 1, 3, 7, 8, 13, 16, 17, 31, 32, 33, 65, 129 },
                     depths[] = { 1, 2, 5, 25, 255, 256, 257 };
    for (size_t i = 0; i < sizeof heights / sizeof *heights; i++)
        for (size_t j = 0; j < sizeof widths / sizeof *widths; j++)
            for (size_t p = 0; p < sizeof depths / sizeof *depths; p++)
                if ((i + j + p) % 3 == 0 || i == j) check_layouts(small, (sides){ heights[i], widths[j], depths[p] });
}

/* Beyond the bound BLAS multiplies, with strides as thin as operands of one row or column have them. */
static void test_gemm__large_products(void **state)
{
    (void)state;
    static const sides large[] = { { 128, 200, 300 }, { 1, 2100, 2100 }, { 2100, 1, 2100 }, { 2100, 2100, 1 } };
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        assert_true(bf_gemm_is_small(large[i].m, large[i].n, large[i].k) == false);
        check_layouts(bf_gemm, large[i]);
    }
    assert_true(bf_gemm_is_small(100, 64, 25));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_gemm__small_products), cmocka_unit_test(test_gemm__large_products) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
