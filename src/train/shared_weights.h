/* One vector of parameters for a team whose ranks share a machine's memory: what a rank updates is what the others read, and nothing is sent. */
#ifndef BF_TRAIN_SHARED_WEIGHTS_H
#define BF_TRAIN_SHARED_WEIGHTS_H
#include "comm/segment.h"

typedef struct bf_shared_weights {
    bf_segment *segment;    /* NULL: every rank has a vector of its own */
    float      *own;        /* this rank's vector, which waits meanwhile */
} bf_shared_weights;

/* Collective over team. Returns the team's vector, which begins with what every rank has in `own` (size), or `own` where memory cannot be shared. */
float *bf_shared_weights_enter(bf_shared_weights *s, const bf_comm *team, float *own, size_t size);
/* Collective. What the ranks wrote is seen by all. */
void bf_shared_weights_fence(const bf_shared_weights *s);
/* Collective. Returns the vector that enter() was given, with what is in the team's. */
float *bf_shared_weights_leave(bf_shared_weights *s, float *theta, size_t size);
#endif
