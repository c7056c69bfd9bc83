/* A status names its place and carries a sentence that every reader can take. */
#include "base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_status__names_the_file_without_its_folder(void **state)
{
    (void)state;
    bf_status s = bf_status_make(BF_E_IO, "/a/long/way/to/dataset.c", 118, "%s: %d rows", "x.npy", 7);
    assert_int_equal(s.code, BF_E_IO);
    assert_int_equal(s.rank, -1);
    assert_string_equal(s.where, "dataset.c:118");
    assert_string_equal(s.what, "x.npy: 7 rows");
    bf_status here = BF_FAIL(BF_E_INPUT, "no");
    assert_int_equal(strncmp(here.where, "test_status.c:", 14), 0);
}

/* Whole characters, between which stands what says that some are missing. */
static void test_status__loses_its_middle_between_characters(void **state)
{
    (void)state;
    for (int shift = 0; shift < 4; shift++) {
        char text[512] = { 0 };
        memset(text, 'a', (size_t)shift);
        for (int i = 0; i < 150; i++)
            strcat(text, "\xe2\x82\xac");       /* three bytes each */
        bf_status s = bf_status_make(BF_E_INPUT, "f.c", 1, "%s", text);
        const char *dots = strstr(s.what, "...");
        const size_t n = strlen(s.what);
        assert_true(n < sizeof s.what && n > sizeof s.what - 8);
        assert_non_null(dots);
        assert_int_equal((size_t)(dots - s.what - shift) % 3, 0);
        assert_int_equal(strlen(dots + 3) % 3, 0);
    }
    char fits[208] = { 0 };
    memset(fits, 'b', sizeof fits - 1);
    assert_string_equal(bf_status_make(BF_E_INPUT, "f.c", 1, "%s", fits).what, fits);
}

/* What is wrong stands at the end, behind the name of what it is wrong with. */
static void test_status__a_long_name_does_not_hide_the_reason(void **state)
{
    (void)state;
    static char path[8192];
    for (size_t length = 200; length < sizeof path; length = 2 * length + 1) {
        memset(path, 'p', length);
        path[length] = '\0';
        bf_status s = bf_status_make(BF_E_INPUT, "f.c", 1, "/home/%s/c0007.h5: cannot open: Permission denied", path);
        assert_int_equal(strncmp(s.what, "/home/ppp", 9), 0);
        if (length < 4000) assert_non_null(strstr(s.what, "/c0007.h5: cannot open: Permission denied"));
        assert_in_range(strlen(s.what), sizeof s.what - 8, sizeof s.what - 1);
    }
}

static void test_status__is_one_line(void **state)
{
    (void)state;
    assert_string_equal(bf_status_make(BF_E_INPUT, "f.c", 1, "a\nb\x1b[2J\x7f").what, "a b [2J ");
    assert_string_equal(bf_status_make(BF_E_INPUT, "f.c", 1, "a\xc2\x9b\x32J").what, "a 2J");
}

/* What stands in a column that says it is UTF-8 has to be: readers refuse the whole column otherwise. A name may be in Latin-1, or cut by a sentence
 * that has room for so many bytes of it. */
static void test_status__is_utf8(void **state)
{
    (void)state;
    assert_string_equal(bf_status_make(BF_E_IO, "f.c", 1, "caf\xe9/\xce\xb2.h5: cannot open").what, "caf?/\xce\xb2.h5: cannot open");
    assert_string_equal(bf_status_make(BF_E_IO, "f.c", 1, "%.3s: no", "a\xe2\x82\xac").what, "a??: no");
    assert_string_equal(bf_status_make(BF_E_IO, "f.c", 1, "\xe2\x82").what, "??");
    char bytes[300];
    memset(bytes, 0x80, sizeof bytes);
    bytes[sizeof bytes - 1] = '\0';
    bf_status s = bf_status_make(BF_E_IO, "f.c", 1, "%s", bytes);
    assert_true(strlen(s.what) < sizeof s.what && strspn(s.what, "?.") == strlen(s.what));
}

static void test_status__exit_codes_are_the_contract(void **state)
{
    (void)state;
    static const struct { bf_code code; int exit; const char *name; } rows[] = {
        { BF_OK, 0, "ok" }, { BF_E_USAGE, 2, "usage" }, { BF_E_INPUT, 2, "input" }, { BF_E_FORMAT, 2, "format" },
        { BF_E_IO, 74, "io" }, { BF_E_MEMORY, 70, "memory" }, { BF_E_DIVERGED, 3, "diverged" }, { BF_E_FAILED, 3, "failed" },
        { BF_E_STOPPED, 75, "stopped" }, { BF_E_INTERNAL, 70, "internal" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bf_status s = { .code = rows[i].code };
        assert_int_equal(bf_status_exit_code(&s), rows[i].exit);
        assert_string_equal(bf_code_name(rows[i].code), rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status__names_the_file_without_its_folder),
        cmocka_unit_test(test_status__loses_its_middle_between_characters),
        cmocka_unit_test(test_status__a_long_name_does_not_hide_the_reason),
        cmocka_unit_test(test_status__is_one_line), cmocka_unit_test(test_status__is_utf8),
        cmocka_unit_test(test_status__exit_codes_are_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
