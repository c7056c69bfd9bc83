/* DIR/progress.json: what `betafield status` reads beside study.h5. Published by rename by rank 0. */
#ifndef BF_FARM_PROGRESS_H
#define BF_FARM_PROGRESS_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "base/status.h"

typedef struct bf_running { int id, team; int64_t step, steps, epoch, epochs; double samples_per_second; } bf_running;
typedef struct bf_progress {
    char   uuid[40], state[16], host[64], started[32], updated[32];     /* state: running, stopped, finished */
    int    pid, ranks, teams, configs, done, failed, running, pending;
    double elapsed, eta, samples_per_second;                            /* eta in seconds, NaN unknown */
    int    n_running;
    bf_running *at;                                                     /* (n_running) */
} bf_progress;
/* Local. The JSON text alone. */
void bf_progress_print(const bf_progress *p, FILE *to);
BF_MUST_USE bf_status bf_progress_write(const char *dir, const char *tag, const bf_progress *p);
/* Local. *found false when there is none. p->at belongs to the caller: free(). Trusts nothing in the file. */
BF_MUST_USE bf_status bf_progress_read(const char *dir, bf_progress *p, bool *found);
#endif
