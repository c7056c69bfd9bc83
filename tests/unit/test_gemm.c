/* Products of matrices against their definition in double: every tile height, panel width and depth, operands as they lie and turned. */
#include "close.h"
#include "nn/gemm.h"
#include "nn/threads.h"
#include "nn/tree.h"
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

/* Each way may be given every layout, which it is fast for is gemm.c's business; its scratch is what it asks for and not more. */
typedef struct way {
    void (*multiply)(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, void *work);
    size_t (*bytes)(int m, int n, int k);
} way;

static void panels(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, void *work) { bf_gemm_panels(m, n, k, a, b, adds, c, work); }
static void across(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, void *work) { bf_gemm_across(m, n, k, a, b, adds, c, work); }
static void rows(int m, int n, int k, bf_operand a, bf_operand b, bool adds, float *c, void *work) { bf_gemm_rows(m, n, k, a, b, adds, c, work); }
static size_t panels_bytes(int m, int n, int k) { (void)n; return bf_gemm_panels_work(m, k) * sizeof(float); }
static size_t across_bytes(int m, int n, int k) { return bf_gemm_across_work(m, n, k) * sizeof(float); }
static size_t rows_bytes(int m, int n, int k) { return bf_gemm_rows_work(m, n, k, 1) * sizeof(float); }

static const way by_panels = { panels, panels_bytes }, by_across = { across, across_bytes }, by_rows = { rows, rows_bytes }, chosen = { bf_gemm, bf_gemm_work };

static double defined(sides s, bf_operand a, bf_operand b, int i, int j)
{
    double sum = 0.0;
    for (int p = 0; p < s.k; p++)
        sum += (double)a.at[(size_t)i * a.row + (size_t)p * a.col] * (double)b.at[(size_t)p * b.row + (size_t)j * b.col];
    return sum;
}

/* Entries on both diagonals' neighbourhood and the last row and column are enough where every entry goes through the same tile. */
static void check(const way *w, sides s, bool turn_a, bool turn_b, bool adds)
{
    const size_t m = (size_t)s.m, n = (size_t)s.n, k = (size_t)s.k, work_bytes = w->bytes(s.m, s.n, s.k);
    float *at = filled(m * k), *bt = filled(k * n), *c = filled(m * n + 1), *work = aligned_alloc(64, (work_bytes + 63) / 64 * 64);
    assert_non_null(work);
    const bf_operand a = { at, turn_a ? 1 : k, turn_a ? m : 1 }, b = { bt, turn_b ? 1 : n, turn_b ? k : 1 };
    w->multiply(s.m, s.n, s.k, a, b, adds, c, work);
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

static void check_layouts(const way *w, sides s)
{
    for (int kind = 0; kind < 8; kind++) check(w, s, kind & 1, kind & 2, kind & 4);
}

static void check_sizes(const way *w)
{
    static const int heights[] = { 1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13, 23 }, widths[] = { 1, 3, 7, 8, 13, 16, 17, 31, 32, 33, 65, 129 },
                     depths[] = { 1, 2, 5, 25, 255, 256, 257 };
    for (size_t i = 0; i < sizeof heights / sizeof *heights; i++)
        for (size_t j = 0; j < sizeof widths / sizeof *widths; j++)
            for (size_t p = 0; p < sizeof depths / sizeof *depths; p++)
                if ((i + j + p) % 3 == 0 || i == j) check_layouts(w, (sides){ heights[i], widths[j], depths[p] });
}

static void test_gemm__panels(void **state)
{
    (void)state;
    check_sizes(&by_panels);
}

/* More rows than go at once, several parts of k, several groups of columns and less than one. */
static void test_gemm__across(void **state)
{
    (void)state;
    check_sizes(&by_across);
    check_layouts(&by_across, (sides){ 131, 55, 803 });
    check_layouts(&by_across, (sides){ 260, 49, 1601 });
    check_layouts(&by_across, (sides){ 3, 310, 801 });
    check_layouts(&by_across, (sides){ 140, 5, 2000 });
}

static void test_gemm__rows(void **state)
{
    (void)state;
    check_sizes(&by_rows);
    check_layouts(&by_rows, (sides){ 20, 16500, 3 });
    check_layouts(&by_rows, (sides){ 61, 900, 40 });
}

static void test_gemm__small_products(void **state)
{
    (void)state;
    check_sizes(&chosen);
    check_layouts(&chosen, (sides){ 64, 10, 100 });
    check_layouts(&chosen, (sides){ 10, 64, 100 });
}

/* Whichever way is chosen, with one thread and with several, and strides as thin as operands of one row or column have them. */
static void test_gemm__large_products(void **state)
{
    (void)state;
#if defined __AVX2__ && defined __FMA__ && !defined __AVX512F__
    assert_true(bf_gemm_can_be_taken(128, 512, 784));
#endif
    static const sides large[] = { { 128, 200, 300 }, { 1, 2100, 2100 }, { 2100, 1, 2100 }, { 2100, 2100, 1 }, { 5, 1100, 1001 } };
    for (int threads = 2; threads > 0; threads--) {
        bf_threads_set(threads);
        for (size_t i = 0; i < sizeof large / sizeof *large; i++) check_layouts(&chosen, large[i]);
    }
}

typedef struct collected { float *c; size_t first, next; } collected;

static void collect(void *self, size_t first, size_t count, const float *c)
{
    collected *all = self;
    assert_true(first == all->first + all->next);
    for (size_t i = 0; i < count; i++) all->c[all->next + i] = c[i];
    all->next += count;
}

/* What a taker is given is what would have been written, to the bit: the outer product, a lane's product added to it, the lanes by the tree. */
static void check_taken(int lanes, bool starts, int from, int to)
{
    enum { ROWS = 64, OUT = 50, IN = 700, FIRST = 7 };
    const size_t size = (size_t)OUT * IN, apart = (size_t)ROWS * (OUT + IN) + OUT + IN, l_all = (size_t)lanes;
    float *all = filled(l_all * apart), *written = filled(l_all * size), *given = filled(size);
    bf_thin g = { .rows = ROWS, .out = OUT, .in = IN, .lanes = lanes, .slopes = all, .inputs = all + ROWS * OUT, .apart = apart, .first = FIRST };
    if (starts) g.u = g.inputs + ROWS * IN;
    if (starts) g.v = g.u + OUT;
    float *work = aligned_alloc(64, (bf_gemm_taken_work(&g) + 63) / 64 * 64);
    assert_non_null(work);
    for (size_t l = 0; l < l_all; l++) {
        const bf_operand a = { g.slopes + l * apart, 1, OUT }, b = { g.inputs + l * apart, IN, 1 };
        for (size_t i = 0; starts && i < size; i++) written[l * size + i] = g.u[l * apart + i / IN] * g.v[l * apart + i % IN];
        bf_gemm_rows(OUT, IN, ROWS, a, b, starts, written + l * size, work);
    }
    bf_tree_f32(written, lanes, size);
    collected part = { given, FIRST + (size_t)from * IN, 0 };
    bf_gemm_taken(&g, from, to, &(bf_taker){ &part, collect }, work);
    assert_true(part.next == (size_t)(to - from) * IN);
    assert_memory_equal(written + (size_t)from * IN, given, part.next * sizeof *written);
    free(all);
    free(written);
    free(given);
    free(work);
}

static void test_gemm__taken_rows(void **state)
{
    (void)state;
    for (int lanes = 1; lanes <= 4; lanes *= 2)
        for (int starts = 0; starts < 2; starts++) {
            check_taken(lanes, starts, 0, 50);
            check_taken(lanes, starts, 17, 18);
            check_taken(lanes, starts, 5, 31);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_gemm__panels), cmocka_unit_test(test_gemm__across), cmocka_unit_test(test_gemm__rows),
                                        cmocka_unit_test(test_gemm__small_products),
        cmocka_unit_test(test_gemm__large_products), cmocka_unit_test(test_gemm__taken_rows) };
    bf_threads_set(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
