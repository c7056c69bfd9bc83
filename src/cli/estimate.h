/* What a study will ask of a machine: counted for every configuration, laid out on a number of ranks, summed. */
#ifndef BF_CLI_ESTIMATE_H
#define BF_CLI_ESTIMATE_H
#include "cli/layer_times.h"
#include "farm/cost.h"
#include "farm/layout.h"
#include "farm/makespan.h"
#include "farm/study_data.h"

typedef struct bf_estimate {
    int           configs;          /* that are chosen */
    int          *id;               /* (configs) their ids, rising: indices of the sweep */
    bf_cost      *cost;             /* (configs) */
    double       *seconds;          /* (configs) on one rank */
    int          *parent;           /* (configs) the chosen one that has to end before, as a row here; -1: none */
    bf_layout     layout;
    bf_cost_model model;
    double        rate;             /* floating-point operations per second of one rank, measured */
    int64_t       timed_steps;      /* of every timed configuration; 0: nothing was timed */
    int           timed;            /* configurations */
    bf_layer_times layers;          /* of the costly one, where that was asked for */
    double        data_bytes;       /* one copy of every data set */
    size_t        rank_bytes;       /* the largest configuration */
    double        file_bytes, checkpoint_bytes, free_bytes;     /* free: NaN when unknown */
    double        sum;              /* seconds of one rank's work */
    bf_makespan   makespan;         /* of the study on its teams */
} bf_estimate;

/* Local. Counts every chosen configuration and lays them out. only: their ids, "0-7,12", NULL for all; dir: the folder whose file system is asked for
 * free space. out belongs to the caller: bf_estimate_free(). What is wrong with the layout is BF_E_INPUT, what are no ids BF_E_USAGE or BF_E_INPUT. */
BF_MUST_USE bf_status bf_estimate_count(const bf_study *s, const bf_study_data_sets *d, const char *only, int ranks, const char *dir,
                                        bf_estimate *out);
/* Collective over world, one process. Trains a cheap, a middle and a costly configuration for `steps` steps and lets the model learn from them.
 * layers: keeps the time of each layer of the costly one. */
BF_MUST_USE bf_status bf_estimate_measure(bf_estimate *e, const bf_study *s, bf_study_data_sets *d, const bf_comm *world, const bf_comm *node, int64_t steps,
                                          bool layers);
/* Local. Seconds, their sum and the makespan from the model as it is now. */
BF_MUST_USE bf_status bf_estimate_time(bf_estimate *e);
void bf_estimate_free(bf_estimate *e);
#endif
