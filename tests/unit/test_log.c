/* What goes where: files, stdout, stderr, a terminal (a pseudo terminal here), and JSON. */
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

/* stdout or stderr turned aside into a file or a terminal, and back. */
typedef struct aside { FILE *stream; int saved; } aside;

static aside turn_aside(FILE *stream, int to)
{
    fflush(stream);
    aside a = { stream, dup(fileno(stream)) };
    assert_true(a.saved >= 0 && dup2(to, fileno(stream)) >= 0);
    return a;
}

static void turn_back(aside a)
{
    fflush(a.stream);
    dup2(a.saved, fileno(a.stream));
    close(a.saved);
    clearerr(a.stream);
}

static int new_file(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(fd >= 0);
    return fd;
}

static char *content(const char *name)
{
    char *text;
    bf_status s = bf_file_read(name, 1 << 20, &text, NULL);
    assert_int_equal(s.code, BF_OK);
    return text;
}

static void assert_content(const char *name, const char *want)
{
    char *text = content(name);
    assert_string_equal(text, want);
    free(text);
}

static int enter_folder(void **state)
{
    char *dir = strdup("/tmp/bf_test_log_XXXXXX");
    *state = dir;
    unsetenv("BETAFIELD_DEBUG");
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

/* Says one thing on every level into files named out, err and the log's own. */
static void say_everything(const char *dir, bool speaks, bool quiet)
{
    unlink("log.txt");
    unlink("log.jsonl");
    int out = new_file("out"), err = new_file("err");
    aside o = turn_aside(stdout, out), e = turn_aside(stderr, err);
    bf_logger *l;
    bf_status s = bf_log_open(dir, speaks, quiet, &l);
    bf_log(l, BF_DEBUG, "debug %d", 1);
    bf_log(l, BF_INFO, "info %d", 2);
    bf_log(l, BF_WARN, "warn %d", 3);
    bf_log(l, BF_ERROR, "error %d", 4);
    bf_log_live(l, "live");
    bf_log_event(l, "done", "\"id\": %d", 5);
    bf_log_event(l, "bare", NULL);
    bool terminal = bf_log_is_terminal(l);
    bf_log_close(&l);
    turn_back(o);
    turn_back(e);
    close(out);
    close(err);
    assert_int_equal(s.code, BF_OK);
    assert_false(terminal);
    assert_null(l);
}

static void test_log__levels_have_their_places(void **state)
{
    (void)state;
    say_everything(".", true, false);
    assert_content("out", "info 2\n");
    assert_content("err", "betafield: warning: warn 3\nbetafield: error: error 4\n");
    char *text = content("log.txt");
    assert_null(strstr(text, "debug"));
    assert_non_null(strstr(text, "Z info  info 2\n"));
    assert_non_null(strstr(text, "Z warn  warn 3\n"));
    assert_non_null(strstr(text, "Z error error 4\n"));
    free(text);
    text = content("log.jsonl");
    assert_int_equal(strncmp(text, "{\"time\": ", 9), 0);
    assert_non_null(strstr(text, ", \"event\": \"done\", \"id\": 5}\n"));
    assert_non_null(strstr(text, ", \"event\": \"bare\"}\n"));
    free(text);
}

static void test_log__quiet_keeps_diagnostics_and_files(void **state)
{
    (void)state;
    say_everything(".", true, true);
    assert_content("out", "");
    assert_content("err", "betafield: warning: warn 3\nbetafield: error: error 4\n");
    char *text = content("log.txt");
    assert_non_null(strstr(text, "info 2"));
    free(text);
}

static void test_log__who_does_not_speak_is_silent(void **state)
{
    (void)state;
    say_everything(".", false, false);
    assert_content("out", "");
    assert_content("err", "");
    assert_false(bf_file_exists("log.txt") || bf_file_exists("log.jsonl"));
    say_everything(NULL, true, false);
    assert_content("out", "info 2\n");
    assert_false(bf_file_exists("log.txt") || bf_file_exists("log.jsonl"));
    bf_log(NULL, BF_ERROR, "nobody");
    bf_log_event(NULL, "nothing", NULL);
    bf_log_live(NULL, "nowhere");
    assert_false(bf_log_is_terminal(NULL));
}

static void test_log__debug_is_a_variable_and_only_in_the_file(void **state)
{
    (void)state;
    setenv("BETAFIELD_DEBUG", "1", 1);
    say_everything(".", true, false);
    unsetenv("BETAFIELD_DEBUG");
    assert_content("out", "info 2\n");
    char *text = content("log.txt");
    assert_non_null(strstr(text, "debug debug 1\n"));
    free(text);
}

static void test_log__appends_and_keeps_records_on_one_line(void **state)
{
    (void)state;
    unlink("log.jsonl");
    for (int run = 0; run < 2; run++) {
        bf_logger *l;
        assert_int_equal(bf_log_open(".", true, true, &l).code, BF_OK);
        bf_log_event(l, "e", "\"a\": 1,\n\"run\": %d", run);
        bf_log_close(&l);
    }
    char *text = content("log.jsonl");
    assert_non_null(strstr(text, "\"a\": 1, \"run\": 0}\n{"));
    assert_non_null(strstr(text, "\"a\": 1, \"run\": 1}\n"));
    free(text);
}

static void half_a_line(const char *name)
{
    int fd = new_file(name);
    assert_int_equal(write(fd, "whole\n{\"ti", 10), 10);
    close(fd);
}

/* What a full disk has cut spoils no line but its own. */
static void test_log__begins_behind_half_a_line(void **state)
{
    (void)state;
    half_a_line("log.txt");
    half_a_line("log.jsonl");
    for (int run = 0; run < 2; run++) {
        bf_logger *l;
        assert_int_equal(bf_log_open(".", true, true, &l).code, BF_OK);
        bf_log(l, BF_INFO, "again");
        bf_log_event(l, "again", NULL);
        bf_log_close(&l);
    }
    char *text = content("log.jsonl");
    assert_int_equal(strncmp(text, "whole\n{\"ti\n{\"time\": ", 20), 0);
    assert_null(strstr(text, "\n\n"));
    assert_non_null(strstr(text, "}\n{\"time\": "));
    free(text);
    text = content("log.txt");
    assert_int_equal(strncmp(text, "whole\n{\"ti\n2", 12), 0);
    assert_null(strstr(text, "\n\n"));
    free(text);
}

static void test_log__a_folder_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    bf_logger *l;
    bf_status s = bf_log_open("missing", true, true, &l);
    assert_int_equal(s.code, BF_E_IO);
    assert_non_null(strstr(s.what, "missing/log.txt"));
    assert_null(l);
}

/* A full disk behind stdout: nothing happens, and the file still gets its line. */
static void test_log__failing_writes_stop_nothing(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY);
    if (full < 0)
        skip();
    unlink("log.txt");
    bf_logger *l;
    assert_int_equal(bf_log_open(".", true, false, &l).code, BF_OK);
    aside o = turn_aside(stdout, full);
    bf_log(l, BF_INFO, "lost");
    bf_log(l, BF_INFO, "lost too");
    turn_back(o);
    close(full);
    bf_log_close(&l);
    char *text = content("log.txt");
    assert_non_null(strstr(text, "lost too"));
    free(text);
}

/* What a terminal of 20 columns is sent: cut to its width, cleared before a line, cleared at the end. */
static void test_log__live_line_on_a_terminal(void **state)
{
    (void)state;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip();
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    struct termios raw;
    assert_true(terminal >= 0 && tcgetattr(terminal, &raw) == 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(terminal, TCSANOW, &raw), 0);
    struct winsize size = { .ws_col = 20, .ws_row = 5 };
    assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
    setenv("TERM", "xterm", 1);

    aside o = turn_aside(stdout, terminal);
    bf_logger *l;
    bf_status s = bf_log_open(NULL, true, false, &l);
    bool is_terminal = bf_log_is_terminal(l);
    bf_log_live(l, "short \xce\xb2");
    bf_log_live(l, "0123456789012345678901234");
    bf_log(l, BF_INFO, "a line");
    bf_log_live(l, "again\nand again");
    bf_log_live(l, NULL);
    bf_log_live(l, NULL);
    bf_log_close(&l);
    turn_back(o);
    close(terminal);
    char seen[256];
    size_t n = 0;
    for (ssize_t got; n < sizeof seen - 1 && (got = read(master, seen + n, sizeof seen - 1 - n)) > 0;) n += (size_t)got;  /* it comes in pieces */
    close(master);
    assert_int_equal(s.code, BF_OK);
    assert_true(is_terminal);
    seen[n] = '\0';
    assert_string_equal(seen, "\rshort \xce\xb2\x1b[K" "\r0123456789012345678\x1b[K" "\r\x1b[Ka line\n" "\ragain\x1b[K" "\r\x1b[K");
}

static void test_json__escapes_what_json_and_utf8_ask_for(void **state)
{
    (void)state;
    char out[64];
    bf_json_escape("a\"b\\c\n\x01\x7f", out, sizeof out);
    assert_string_equal(out, "a\\\"b\\\\c\\u000a\\u0001\\u007f");
    bf_json_escape("\xce\xb2\xe2\x82\xac\xf0\x9f\x98\x80", out, sizeof out);
    assert_string_equal(out, "\xce\xb2\xe2\x82\xac\xf0\x9f\x98\x80");
    static const char *const bad[] = { "\xff", "\x80", "\xc0\x80", "\xc1", "\xed\xa0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5", "\xce", "\xe2\x82" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bf_json_escape(bad[i], out, sizeof out);
        assert_int_equal(strncmp(out, "\\ufffd", 6), 0);
    }
    for (unsigned long size = 1; size < 12; size++) {               /* whole pieces only, always an end */
        memset(out, 'x', sizeof out);
        bf_json_escape("\"\xce\xb2\x01", out, size);
        size_t n = strlen(out);
        assert_true(n < size && (n == 0 || n == 2 || n == 4 || n == 10));
    }
    out[0] = 'x';
    bf_json_escape("a", out, 0);
    assert_true(out[0] == 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log__levels_have_their_places),
        cmocka_unit_test(test_log__quiet_keeps_diagnostics_and_files),
        cmocka_unit_test(test_log__who_does_not_speak_is_silent),
        cmocka_unit_test(test_log__debug_is_a_variable_and_only_in_the_file),
        cmocka_unit_test(test_log__appends_and_keeps_records_on_one_line),
        cmocka_unit_test(test_log__begins_behind_half_a_line),
        cmocka_unit_test(test_log__a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(test_log__failing_writes_stop_nothing),
        cmocka_unit_test(test_log__live_line_on_a_terminal),
        cmocka_unit_test(test_json__escapes_what_json_and_utf8_ask_for),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
