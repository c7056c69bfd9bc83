/* Times as people read them. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

static void test_clock__iso8601(void **state)
{
    (void)state;
    char text[32];
    bf_clock_iso8601(1772366400.9, text);
    assert_string_equal(text, "2026-03-01T12:00:00Z");
    static const double never[] = { NAN, INFINITY, -1.0, 1e300 };
    for (int i = 0; i < 4; i++) {
        bf_clock_iso8601(never[i], text);
        assert_string_equal(text, "unknown");
    }
}

static void test_clock__durations(void **state)
{
    (void)state;
    static const struct { double seconds; const char *want; } rows[] = {
        { 0.0, "0 ms" }, { 0.0123, "12 ms" }, { 0.0994, "99 ms" }, { 0.0996, "0.1 s" }, { 3.2, "3.2 s" }, { 9.94, "9.9 s" }, { 9.96, "10 s" },
        { 59.4, "59 s" }, { 59.7, "1 min 00 s" }, { 3599.6, "1 h 00 min" }, { 3900, "1 h 05 min" }, { 86399.7, "1 d 00 h" },
        { 183600, "2 d 03 h" }, { NAN, "unknown" }, { INFINITY, "unknown" }, { -1.0, "unknown" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];
        bf_clock_human(rows[i].seconds, text);
        assert_string_equal(text, rows[i].want);
    }
}

static void test_clock__does_not_go_back(void **state)
{
    (void)state;
    double last = bf_clock_seconds();
    for (int i = 0; i < 1000; i++) {
        double next = bf_clock_seconds();
        assert_true(next >= last);
        last = next;
    }
    assert_true(bf_clock_epoch() > 1.7e9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock__iso8601),
        cmocka_unit_test(test_clock__durations),
        cmocka_unit_test(test_clock__does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
