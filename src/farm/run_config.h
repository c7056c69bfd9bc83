/* One configuration from its keys to its file: train (resuming, retrying), evaluate, measure, write. */
#ifndef BF_FARM_RUN_CONFIG_H
#define BF_FARM_RUN_CONFIG_H
#include "farm/crew.h"
#include "measure/measure.h"
#include "study/config.h"
#include "train/trainer.h"

/* Collective over the team. out->status is done, diverged, failed (its file is published) or stopped (its checkpoint is).
 * A status other than BF_OK means that the study itself cannot go on (input/output). out belongs to the caller: bf_result_free(). */
BF_MUST_USE bf_status bf_run_config(bf_crew *c, const bf_task *task, bf_result *out);

#define BF_MAX_KEPT 16
/* What a configuration's outputs are written from. */
typedef struct bf_job {
    bf_crew           *crew;
    bf_task            task;
    int                id;                  /* task.id */
    bf_config          config;
    const bf_dataset  *data;
    bf_trainer        *trainer;
    int                attempt;             /* from 1 */
    int64_t            first_step;          /* where this run took it up */
    int64_t            lost_steps;          /* of this run's attempts that diverged */
    double             started, seconds_before;     /* of this run; of the runs it resumes */
    double             next_progress, next_checkpoint;
    double             checkpoint_seconds;  /* the longest so far */
    bf_times           before;              /* of the steps that this attempt resumed */
    bf_times           own;                 /* of this attempt, outside the trainer: measures and files */
    bf_times           lost;                /* of this run's attempts that diverged */
    double             told;                /* the beta that what is stored of a conditioned model belongs to */
    bf_evaluation      evaluation[BF_SPLITS];
    bf_array           kept[BF_MAX_KEPT];   /* what measures of the training part left beside their columns; owned */
    int                n_kept;
} bf_job;
#endif
