/* Are the ranks where they can run? A bad binding changes no result, it only makes everything slow, so it is worth a sentence. */
#ifndef BF_FARM_BINDING_H
#define BF_FARM_BINDING_H
#include <stdbool.h>
#include <stddef.h>
#include "comm/comm.h"

/* Collective over world. node: the ranks that share this one's memory. On world's rank 0: true when something is wrong somewhere, with a
 * sentence that names hosts; false on the others. */
BF_MUST_USE bf_status bf_binding_check(const bf_comm *world, const bf_comm *node, int threads, bool *wrong, char *warning, size_t size);

/* --- what it is made of, for tests ---------------------------------------------------------------------------------- */
#define BF_BINDING_CORES 8192
typedef struct bf_core_mask { unsigned char bits[BF_BINDING_CORES / 8]; } bf_core_mask;    /* cores one rank may use */
void bf_core_mask_add(bf_core_mask *m, int core);
int bf_core_mask_count(const bf_core_mask *m);

typedef struct bf_binding {                 /* of one node */
    char host[64];
    int  ranks, threads;
    int  cores;                             /* that any of its ranks may use */
    int  crowd, crowd_cores;                /* ranks that have these few cores and no other, when that is too few for them; crowd 0: none */
    int  narrow_cores;                      /* of a rank that has fewer cores than threads; 0: none */
} bf_binding;
/* Local. masks (ranks). */
void bf_binding_judge(const bf_core_mask *masks, int ranks, int threads, bf_binding *out);
/* Local. One sentence about all nodes; false and empty when all is well. */
bool bf_binding_sentence(const bf_binding *nodes, int n, char *out, size_t size);
#endif
