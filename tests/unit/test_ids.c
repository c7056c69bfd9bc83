/* Sets of ids as people write them. */
#include "farm/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { N = 40 };

static void expect(const char *text, const char *want)
{
    bool chosen[N];
    assert_int_equal(bf_ids_parse(text, N, chosen).code, BF_OK);
    for (int i = 0; i < N; i++) assert_int_equal(chosen[i], want[i] == 'x');
}

static void test_ids__lists_and_ranges(void **state)
{
    (void)state;
    expect("0-7,12,31", "xxxxxxxx....x..................x........");
    expect("3", "...x....................................");
    expect("39,0-0", "x......................................x");
    expect("5-6,6-7", ".....xxx................................");
    expect(NULL, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static void test_ids__what_is_no_id_is_named(void **state)
{
    (void)state;
    static const char *const bad[] = { "", ",", "1,", "a", "1-", "-1", "3-1", "1 2", "1,,2", "1-2-3", "0x1" };
    bool chosen[N];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bf_status s = bf_ids_parse(bad[i], N, chosen);
        assert_int_equal(s.code, BF_E_USAGE);
        assert_non_null(strstr(s.what, "0-7,12,31"));
    }
}

static void test_ids__an_id_the_study_does_not_have(void **state)
{
    (void)state;
    static const char *const bad[] = { "40", "0-40", "99999999999999999999", "7,1000" };
    bool chosen[N];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bf_status s = bf_ids_parse(bad[i], N, chosen);
        assert_int_equal(s.code, BF_E_INPUT);
        assert_non_null(strstr(s.what, "0-39"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids__lists_and_ranges),
        cmocka_unit_test(test_ids__what_is_no_id_is_named),
        cmocka_unit_test(test_ids__an_id_the_study_does_not_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
