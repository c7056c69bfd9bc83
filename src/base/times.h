/* Where the time of a training goes: seconds of its team's leader by phase, and the work that was done in them. */
#ifndef BF_BASE_TIMES_H
#define BF_BASE_TIMES_H

typedef enum bf_phase {
    BF_PHASE_DATA,          /* samples into the batch */
    BF_PHASE_FORWARD,       /* forward and backward are next to each other, in this order: a plan fills both (bf_run) */
    BF_PHASE_BACKWARD,
    BF_PHASE_REDUCE,        /* sums over lanes and ranks, and the way of the new parameters to all ranks */
    BF_PHASE_UPDATE,        /* gradient norm and optimiser */
    BF_PHASE_EVALUATION,    /* during and after training, measures included */
    BF_PHASE_FILES,         /* checkpoints and the configuration's file */
    BF_PHASES
} bf_phase;
extern const char *const bf_phase_names[BF_PHASES];     /* "data", "forward", ... */

typedef struct bf_times {
    double seconds[BF_PHASES];
    double flops;           /* of training steps, by all ranks of the team */
    double rank_seconds;    /* of training steps (data to update), times the ranks that took part: flops / rank_seconds is one rank's rate */
    double update_bytes;    /* that the optimiser read and wrote on the leader */
    double roof_seconds;    /* in which one rank after the other would do the flops as fast as a large matrix product; NaN: not measured */
} bf_times;

void bf_times_add(bf_times *to, const bf_times *more);
double bf_times_step_seconds(const bf_times *s);        /* data to update */
double bf_times_gflops(const bf_times *s);              /* of one rank, in training steps; NaN where there were none */

/* Adds the time since *then to a phase and starts the next one. */
void bf_times_lap(bf_times *s, bf_phase phase, double *then);
#endif
