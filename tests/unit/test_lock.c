/* One run at a time: who finds a folder taken is told by whom. The holder is a child process, because a process never waits for its own lock. */
#include "farm/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "scratch.h"

static int refusal;     /* what locking fails with; 0: it works */

/* The C library's, for this program. */
int fcntl(int fd, int command, ...)
{
    va_list args;
    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (command == F_SETLK && refusal) {
        errno = refusal;
        return -1;
    }
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

/* What a second run is told while a first one, of that job, holds the folder. */
static bf_status refused(const char *dir, const char *job)
{
    int ready[2], leave[2];
    char byte = 0;
    assert_int_equal(pipe(ready) | pipe(leave), 0);
    const pid_t child = fork();
    if (child == 0) {
        bf_lock lock;
        close(leave[1]);
        if (setenv("SLURM_JOB_ID", job, 1) != 0 || bf_lock_take(dir, 0.0, &lock).code || write(ready[1], &byte, 1) != 1) _exit(1);
        _exit(read(leave[0], &byte, 1) != 0);           /* ends with its parent's end of the pipe */
    }
    bf_lock lock;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    const bf_status s = bf_lock_take(dir, 0.0, &lock);
    int status = 0;
    for (int k = 0; k < 2; k++) close(leave[k]);
    assert_true(waitpid(child, &status, 0) == child && status == 0);
    for (int k = 0; k < 2; k++) close(ready[k]);
    return s;
}

static void test_lock__who_comes_second_is_told_by_whom(void **state)
{
    (void)state;
    char dir[128];
    bf_lock lock;
    scratch_make(dir);
    const bf_status s = refused(dir, "4711");
    assert_int_equal(s.code, BF_E_INPUT);
    assert_non_null(strstr(s.what, ", pid "));
    assert_non_null(strstr(s.what, ", job 4711)"));
    assert_int_equal(bf_lock_take(dir, 0.0, &lock).code, BF_OK);       /* the kernel has released it */
    bf_lock_release(&lock);
    scratch_remove(dir);
}

/* The line in the file has an end of its own, and nothing of the process's memory behind it. */
static void test_lock__a_long_job_id_is_cut(void **state)
{
    (void)state;
    char dir[128], job[1001];
    unsigned char *text;
    memset(job, 'x', sizeof job - 1);
    job[sizeof job - 1] = '\0';
    scratch_make(dir);
    assert_int_equal(refused(dir, job).code, BF_E_INPUT);
    const size_t n = scratch_read(dir, ".lock", &text);
    assert_in_range(n, 64, 255);
    assert_int_equal(text[n - 1], '\n');
    assert_null(memchr(text, '\0', n));
    free(text);
    scratch_remove(dir);
}

static void test_lock__a_file_system_without_locks_is_no_reason_not_to_run(void **state)
{
    (void)state;
    static const int none[] = { ENOSYS, ENOLCK, EOPNOTSUPP };
    char dir[128];
    bf_lock lock;
    scratch_make(dir);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        refusal = none[i];
        assert_int_equal(bf_lock_take(dir, 0.0, &lock).code, BF_OK);
        assert_false(lock.held);
        bf_lock_release(&lock);
    }
    refusal = EIO;
    assert_int_equal(bf_lock_take(dir, 0.0, &lock).code, BF_E_IO);
    refusal = 0;
    assert_int_equal(bf_lock_take(dir, 0.0, &lock).code, BF_OK);
    assert_true(lock.held);
    bf_lock_release(&lock);
    scratch_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock__who_comes_second_is_told_by_whom),
        cmocka_unit_test(test_lock__a_long_job_id_is_cut),
        cmocka_unit_test(test_lock__a_file_system_without_locks_is_no_reason_not_to_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
