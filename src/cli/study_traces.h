/* What a study's folder still tells where its progress.json does not: which configurations wait in a checkpoint, and how the log ends. */
#ifndef BF_CLI_STUDY_TRACES_H
#define BF_CLI_STUDY_TRACES_H
#include "base/status.h"
#include "store/result.h"

typedef struct bf_study_traces {        /* zero it; bf_study_traces_close() */
    int *waiting, n_waiting;            /* ids of those that would go on from a checkpoint, rising */
    char log_ends[200];                 /* the last line of log.txt, printable; "" when there is none */
} bf_study_traces;

/* Local. rows (configs): what is known of them. */
BF_MUST_USE bf_status bf_study_traces_read(const char *dir, int configs, const bf_result *rows, bf_study_traces *out);
void bf_study_traces_close(bf_study_traces *t);
#endif
