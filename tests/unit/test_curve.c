/* What points of the rate-distortion plane say together: hand-made points, and the analytic curve whose slopes are known. */
#include "measure/curve.h"
#include "measure/water_filling.h"

#include <string.h>

#include "close.h"

enum { MOST = 64 };

static void expect_marks(const int8_t *got, const char *want)
{
    for (size_t i = 0; i < strlen(want); i++)
        if ((want[i] == '*') != got[i]) fail_msg("point %zu of %s is marked %d", i, want, got[i]);
}

static void test_curve__hull_is_convex_and_falls(void **state)
{
    /* Equal rates, a point above its neighbours' line, one in the middle of an edge, one that is dominated, a last one that rises. */
    const double rate[] =       { 0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0 };
    const double distortion[] = { 9.0, 8.0, 7.5, 4.0, 3.0, 2.0, 2.5, 2.0 };
    int8_t on[8];
    (void)state;
    assert_int_equal(bf_curve_hull(rate, distortion, 8, on), 3);
    expect_marks(on, ".*.*.*..");
    assert_int_equal(bf_curve_hull(rate, distortion, 1, on), 1);
    assert_int_equal(bf_curve_hull(rate, distortion, 0, on), 0);
}

/* Against the definition: a vertex is a point that some direction (cos, sin) of the first quadrant puts strictly before all others. */
static void test_curve__hull_is_what_a_straight_edge_touches(void **state)
{
    double rate[MOST], distortion[MOST];
    int8_t on[MOST], touched[MOST] = { 0 };
    (void)state;
    for (int i = 0; i < MOST; i++) {
        rate[i] = 0.1 * i + 0.05 * sin(7.0 * i);
        distortion[i] = 5.0 * exp(-0.4 * rate[i]) + 0.4 * cos(3.0 * i);
    }
    for (int k = 0; k <= 200000; k++) {
        const double angle = 1.5707963 * k / 200000;
        int best = 0;
        for (int i = 1; i < MOST; i++)
            if (cos(angle) * (rate[i] - rate[best]) + sin(angle) * (distortion[i] - distortion[best]) < 0.0) best = i;
        touched[best] = 1;
    }
    bf_curve_hull(rate, distortion, MOST, on);
    assert_memory_equal(on, touched, MOST);
}

static void test_curve__rises_are_counted(void **state)
{
    const double distortion[] = { 9.0, 8.0, 8.5, 8.0, 10.0 };
    int8_t rises[5];
    double largest;
    (void)state;
    assert_int_equal(bf_curve_rises(distortion, 5, rises, &largest), 2);
    expect_marks(rises, "..*.*");
    BF_CHECK_NEAR(largest, 2.0, 1e-15);
    assert_int_equal(bf_curve_rises(distortion, 2, rises, &largest), 0);
    BF_CHECK_NEAR(largest, 0.0, 0.0);
}

static void test_curve__hypervolume_is_the_dominated_area(void **state)
{
    const double rate[] = { 1.0, 2.0, 3.0, 5.0 }, distortion[] = { 6.0, 3.0, 4.0, 1.0 };
    (void)state;
    BF_CHECK_NEAR(bf_curve_hypervolume(rate, distortion, 4, 6.0, 7.0), 1.0 * 1.0 + 3.0 * 4.0 + 1.0 * 6.0, 1e-12);
    BF_CHECK_NEAR(bf_curve_hypervolume(rate, distortion, 4, 2.5, 4.0), 0.5, 1e-12);     /* points beyond the corner add nothing */
    BF_CHECK_NEAR(bf_curve_hypervolume(rate, distortion, 4, 1.0, 9.0), 0.0, 0.0);
}

static void test_curve__area_between_two_curves(void **state)
{
    const double ra[] = { 0.0, 2.0, 4.0 }, da[] = { 4.0, 2.0, 0.0 };
    const double rb[] = { 1.0, 3.0, 9.0 }, db[] = { 5.0, 1.0, 1.0 };
    const bf_curve a = { ra, da, 3 }, b = { rb, db, 3 }, one = { ra, da, 1 }, far = { rb + 1, db + 1, 2 }, near = { ra, da, 2 };
    (void)state;
    const bf_curve_gap gap = bf_curve_area(&a, &b);
    BF_CHECK_NEAR(gap.from, 1.0, 0.0);
    BF_CHECK_NEAR(gap.to, 4.0, 0.0);
    BF_CHECK_NEAR(gap.area, 0.5 * (2.0 + 0.0) * 2.0 + 0.5 * (0.0 + 1.0) * 1.0, 1e-12);
    BF_CHECK_NEAR(bf_curve_area(&b, &a).area, -gap.area, 1e-12);
    BF_CHECK_NEAR(bf_curve_area(&a, &a).area, 0.0, 1e-12);
    assert_true(isnan(bf_curve_area(&a, &one).area));
    assert_true(isnan(bf_curve_area(&near, &far).area));
}

static void test_curve__area_steps_over_equal_rates(void **state)
{
    const double ra[] = { 0.0, 0.0, 1.0, 1.0, 2.0, 2.0 }, da[] = { 9.0, 1.0, 1.0, 0.0, 0.0, -5.0 };
    const double rb[] = { 0.0, 2.0 }, db[] = { 1.0, 1.0 };
    const bf_curve a = { ra, da, 6 }, b = { rb, db, 2 };
    (void)state;
    BF_CHECK_NEAR(bf_curve_area(&a, &b).area, 1.0, 1e-12);
    BF_CHECK_NEAR(bf_curve_area(&b, &a).area, -1.0, 1e-12);
}

/* Points of the optimum from large beta to small. */
static void analytic(int n, double first, double last, bool fitted, double *beta, double *rate, double *distortion)
{
    static const double lambda[6] = { 4.0, 2.0, 1.0, 0.5, 0.1, 0.05 };
    for (int i = 0; i < n; i++) {
        bf_water w;
        beta[i] = first * pow(last / first, (double)i / (n - 1));
        if (fitted) bf_water_fitted(lambda, 6, 4, beta[i], &w);
        else bf_water_fixed(lambda, 6, 4, beta[i], 1.0, &w);
        rate[i] = w.rate;
        distortion[i] = bf_water_distortion(&w, w.variance);
    }
}

static void test_curve__slopes_of_the_optimum_are_beta(void **state)
{
    double beta[MOST], rate[MOST], distortion[MOST], slope[MOST], between[MOST];
    int8_t on[MOST];
    (void)state;
    for (int fitted = 0; fitted < 2; fitted++) {
        analytic(MOST, 2.9, 0.01, fitted, beta, rate, distortion);
        const bf_curve_slopes s = bf_curve_slope(beta, rate, distortion, MOST, slope, between);
        assert_true(isnan(slope[0]) && isnan(between[0]));
        assert_int_equal(s.counted, MOST - 1);
        assert_int_equal(s.agreeing, MOST - 1);
        /* The two betas are 9 % apart; on a step that takes up a dimension the mean is only near: at worst by 0.32 % and 1.27 %. */
        for (int i = 1; i < MOST; i++) BF_CHECK_NEAR(slope[i] / between[i], 1.0, fitted ? 1.3e-2 : 3.3e-3);
        assert_int_equal(bf_curve_hull(rate, distortion, MOST, on), MOST);
    }
    analytic(8, 0.45, 0.01, false, beta, rate, distortion);     /* four dimensions all along: the mean is exact, however coarse the grid */
    bf_curve_slope(beta, rate, distortion, 8, slope, between);
    for (int i = 1; i < 8; i++) BF_CHECK_NEAR(slope[i], between[i], 1e-12);
}

static void test_curve__a_wrong_slope_is_seen_and_a_collapse_has_none(void **state)
{
    /* A step of rounding, a right slope, one too steep, one too flat. */
    const double beta[] = { 20.0, 10.0, 1.0, 0.1, 0.01 }, rate[] = { 0.0, 1e-9, 1.0, 2.0, 3.0 }, distortion[] = { 5.0, 5.1, 3.0, 0.5, 0.495 };
    double slope[5], between[5];
    (void)state;
    const bf_curve_slopes s = bf_curve_slope(beta, rate, distortion, 5, slope, between);
    assert_true(isnan(slope[1]));
    assert_int_equal(s.counted, 3);
    assert_int_equal(s.agreeing, 1);
    BF_CHECK_NEAR(slope[2], 2.1, 1e-6);
    BF_CHECK_NEAR(slope[3], 2.5, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_curve__hull_is_convex_and_falls),
        cmocka_unit_test(test_curve__hull_is_what_a_straight_edge_touches),
        cmocka_unit_test(test_curve__rises_are_counted),
        cmocka_unit_test(test_curve__hypervolume_is_the_dominated_area),
        cmocka_unit_test(test_curve__area_between_two_curves),
        cmocka_unit_test(test_curve__area_steps_over_equal_rates),
        cmocka_unit_test(test_curve__slopes_of_the_optimum_are_beta),
        cmocka_unit_test(test_curve__a_wrong_slope_is_seen_and_a_collapse_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
