#include "farm/speed.h"

#include <math.h>

#include "close.h"

static void test_speed__a_run_without_steps_has_none(void **state)
{
    (void)state;
    const bf_run_speed s = bf_speed_of(&(bf_times){ .seconds = { [BF_PHASE_FILES] = 1.0 } });
    assert_true(isnan(s.gflops) && isnan(s.roof_gflops) && isnan(s.memory_share) && isnan(s.seconds[BF_PHASE_FILES]));
}

static void test_speed__is_told_beside_the_roofs(void **state)
{
    (void)state;
    const bf_times times = { .seconds = { 0.1, 0.2, 0.3, 0.1, 0.3, 0.5, 0.5 }, .flops = 8e9, .rank_seconds = 2.0, .update_bytes = 6e8,
                             .roof_seconds = 0.5 };
    const bf_run_speed s = bf_speed_of(&times);
    BF_CHECK_NEAR(s.gflops, 4.0, 1e-12);
    BF_CHECK_NEAR(s.update_bandwidth, 2.0, 1e-12);
    BF_CHECK_NEAR(s.roof_gflops, 16.0, 1e-12);
    BF_CHECK_NEAR(s.roof_share, 0.25, 1e-15);
    assert_true(isfinite(s.memory_bandwidth) && s.memory_bandwidth > 0.0);
    BF_CHECK_NEAR(s.memory_share, s.update_bandwidth / s.memory_bandwidth, 1e-15);
    BF_CHECK_NEAR(s.seconds[BF_PHASE_BACKWARD], 0.3, 0.0);
}

static void test_speed__every_backend_and_precision_has_a_roof_of_its_own(void **state)
{
    (void)state;
    const bf_train_options wide = { .backend = "portable", .precision = "f32" }, narrow = { .backend = "portable", .precision = "bf16" };
    bf_roofs roofs = { .count = 0 };
    const double first = bf_roof_of(&roofs, &wide), second = bf_roof_of(&roofs, &narrow);
    assert_true(first > 0.0 && second > 0.0 && isfinite(first) && isfinite(second));
    BF_CHECK_NEAR(bf_roof_of(&roofs, &wide), first, 0.0);           /* measured once */
    BF_CHECK_NEAR(bf_roof_of(&roofs, &narrow), second, 0.0);
    assert_int_equal(roofs.count, 2);
}

static void test_speed__times_add_up(void **state)
{
    (void)state;
    bf_times sum = { .flops = 1.0, .seconds = { 1.0 } };
    bf_times_add(&sum, &(bf_times){ .seconds = { 1, 2, 3, 4, 5, 6, 7 }, .flops = 2.0, .rank_seconds = 1.0, .update_bytes = 4.0,
                                  .roof_seconds = 0.5 });
    assert_true(sum.seconds[0] == 2.0 && sum.seconds[BF_PHASE_FILES] == 7.0 && sum.flops == 3.0 && sum.update_bytes == 4.0 && sum.roof_seconds == 0.5);
    BF_CHECK_NEAR(bf_times_step_seconds(&sum), 2.0 + 2.0 + 3.0 + 4.0 + 5.0, 0.0);
    BF_CHECK_NEAR(bf_times_gflops(&sum), 3e-9, 1e-20);
    assert_true(isnan(bf_times_gflops(&(bf_times){ .flops = 1.0 })));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_speed__a_run_without_steps_has_none),
        cmocka_unit_test(test_speed__is_told_beside_the_roofs),
        cmocka_unit_test(test_speed__every_backend_and_precision_has_a_roof_of_its_own),
        cmocka_unit_test(test_speed__times_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
