#include "comm/comm.h"
#include "comm/group.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Collective over mpi, which it takes over: on failure it is freed. parent is NULL for the world. */
static bf_status adopt(MPI_Comm mpi, const bf_comm *parent, bf_fault_plan *faults, bf_comm **out)
{
    bf_comm group = { .mpi = mpi, .faults = faults };
    MPI_Comm_rank(mpi, &group.rank);
    MPI_Comm_size(mpi, &group.size);
    group.world_rank = parent != NULL ? parent->world_rank : group.rank;
    size_t n = (size_t)group.size;
    group.bytes = calloc(n, sizeof *group.bytes);
    group.counts = calloc(n, sizeof *group.counts);
    group.displacements = calloc(n, sizeof *group.displacements);
    bf_comm *c = malloc(sizeof *c);
    bf_status s = BF_DONE;
    if (c == NULL || group.bytes == NULL || group.counts == NULL || group.displacements == NULL)
        s = BF_FAIL(BF_E_MEMORY, "cannot allocate a group of %d ranks", group.size);
    s = bf_comm_agree(&group, s);
    if (s.code) {
        free(c);
        free(group.bytes);
        free(group.counts);
        free(group.displacements);
        MPI_Comm_free(&mpi);
        return s;
    }
    *c = group;
    *out = c;
    return s;
}

bf_status bf_comm_init(int *argc, char ***argv, bf_fault_plan *faults, bf_comm **world)
{
    *world = NULL;
    int provided;       /* whatever it is: only this thread enters MPI, kernels may have threads of their own */
    /* Open MPI 4.1 tries every component of shared file pointers, which nobody here uses, when it opens a file; one of them writes the file's
     * name into 256 bytes whatever its length. */
    setenv("OMPI_MCA_sharedfp", "^lockedfile", 0);
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm mpi;
    MPI_Comm_dup(MPI_COMM_WORLD, &mpi);     /* libraries that use the world itself never meet our messages */
    return adopt(mpi, NULL, faults, world);
}

void bf_comm_finalize(bf_comm **world)
{
    bf_comm_free(world);
    MPI_Finalize();
}

void bf_comm_leave(const bf_comm *world, int exit_code)
{
    fflush(NULL);
    bf_comm_barrier(world);         /* the launcher ends the others as soon as one is gone */
    _exit(exit_code);
}

bf_status bf_comm_split(const bf_comm *c, int color, int key, bf_comm **out)
{
    *out = NULL;
    MPI_Comm mpi;
    MPI_Comm_split(c->mpi, color < 0 ? MPI_UNDEFINED : color, key, &mpi);
    bf_status s = mpi == MPI_COMM_NULL ? BF_DONE : adopt(mpi, c, c->faults, out);
    s = bf_comm_agree(c, s);    /* one group without memory is a failure of all: nobody goes on alone */
    if (s.code)
        bf_comm_free(out);
    return s;
}

bf_status bf_comm_node(const bf_comm *c, bf_comm **out)
{
    *out = NULL;
    MPI_Comm mpi;
    MPI_Comm_split_type(c->mpi, MPI_COMM_TYPE_SHARED, c->rank, MPI_INFO_NULL, &mpi);
    bf_status s = bf_comm_agree(c, adopt(mpi, c, c->faults, out));
    if (s.code)
        bf_comm_free(out);
    return s;
}

void bf_comm_free(bf_comm **c)
{
    if (*c == NULL)
        return;
    MPI_Comm_free(&(*c)->mpi);
    free((*c)->bytes);
    free((*c)->counts);
    free((*c)->displacements);
    free(*c);
    *c = NULL;
}

void bf_comm_abort(const bf_comm *c, const bf_status *why)
{
    fprintf(stderr, "betafield: rank %d: %s (%s)\n", c->world_rank, why->what, why->where);
    MPI_Abort(c->mpi, bf_status_exit_code(why));
    abort();
}

int bf_comm_rank(const bf_comm *c)          { return c->rank; }
int bf_comm_size(const bf_comm *c)          { return c->size; }
int bf_comm_world_rank(const bf_comm *c)    { return c->world_rank; }
MPI_Comm bf_comm_mpi(const bf_comm *c)      { return c->mpi; }

bf_status bf_comm_agree(const bf_comm *c, bf_status mine)
{
    /* The good way is one small reduction; only a failure is sent around. */
    int failed = mine.code ? c->rank : INT_MAX, first;
    MPI_Allreduce(&failed, &first, 1, MPI_INT, MPI_MIN, c->mpi);
    if (first == INT_MAX)
        return BF_DONE;
    if (mine.rank < 0)
        mine.rank = c->world_rank;          /* kept when a smaller group has agreed on it before */
    MPI_Bcast(&mine, (int)sizeof mine, MPI_BYTE, first, c->mpi);
    return mine;
}

void bf_comm_barrier(const bf_comm *c)
{
    MPI_Barrier(c->mpi);
}

void bf_comm_bcast(const bf_comm *c, void *bytes, size_t n, int root)
{
    for (size_t at = 0; at < n; at += BF_COMM_PIECE)
        MPI_Bcast((char *)bytes + at, bf_comm_piece(n - at), MPI_BYTE, root, c->mpi);
}

void bf_comm_bcast_sleeping(const bf_comm *c, void *bytes, size_t n, int root, void (*idle)(void *self), void *self)
{
    const struct timespec nap = { .tv_nsec = 100000 };
    MPI_Request request;
    int here = 0;
    MPI_Ibcast(bytes, (int)n, MPI_BYTE, root, c->mpi, &request);
    for (;;) {
        MPI_Test(&request, &here, MPI_STATUS_IGNORE);
        if (here)
            return;
        idle(self);
        nanosleep(&nap, NULL);
    }
}

int64_t bf_comm_max(const bf_comm *c, int64_t v)
{
    int64_t all;
    MPI_Allreduce(&v, &all, 1, MPI_INT64_T, MPI_MAX, c->mpi);
    return all;
}

int64_t bf_comm_sum(const bf_comm *c, int64_t v)
{
    int64_t all;
    MPI_Allreduce(&v, &all, 1, MPI_INT64_T, MPI_SUM, c->mpi);
    return all;
}

void bf_comm_sum_all(const bf_comm *c, int64_t *v, size_t n)
{
    const size_t piece = BF_COMM_PIECE / sizeof *v;
    for (size_t at = 0; at < n; at += piece)
        MPI_Allreduce(MPI_IN_PLACE, v + at, (int)(n - at < piece ? n - at : piece), MPI_INT64_T, MPI_SUM, c->mpi);
}

/* Everyone learns everyone's size, so all take the same branch below. Returns the total; fills MPI's counts when an int holds it. */
static size_t exchange_sizes(const bf_comm *c, size_t n, size_t *offsets)
{
    int64_t mine = (int64_t)n;
    MPI_Allgather(&mine, 1, MPI_INT64_T, c->bytes, 1, MPI_INT64_T, c->mpi);
    size_t total = 0;
    for (int r = 0; r < c->size; r++) {
        if (offsets != NULL)
            offsets[r] = total;
        if (total <= BF_COMM_PIECE && (size_t)c->bytes[r] <= BF_COMM_PIECE) {
            c->displacements[r] = (int)total;
            c->counts[r] = (int)c->bytes[r];
        }
        total += (size_t)c->bytes[r];
    }
    if (offsets != NULL)
        offsets[c->size] = total;
    return total;
}

static void copy(void *to, const void *from, size_t n)
{
    if (n > 0)          /* an empty piece may be NULL, which memcpy must not see */
        memcpy(to, from, n);
}

void bf_comm_gather(const bf_comm *c, const void *mine, size_t n, void *all, size_t *offsets, int root)
{
    size_t total = exchange_sizes(c, n, offsets);
    if (total <= BF_COMM_PIECE) {
        MPI_Gatherv(mine, (int)n, MPI_BYTE, all, c->counts, c->displacements, MPI_BYTE, root, c->mpi);
        return;
    }
    if (c->rank != root) {
        bf_comm_send(c, root, BF_TAG_GATHER, mine, n);
        return;
    }
    char *at = all;
    for (int r = 0; r < c->size; r++) {
        size_t size = (size_t)c->bytes[r];
        if (r == root)
            copy(at, mine, n);
        else
            bf_comm_recv(c, r, BF_TAG_GATHER, at, size);
        at += size;
    }
}

void bf_comm_allgather_f32(const bf_comm *c, float *v, size_t n)
{
    if (n <= BF_COMM_PIECE / sizeof *v / (size_t)c->size)
        MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, v, (int)n, MPI_FLOAT, c->mpi);
    else
        for (int r = 0; r < c->size; r++) bf_comm_bcast(c, v + (size_t)r * n, n * sizeof *v, r);
}

void bf_comm_allgather(const bf_comm *c, const void *mine, size_t n, void *all, size_t *offsets)
{
    size_t total = exchange_sizes(c, n, offsets);
    if (total <= BF_COMM_PIECE) {
        MPI_Allgatherv(mine, (int)n, MPI_BYTE, all, c->counts, c->displacements, MPI_BYTE, c->mpi);
        return;
    }
    char *at = all;
    for (int r = 0; r < c->size; r++) {
        size_t size = (size_t)c->bytes[r];
        if (r == c->rank)
            copy(at, mine, n);
        bf_comm_bcast(c, at, size, r);
        at += size;
    }
}

void bf_comm_send(const bf_comm *c, int to, int tag, const void *bytes, size_t n)
{
    /* A full piece says that another one follows, so the receiver need not know n. */
    size_t at = 0;
    for (;;) {
        int piece = bf_comm_piece(n - at);
        MPI_Send((const char *)bytes + at, piece, MPI_BYTE, to, tag, c->mpi);
        at += (size_t)piece;
        if ((size_t)piece < BF_COMM_PIECE)
            return;
    }
}

size_t bf_comm_recv(const bf_comm *c, int from, int tag, void *bytes, size_t capacity)
{
    size_t at = 0;
    for (;;) {
        int piece;
        MPI_Status status;
        MPI_Recv((char *)bytes + at, bf_comm_piece(capacity - at), MPI_BYTE, from, tag, c->mpi, &status);
        MPI_Get_count(&status, MPI_BYTE, &piece);
        at += (size_t)piece;
        if ((size_t)piece < BF_COMM_PIECE)
            return at;
    }
}

void bf_comm_library(char *out, size_t size)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int n;
    MPI_Get_library_version(text, &n);
    text[strcspn(text, "\r\n")] = '\0';
    if (size > 0) {
        size_t keep = strlen(text) < size ? strlen(text) : size - 1;
        memcpy(out, text, keep);
        out[keep] = '\0';
    }
}

void bf_comm_host(char *out, size_t size)
{
    if (size == 0)
        return;
    if (gethostname(out, size) != 0)
        out[0] = '\0';
    out[size - 1] = '\0';       /* a name that does not fit may come without its end */
}
