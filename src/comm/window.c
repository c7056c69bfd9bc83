/* Two ways to hold the bytes: one shared segment of the node, or a copy in every rank. Which one is decided before anything is allocated, by
 * the node's first rank for all of them, because Open MPI does not fail on a full /dev/shm: the first touch of a missing page kills the rank. */
#include "comm/window.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { ALIGN = 64 };                                /* Open MPI's base is only 8-byte aligned */
#define MARGIN ((uint64_t)8 << 20)                  /* for MPI's own segments, which live in /dev/shm too */

struct bf_window {
    const bf_comm *node;                            /* borrowed */
    MPI_Win        win;                             /* MPI_WIN_NULL: a private copy */
    void          *base;
};

typedef enum way { SHARED, PRIVATE, NOWHERE } way;
typedef struct room { uint64_t shm, memory; way way; } room;     /* what the node has, in bytes, and what follows from it */

/* BETAFIELD_SHM_LIMIT: use at most this many bytes of /dev/shm. */
static bf_status shm_limit(uint64_t *limit)
{
    const char *text = getenv("BETAFIELD_SHM_LIMIT");
    *limit = UINT64_MAX;
    if (text == NULL || text[0] == '\0')
        return BF_DONE;
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
        return BF_FAIL(BF_E_INPUT, "BETAFIELD_SHM_LIMIT: expected a number of bytes, got '%s'", text);
    *limit = v;
    return BF_DONE;
}

static uint64_t shm_free(void)
{
    struct statvfs fs;
    uint64_t bytes;
    if (statvfs("/dev/shm", &fs) != 0)
        return 0;
    return __builtin_mul_overflow((uint64_t)fs.f_bavail, (uint64_t)fs.f_frsize, &bytes) ? UINT64_MAX : bytes;
}

/* The copies of all ranks of a node; UINT64_MAX when that is not a number. */
static uint64_t all_copies(size_t bytes, int ranks)
{
    uint64_t total;
    return __builtin_mul_overflow((uint64_t)bytes, (uint64_t)ranks, &total) ? UINT64_MAX : total;
}

/* Local; the answer of the node's first rank is everybody's. */
static bf_status look_around(size_t bytes, int ranks, room *r)
{
    uint64_t limit;
    BF_TRY(shm_limit(&limit));
    uint64_t shm = shm_free();
    r->shm = shm < limit ? shm : limit;
    r->memory = bf_memory_available("");
    /* Open MPI ends the job unless a twentieth more than the window is free. Its pages are memory as well. */
    const uint64_t wanted = (uint64_t)bytes + bytes / 20;
    bool fits_shm = r->shm >= MARGIN && wanted <= r->shm - MARGIN && bytes <= r->memory;
    if (ranks > 1 && fits_shm)
        r->way = SHARED;
    else
        r->way = all_copies(bytes, ranks) <= r->memory ? PRIVATE : NOWHERE;
    return BF_DONE;
}

static double mib(uint64_t bytes)
{
    return (double)bytes / (1024.0 * 1024.0);
}

static bf_status no_room(size_t bytes, int ranks, const room *r)
{
    return BF_FAIL(BF_E_INPUT, "the data need %.1f MiB on this node: /dev/shm has %.1f MiB free, and %d private copies (%.1f MiB) do not fit in %.1f MiB of memory",
                   mib(bytes), mib(r->shm), ranks, mib(all_copies(bytes, ranks)), mib(r->memory));
}

/* Makes the pages real. A page that is only promised still counts as free, so the next window would be promised it again; and where
 * /dev/shm was filled meanwhile, this call says so instead of a bus error later. Kernels before 5.14 do not know it: their pages are touched. */
static bool populate(char *first, size_t bytes)
{
    if (bytes == 0)
        return true;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), before = (uintptr_t)first % page;
#ifdef MADV_POPULATE_WRITE
    if (madvise(first - before, before + bytes, MADV_POPULATE_WRITE) == 0)
        return true;
    if (errno != EINVAL)
        return false;
#endif
    volatile char *byte = first;
    for (size_t at = 0; at < bytes; at += page)
        byte[at] = 0;
    byte[bytes - 1] = 0;            /* its page may have been stepped over */
    return true;
}

/* Collective over node. The first rank gives the memory, all of them make their part of its pages real, near themselves. */
static bool open_shared(bf_window *w, size_t bytes)
{
    const int rank = bf_comm_rank(w->node), ranks = bf_comm_size(w->node);
    char *base;
    MPI_Aint size;
    int unit;
    MPI_Win_allocate_shared(rank == 0 ? (MPI_Aint)(bytes + ALIGN) : 0, 1, MPI_INFO_NULL, bf_comm_mpi(w->node), &base, &w->win);
    MPI_Win_shared_query(w->win, 0, &size, &unit, &base);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, w->win);
    w->base = base + (ALIGN - (uintptr_t)base % ALIGN) % ALIGN;
    size_t share = bytes / (size_t)ranks + 1, first = share * (size_t)rank < bytes ? share * (size_t)rank : bytes;
    return populate((char *)w->base + first, bytes - first < share ? bytes - first : share);
}

static bool open_private(bf_window *w, size_t bytes)
{
    w->base = aligned_alloc(ALIGN, (bytes / ALIGN + 1) * ALIGN);
    return w->base != NULL && populate(w->base, bytes);
}

/* Collective over node. Leaves w without memory, ready for the other way. */
static void release(bf_window *w)
{
    if (w->win != MPI_WIN_NULL) {
        MPI_Win_unlock_all(w->win);
        MPI_Win_free(&w->win);      /* sets it to MPI_WIN_NULL */
    } else {
        free(w->base);
    }
    w->base = NULL;
}

/* Collective over node. */
static bf_status open_one_way(bf_window *w, size_t bytes, const room *r)
{
    const int ranks = bf_comm_size(w->node);
    if (r->way == SHARED) {
        bool real = open_shared(w, bytes);
        if (bf_comm_max(w->node, !real) == 0)
            return BF_DONE;
        release(w);                 /* somebody else took the room between the question and the answer */
    }
    bool fits = r->way != NOWHERE && all_copies(bytes, ranks) <= r->memory;
    bf_status s = bf_comm_agree(w->node, fits && open_private(w, bytes) ? BF_DONE : no_room(bytes, ranks, r));
    if (s.code)
        release(w);
    return s;
}

bf_status bf_window_create(const bf_comm *node, size_t bytes, bf_window **out)
{
    *out = NULL;
    room r = { 0 };
    bf_window *w = malloc(sizeof *w);
    bf_status s = BF_DONE;
    if (w == NULL)
        s = BF_FAIL(BF_E_MEMORY, "cannot allocate a window");
    else if (bytes > (size_t)PTRDIFF_MAX - 2 * ALIGN)
        s = BF_FAIL(BF_E_INPUT, "%zu bytes of data are more than any memory", bytes);
    else if (bf_comm_rank(node) == 0)
        s = look_around(bytes, bf_comm_size(node), &r);
    s = bf_comm_agree(node, s);
    if (s.code == BF_OK) {
        bf_comm_bcast(node, &r, sizeof r, 0);
        *w = (bf_window){ .node = node, .win = MPI_WIN_NULL };
        s = open_one_way(w, bytes, &r);
    }
    if (s.code)
        free(w);
    else
        *out = w;
    return s;
}

void *bf_window_base(const bf_window *w)
{
    return w->base;
}

bool bf_window_shared(const bf_window *w)
{
    return w->win != MPI_WIN_NULL;
}

void bf_window_fence(bf_window *w)
{
    if (!bf_window_shared(w))
        return;
    MPI_Win_sync(w->win);
    bf_comm_barrier(w->node);
    MPI_Win_sync(w->win);
}

void bf_window_free(bf_window **w)
{
    if (*w == NULL)
        return;
    release(*w);
    free(*w);
    *w = NULL;
}
