#include "farm/speed.h"

#include <math.h>

#include "close.h"

static const bf_train_options portable = { .backend = "portable", .precision = "f32" };

static void test_speed__a_run_without_steps_has_none(void **state)
{
    (void)state;
    const bf_run_speed s = bf_speed_of(&(bf_times){ .seconds = { [BF_PHASE_FILES] = 1.0 } }, &portable);
    assert_true(isnan(s.gflops) && isnan(s.roof_gflops) && isnan(s.memory_share) && isnan(s.seconds[BF_PHASE_FILES]));
}

static void test_speed__is_told_beside_the_roofs(void **state)
{
    (void)state;
    const bf_times times = { .seconds = { 0.1, 0.2, 0.3, 0.1, 0.3, 0.5, 0.5 }, .flops = 8e9, .rank_seconds = 2.0, .update_bytes = 6e8 };
    const bf_run_speed s = bf_speed_of(&times, &portable);
    BF_CHECK_NEAR(s.gflops, 4.0, 1e-12);
    BF_CHECK_NEAR(s.update_bandwidth, 2.0, 1e-12);
    assert_true(isfinite(s.roof_gflops) && s.roof_gflops > 0.0 && isfinite(s.memory_bandwidth) && s.memory_bandwidth > 0.0);
    BF_CHECK_NEAR(s.roof_share, s.gflops / s.roof_gflops, 1e-15);
    BF_CHECK_NEAR(s.memory_share, s.update_bandwidth / s.memory_bandwidth, 1e-15);
    BF_CHECK_NEAR(s.seconds[BF_PHASE_BACKWARD], 0.3, 0.0);
}

static void test_speed__times_add_up(void **state)
{
    (void)state;
    bf_times sum = { .flops = 1.0, .seconds = { 1.0 } };
    bf_times_add(&sum, &(bf_times){ .seconds = { 1, 2, 3, 4, 5, 6, 7 }, .flops = 2.0, .rank_seconds = 1.0, .update_bytes = 4.0 });
    assert_true(sum.seconds[0] == 2.0 && sum.seconds[BF_PHASE_FILES] == 7.0 && sum.flops == 3.0 && sum.update_bytes == 4.0);
    BF_CHECK_NEAR(bf_times_step_seconds(&sum), 2.0 + 2.0 + 3.0 + 4.0 + 5.0, 0.0);
    BF_CHECK_NEAR(bf_times_gflops(&sum), 3e-9, 1e-20);
    assert_true(isnan(bf_times_gflops(&(bf_times){ .flops = 1.0 })));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_speed__a_run_without_steps_has_none),
        cmocka_unit_test(test_speed__is_told_beside_the_roofs),
        cmocka_unit_test(test_speed__times_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
