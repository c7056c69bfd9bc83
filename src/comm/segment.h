/* Memory that the ranks of a group share, where they are all on one machine and it has the room; nothing, where not. It lies in no file system:
 * no /dev/shm has to be large enough, and nothing is left behind by who is killed. */
#ifndef BF_COMM_SEGMENT_H
#define BF_COMM_SEGMENT_H
#include "comm/comm.h"

typedef struct bf_segment bf_segment;

/* Collective over c, which is borrowed and has to outlive it. NULL, on all ranks, where it cannot be had. bytes are the same everywhere; the memory
 * begins on a page, as zeros. */
bf_segment *bf_segment_create(const bf_comm *c, size_t bytes);
void *bf_segment_base(const bf_segment *s);
/* Collective over c. After it, what any rank wrote is seen by all. */
void bf_segment_fence(const bf_segment *s);
void bf_segment_free(bf_segment **s);           /* Local, behind a fence. NULL is fine. */
#endif
