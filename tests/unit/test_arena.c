/* Step memory and named arrays: counting, addresses, and sizes that do not fit. */
#include "base/arena.h"
#include "base/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_arena__counts_then_hands_out_disjoint_aligned_zeros(void **state)
{
    (void)state;
    static const size_t counts[] = { 1, 17, 0, 1000, 3 };
    bf_arena a = { 0 };
    for (size_t i = 0; i < 5; i++)
        assert_null(BF_TAKE(&a, float, counts[i]));
    size_t counted = a.used;
    assert_int_equal(bf_arena_commit(&a).code, BF_OK);
    char *last_end = a.base;
    for (size_t i = 0; i < 5; i++) {
        float *p = BF_TAKE(&a, float, counts[i]);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        assert_true((char *)p >= last_end);
        for (size_t j = 0; j < counts[i]; j++) {
            assert_true(p[j] == 0.0f);
            p[j] = 1.0f;                        /* a neighbour that overlaps would not be zero */
        }
        last_end = (char *)(p + counts[i]);
    }
    assert_int_equal(a.used, counted);
    assert_true(last_end <= a.base + a.size);
    bf_arena_release(&a);
    assert_null(a.base);
    assert_int_equal(a.used, 0);
}

static void test_arena__refuses_what_no_memory_holds(void **state)
{
    (void)state;
    static const size_t counts[][2] = { { SIZE_MAX, 1 }, { SIZE_MAX / 4 + 2, 1 }, { SIZE_MAX / 8, SIZE_MAX / 8 }, { SIZE_MAX / 16, 1 } };
    for (size_t i = 0; i < 4; i++) {
        bf_arena a = { 0 };
        for (int k = 0; k < 2; k++)
            bf_arena_take(&a, counts[i][k], 4);
        bf_arena_take(&a, 100, 4);              /* what saturated stays so */
        bf_status s = bf_arena_commit(&a);
        assert_int_equal(s.code, BF_E_MEMORY);
        assert_null(a.base);
        assert_int_equal(a.used, 0);
    }
    bf_arena padded = { 0 };
    bf_arena_take(&padded, SIZE_MAX - 10, 1);   /* a product that fits, but not with its padding */
    assert_int_equal(bf_arena_commit(&padded).code, BF_E_MEMORY);
}

static void test_arena__commits_nothing_too(void **state)
{
    (void)state;
    bf_arena a = { 0 };
    assert_int_equal(bf_arena_commit(&a).code, BF_OK);
    assert_non_null(BF_TAKE(&a, double, 0));
    bf_arena_release(&a);
    bf_arena_release(&a);
}

static void test_array__counts_or_says_that_it_cannot(void **state)
{
    (void)state;
    bf_array a = { .rank = 3, .shape = { 4, 5, 6, -1 } };
    assert_int_equal(bf_array_count(&a), 120);
    a.rank = 4;
    assert_int_equal(bf_array_count(&a), -1);
    a.rank = 5;
    assert_int_equal(bf_array_count(&a), -1);
    a.rank = 0;
    assert_int_equal(bf_array_count(&a), 1);
    bf_array huge = { .rank = 2, .shape = { INT64_C(1) << 40, INT64_C(1) << 40 } };
    assert_int_equal(bf_array_count(&huge), -1);
    bf_array empty = { .rank = 2, .shape = { 0, INT64_C(1) << 40 } };
    assert_int_equal(bf_array_count(&empty), 0);
    assert_int_equal(bf_type_size(BF_TYPE_F32) + bf_type_size(BF_TYPE_F64) + bf_type_size(BF_TYPE_I64)
                     + bf_type_size(BF_TYPE_I32) + bf_type_size(BF_TYPE_U8), 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena__counts_then_hands_out_disjoint_aligned_zeros),
        cmocka_unit_test(test_arena__refuses_what_no_memory_holds),
        cmocka_unit_test(test_arena__commits_nothing_too),
        cmocka_unit_test(test_array__counts_or_says_that_it_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
