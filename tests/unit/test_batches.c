#include "train/batches.h"

#include <string.h>

#include "close.h"

static void test_batches__an_epoch_sees_no_sample_twice(void **state)
{
    (void)state;
    bf_batches b;
    assert_int_equal(bf_batches_create(7, 103, 10, &b).code, BF_OK);
    assert_int_equal(b.steps_per_epoch, 10);
    int missing_first = -1;
    for (int64_t epoch = 0; epoch < 3; epoch++) {
        int seen[103] = { 0 }, total = 0;
        for (int64_t step = 0; step < 10; step++) {
            int64_t rows[10];
            bf_batches_take(&b, epoch * 10 + step, 0, 10, rows);
            for (int i = 0; i < 10; i++) {
                assert_in_range(rows[i], 0, 102);
                assert_int_equal(seen[rows[i]]++, 0);
                total++;
            }
        }
        assert_int_equal(total, 100);
        int missing = 0;
        while (seen[missing]) missing++;
        if (epoch > 0) assert_int_not_equal(missing, missing_first);    /* another sample sits the next epoch out (with these seeds) */
        missing_first = missing;
    }
    bf_batches_destroy(&b);
}

static void test_batches__a_part_is_a_part_of_the_whole_in_any_order(void **state)
{
    (void)state;
    bf_batches b;
    int64_t whole[12], part[3], again[12];
    assert_int_equal(bf_batches_create(1, 50, 12, &b).code, BF_OK);
    bf_batches_take(&b, 6, 0, 12, whole);
    bf_batches_take(&b, 1, 0, 12, again);               /* another epoch in between */
    for (int64_t first = 9; first >= 0; first -= 3) {
        bf_batches_take(&b, 6, first, 3, part);
        assert_memory_equal(part, whole + first, sizeof part);
    }
    assert_memory_not_equal(again, whole, sizeof whole);
    bf_batches_destroy(&b);
}

static void test_batches__fewer_samples_than_a_batch_is_an_input_error(void **state)
{
    (void)state;
    bf_batches b;
    bf_status s = bf_batches_create(1, 9, 10, &b);
    assert_int_equal(s.code, BF_E_INPUT);
    assert_non_null(strstr(s.what, "train.batch"));
    bf_batches_destroy(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches__an_epoch_sees_no_sample_twice),
        cmocka_unit_test(test_batches__a_part_is_a_part_of_the_whole_in_any_order),
        cmocka_unit_test(test_batches__fewer_samples_than_a_batch_is_an_input_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
