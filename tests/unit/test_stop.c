/* Signals become a flag; asking twice ends the program. Each case is a child process. */
#include "base/stop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* How a child ends that installs the handlers and sends itself these signals: its exit code, or minus the signal that ended it. */
static int fate(const int *signals, int n)
{
    pid_t child = fork();
    if (child == 0) {
        bf_stop_install();
        for (int i = 0; i < n; i++)
            raise(signals[i]);
        _exit(bf_stop_requested());
    }
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_stop__signals_are_flags_and_the_second_one_ends(void **state)
{
    (void)state;
    assert_int_equal(fate(NULL, 0), 0);
    assert_int_equal(fate((int[]){ SIGUSR1 }, 1), SIGUSR1);
    assert_int_equal(fate((int[]){ SIGUSR2, SIGUSR2, SIGUSR1 }, 3), SIGUSR2);
    assert_int_equal(fate((int[]){ SIGINT }, 1), SIGINT);
    assert_int_equal(fate((int[]){ SIGTERM }, 1), SIGTERM);
    assert_int_equal(fate((int[]){ SIGUSR1, SIGTERM }, 2), SIGTERM);       /* a scheduler's warning, then its limit */
    assert_int_equal(fate((int[]){ SIGTERM, SIGUSR1 }, 2), SIGTERM);
    assert_int_equal(fate((int[]){ SIGINT, SIGINT }, 2), -SIGINT);
    assert_int_equal(fate((int[]){ SIGINT, SIGTERM }, 2), -SIGTERM);
    assert_int_equal(fate((int[]){ SIGUSR1, SIGTERM, SIGUSR1, SIGINT }, 4), -SIGINT);
    assert_int_equal(fate((int[]){ SIGPIPE }, 1), 0);
}

static void test_stop__can_be_asked_for_and_withdrawn(void **state)
{
    (void)state;
    bf_stop_request(SIGUSR1);
    assert_int_equal(bf_stop_requested(), SIGUSR1);
    bf_stop_request(0);
    assert_int_equal(bf_stop_requested(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop__signals_are_flags_and_the_second_one_ends),
        cmocka_unit_test(test_stop__can_be_asked_for_and_withdrawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
