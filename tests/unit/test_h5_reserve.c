/* Room for a file is asked for again when a signal came in between: a run that is told to stop writes its last files meanwhile. */
#include "store/h5.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "scratch.h"

static int interruptions;       /* still to come */

/* The C library's, for this program: so many calls are interrupted. */
int fallocate(int fd, int mode, off_t offset, off_t length)
{
    if (interruptions > 0) {
        interruptions--;
        errno = EINTR;
        return -1;
    }
    return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

static void test_h5_reserve__outlives_signals(void **state)
{
    (void)state;
    char dir[128], path[160];
    scratch_make(dir);
    snprintf(path, sizeof path, "%s/a.h5", dir);
    interruptions = 3;
    bf_status s = bf_h5_prepare(path, 1 << 20);
    if (s.code) fail_msg("%s", s.what);
    assert_int_equal(interruptions, 0);
    assert_int_equal(bf_h5_settle(path).code, BF_OK);
    scratch_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_h5_reserve__outlives_signals) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
