/* Closed standard streams stay taken, and writes that may not be done fail. Each case is a child process. */
#include "base/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* How a child ends: its exit code, or minus the signal that ended it. */
static int fate(int (*child)(void))
{
    pid_t pid = fork();
    if (pid == 0) _exit(child());
    int status = 0;
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* 0: the next file is none of the three, and what is written to stdout or stderr fails. */
static int close_and_open(void)
{
    for (int fd = 0; fd < 3; fd++) close(fd);
    bf_process_prepare();
    if (open("/dev/null", O_RDWR) < 3) return 1;
    for (int fd = 1; fd < 3; fd++)
        if (write(fd, "x", 1) != -1 || errno != EBADF) return 2;
    return read(0, &(char){ 0 }, 1) == -1 && errno == EBADF ? 0 : 3;
}

static int one_is_open(void)
{
    int ends[2];
    if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) != STDERR_FILENO) return 1;
    close(STDOUT_FILENO);
    bf_process_prepare();
    char got = 0;
    return write(STDERR_FILENO, "x", 1) == 1 && read(ends[0], &got, 1) == 1 && got == 'x' && write(STDOUT_FILENO, "x", 1) == -1 ? 0 : 2;
}

static int write_too_much(void)
{
    const struct rlimit none = { 0, 0 };
    FILE *f = tmpfile();
    if (!f || setrlimit(RLIMIT_FSIZE, &none) != 0) return 1;
    bf_process_prepare();
    return write(fileno(f), "x", 1) == -1 && errno == EFBIG ? 0 : 2;
}

static void test_process__closed_streams_are_no_place_for_files(void **state)
{
    (void)state;
    assert_int_equal(fate(close_and_open), 0);
    assert_int_equal(fate(one_is_open), 0);
}

static void test_process__a_limit_on_sizes_is_a_failed_write(void **state)
{
    (void)state;
    assert_int_equal(fate(write_too_much), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_process__closed_streams_are_no_place_for_files),
        cmocka_unit_test(test_process__a_limit_on_sizes_is_a_failed_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
