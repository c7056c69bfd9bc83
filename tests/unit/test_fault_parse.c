/* Fault plans as text. What a plan does at its points is in mpi/test_fault.c. */
#include "fault_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_fault_parse__reads_a_plan(void **state)
{
    (void)state;
    bf_fault_plan p;
    assert_int_equal(bf_fault_parse("write:0:1:fail,step loss:3:17:nan,open:1:2:kill", &p).code, BF_OK);
    assert_int_equal(p.count, 3);
    assert_string_equal(p.fault[0].point, "write");
    assert_true(p.fault[0].rank == 0 && p.fault[0].nth == 1 && p.fault[0].action == BF_FAULT_FAIL);
    assert_string_equal(p.fault[1].point, "step loss");
    assert_true(p.fault[1].rank == 3 && p.fault[1].nth == 17 && p.fault[1].action == BF_FAULT_NAN);
    assert_true(p.fault[2].action == BF_FAULT_KILL && p.fault[2].visits == 0);
}

static void test_fault_parse__refuses_what_is_no_plan(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "x", "x:0", "x:0:1", "x:0:1:", "x:0:1:explode", "x:0:0:fail", "x:-1:1:fail", "x:0:1:fail,", ",x:0:1:fail", "x:0:1:fail:y",
        ":0:1:fail", "x:a:1:fail", "x:0:1b:fail", "x:0:99999999999:fail", "x: 1:1:fail", "a-name-that-is-longer-than-forty-characters:0:1:fail",
        "a:0:1:nan,a:0:1:nan,a:0:1:nan,a:0:1:nan,a:0:1:nan,a:0:1:nan,a:0:1:nan,a:0:1:nan,a:0:1:nan",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bf_fault_plan p;
        assert_int_equal(bf_fault_parse(bad[i], &p).code, BF_E_USAGE);
        assert_int_equal(p.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_parse__reads_a_plan),
        cmocka_unit_test(test_fault_parse__refuses_what_is_no_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
