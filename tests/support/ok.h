/* What a test takes for granted: a status that is not BF_OK fails it, with its sentence. */
#ifndef BF_TESTS_OK_H
#define BF_TESTS_OK_H
#include "base/status.h"
#include "close.h"

static inline void ok(bf_status s)
{
    if (s.code) fail_msg("%s: %s", s.where, s.what);
}
#endif
