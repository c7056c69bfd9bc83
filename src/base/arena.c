#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64 };    /* a cache line, and the widest vector register */

/* SIZE_MAX stands for "does not fit in memory": once there, a count stays there. */
static size_t padded_size(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - ALIGN)
        return SIZE_MAX;
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

void *bf_arena_take(bf_arena *a, size_t count, size_t size)
{
    size_t bytes = padded_size(count, size);
    if (a->base == NULL) {
        if (__builtin_add_overflow(a->used, bytes, &a->used))
            a->used = SIZE_MAX;
        return NULL;
    }
    assert(bytes <= a->size - a->used && "the second pass takes more than the first one counted");
    if (bytes > a->size - a->used)      /* in a release build: a NULL that crashes at once, not a neighbour's memory */
        return NULL;
    void *p = a->base + a->used;
    a->used += bytes;
    return p;
}

bf_status bf_arena_commit(bf_arena *a)
{
    size_t bytes = a->used > 0 ? a->used : ALIGN;
    char *base = bytes == SIZE_MAX ? NULL : aligned_alloc(ALIGN, bytes);
    if (base == NULL) {
        *a = (bf_arena){ 0 };
        if (bytes == SIZE_MAX)
            return BF_FAIL(BF_E_MEMORY, "the buffers of this model are larger than any memory");
        return BF_FAIL(BF_E_MEMORY, "cannot allocate %zu bytes of step memory", bytes);
    }
    memset(base, 0, bytes);
    *a = (bf_arena){ .base = base, .size = bytes };
    return BF_DONE;
}

void bf_arena_release(bf_arena *a)
{
    free(a->base);
    *a = (bf_arena){ 0 };
}
