/* DIR/progress.json: what `betafield status` reads beside study.h5. Published by rename by rank 0. */
#ifndef BF_FARM_PROGRESS_H
#define BF_FARM_PROGRESS_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "base/status.h"

/* Rates are of training samples and of this run alone: what an earlier run trained before it was resumed is in `step` and in no rate. */
typedef struct bf_running {
    int     id, team;
    int64_t step, steps, epoch, epochs;
    double  samples_per_second;         /* since its training began or went on in this run */
    int64_t steps_now;                  /* of this run, diverged attempts included; these two are in a letter and not in the file */
    double  checkpoint_seconds;         /* its longest so far */
} bf_running;
typedef struct bf_progress {
    char   uuid[40], state[16], host[64], started[32], updated[32];     /* state: running, stopped, finished, failed (see the log) */
    int    pid, ranks, teams, configs, done, failed, running, pending;
    double elapsed, eta, samples_per_second;                            /* eta in seconds, NaN unknown; the rate of all teams over `elapsed` */
    int    n_running;
    bf_running *at;                                                     /* (n_running) */
} bf_progress;
/* Local. The JSON text alone. */
void bf_progress_print(const bf_progress *p, FILE *to);
BF_MUST_USE bf_status bf_progress_write(const char *dir, const char *tag, const bf_progress *p);
/* Local. *found false when there is none. p->at belongs to the caller: free(). Trusts nothing in the file: BF_E_FORMAT, with what is wrong, when it
 * is not whole or holds what cannot be; then there is nothing in p. */
BF_MUST_USE bf_status bf_progress_read(const char *dir, bf_progress *p, bool *found);
#endif
