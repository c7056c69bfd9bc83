#include "train/team_sum.h"

#include "nn/tree.h"

#include <string.h>

void bf_team_sum_f64(const bf_team_sum *s, double *v, size_t n)
{
    bf_tree_f64(v, s->lanes, n);
    if (s->ranks > 1) bf_comm_tree_f64(s->team, v, n, s->scratch64);
}

/* Few columns at a time: the partials are the plan's and stay as they are, and a step allocates nothing. */
static void couple(void *self, const double *partials, int lanes, int count, double *total)
{
    bf_team_sum *s = self;
    for (int first = 0; first < count; first += BF_TEAM_SUM_COLUMNS) {
        int n = count - first < BF_TEAM_SUM_COLUMNS ? count - first : BF_TEAM_SUM_COLUMNS;
        for (int l = 0; l < lanes; l++)
            memcpy(s->columns + (size_t)l * (size_t)n, partials + (size_t)l * (size_t)count + first, (size_t)n * sizeof *partials);
        bf_team_sum_f64(s, s->columns, (size_t)n);
        memcpy(total + first, s->columns, (size_t)n * sizeof *total);
    }
}

bf_coupler bf_team_sum_coupler(bf_team_sum *s)
{
    return (bf_coupler){ .self = s, .sum = couple };
}
