/* The vector functions against the C library's doubles, over every exponent they are used with. */
#include <math.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/power_of_two.h"      /* beside it: their names differ */
#include "base/vector_math.h"

static double ulps(float got, double want)
{
    float near = (float)want;
    double unit = fabs((double)nextafterf(near, INFINITY) - (double)near);
    return fabs((double)got - want) / unit;
}

/* The worst error over floats from lo to hi, every `stride`-th bit pattern, of both signs when lo is 0. */
static double worst(float (*f)(float), double (*g)(double), float lo, float hi, uint32_t stride, bool negative)
{
    double most = 0.0;
    for (uint32_t b = bf_bits_of(lo); b <= bf_bits_of(hi); b += stride) {
        float x = bf_float_of(b);
        most = fmax(most, ulps(f(x), g((double)x)));
        if (negative) most = fmax(most, ulps(f(-x), g(-(double)x)));
    }
    return most;
}

static double softplus(double x) { return fmax(x, 0.0) + log1p(exp(-fabs(x))); }
static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

static void test_vector_math__bounds_hold(void **state)
{
    (void)state;
    assert_true(worst(bf_exp, exp, 1e-20f, 87.0f, 997, true) < 3.0);
    assert_true(worst(bf_expm1, expm1, 1e-30f, 87.0f, 997, true) < 3.0);
    assert_true(worst(bf_log, log, 1.2e-38f, 3e38f, 1997, false) < 3.0);
    assert_true(worst(bf_log1p, log1p, 1e-30f, 1e30f, 997, false) < 3.0);
    assert_true(worst(bf_softplus, softplus, 1e-20f, 80.0f, 997, true) < 3.0);
    assert_true(worst(bf_sigmoid, sigmoid, 1e-20f, 80.0f, 997, true) < 3.0);
    assert_true(worst(bf_tanh, tanh, 1e-30f, 20.0f, 997, true) < 4.0);
}

static void test_vector_math__sine_and_cosine_of_turns(void **state)
{
    (void)state;
    const double two_pi = 6.283185307179586;
    for (int i = 0; i <= 1 << 20; i++) {
        float t = (float)i / (float)(1 << 20), s, c;
        bf_sincos_turns(t, &s, &c);
        assert_true(fabs((double)s - sin(two_pi * (double)t)) < 0x1p-23);
        assert_true(fabs((double)c - cos(two_pi * (double)t)) < 0x1p-23);
    }
}

static void test_vector_math__ends_of_the_range(void **state)
{
    (void)state;
    assert_true(bf_exp(0.0f) == 1.0f && bf_expm1(0.0f) == 0.0f && bf_tanh(0.0f) == 0.0f && bf_sigmoid(0.0f) == 0.5f);
    assert_true(bf_exp(-200.0f) == 0.0f && bf_exp(-INFINITY) == 0.0f && isinf(bf_exp(INFINITY)) && isinf(bf_exp(89.0f)));
    assert_true(bf_exp(-100.0f) > 0.0f);
    assert_true(bf_expm1(-50.0f) == -1.0f && isinf(bf_expm1(100.0f)));
    assert_true(bf_tanh(50.0f) == 1.0f && bf_tanh(-INFINITY) == -1.0f);
    assert_true(bf_sigmoid(-200.0f) == 0.0f && bf_sigmoid(200.0f) == 1.0f && bf_softplus(1000.0f) == 1000.0f && bf_softplus(-200.0f) == 0.0f);
    assert_true(isnan(bf_exp(NAN)) && isnan(bf_expm1(NAN)) && isnan(bf_tanh(NAN)) && isnan(bf_sigmoid(NAN)) && isnan(bf_softplus(NAN)));
}

static void test_power_of_two__is_one_bit(void **state)
{
    (void)state;
    for (int bit = 0; bit < 63; bit++) {
        const int64_t v = (int64_t)1 << bit;
        assert_true(bf_power_of_two(v));
        assert_false(bf_power_of_two(v + 1) && v > 1);
        assert_false(bf_power_of_two(-v));
    }
    assert_false(bf_power_of_two(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_math__bounds_hold),
        cmocka_unit_test(test_vector_math__sine_and_cosine_of_turns),
        cmocka_unit_test(test_vector_math__ends_of_the_range),
        cmocka_unit_test(test_power_of_two__is_one_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
