/* How long tasks take on equal teams when some start only where another has ended: handed out as the desk does, the longest way to its end first. */
#ifndef BF_FARM_MAKESPAN_H
#define BF_FARM_MAKESPAN_H
#include "base/status.h"

typedef struct bf_makespan {
    double total;               /* when the last task ends */
    double path;                /* the longest chain alone: no number of teams is faster */
    int    chains, longest;     /* chains of more than one task; tasks in the one with most */
} bf_makespan;

/* Local. seconds (n), parent (n): the task that has to end before, -1 for none; a task has one child at most. */
BF_MUST_USE bf_status bf_makespan_of(const double *seconds, const int *parent, int n, int teams, bf_makespan *out);
#endif
