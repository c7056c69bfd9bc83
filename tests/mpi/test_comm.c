/* Groups, agreement and the plain collectives. */
#include "comm/comm.h"
#include "comm/mail.h"
#include "mpi_check.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned char byte_of(int rank, size_t i)
{
    return (unsigned char)(rank * 37 + (int)(i % 251) + 1);
}

static bool is_from(const unsigned char *bytes, int rank, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != byte_of(rank, i))
            return false;
    return true;
}

static unsigned char *made_by(int rank, size_t n)
{
    unsigned char *bytes = malloc(n + 1);
    BF_MPI_CHECK(bytes != NULL);
    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_of(rank, i);
    return bytes;
}

/* Every set of failing ranks: all get the lowest one's sentence. */
static void test_agree(const bf_comm *c)
{
    for (unsigned set = 0; set < 1u << bf_comm_size(c); set++) {
        int me = bf_comm_rank(c), first = 0;
        while (set != 0 && !(set >> first & 1))
            first++;
        bf_status mine = set >> me & 1 ? BF_FAIL(BF_E_IO, "rank %d of set %u", me, set) : BF_DONE;
        bf_status s = bf_comm_agree(c, mine);
        char want[64];
        snprintf(want, sizeof want, "rank %d of set %u", first, set);
        if (set == 0)
            BF_MPI_CHECK(s.code == BF_OK);
        else
            BF_MPI_CHECK(s.code == BF_E_IO && s.rank == first && strcmp(s.what, want) == 0 && strncmp(s.where, "test_comm.c:", 12) == 0);
    }
}

/* What a small group agreed on keeps its rank in the world when a larger one agrees again. */
static void test_split(const bf_comm *c)
{
    int me = bf_comm_rank(c), size = bf_comm_size(c);
    bf_comm *half, *none, *node;
    BF_MPI_OK(bf_comm_split(c, me % 2, -me, &half));
    BF_MPI_CHECK(bf_comm_size(half) == (size + (me % 2 == 0)) / 2);
    BF_MPI_CHECK(bf_comm_rank(half) == bf_comm_size(half) - 1 - me / 2);       /* ordered by key */
    BF_MPI_CHECK(bf_comm_world_rank(half) == me);
    bf_status s = bf_comm_agree(half, me == size - 1 ? BF_FAIL(BF_E_DIVERGED, "last") : BF_DONE);
    BF_MPI_CHECK((s.code == BF_E_DIVERGED) == (me % 2 == (size - 1) % 2));
    s = bf_comm_agree(c, s);
    BF_MPI_CHECK(s.code == BF_E_DIVERGED && s.rank == size - 1);
    bf_comm_free(&half);
    BF_MPI_CHECK(half == NULL);
    bf_comm_free(&half);

    BF_MPI_OK(bf_comm_split(c, me == 0 ? 0 : -1, 0, &none));
    BF_MPI_CHECK((none != NULL) == (me == 0));
    bf_comm_free(&none);

    BF_MPI_OK(bf_comm_node(c, &node));
    BF_MPI_CHECK(bf_comm_size(node) == size && bf_comm_rank(node) == me);     /* one machine here */
    bf_comm_free(&node);
}

static void test_reductions(const bf_comm *c)
{
    int me = bf_comm_rank(c), size = bf_comm_size(c);
    const int64_t large = INT64_C(1) << 60;
    BF_MPI_CHECK(bf_comm_max(c, me == 0 ? -3 : -large) == -3);
    BF_MPI_CHECK(bf_comm_max(c, me) == size - 1);
    BF_MPI_CHECK(bf_comm_sum(c, (large >> 8) + me) == size * (large >> 8) + size * (size - 1) / 2);
    bf_comm_barrier(c);
    BF_MPI_OK(bf_fault_at(c, "write", BF_E_IO));        /* no plan, no faults */
    BF_MPI_CHECK(!bf_fault_nan(c, "loss"));
}

static void test_bcast(const bf_comm *c, size_t n)
{
    for (int root = 0; root < bf_comm_size(c); root++) {
        unsigned char *bytes = made_by(bf_comm_rank(c), n);
        bytes[n] = 99;
        bf_comm_bcast(c, bytes, n, root);
        BF_MPI_CHECK(is_from(bytes, root, n) && bytes[n] == 99);
        free(bytes);
    }
}

static void do_nothing(void *self) { (void)self; }

/* The root comes late, and everyone has its bytes. */
static void test_sleeping_bcast(const bf_comm *c, size_t n)
{
    for (int root = 0; root < bf_comm_size(c); root++) {
        unsigned char *bytes = made_by(bf_comm_rank(c), n);
        if (bf_comm_rank(c) == root) nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
        bf_comm_bcast_sleeping(c, bytes, n, root, do_nothing, NULL);
        BF_MPI_CHECK(is_from(bytes, root, n));
        free(bytes);
        bf_comm_barrier(c);
    }
}

typedef struct waiting { bf_mail *mail; bool told; } waiting;

static void tell_root(void *self)
{
    waiting *w = self;
    if (!w->told) BF_MPI_OK(bf_mail_send(w->mail, 0, 1, NULL, 0));
    w->told = true;
}

/* The root comes when everyone who waits has said so. */
static void test_sleepers_look_after_their_own(const bf_comm *c)
{
    enum { PATIENCE = 60 };     /* seconds: only a broken test waits that long */
    waiting w = { 0 };
    bf_letter l;
    unsigned char byte = (unsigned char)(7 + bf_comm_rank(c));
    BF_MPI_OK(bf_mail_open(c, &w.mail));
    for (int r = 1; bf_comm_rank(c) == 0 && r < bf_comm_size(c); r++) {
        BF_MPI_CHECK(bf_mail_wait(w.mail, PATIENCE, &l));
        free(l.bytes);
    }
    bf_comm_bcast_sleeping(c, &byte, 1, 0, tell_root, &w);
    BF_MPI_CHECK(byte == 7);
    bf_mail_close(&w.mail);
}

/* Rank r gives n * (r + 1) % 7 bytes, so some give none and none are equal. */
static size_t share(int rank, size_t n)
{
    return n * (size_t)((rank + 1) * 3 % 7);
}

static void check_gathered(const bf_comm *c, const unsigned char *all, const size_t *offsets, size_t n)
{
    size_t at = 0;
    for (int r = 0; r < bf_comm_size(c); r++) {
        BF_MPI_CHECK(offsets[r] == at);
        BF_MPI_CHECK(is_from(all + at, r, share(r, n)));
        at += share(r, n);
    }
    BF_MPI_CHECK(offsets[bf_comm_size(c)] == at && all[at] == 99);
}

static void test_gather(const bf_comm *c, size_t n)
{
    int me = bf_comm_rank(c), size = bf_comm_size(c);
    size_t offsets[65], total = 0;
    for (int r = 0; r < size; r++)
        total += share(r, n);
    unsigned char *mine = made_by(me, share(me, n)), *all = malloc(total + 1);
    BF_MPI_CHECK(all != NULL && size <= 64);
    const void *given = share(me, n) > 0 ? mine : NULL;
    for (int root = 0; root < size; root++) {
        memset(all, 0, total);
        all[total] = 99;
        bf_comm_gather(c, given, share(me, n), me == root ? all : NULL, offsets, root);
        if (me == root)
            check_gathered(c, all, offsets, n);
    }
    bf_comm_gather(c, given, share(me, n), me == 0 ? all : NULL, NULL, 0);
    memset(all, 0, total);
    bf_comm_allgather(c, given, share(me, n), all, offsets);
    check_gathered(c, all, offsets, n);
    free(mine);
    free(all);
}

/* Every rank's part of the same length, already in its place. */
static void test_equal_parts(const bf_comm *c, size_t n)
{
    const size_t ranks = (size_t)bf_comm_size(c), me = (size_t)bf_comm_rank(c);
    float *all = calloc(ranks * n, sizeof *all);
    BF_MPI_CHECK(all != NULL);
    for (size_t i = 0; i < n; i++)
        all[me * n + i] = (float)(1000 * me + i);
    bf_comm_allgather_f32(c, all, n);
    for (size_t i = 0; i < ranks * n; i++)
        BF_MPI_CHECK(all[i] == (float)(1000 * (i / n) + i % n));
    free(all);
}

/* Around the ring: rank 0 begins, the others hand on their own bytes after they have received. The receiver does not know how much comes. */
static void test_send(const bf_comm *c, size_t n)
{
    int me = bf_comm_rank(c), size = bf_comm_size(c);
    if (size == 1)
        return;
    const size_t room = 10000;
    unsigned char *mine = made_by(me, n), *theirs = malloc(room);
    BF_MPI_CHECK(theirs != NULL && n < room);
    int next = (me + 1) % size, before = (me + size - 1) % size;
    if (me == 0)
        bf_comm_send(c, next, 7, mine, n);
    size_t got = bf_comm_recv(c, before, 7, theirs, room);
    if (me != 0)
        bf_comm_send(c, next, 7, mine, n);
    BF_MPI_CHECK(got == n && is_from(theirs, before, n));
    free(mine);
    free(theirs);
}

static void test_names(void)
{
    char library[128], host[64], little[4];
    bf_comm_library(library, sizeof library);
    bf_comm_host(host, sizeof host);
    bf_comm_library(little, sizeof little);
    BF_MPI_CHECK(library[0] != '\0' && strchr(library, '\n') == NULL && host[0] != '\0' && strlen(little) == 3);
    bf_comm_host(little, sizeof little);
    BF_MPI_CHECK(strlen(little) < sizeof little);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = { 0, 1, 100, 1023, 1024, 1025, 2048, 5000 };     /* around the pieces of the build that has small ones */
    bf_comm *world;
    BF_MPI_OK(bf_comm_init(&argc, &argv, NULL, &world));
    test_agree(world);
    test_split(world);
    test_reductions(world);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        test_bcast(world, sizes[i]);
        test_sleeping_bcast(world, sizes[i]);
        test_gather(world, sizes[i]);
        if (sizes[i] > 0)
            test_equal_parts(world, sizes[i]);
        test_send(world, sizes[i]);
    }
    test_sleepers_look_after_their_own(world);
    test_names();
    bf_comm_finalize(&world);
    return world == NULL ? 0 : 1;
}
