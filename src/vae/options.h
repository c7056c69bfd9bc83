/* model.*, posterior, prior, likelihood.*, objective.*: which model is built and what it minimises. */
#ifndef BF_VAE_OPTIONS_H
#define BF_VAE_OPTIONS_H
#include "data/options.h"           /* BF_NAME, bf_f64_list */

#define BF_MAX_HIDDEN 16
typedef struct bf_i64_list { int count; int64_t at[BF_MAX_HIDDEN]; } bf_i64_list;
#define BF_MAX_LAYERS 48
#define BF_LAYER_TEXT 64
typedef struct bf_layer_texts { int count; char at[BF_MAX_LAYERS][BF_LAYER_TEXT]; } bf_layer_texts;     /* layer_text.h: "conv 64 4x4 /2 relu" */

typedef struct bf_vae_options {
    char        net[BF_NAME];           /* a row of the network table */
    bf_i64_list hidden;
    bf_layer_texts encoder, decoder;    /* of net described */
    int64_t     latent;
    char        activation[BF_NAME];
    char        output[BF_NAME];        /* linear, sigmoid */
    char        posterior[BF_NAME];     /* rows of their tables */
    char        prior[BF_NAME];
    char        likelihood[BF_NAME];
    char        variance[BF_NAME];      /* treatment of a gaussian likelihood's variance */
    double      variance_value;         /* NaN: auto (fixed: 1; where it is learned: the training set's per-entry variance) */
    int64_t     components;             /* of a logistic-mixture likelihood */
    double      floor;                  /* of a log-abs likelihood */
    char        objective[BF_NAME];
    char        condition[BF_NAME];     /* none, beta, label, beta label */
    char        modulation[BF_NAME];    /* a row of the table of modulations */
    double      beta, beta_range[2];    /* one number, or NaN and the range that is learned (NaNs for one number) */
    int64_t     betas_per_sample;       /* values of beta that a sample of a conditioned model is trained with in one step, each with noise of its own */
    char        draw[BF_NAME];          /* how the posterior is drawn in training: draws.h */
    int64_t     draws;                  /* how often, for every sample and beta; 0: as often as that asks */
    bf_f64_list grid;                   /* where a conditioned model is evaluated; empty: condition.h */
    double      warmup;                 /* epochs over which beta rises from 0 */
    int64_t     cycles;                 /* of a training, in each of which beta rises from 0; 0: none */
    double      ramp;                   /* part of a cycle over which it rises */
    double      free_bits;              /* nats a latent dimension costs at least; 0: what it costs */
    double      capacity;               /* of objective capacity: the rate that is asked for, in nats ... */
    double      capacity_epochs;        /* ... which it reaches after so many epochs; NaN: at the end of the training */
    double      gamma;                  /* weight of the distance from it */
    char        capacity_of[BF_NAME];   /* whose rate that is: batch, sample */
} bf_vae_options;
#endif
