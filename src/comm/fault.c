/* Faults for tests: a plan hangs on the world and is inherited by every group. The product has none. */
#include "comm/comm.h"
#include "comm/group.h"

#include <signal.h>
#include <string.h>

/* Counts a visit for every fault of this place and kind; returns the one whose turn it is, or NULL. */
static const bf_fault *visit(const bf_comm *c, const char *point, bool nan)
{
    const bf_fault *due = NULL;
    for (int i = 0; i < c->faults->count; i++) {
        bf_fault *f = &c->faults->fault[i];
        if ((f->action == BF_FAULT_NAN) == nan && f->rank == c->world_rank && strcmp(f->point, point) == 0 && ++f->visits == f->nth)
            due = f;
    }
    return due;
}

bf_status bf_fault_at(const bf_comm *c, const char *point, bf_code code)
{
    if (c == NULL || c->faults == NULL)
        return BF_DONE;
    const bf_fault *due = visit(c, point, false);
    if (due == NULL)
        return BF_DONE;
    if (due->action == BF_FAULT_KILL)
        raise(SIGKILL);
    return BF_FAIL(code, "fault injected at %s", point);
}

bool bf_fault_nan(const bf_comm *c, const char *point)
{
    return c != NULL && c->faults != NULL && visit(c, point, true) != NULL;
}
