/* A wish to stop, among ranks that are busy each for itself: any of them may have it, all learn of it, and none waits for another in the middle. */
#ifndef BF_COMM_POLL_H
#define BF_COMM_POLL_H
#include "comm/comm.h"

/* Set the team and zero the rest. From the first bf_poll_ask() of any rank to bf_poll_end() the team has no other collective calls. */
typedef struct bf_poll {
    const bf_comm *team;            /* borrowed */
    bool        stop;               /* what the team has agreed on */
    bool        open;               /* a question is on its way */
    double      next;               /* when this rank puts the next one */
    int         mine[2], all[2];    /* of a question: who wishes to stop, who is busy */
    MPI_Request request;
} bf_poll;

/* Local, as often as one likes, from a rank that is busy. wish: it was asked to stop, and still is. True: the team leaves its work, and so it stays
 * until the end. */
bool bf_poll_ask(bf_poll *p, bool wish);
/* Collective over team, from ranks that are through or leave: waits until all are. wish(self) is called meanwhile; NULL: there is none. Every rank gets
 * the same answer, whether the team leaves its work; then everything begins anew. */
bool bf_poll_end(bf_poll *p, bool (*wish)(void *self), void *self);
#endif
