/* Arrays whose length shows while they are read. */
#ifndef BF_CLI_GROW_H
#define BF_CLI_GROW_H
#include <stdlib.h>
#include "base/status.h"

/* Local. Room for one more entry of an array that doubles; *at stays the caller's, also when it fails. */
BF_MUST_USE static inline bf_status bf_grow(void **at, int count, int *room, size_t size)
{
    if (count < *room) return BF_DONE;
    const int more = *room ? 2 * *room : 64;
    void *p = realloc(*at, (size_t)more * size);
    if (!p) return BF_FAIL(BF_E_MEMORY, "no memory for a list of %d", more);
    *at = p;
    *room = more;
    return BF_DONE;
}
#endif
