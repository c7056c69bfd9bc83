/* What a trainer holds; shared by the files of this room only. */
#ifndef BF_TRAIN_TRAINER_STATE_H
#define BF_TRAIN_TRAINER_STATE_H
#include "base/arena.h"
#include "base/times.h"
#include "nn/optimizer.h"
#include "train/batches.h"
#include "train/early.h"
#include "train/factored.h"
#include "train/history.h"
#include "train/schedule.h"
#include "train/shared_weights.h"
#include "train/team_sum.h"
#include "train/trainer.h"
#include "vae/registry.h"

/* What rides on the sum of statistics: one slot each, counts of ranks. */
enum { BF_VOTE_STOP, BF_VOTE_SAVE, BF_VOTE_LOST, BF_VOTES };

struct bf_trainer {
    bf_train_setup     setup;
    /* the model */
    bf_params         *params;
    bf_vae             vae;
    bf_evaluator      *evaluator;
    const int32_t     *labels;          /* (train) the samples' classes, where the model is told them; else NULL */
    const bf_likelihood *likelihood;
    /* how a step goes */
    const bf_optimizer  *optimizer;
    bf_optimizer_options optimizer_options;
    const bf_schedule   *schedule;
    bf_batches           batches;
    bf_team_sum          team;
    bf_coupler           coupler;
    int     lanes, rows;                /* lanes of this rank; rows in a lane */
    int     together;                   /* rows, one after the other, that are draws of one posterior: the model is given their sample once */
    int64_t per_sample;                 /* rows that one sample makes, one after the other */
    size_t  size;                       /* elements of the flat vector */
    int     stats;                      /* doubles of statistics */
    bf_slice slice;                     /* of the flat vector: what this rank sums and updates */
    bf_shared_weights shared;           /* while it runs */
    bf_factored factored;               /* tensors whose gradients are summed as factors */
    /* where training stands */
    int64_t step, steps;
    bool    lost;                       /* a gradient of the running step was not finite */
    int64_t ended;                      /* 1: trained to the end, or patience is over */
    bf_history history;
    bf_early   early;
    double  epoch_clock;                /* when timing of the running epoch began ... */
    int64_t epoch_clock_step;           /* ... and at which step */
    double  run_clock;
    int64_t run_clock_step;
    double *rows_of_history;            /* (epochs, BF_HISTORY_COLUMNS) */
    /* where its time went, since it was created */
    bf_times times;
    double  *laps;                      /* (nodes of the plan, 2) or NULL */
    double   step_flops;                /* of the whole team */
    /* step memory: one allocation */
    bf_arena arena;
    float   *theta, *best;              /* (size), (size) or NULL; theta is the team's while it runs, where it can be */
    float   *grads;                     /* (lanes, size); the sum lands in the first row */
    double  *stat_rows;                 /* (lanes, stats) */
    double  *numbers;                   /* (stats + BF_VOTES): sums over the batch, then how many ranks say what */
    double  *squares;                   /* (blocks of size) of the gradient */
    int     *term_sums;                 /* (terms) where the statistics hold the sum of a term */
    double  *weights;                   /* (terms) */
    double  *sums;
    int64_t *samples, *indices;         /* (lanes, rows) the addresses of a row's noise; (lanes, rows / together) where a sample is */
    /* (states, size), not in the arena: pages become real where they are touched, which in a team is this rank's slice alone. */
    float   *optimizer_state;
    void    *state_memory;              /* what to free: optimizer_state is aligned in it */
};

/* Local. Where a fresh epoch's timing starts. */
void bf_trainer_mark_epoch(bf_trainer *t);
/* Local. Epochs whose steps have been made: as many as history has rows, or one more when the evaluation at its end was stopped. */
int64_t bf_trainer_epochs_made(const bf_trainer *t);
/* Local. Whether that epoch, from 1, ends with an evaluation: multiples of evaluate_every alone, so that a longer training repeats a shorter one. */
bool bf_trainer_evaluates(const bf_trainer *t, int64_t epoch);
#endif
