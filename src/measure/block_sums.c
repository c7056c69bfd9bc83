#include "measure/block_sums.h"

#include <string.h>

void bf_block_total(const bf_comm *team, const double *mine, int64_t own, int64_t blocks, size_t record, double *all, double *total)
{
    bf_comm_allgather(team, mine, (size_t)own * record * sizeof *mine, all, NULL);
    memset(total, 0, record * sizeof *total);
    for (int64_t b = 0; b < blocks; b++)
        for (size_t i = 0; i < record; i++) total[i] += all[(size_t)b * record + i];
}
