/* Step memory: the same lines first count bytes, then hand out addresses of one 64-byte aligned allocation. */
#ifndef BF_BASE_ARENA_H
#define BF_BASE_ARENA_H
#include <stddef.h>
#include "base/status.h"

typedef struct bf_arena { char *base; size_t used, size; } bf_arena;    /* zero it to start counting */

/* Local. NULL while counting; afterwards count * size bytes, 64-byte aligned, zeroed at commit. Overflow saturates and commit fails. */
void *bf_arena_take(bf_arena *a, size_t count, size_t size);
/* Local. Allocates what was counted and rewinds. On failure nothing is held. */
BF_MUST_USE bf_status bf_arena_commit(bf_arena *a);
void bf_arena_release(bf_arena *a);
#define BF_TAKE(a, type, n) ((type *)bf_arena_take((a), (size_t)(n), sizeof(type)))
#endif
