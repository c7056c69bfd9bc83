/* What happened, epoch by epoch: sums of the running epoch, and one row of columns for every epoch that has ended. */
#ifndef BF_TRAIN_HISTORY_H
#define BF_TRAIN_HISTORY_H
#include <stdint.h>
#include "base/column.h"
#include "nn/plan.h"

typedef enum bf_history_column {
    BF_HISTORY_LOSS, BF_HISTORY_RATE, BF_HISTORY_DISTORTION, BF_HISTORY_VARIANCE, BF_HISTORY_BETA, BF_HISTORY_LR, BF_HISTORY_GRAD_NORM,
    BF_HISTORY_ACTIVE_UNITS, BF_HISTORY_SAMPLES_PER_SECOND, BF_HISTORY_TEST_RATE, BF_HISTORY_TEST_DISTORTION, BF_HISTORY_TEST_ELBO,
    BF_HISTORY_COLUMNS
} bf_history_column;

/* Sums over the steps of the running epoch; the plan's statistics follow. */
enum { BF_SUM_STEPS, BF_SUM_LOSS, BF_SUM_BETA, BF_SUM_LR, BF_SUM_NORM, BF_SUM_NORMS, BF_SUM_STATS };

typedef struct bf_history {
    const bf_plan *plan;        /* borrowed */
    double *sums;               /* (BF_SUM_STATS + the plan's statistics), the same on every rank of a team */
    double *rows;               /* (epochs, BF_HISTORY_COLUMNS); in the rows written NaN where absent */
    int64_t epochs, done;       /* capacity, rows written */
} bf_history;

typedef struct bf_step_record {
    double loss;                /* of the batch: summed over its samples */
    double beta;                /* weight of the rate; NaN where there is none */
    double lr;
    double grad_norm;           /* NaN in steps that do not take it */
    const double *stats;        /* the plan's, over the whole batch */
} bf_step_record;

/* sums and rows are borrowed. */
void bf_history_start(bf_history *h, const bf_plan *plan, double *sums, double *rows, int64_t epochs);
void bf_history_add(bf_history *h, const bf_step_record *r);
/* Local. Ends the epoch of batches of so many rows: its row is written (returned; the test columns stay NaN) and the sums start again. */
double *bf_history_close(bf_history *h, int64_t rows, double samples_per_second);
#endif
