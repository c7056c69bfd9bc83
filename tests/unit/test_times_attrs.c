#include "store/times_attrs.h"

#include <math.h>
#include <string.h>

#include "close.h"

static void test_times_attrs__there_and_back(void **state)
{
    (void)state;
    const bf_times times = { .seconds = { 1, 2, 3, 4, 5, 6, 7 }, .flops = 6e9, .rank_seconds = 3.0 };
    bf_times back;
    bf_attr a[BF_TIMES_ATTRS];
    bf_times_to_attrs(&times, a);
    assert_string_equal(a[BF_PHASE_REDUCE].name, "seconds_reduce");
    assert_string_equal(a[BF_TIMES_ATTRS - 1].name, "gflops");
    BF_CHECK_NEAR(a[BF_TIMES_ATTRS - 1].real, 2.0, 1e-12);
    bf_times_from_attrs(a, &back);
    assert_memory_equal(back.seconds, times.seconds, sizeof times.seconds);
    assert_true(back.flops == times.flops);
    BF_CHECK_NEAR(back.rank_seconds, times.rank_seconds, 1e-12);
}

static void test_times_attrs__nonsense_counts_as_none(void **state)
{
    (void)state;
    const double nonsense[] = { NAN, -1.0, INFINITY };
    bf_times back;
    bf_attr a[BF_TIMES_ATTRS];
    bf_times_to_attrs(NULL, a);
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < BF_TIMES_ATTRS; i++) a[i].real = nonsense[k];
        bf_times_from_attrs(a, &back);
        for (int p = 0; p < BF_PHASES; p++) assert_true(back.seconds[p] == 0.0);
        assert_true(back.flops == 0.0 && back.rank_seconds == 0.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_attrs__there_and_back),
        cmocka_unit_test(test_times_attrs__nonsense_counts_as_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
