/* Questions follow one another, each a small reduction that nobody waits for: a rank joins one when it passes by and hears the answer when it passes by
 * again. Every rank joins every question up to the last, which is the first that somebody answers with a wish or everybody with being through. */
#include "comm/poll.h"

#include "base/clock.h"

enum { WISH, BUSY };

#define INTERVAL 0.01       /* s: short for a person who waits, long beside a question of any team */

static void put_question(bf_poll *p, bool wish, bool busy)
{
    p->mine[WISH] = wish;
    p->mine[BUSY] = busy;
    p->open = true;
    MPI_Iallreduce(p->mine, p->all, 2, MPI_INT, MPI_MAX, bf_comm_mpi(p->team), &p->request);
}

static bool is_answered(bf_poll *p)
{
    int here;
    MPI_Test(&p->request, &here, MPI_STATUS_IGNORE);
    if (!here) return false;
    p->open = false;
    p->stop = p->all[WISH] != 0;
    return true;
}

bool bf_poll_ask(bf_poll *p, bool wish)
{
    if (p->stop) return true;
    if (bf_comm_size(p->team) == 1) return p->stop = wish;
    if (p->open) return is_answered(p) && p->stop;
    const double now = bf_clock_seconds();
    if (p->next == 0.0) p->next = now + INTERVAL;       /* work that is soon done asks no questions */
    if (now < p->next) return false;
    p->next = now + INTERVAL;
    put_question(p, wish, true);
    return false;
}

bool bf_poll_end(bf_poll *p, bool (*wish)(void *self), void *self)
{
    bool busy = bf_comm_size(p->team) > 1;
    while (busy && !p->stop) {
        const bool mine = wish && wish(self);
        if (!p->open) put_question(p, mine, false);
        if (is_answered(p)) busy = p->all[BUSY] != 0;
    }
    const bool stop = p->stop;
    *p = (bf_poll){ .team = p->team };
    return stop;
}
