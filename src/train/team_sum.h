/* Sums of numbers over the whole batch: this rank's lanes by the tree, then the team's ranks by the same tree, so that the bits depend
 * on the number of lanes alone. A team of one rank sends nothing. */
#ifndef BF_TRAIN_TEAM_SUM_H
#define BF_TRAIN_TEAM_SUM_H
#include "comm/comm.h"
#include "nn/plan.h"

#define BF_TEAM_SUM_COLUMNS 256         /* what a coupling sums at once */

typedef struct bf_team_sum {
    const bf_comm *team;                /* borrowed */
    int     ranks, lanes;               /* lanes of this rank */
    float  *scratch32;                  /* (size of the gradient), for update.c; NULL in a team of one */
    double *scratch64;                  /* (size of the longest vector of doubles), NULL in a team of one */
    double *columns;                    /* (lanes, BF_TEAM_SUM_COLUMNS) */
} bf_team_sum;

/* Collective over team. v (lanes, n): the total lands in the first row on every rank; the others are overwritten. */
void bf_team_sum_f64(const bf_team_sum *s, double *v, size_t n);
/* Collective over team. What a plan's couplings call; valid as long as s. */
bf_coupler bf_team_sum_coupler(bf_team_sum *s);
#endif
