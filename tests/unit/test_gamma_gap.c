/* The gap of the gamma functions against the C library's, and log-sum-exp against its definition. */
#include <math.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/gamma_gap.h"
#include "base/log_sum_exp.h"

static long double gap(long double a) { return 0.5L * logl(a) - (lgammal(a + 0.5L) - lgammal(a)); }

static void test_gamma_gap__is_what_the_gamma_functions_leave(void **state)
{
    (void)state;
    for (float a = 0.005f; a < 1e3f; a *= 1.003f) {
        const long double h = 1e-5L * (long double)a, x = a;
        const long double slope = (gap(x - 2 * h) - gap(x + 2 * h) + 8 * (gap(x + h) - gap(x - h))) / (12 * h);
        assert_true(fabsl((long double)bf_gamma_gap(a) - gap(x)) < 1e-6L);
        assert_true(fabsl((long double)bf_gamma_gap_slope(a) - slope) < 2e-6L * fabsl(slope) + 1e-11L);
    }
}

/* Where the library's difference has lost its digits the leading term has them all. */
static void test_gamma_gap__falls_like_its_leading_term(void **state)
{
    (void)state;
    for (float a = 1e4f; a < 1e15f; a *= 7.0f) {
        assert_true(fabs(8.0 * (double)a * (double)bf_gamma_gap(a) - 1.0) < 1e-6);
        assert_true(fabs(8.0 * (double)a * (double)a * (double)bf_gamma_gap_slope(a) + 1.0) < 1e-6);
    }
    assert_true(bf_gamma_gap(INFINITY) == 0.0f && isnan(bf_gamma_gap(NAN)));
}

static void test_log_sum_exp__is_the_logarithm_of_the_sum(void **state)
{
    (void)state;
    float v[70];
    for (int n = 1; n <= 70; n++) {
        double sum = 0.0;
        for (int i = 0; i < n; i++) {
            v[i] = 20.0f * sinf(1.1f * (float)(i + n));
            sum += exp((double)v[i]);
        }
        assert_true(fabs(bf_log_sum_exp(v, n) - log(sum)) < 1e-6);
        for (int i = 0; i < n; i++) v[i] += 3e4f;           /* nothing overflows; the floats themselves lose digits */
        assert_true(fabs(bf_log_sum_exp(v, n) - 3e4 - log(sum)) < 5e-3);
        v[n / 2] = NAN;
        assert_true(isnan(bf_log_sum_exp(v, n)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gamma_gap__is_what_the_gamma_functions_leave),
        cmocka_unit_test(test_gamma_gap__falls_like_its_leading_term),
        cmocka_unit_test(test_log_sum_exp__is_the_logarithm_of_the_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
