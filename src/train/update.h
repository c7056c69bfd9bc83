/* The end of a step: the gradients of all lanes become new parameters. The ranks of a team share it: each sums one slice of the
 * gradient, moves that slice of the parameters with its share of the optimiser's state, and gives it to the others. Slices fall on
 * the norm's blocks and every element meets its addends in the tree's order, so the bits are those of one rank alone. */
#ifndef BF_TRAIN_UPDATE_H
#define BF_TRAIN_UPDATE_H
#include <stdbool.h>
#include "train/trainer_state.h"

/* How a step's gradients become an update; the bits are the same. */
typedef enum bf_update_way {
    BF_UPDATE_TOGETHER,     /* bf_update_sum_gradients, then bf_update_slice: whenever the norm of the whole gradient is wanted first */
    BF_UPDATE_EARLY,        /* a rank alone with one lane: every tensor moves as soon as its gradient is complete, while that is in the cache */
    BF_UPDATE_FACTORED      /* train/factored.h, where tensors are large beside the batch */
} bf_update_way;
bf_update_way bf_update_way_of(const bf_trainer *t, bool take_norm);
/* Who takes gradients on the two ways that hand them over; t->lost tells that one was not finite. */
bf_taker bf_update_taker(bf_trainer *t);

/* Collective over team, in this order. The slice's gradient of the whole batch lands in the first row of grads. */
void bf_update_sum_gradients(bf_trainer *t);
/* The slice's parameters and state move. take_norm: *norm is the whole gradient's before clipping, also with train.clip; else NaN. False
 * when the slice's gradient was not finite: the training is lost then. */
bool bf_update_slice(bf_trainer *t, bool take_norm, double *norm);
/* Every rank gets all parameters, and moves the running averages by the statistics in numbers. */
void bf_update_share(bf_trainer *t);

/* What this rank's share of an update reads from memory and writes to it. */
double bf_update_bytes(const bf_trainer *t, bf_update_way way, bool take_norm);

/* Collective over team. Leaves the whole gradient on every rank and names the tensor that is not finite. */
BF_MUST_USE bf_status bf_update_blame(bf_trainer *t);

/* Collective over team. The optimiser's whole state reaches rank 0, which writes it; and goes back from there, to each its share. */
void bf_update_gather_state(bf_trainer *t);
void bf_update_scatter_state(bf_trainer *t);
#endif
