#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/result.h"

static void fill(bf_result *r)
{
    assert_int_equal(bf_result_create(r, 3, 2, 5).code, BF_OK);
    r->id = 7;
    r->status = BF_DIVERGED;
    r->steps = 1234567890123;
    r->seconds = 1.5;
    strcpy(r->error, "loss not finite");
    strcpy(r->hash, "0123456789abcdef");
    for (int i = 0; i < 6; i++) r->metrics[i] = i + 0.25;
    for (int i = 0; i < 9; i++) r->history[i] = -i;
}

static void test_result__tables_start_absent(void **state)
{
    (void)state;
    bf_result r;
    assert_int_equal(bf_result_create(&r, 2, 3, 4).code, BF_OK);
    for (int i = 0; i < 4; i++) assert_true(isnan(r.metrics[i]));
    for (int i = 0; i < 12; i++) assert_true(isnan(r.history[i]));
    bf_result_free(&r);
    assert_null(r.metrics);
}

static void test_result__a_letter_brings_it_back(void **state)
{
    (void)state;
    bf_result r, back;
    void *bytes;
    size_t n;
    fill(&r);
    assert_int_equal(bf_result_pack(&r, &bytes, &n).code, BF_OK);
    assert_int_equal(bf_result_unpack(bytes, n, &back).code, BF_OK);
    assert_int_equal(back.id, 7);
    assert_int_equal(back.status, BF_DIVERGED);
    assert_int_equal(back.steps, r.steps);
    assert_string_equal(back.error, r.error);
    assert_string_equal(back.hash, r.hash);
    assert_memory_equal(back.metrics, r.metrics, 6 * sizeof(double));
    assert_memory_equal(back.history, r.history, 10 * sizeof(double));
    free(bytes);
    bf_result_free(&r);
    bf_result_free(&back);
}

static void test_result__a_lying_letter_is_refused(void **state)
{
    (void)state;
    bf_result r, back;
    void *bytes;
    size_t n;
    fill(&r);
    assert_int_equal(bf_result_pack(&r, &bytes, &n).code, BF_OK);
    for (size_t cut = 0; cut < n; cut += 13) {
        char *part = malloc(cut + 1);           /* its own allocation: reading past the end is seen */
        memcpy(part, bytes, cut);
        assert_int_equal(bf_result_unpack(part, cut, &back).code, BF_E_INTERNAL);
        assert_null(back.metrics);
        free(part);
    }
    const int64_t epochs[] = { -1, 6, INT64_MAX, (int64_t)1 << 40, (int64_t)1 << 61 };
    for (int i = 0; i < 5; i++) {
        memcpy((char *)bytes + offsetof(bf_result, epochs), &epochs[i], sizeof epochs[i]);
        assert_int_equal(bf_result_unpack(bytes, n, &back).code, BF_E_INTERNAL);
    }
    free(bytes);
    bf_result_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result__tables_start_absent),
        cmocka_unit_test(test_result__a_letter_brings_it_back),
        cmocka_unit_test(test_result__a_lying_letter_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
