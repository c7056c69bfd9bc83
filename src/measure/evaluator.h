/* What an evaluator holds; shared by the files of this room only. */
#ifndef BF_MEASURE_EVALUATOR_H
#define BF_MEASURE_EVALUATOR_H
#include "comm/poll.h"
#include "measure/evaluate.h"
#include "vae/registry.h"
#include "vae/vae.h"

struct bf_evaluator {
    const bf_comm        *team;
    const bf_dataset     *data;
    const bf_vae_options *options;
    bf_params            *params;
    const bf_likelihood  *likelihood;
    const bf_posterior   *posterior;
    const bf_prior       *prior;
    const bf_backend     *backend;
    bf_vae_data           shape;            /* of the data, for further plans */
    const int32_t        *labels[BF_SPLITS];    /* classes of the samples, where the model is told them; else NULL */
    bool     affine;                        /* the decoder is: its distortion is exact, and affine.h has its matrix */
    double   beta;                          /* that a conditioned model is told; else the one it was trained with */
    uint64_t seed;
    int      rows;                          /* of its plans: bf_evaluator_rows */
    int      draws;                         /* posterior draws per sample */
    bf_vae   pass[BF_SPLITS];               /* one plan per split: the split is part of the noise's address */
    bf_vae   decoder;
    double  *stats;                         /* of the largest plan */
    bool   (*on_block)(void *self);         /* NULL, or what to call between batches, and whether this rank is asked to stop */
    void    *on_block_self;
    bf_poll  poll;                          /* whether the team is: pause.h */
};
#endif
