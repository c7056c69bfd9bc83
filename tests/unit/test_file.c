/* Files on a real folder: publishing, reading within limits, paths. */
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static int enter_folder(void **state)
{
    char *dir = strdup("/tmp/bf_test_file_XXXXXX");
    *state = dir;
    return dir == NULL || mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int leave_folder(void **state)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    int failed = chdir("/") != 0 || system(command) != 0;
    free(*state);
    return failed;
}

static void test_file__what_was_written_is_read(void **state)
{
    (void)state;
    char *text;
    size_t n;
    assert_int_equal(bf_file_write("a.txt", "tag", "one\0two", 7).code, BF_OK);
    assert_int_equal(bf_file_read("a.txt", 7, &text, &n).code, BF_OK);
    assert_int_equal(n, 7);
    assert_memory_equal(text, "one\0two", 8);           /* and a NUL */
    free(text);
    assert_int_equal(bf_file_write("a.txt", "tag", "", 0).code, BF_OK);
    assert_int_equal(bf_file_read("a.txt", 0, &text, &n).code, BF_OK);
    assert_int_equal(n, 0);
    assert_string_equal(text, "");
    free(text);
    assert_false(bf_file_exists("a.txt.tag.tmp"));
    assert_int_equal(bf_file_size("a.txt"), 0);
}

static void test_file__larger_files_are_whole(void **state)
{
    (void)state;
    const size_t size = 1000003;
    char *bytes = malloc(size), *text;
    size_t n;
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 7 + i / 1000);
    assert_int_equal(bf_file_write("big", "t", bytes, size).code, BF_OK);
    assert_int_equal(bf_file_size("big"), size);
    assert_int_equal(bf_file_read("big", size, &text, &n).code, BF_OK);
    assert_int_equal(n, size);
    assert_memory_equal(text, bytes, size);
    free(text);
    bf_status s = bf_file_read("big", size - 1, &text, &n);
    assert_int_equal(s.code, BF_E_INPUT);
    assert_non_null(strstr(s.what, "big"));
    assert_null(text);
    free(bytes);
}

/* A failed write leaves the old file as it was, and nothing beside it. */
static void test_file__a_failed_write_keeps_the_old_file(void **state)
{
    (void)state;
    char *text;
    assert_int_equal(mkdir("taken", 0777), 0);
    assert_int_equal(bf_file_write("taken", "t", "x", 1).code, BF_E_IO);       /* a folder cannot be replaced by a file */
    assert_false(bf_file_exists("taken.t.tmp"));
    assert_int_equal(bf_file_write("none/there", "t", "x", 1).code, BF_E_IO);
    assert_int_equal(bf_file_write("old", "t", "old", 3).code, BF_OK);
    assert_int_equal(mkdir("old.u.tmp", 0777), 0);                              /* its temporary name cannot be opened */
    assert_int_equal(bf_file_write("old", "u", "new", 3).code, BF_E_IO);
    assert_int_equal(bf_file_read("old", 10, &text, NULL).code, BF_OK);
    assert_string_equal(text, "old");
    free(text);
    assert_int_equal(bf_file_publish("not there", "old").code, BF_E_IO);
}

/* /dev/full and its like are written to by many: a rename would make a file of it. */
static void test_file__only_regular_files_are_replaced(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(mkfifo("channel", 0666), 0);
    const bf_status s = bf_file_write("channel", "t", "x", 1);
    assert_int_equal(s.code, BF_E_IO);
    assert_non_null(strstr(s.what, "channel: there is something that is not a file"));
    assert_true(stat("channel", &st) == 0 && S_ISFIFO(st.st_mode));
    assert_false(bf_file_exists("channel.t.tmp"));
    assert_int_equal(bf_file_write("target", "t", "x", 1).code, BF_OK);
    assert_int_equal(symlink("target", "link"), 0);
    assert_int_equal(bf_file_write("link", "t", "y", 1).code, BF_OK);          /* another name of a file may be replaced */
}

static void test_file__only_regular_files_are_read(void **state)
{
    (void)state;
    char *text;
    assert_int_equal(bf_file_read("missing", 10, &text, NULL).code, BF_E_INPUT);
    assert_int_equal(bf_file_read(".", 10, &text, NULL).code, BF_E_INPUT);
    assert_int_equal(bf_file_read("/dev/zero", 10, &text, NULL).code, BF_E_INPUT);
    assert_int_equal(mkfifo("pipe", 0666), 0);
    assert_int_equal(bf_file_read("pipe", 10, &text, NULL).code, BF_E_INPUT);   /* nobody writes: this must not wait */
    assert_null(text);
    assert_int_equal(bf_file_size("."), -1);
    assert_int_equal(bf_file_size("missing"), -1);
}

static void test_file__a_size_that_lies_is_not_believed(void **state)
{
    (void)state;
    struct stat st;
    char *text;
    size_t n;
    if (stat("/proc/self/status", &st) != 0 || st.st_size != 0)
        skip();
    assert_int_equal(bf_file_read("/proc/self/status", 1 << 20, &text, &n).code, BF_OK);
    assert_true(n > 100);
    free(text);
}

static void test_file__mkdirs_makes_the_whole_way(void **state)
{
    (void)state;
    char absolute[BF_PATH];
    assert_int_equal(bf_file_mkdirs("x/y//z/").code, BF_OK);
    assert_int_equal(bf_file_mkdirs("x/y/z").code, BF_OK);
    assert_true(bf_file_exists("x/y/z"));
    assert_int_equal(bf_file_join(absolute, sizeof absolute, *state, "p/q").code, BF_OK);
    assert_int_equal(bf_file_mkdirs(absolute).code, BF_OK);
    assert_true(bf_file_exists("p/q"));
    assert_int_equal(bf_file_write("file", "t", "", 0).code, BF_OK);
    assert_int_equal(bf_file_mkdirs("file").code, BF_E_IO);
    bf_status s = bf_file_mkdirs("file/below");
    assert_int_equal(s.code, BF_E_IO);
    assert_non_null(strstr(s.what, "file"));
    assert_int_equal(bf_file_mkdirs("").code, BF_E_INPUT);
    assert_int_equal(bf_file_mkdirs("/").code, BF_OK);
}

static void test_file__free_space_asks_the_nearest_folder(void **state)
{
    (void)state;
    assert_true(bf_file_free_space(".") >= 0);
    assert_true(bf_file_free_space("not/yet/made") >= 0);
    assert_true(bf_file_free_space("/not/yet/made") >= 0);
    assert_int_equal(bf_file_free_space(""), -1);
}

static void test_file__paths_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    char out[8], tmp[BF_PATH], deep[2 * BF_PATH];
    assert_int_equal(bf_file_join(out, sizeof out, "abc", "def").code, BF_OK);
    assert_string_equal(out, "abc/def");
    assert_int_equal(bf_file_join(out, sizeof out, "abc/", "def").code, BF_OK);
    assert_string_equal(out, "abc/def");
    assert_int_equal(bf_file_join(out, sizeof out, "", "def").code, BF_OK);
    assert_string_equal(out, "def");
    assert_int_equal(bf_file_join(out, sizeof out, "abc", "defg").code, BF_E_INPUT);
    memset(deep, 'a', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    assert_int_equal(bf_file_mkdirs(deep).code, BF_E_INPUT);
    assert_int_equal(bf_file_temporary(tmp, sizeof tmp, deep, "t").code, BF_E_INPUT);
    assert_int_equal(bf_file_write(deep, "t", "", 0).code, BF_E_INPUT);
}

static void test_file__uuids_are_version_4_and_differ(void **state)
{
    (void)state;
    char a[37], b[37];
    bf_uuid(a);
    bf_uuid(b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
    assert_true(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-');
    assert_true(a[14] == '4' && strchr("89ab", a[19]) != NULL);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file__what_was_written_is_read),
        cmocka_unit_test(test_file__larger_files_are_whole),
        cmocka_unit_test(test_file__a_failed_write_keeps_the_old_file),
        cmocka_unit_test(test_file__only_regular_files_are_replaced),
        cmocka_unit_test(test_file__only_regular_files_are_read),
        cmocka_unit_test(test_file__a_size_that_lies_is_not_believed),
        cmocka_unit_test(test_file__mkdirs_makes_the_whole_way),
        cmocka_unit_test(test_file__free_space_asks_the_nearest_folder),
        cmocka_unit_test(test_file__paths_that_do_not_fit_are_refused),
        cmocka_unit_test(test_file__uuids_are_version_4_and_differ),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
