/* The checksum of rows that lie on several ranks is the checksum of the rows, however they are dealt out. */
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "mpi_check.h"
#include "store/team_checksum.h"

static char *make_bytes(int64_t n)
{
    char *v = malloc((size_t)n + 1);
    for (int64_t i = 0; i < n; i++) v[i] = (char)(i * 2654435761u >> 13);
    return v;
}

/* Ends of the ranks' shares, in 1/16 of the whole. */
static void check(const bf_comm *world, const char *all, int64_t total, const int *sixteenth)
{
    const int rank = bf_comm_rank(world), ranks = bf_comm_size(world);
    const int64_t first = rank ? total * sixteenth[rank - 1] / 16 : 0, last = rank + 1 < ranks ? total * sixteenth[rank] / 16 : total;
    uint64_t got = 0;
    char *mine = malloc((size_t)(last - first) + 1);        /* its own allocation: reading past a share is seen */
    memcpy(mine, all + first, (size_t)(last - first));
    BF_MPI_OK(bf_team_checksum(world, mine, first, last - first, total, &got));
    BF_MPI_CHECK(got == bf_checksum(all, (size_t)total));
    free(mine);
}

static void test_any_dealing_gives_the_same(const bf_comm *world)
{
    static const int dealings[][8] = { { 8, 12, 14, 15 }, { 0, 0, 0, 0 }, { 16, 16, 16, 16 }, { 1, 2, 3, 4 }, { 4, 4, 8, 12 }, { 15, 15, 16, 16 } };
    const int64_t block = (int64_t)BF_CHECKSUM_BLOCK;
    const int64_t totals[] = { 0, 1, 16, block - 1, block, block + 1, 2 * block, 3 * block + 17, 5 * block - 3 };
    char *all = make_bytes(5 * block);
    for (size_t t = 0; t < sizeof totals / sizeof *totals; t++)
        for (size_t d = 0; d < sizeof dealings / sizeof *dealings; d++) check(world, all, totals[t], dealings[d]);
    free(all);
}

static void test_shares_that_do_not_fit_fail_everywhere(const bf_comm *world)
{
    const int rank = bf_comm_rank(world), ranks = bf_comm_size(world);
    char bytes[64] = "";
    uint64_t got;
    bf_status overlap = bf_team_checksum(world, bytes, 0, 8, 8 * ranks + (ranks == 1), &got);      /* all begin at 0; alone: a byte is missing */
    BF_MPI_CHECK(overlap.code == BF_E_INTERNAL);
    bf_status gap = bf_team_checksum(world, bytes, 8 * rank, rank == ranks - 1 ? 7 : 8, 8 * ranks, &got);
    BF_MPI_CHECK(gap.code == BF_E_INTERNAL);
}

int main(int argc, char **argv)
{
    bf_comm *world;
    BF_MPI_OK(bf_comm_init(&argc, &argv, NULL, &world));
    test_any_dealing_gives_the_same(world);
    test_shares_that_do_not_fit_fail_everywhere(world);
    bf_comm_finalize(&world);
    return 0;
}
