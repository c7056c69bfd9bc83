#include "store/team_checksum.h"

#include "base/checksum.h"

#include <stdlib.h>
#include <string.h>

/* A block belongs to the rank that holds its first byte; whoever else holds some of it hands those bytes to the owner. */

enum { TAG = 71 };
static const int64_t BLOCK = (int64_t)BF_CHECKSUM_BLOCK;

typedef struct share { int64_t first, n; } share;

typedef struct work {
    const bf_comm *team;
    const char    *mine;
    int64_t        total;
    share         *shares;      /* (ranks) */
    uint64_t      *own;         /* hashes of this rank's blocks */
    uint64_t      *all;         /* rank 0: hashes of every block */
    char          *block;       /* (BLOCK): a block that ends on another rank */
} work;

static int64_t blocks_in(int64_t bytes) { return bytes / BLOCK + (bytes % BLOCK != 0); }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static bf_status allocate(work *w, int64_t n)
{
    const int ranks = bf_comm_size(w->team);
    w->shares = malloc((size_t)ranks * sizeof *w->shares);
    w->own = malloc(((size_t)blocks_in(n) + 1) * sizeof *w->own);
    w->block = malloc((size_t)BLOCK);
    w->all = bf_comm_rank(w->team) == 0 ? malloc(((size_t)blocks_in(w->total) + 1) * sizeof *w->all) : NULL;
    bool held = w->shares && w->own && w->block && (w->all || bf_comm_rank(w->team) != 0);
    return held ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for the checksum of %lld bytes", (long long)w->total);
}

/* Every rank sees the same shares, so every rank comes to the same answer. */
static bf_status check_shares(const work *w)
{
    int64_t at = 0;
    for (int r = 0; r < bf_comm_size(w->team); at += w->shares[r].n, r++)
        if (w->shares[r].n < 0 || (w->shares[r].n && w->shares[r].first != at))
            return BF_FAIL(BF_E_INTERNAL, "rank %d brings %lld bytes from %lld on, %lld is next", r, (long long)w->shares[r].n,
                           (long long)w->shares[r].first, (long long)at);
    return at == w->total ? BF_DONE : BF_FAIL(BF_E_INTERNAL, "the ranks bring %lld of %lld bytes", (long long)at, (long long)w->total);
}

/* The bytes before this rank's first block boundary go to the owner of that block. Sends go down and the lowest rank
 * only receives, so the chain always moves. */
static void hand_down(const work *w, share me)
{
    const int64_t head = me.first % BLOCK ? least(me.n, BLOCK - me.first % BLOCK) : 0, start = me.first - me.first % BLOCK;
    if (head == 0) return;
    int owner = bf_comm_rank(w->team) - 1;
    while (w->shares[owner].n == 0 || w->shares[owner].first > start) owner--;
    bf_comm_send(w->team, owner, TAG, w->mine, (size_t)head);
}

/* The hash of the block at `start`, which begins here and ends at `end` on a higher rank. */
static uint64_t hash_shared(const work *w, share me, int64_t start, int64_t end)
{
    int64_t have = me.first + me.n - start;
    memcpy(w->block, w->mine + (start - me.first), (size_t)have);
    for (int r = bf_comm_rank(w->team) + 1; start + have < end; r++)
        if (w->shares[r].n) have += (int64_t)bf_comm_recv(w->team, r, TAG, w->block + have, (size_t)(end - start - have));
    return bf_hash64(w->block, (size_t)have);
}

static size_t hash_own(const work *w, share me)
{
    size_t count = 0;
    for (int64_t start = blocks_in(me.first) * BLOCK; start < me.first + me.n; start += BLOCK) {
        const int64_t end = least(start + BLOCK, w->total);
        w->own[count++] = end <= me.first + me.n ? bf_hash64(w->mine + (start - me.first), (size_t)(end - start))
                                                 : hash_shared(w, me, start, end);
    }
    return count;
}

bf_status bf_team_checksum(const bf_comm *team, const void *mine, int64_t first, int64_t n, int64_t total, uint64_t *out)
{
    work w = { .team = team, .mine = mine, .total = total };
    const share me = { first, n };
    bf_status s;
    BF_TRY_DONE(bf_comm_agree(team, allocate(&w, n)));
    bf_comm_allgather(team, &me, sizeof me, w.shares, NULL);
    BF_TRY_DONE(check_shares(&w));
    size_t count = 0;
    if (n > 0) {
        hand_down(&w, me);
        count = hash_own(&w, me);
    }
    bf_comm_gather(team, w.own, count * sizeof *w.own, w.all, NULL, 0);
    if (w.all) *out = bf_checksum_of_blocks(w.all, (size_t)blocks_in(total));
    bf_comm_bcast(team, out, sizeof *out, 0);
done:
    free(w.all);
    free(w.block);
    free(w.own);
    free(w.shares);
    return s;
}
