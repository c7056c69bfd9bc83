/* One copy of a data set per node. /dev/shm is asked first: a window larger than what is free kills or hangs Open MPI. */
#ifndef BF_COMM_WINDOW_H
#define BF_COMM_WINDOW_H
#include "comm/comm.h"

typedef struct bf_window bf_window;

/* Collective over node, which is borrowed and has to outlive the window; bytes are the same on every rank. Shared when /dev/shm has room on
 * this node, else a private copy in each rank when memory allows (see bf_window_shared), else BF_E_INPUT with both sizes named. The base is
 * 64-byte aligned, what it holds is not initialised.
 * The environment variable BETAFIELD_SHM_LIMIT (bytes) says: use at most this much of /dev/shm for a window. */
BF_MUST_USE bf_status bf_window_create(const bf_comm *node, size_t bytes, bf_window **out);
void *bf_window_base(const bf_window *w);
bool bf_window_shared(const bf_window *w);      /* false: this rank must fill all of it */
/* Collective over node. After it, what any rank wrote is seen by all. */
void bf_window_fence(bf_window *w);
void bf_window_free(bf_window **w);             /* Collective over node. */
#endif
