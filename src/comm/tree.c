/* Sums whose order does not depend on who adds: round k joins aligned groups of 2^k ranks, so every element becomes
 * ((v0+v1)+(v2+v3))+... on every rank. IEEE addition commutes, so both partners of a round hold the same bits.
 *
 * Short vectors travel whole each round (recursive doubling). Long ones are halved: in round k partners split what both hold, each sends the
 * half it gives up and adds the half it keeps; partners of round k have made the same choices before, so the halves nest and an element meets
 * its addends in the same order as above. The rounds run backwards to collect the pieces. Half the additions at two ranks, less traffic at more. */
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

typedef struct range { size_t first, last; } range;

/* Cuts held in two: what this rank keeps in a round, and what its partner keeps. */
static void cut(range held, bool lower, range *keep, range *give)
{
    size_t middle = held.first + (held.last - held.first) / 2;
    range low = { held.first, middle }, high = { middle, held.last };
    *keep = lower ? low : high;
    *give = lower ? high : low;
}

static void halving(const bf_comm *c, const kind *k, char *v, size_t n, char *scratch)
{
    range held[MAX_ROUNDS + 1] = { { 0, n } }, give[MAX_ROUNDS];
    int round = 0;
    for (int distance = 1; distance < c->size; distance *= 2, round++) {
        range *keep = &held[round + 1];
        cut(held[round], (c->rank & distance) == 0, keep, &give[round]);
        size_t kept = keep->last - keep->first, given = give[round].last - give[round].first;
        exchange(c, c->rank ^ distance, k, v + give[round].first * k->size, given, scratch, kept);
        k->add(v + keep->first * k->size, scratch, kept);
    }
    while (round-- > 0) {
        range mine = held[round + 1], theirs = give[round];
        exchange(c, c->rank ^ (1 << round), k, v + mine.first * k->size, mine.last - mine.first,
                 v + theirs.first * k->size, theirs.last - theirs.first);
    }
}

static void tree(const bf_comm *c, const kind *k, void *v, size_t n, void *scratch)
{
    assert((c->size & (c->size - 1)) == 0 && "the fixed tree needs a power of two");
    if (n * k->size <= HALVING_BYTES)
        doubling(c, k, v, n, scratch);
    else
        halving(c, k, v, n, scratch);
}

void bf_comm_tree_f32(const bf_comm *c, float *restrict v, size_t n, float *restrict scratch)
{
    tree(c, &(kind){ MPI_FLOAT, sizeof *v, add_f32 }, v, n, scratch);
}

void bf_comm_tree_f64(const bf_comm *c, double *restrict v, size_t n, double *restrict scratch)
{
    tree(c, &(kind){ MPI_DOUBLE, sizeof *v, add_f64 }, v, n, scratch);
}
