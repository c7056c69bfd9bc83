#include "train/schedule.h"

#include "close.h"

static double lr_at(const bf_train_options *o, int64_t step)
{
    const bf_schedule *s = bf_schedule_find(o->schedule);
    assert_non_null(s);
    return bf_schedule_lr(s, o, step, 10, 100);         /* 10 steps an epoch, 10 epochs */
}

static void test_schedule__constant_and_warm_up(void **state)
{
    (void)state;
    bf_train_options o = { .schedule = "constant", .lr = 0.5 };
    BF_CHECK_NEAR(lr_at(&o, 0), 0.5, 0.0);
    BF_CHECK_NEAR(lr_at(&o, 99), 0.5, 0.0);
    o.warmup = 2.0;                                     /* 20 steps */
    BF_CHECK_NEAR(lr_at(&o, 0), 0.5 / 20, 1e-15);
    BF_CHECK_NEAR(lr_at(&o, 9), 0.25, 1e-15);
    BF_CHECK_NEAR(lr_at(&o, 19), 0.5, 1e-15);
    BF_CHECK_NEAR(lr_at(&o, 20), 0.5, 0.0);
}

static void test_schedule__step_falls_every_step_size_epochs(void **state)
{
    (void)state;
    const bf_train_options o = { .schedule = "step", .lr = 1.0, .step_size = 3.0, .step_factor = 0.1 };
    BF_CHECK_NEAR(lr_at(&o, 29), 1.0, 1e-15);
    BF_CHECK_NEAR(lr_at(&o, 30), 0.1, 1e-15);
    BF_CHECK_NEAR(lr_at(&o, 60), 0.01, 1e-15);
}

static void test_schedule__cosine_starts_after_the_warm_up(void **state)
{
    (void)state;
    bf_train_options o = { .schedule = "cosine", .lr = 2.0, .lr_final = 0.1 };
    BF_CHECK_NEAR(lr_at(&o, 0), 2.0, 1e-15);
    BF_CHECK_NEAR(lr_at(&o, 50), 1.1, 1e-12);           /* half way: the mean of both ends */
    BF_CHECK_NEAR(lr_at(&o, 100), 0.2, 1e-12);
    o.warmup = 2.0;
    BF_CHECK_NEAR(lr_at(&o, 20), 2.0, 1e-12);
    BF_CHECK_NEAR(lr_at(&o, 60), 1.1, 1e-12);
}

static void test_schedule__every_name_is_a_row(void **state)
{
    (void)state;
    for (int i = 0; bf_schedule_names[i]; i++) assert_string_equal(bf_schedule_find(bf_schedule_names[i])->name, bf_schedule_names[i]);
    assert_null(bf_schedule_find("sideways"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule__constant_and_warm_up),
        cmocka_unit_test(test_schedule__step_falls_every_step_size_epochs),
        cmocka_unit_test(test_schedule__cosine_starts_after_the_warm_up),
        cmocka_unit_test(test_schedule__every_name_is_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
