/* Slots of the flat vector: where they are, and how they start. */
#include "close.h"
#include "base/checksum.h"
#include "base/rng.h"
#include "nn/params.h"
#include <string.h>

static const bf_init normal = { BF_INIT_NORMAL, 0.5 }, one = { BF_INIT_CONST, 1.0 };

static void test_params__slots_are_aligned_and_found_again(void **state)
{
    (void)state;
    bf_params *p = bf_params_create();
    const int a = bf_params_slot(p, "a", 2, (const int64_t[]){ 3, 7 }, normal, true), b = bf_params_slot(p, "b", 1, (const int64_t[]){ 16 }, one, false);
    assert_int_equal(bf_params_slot(p, "a", 2, (const int64_t[]){ 3, 7 }, normal, true), a);
    assert_int_equal(bf_params_slots(p), 2);
    assert_int_equal(bf_params_at(p, a)->offset, 0);
    assert_int_equal(bf_params_at(p, b)->offset, 32);
    assert_int_equal(bf_params_size(p), 48);
    assert_int_equal(bf_params_count(p), 37);
    bf_params_average(p, b);
    assert_int_equal(bf_params_count(p), 21);       /* what no gradient moves does not count */
    assert_int_equal(bf_params_find(p, "b"), b);
    assert_int_equal(bf_params_find(p, "c"), -1);
    assert_ptr_equal(bf_params_owner(p, 20), bf_params_at(p, a));
    assert_null(bf_params_owner(p, 21));
    assert_ptr_equal(bf_params_owner(p, 47), bf_params_at(p, b));
    assert_null(bf_params_owner(p, 48));
    bf_params_destroy(&p);
    assert_null(p);
}

static void test_params__a_slot_beyond_memory_is_refused(void **state)
{
    (void)state;
    bf_params *p = bf_params_create();
    assert_int_equal(bf_params_slot(p, "a", 2, (const int64_t[]){ INT64_MAX, 16 }, normal, true), -1);
    assert_int_equal(bf_params_slot(p, "b", 1, (const int64_t[]){ INT64_MAX }, normal, true), -1);
    assert_int_equal(bf_params_slot(p, "c", 1, (const int64_t[]){ 0 }, normal, true), -1);
    assert_int_equal(bf_params_slots(p), 0);
    assert_int_equal(bf_params_size(p), 0);
    bf_params_destroy(&p);
}

/* A slot starts from its name and the seed, not from where it stands. */
static void test_params__start_is_addressed_by_seed_and_name(void **state)
{
    (void)state;
    bf_params *p = bf_params_create(), *q = bf_params_create();
    bf_params_slot(p, "weight", 1, (const int64_t[]){ 5 }, normal, true);
    bf_params_slot(q, "other", 1, (const int64_t[]){ 3 }, one, true);
    bf_params_slot(q, "weight", 1, (const int64_t[]){ 5 }, normal, true);
    float a[16], b[32], c[16], expected[5];
    bf_params_init(p, 7, a);
    bf_params_init(q, 7, b);
    bf_params_init(p, 8, c);
    bf_rng_normal(&(bf_draw){ .seed = 7, .sample = bf_hash64("weight", 6), .use = BF_USE_INIT }, expected, 5);
    for (int i = 0; i < 5; i++) BF_CHECK_NEAR((double)a[i], 0.5 * (double)expected[i], 0.0);
    assert_memory_equal(a, b + 16, 5 * sizeof *a);
    assert_memory_not_equal(a, c, 5 * sizeof *a);
    for (int i = 5; i < 16; i++) BF_CHECK_NEAR((double)a[i], 0.0, 0.0);
    for (int i = 0; i < 16; i++) BF_CHECK_NEAR((double)b[i], i < 3 ? 1.0 : 0.0, 0.0);
    bf_params_destroy(&p);
    bf_params_destroy(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_params__slots_are_aligned_and_found_again),
        cmocka_unit_test(test_params__a_slot_beyond_memory_is_refused),
        cmocka_unit_test(test_params__start_is_addressed_by_seed_and_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
