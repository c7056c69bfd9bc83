/* One configuration: every key with its value. Plain bytes without pointers. */
#ifndef BF_STUDY_CONFIG_H
#define BF_STUDY_CONFIG_H
#include "data/options.h"
#include "measure/options.h"
#include "train/options.h"
#include "vae/options.h"

#include <stdbool.h>
#include <string.h>

enum { BF_TRAVERSED = 7 };                      /* values of a latent dimension in output.traversals */

typedef struct bf_output_options {
    bool    posterior_train, posterior_test;    /* output.posterior: [train, test] */
    bool    second_stage, weights, state;
    bf_f64_list betas;                          /* of a conditioned model: at which it is stored beside the grid's value nearest 1; rising */
    int64_t samples;
    int64_t traversals;                         /* test samples whose code is varied */
    double  progress_seconds;
} bf_output_options;

/* warm_start.*: neighbours along a swept key train from each other's final weights. */
typedef struct bf_warm_options {
    char    along[64];                          /* the key; "none" */
    char    from[BF_NAME];                      /* the end chains begin at: low, high */
} bf_warm_options;

typedef struct bf_parallel_options {
    int64_t ranks_per_config;                   /* 0: auto */
    int64_t threads;
    char    kernels[BF_NAME];                   /* same, any */
} bf_parallel_options;

typedef struct bf_config {
    char                study[65];
    uint64_t            seed;
    bf_data_options     data;
    bf_vae_options      vae;
    bf_train_options    train;
    bf_measure_options  measure;
    bf_warm_options     warm;
    bf_output_options   output;
    bf_parallel_options parallel;
} bf_config;

static inline bool bf_warm_started(const bf_config *c) { return strcmp(c->warm.along, "none") != 0; }
#endif
