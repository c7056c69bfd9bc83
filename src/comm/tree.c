/* Sums whose order does not depend on who adds: round k joins aligned groups of 2^k ranks, so every element becomes
 * ((v0+v1)+(v2+v3))+... on every rank. IEEE addition commutes, so both partners of a round hold the same bits.
 *
 * Short vectors travel whole each round (recursive doubling). Long ones are halved: in round k partners split what both hold, each sends the
 * half it gives up and adds the half it keeps; partners of round k have made the same choices before, so the halves nest and an element meets
 * its addends in the same order as above. The rounds run backwards to collect the pieces. Half the additions at two ranks, less traffic at more.
 * What stands between the two ways, this rank's slice, is open to callers who want to work on it before it is collected. */
#include "comm/comm.h"
#include "comm/group.h"

#include <assert.h>

enum { HALVING_BYTES = 32768, MAX_ROUNDS = 31 };

typedef struct kind {
    MPI_Datatype type;
    size_t       size;
    void       (*add)(void *restrict sum, const void *restrict other, size_t n);
} kind;

static void add_f32(void *restrict sum, const void *restrict other, size_t n)
{
    float *restrict a = sum;
    const float *restrict b = other;
    for (size_t i = 0; i < n; i++)
        a[i] += b[i];
}

static void add_f64(void *restrict sum, const void *restrict other, size_t n)
{
    double *restrict a = sum;
    const double *restrict b = other;
    for (size_t i = 0; i < n; i++)
        a[i] += b[i];
}

/* Sends out (n_out) to the partner and receives in (n_in) from it. Both count the same number of pieces: each knows both lengths. */
static void exchange(const bf_comm *c, int partner, const kind *k, const char *out, size_t n_out, char *in, size_t n_in)
{
    const size_t piece = BF_COMM_PIECE / k->size;
    size_t longest = n_out > n_in ? n_out : n_in;
    for (size_t at = 0; at < longest; at += piece) {
        size_t from = at < n_out ? at : n_out, send = n_out - from < piece ? n_out - from : piece;
        size_t to = at < n_in ? at : n_in, receive = n_in - to < piece ? n_in - to : piece;
        MPI_Sendrecv(out + from * k->size, (int)send, k->type, partner, BF_TAG_TREE,
                     in + to * k->size, (int)receive, k->type, partner, BF_TAG_TREE, c->mpi, MPI_STATUS_IGNORE);
    }
}

static void doubling(const bf_comm *c, const kind *k, char *v, size_t n, char *scratch)
{
    for (int distance = 1; distance < c->size; distance *= 2) {
        exchange(c, c->rank ^ distance, k, v, n, scratch, n);
        k->add(v, scratch, n);
    }
}

/* What a rank holds before each round of halving and gives up in it; after the last round it holds its slice. Without rounds: all of it. */
typedef struct range { size_t first, last; } range;
typedef struct path { int rounds; range held[MAX_ROUNDS + 1], give[MAX_ROUNDS]; } path;

static size_t grains(size_t n) { return n / BF_SLICE_GRAIN + (n % BF_SLICE_GRAIN != 0); }

/* Cuts held in two: what this rank keeps in a round, and what its partner keeps. */
static void cut(range held, bool lower, range *keep, range *give)
{
    size_t middle = held.first + grains(held.last - held.first) / 2 * BF_SLICE_GRAIN;
    range low = { held.first, middle }, high = { middle, held.last };
    *keep = lower ? low : high;
    *give = lower ? high : low;
}

static path find_path(const bf_comm *c, const kind *k, size_t n)
{
    path p = { .held = { { 0, n } } };
    assert((c->size & (c->size - 1)) == 0 && "the fixed tree needs a power of two");
    if (n * k->size <= HALVING_BYTES)
        return p;
    for (int distance = 1; distance < c->size; distance *= 2, p.rounds++)
        cut(p.held[p.rounds], (c->rank & distance) == 0, &p.held[p.rounds + 1], &p.give[p.rounds]);
    return p;
}

static range slice_of(const path *p) { return p->held[p->rounds]; }
static size_t length(range r) { return r.last - r.first; }

static void reduce(const bf_comm *c, const kind *k, const path *p, char *v, char *scratch)
{
    if (p->rounds == 0)
        doubling(c, k, v, length(p->held[0]), scratch);
    for (int round = 0; round < p->rounds; round++) {
        range keep = p->held[round + 1], give = p->give[round];
        exchange(c, c->rank ^ (1 << round), k, v + give.first * k->size, length(give), scratch, length(keep));
        k->add(v + keep.first * k->size, scratch, length(keep));
    }
}

static void allgather(const bf_comm *c, const kind *k, const path *p, char *v)
{
    for (int round = p->rounds; round-- > 0;) {
        range mine = p->held[round + 1], theirs = p->give[round];
        exchange(c, c->rank ^ (1 << round), k, v + mine.first * k->size, length(mine), v + theirs.first * k->size, length(theirs));
    }
}

static void tree(const bf_comm *c, const kind *k, void *v, size_t n, void *scratch)
{
    const path p = find_path(c, k, n);
    reduce(c, k, &p, v, scratch);
    allgather(c, k, &p, v);
}

static const kind f32 = { MPI_FLOAT, sizeof(float), add_f32 }, f64 = { MPI_DOUBLE, sizeof(double), add_f64 };

void bf_comm_tree_f32(const bf_comm *c, float *restrict v, size_t n, float *restrict scratch)
{
    tree(c, &f32, v, n, scratch);
}

void bf_comm_tree_f64(const bf_comm *c, double *restrict v, size_t n, double *restrict scratch)
{
    tree(c, &f64, v, n, scratch);
}

bf_slice bf_comm_slice(const bf_comm *c, size_t n)
{
    const path p = find_path(c, &f32, n);
    return (bf_slice){ slice_of(&p).first, length(slice_of(&p)) };
}

void bf_comm_reduce_slices_f32(const bf_comm *c, float *restrict v, size_t n, float *restrict scratch)
{
    const path p = find_path(c, &f32, n);
    reduce(c, &f32, &p, (char *)v, (char *)scratch);
}

void bf_comm_allgather_slices_f32(const bf_comm *c, float *v, size_t n)
{
    const path p = find_path(c, &f32, n);
    allgather(c, &f32, &p, (char *)v);
}

/* A cut falls between grains, or at the vector's end. */
static range in_grains(range r) { return (range){ grains(r.first), grains(r.last) }; }

void bf_comm_allgather_grains_f64(const bf_comm *c, double *v, size_t n)
{
    path p = find_path(c, &f32, n);
    for (int round = 0; round < p.rounds; round++) {
        p.held[round + 1] = in_grains(p.held[round + 1]);
        p.give[round] = in_grains(p.give[round]);
    }
    allgather(c, &f64, &p, (char *)v);
}

/* A rank hands all it has gathered to the one below it at its highest bit, and is done; rank 0 has none. */
void bf_comm_gather_slices_f32(const bf_comm *c, float *v, size_t n)
{
    const path p = find_path(c, &f32, n);
    for (int round = p.rounds; round-- > 0;) {
        const int distance = 1 << round;
        const range mine = p.held[round + 1], theirs = p.give[round];
        if (c->rank & distance) {
            bf_comm_send(c, c->rank - distance, BF_TAG_TREE, v + mine.first, length(mine) * sizeof *v);
            return;
        }
        bf_comm_recv(c, c->rank + distance, BF_TAG_TREE, v + theirs.first, length(theirs) * sizeof *v);
    }
}

/* The same messages backwards. */
void bf_comm_scatter_slices_f32(const bf_comm *c, float *v, size_t n)
{
    const path p = find_path(c, &f32, n);
    if (p.rounds == 0)
        bf_comm_bcast(c, v, n * sizeof *v, 0);
    for (int round = 0; round < p.rounds; round++) {
        const int distance = 1 << round;
        const range mine = p.held[round + 1], theirs = p.give[round];
        if (c->rank < distance)
            bf_comm_send(c, c->rank + distance, BF_TAG_TREE, v + theirs.first, length(theirs) * sizeof *v);
        else if (c->rank < 2 * distance)
            bf_comm_recv(c, c->rank - distance, BF_TAG_TREE, v + mine.first, length(mine) * sizeof *v);
    }
}
