/* The loop over epochs of ONE configuration. It knows batches, lanes, the optimiser, schedules, divergence, and when to stop;
 * it does not know what a VAE is beyond its plan and its terms. */
#ifndef BF_TRAIN_TRAINER_H
#define BF_TRAIN_TRAINER_H
#include "base/array.h"
#include "base/column.h"
#include "base/times.h"
#include "comm/comm.h"
#include "data/dataset.h"
#include "measure/evaluate.h"
#include "nn/plan.h"
#include "train/options.h"
#include "vae/options.h"

typedef struct bf_trainer bf_trainer;

typedef struct bf_train_progress { int64_t step, steps, epoch, epochs; double samples_per_second; } bf_train_progress;

enum { BF_TICK_STOP = 1, BF_TICK_CHECKPOINT = 2 };
typedef struct bf_train_hooks {
    void *self;
    /* Local, every step, on every rank: flags this rank asks for; the team then acts together on the union. */
    int (*tick)(void *self, const bf_train_progress *p);
    /* Collective over the team: write the trainer's state (bf_trainer_state). Also called before a stop returns. */
    bf_status (*checkpoint)(void *self, bf_trainer *t);
} bf_train_hooks;

typedef struct bf_train_setup {
    const bf_comm            *team;
    const bf_dataset         *data;
    const bf_vae_options     *vae;
    const bf_train_options   *train;
    const bf_measure_options *measure;
    const bf_backend         *backend;
    uint64_t                  seed;
    double                    lr_scale;     /* 1, or retry_factor^attempt */
    bf_train_hooks            hooks;        /* members may be NULL */
} bf_train_setup;

/* Local (agree afterwards). Builds plan, buffers and evaluator; theta is initialised. setup's pointers are borrowed. */
BF_MUST_USE bf_status bf_trainer_create(const bf_train_setup *setup, bf_trainer **out);
void bf_trainer_destroy(bf_trainer **t);
/* Collective over team. BF_OK: trained to the end (or patience). BF_E_STOPPED: a checkpoint was written. BF_E_DIVERGED: .what names step and tensor. */
BF_MUST_USE bf_status bf_trainer_run(bf_trainer *t);

bf_params     *bf_trainer_params(const bf_trainer *t);
float         *bf_trainer_theta(const bf_trainer *t);       /* (params size); after a run: what `train.keep` says */
bf_evaluator  *bf_trainer_evaluator(const bf_trainer *t);
bf_train_progress bf_trainer_progress(const bf_trainer *t);

/* History: rows are epochs, columns have definitions; values (epochs_done, columns), NaN where absent. */
int bf_trainer_history_columns(const bf_trainer *t, const bf_column **columns);
const double *bf_trainer_history(const bf_trainer *t, int64_t *epochs_done);
/* Every column any trainer may write (terms of all objectives included): the columns of /history. */
const bf_column *bf_history_columns(int *count);

/* Local. Where the time went since the trainer was created, by this rank's clock; files aside, which its caller writes. */
bf_times bf_trainer_times(const bf_trainer *t);

/* Local, between two steps, on every rank of the team. From now on the time of every node of the plan is kept; what was kept is forgotten. Steps are then a little longer: all
 * parameters are updated at their end, so that a node's time is its own. */
BF_MUST_USE bf_status bf_trainer_time_nodes(bf_trainer *t);
const bf_plan *bf_trainer_plan(const bf_trainer *t);
const double *bf_trainer_laps(const bf_trainer *t);         /* (nodes of the plan, 2): seconds forward, back; NULL: not kept */

/* The whole state, as named arrays that a checkpoint writes and a resume fills in place: weights, optimiser state, step, sums of the
 * running epoch, history, best weights, patience. Valid until the trainer is destroyed, theta until a run begins or returns. The optimiser's state is the team's: it is whole
 * on rank 0, in the checkpoint hook and after a run; elsewhere a rank holds its slice. */
#define BF_MAX_STATE 16         /* arrays, at most */
int bf_trainer_state(bf_trainer *t, bf_array *out, int capacity);   /* returns how many arrays there are */
/* Collective over team. What rank 0 has in these arrays reaches the others, to each its slice of the optimiser's state. */
void bf_trainer_share_state(bf_trainer *t);
/* Local, after the arrays were filled: checks them and takes over; BF_E_FORMAT when they do not belong to this configuration. */
BF_MUST_USE bf_status bf_trainer_resume(bf_trainer *t);
#endif
