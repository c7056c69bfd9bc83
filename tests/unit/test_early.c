#include "train/early.h"

#include "close.h"

static void test_early__keeps_the_best_and_ends_when_patience_is_over(void **state)
{
    (void)state;
    const bf_train_options o = { .keep = "best", .patience = 2 };
    float theta[2] = { 1.0f, 2.0f }, best[2] = { 0 };
    bf_early e;
    bf_early_start(&e, &o, best, 2);
    assert_true(bf_early_keeps_best(&o));
    assert_false(bf_early_note(&e, -5.0, 1, theta));
    theta[0] = 3.0f;
    assert_false(bf_early_note(&e, -4.0, 2, theta));
    theta[0] = 9.0f;
    assert_false(bf_early_note(&e, -4.0, 3, theta));    /* no better is no improvement */
    assert_true(bf_early_note(&e, NAN, 4, theta));
    assert_int_equal(e.epoch, 2);
    BF_CHECK_NEAR(e.score, -4.0, 0.0);
    BF_CHECK_NEAR(best[0], 3.0, 0.0);
}

static void test_early__without_patience_never_ends(void **state)
{
    (void)state;
    const bf_train_options o = { .keep = "last" };
    bf_early e;
    bf_early_start(&e, &o, NULL, 0);
    assert_false(bf_early_keeps_best(&o));
    for (int i = 1; i < 100; i++) assert_false(bf_early_note(&e, -i, i, NULL));
    assert_int_equal(e.epoch, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_early__keeps_the_best_and_ends_when_patience_is_over),
        cmocka_unit_test(test_early__without_patience_never_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
