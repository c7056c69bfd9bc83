/* The end of a step for large matrices of weights, whose gradients are left as factors (nn/factors.h), and for what lies between them. Every rank of a
 * team gets the factors of all lanes and multiplies for its slice; the rest of the gradient is short, and summed whole. */
#ifndef BF_TRAIN_FACTORED_H
#define BF_TRAIN_FACTORED_H
#include "base/arena.h"
#include "comm/comm.h"
#include "nn/factors.h"
#include "nn/optimizer.h"

typedef struct bf_factored {
    bf_plan          *plan;             /* borrowed, as the team */
    const bf_comm    *team;
    int               lanes;            /* of this rank */
    const bf_factors *tensor;           /* (tensors): none where it does not pay */
    int               tensors;
    bf_range         *rest;             /* (tensors + 1): what lies before, between and behind them */
    size_t            rest_size;
    float            *rest_rows;        /* (lanes, rest_size) */
    float            *all;              /* (lanes of the batch, bf_plan_factors_size) */
    void             *work;
} bf_factored;

/* Local. Run twice, as an arena wants it, for a flat vector of `size`. Before it, plan, team and lanes are set. */
void bf_factored_lay_out(bf_factored *f, bf_arena *a, size_t size);
/* Local. An element of the flat vector that lies in the rest. */
size_t bf_factored_rest(const bf_factored *f);
/* Collective over team, before the first step: where ranks have unlike kernels, and so unlike tensors, none are summed this way. */
void bf_factored_agree(bf_factored *f);
/* Collective over team, after a run that deferred: every rank gets the factors of all lanes, and in the first row of grads (lanes, size) the sum of the
 * gradient's rest. scratch (size): the caller's, unused in a team of one. */
void bf_factored_gather(const bf_factored *f, float *grads, size_t size, float *scratch);
/* Local, after that. The whole batch's gradient of a slice goes to the taker, piece by piece. */
void bf_factored_hand_over(const bf_factored *f, bf_slice slice, const float *grads, const bf_taker *taker);
#endif
