/* Comparisons that also work in release builds and decide the exit code. */
#ifndef BF_TESTS_CLOSE_H
#define BF_TESTS_CLOSE_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Fails the test unless |got - want| <= tolerance, which a NaN never is. */
#define BF_CHECK_NEAR(got, want, tolerance)                                                                                     \
    do {                                                                                                                        \
        const double got_ = (got), want_ = (want);                                                                             \
        if (!(fabs(got_ - want_) <= (tolerance)))                                                                              \
            fail_msg("%s is %.17g, not %.17g (off by %g, allowed %g)", #got, got_, want_, fabs(got_ - want_), (double)(tolerance)); \
    } while (0)
#endif
