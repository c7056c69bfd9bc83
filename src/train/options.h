/* train.*: how weights are found. */
#ifndef BF_TRAIN_OPTIONS_H
#define BF_TRAIN_OPTIONS_H
#include <string.h>
#include "data/options.h"

typedef struct bf_train_options {
    int64_t epochs, steps;              /* steps > 0 replaces epochs */
    int64_t batch, lanes;
    char    optimizer[BF_NAME], schedule[BF_NAME];
    double  lr, warmup;                 /* warmup in epochs */
    double  step_size, step_factor;     /* schedule step: every step_size epochs, times step_factor */
    double  lr_final;                   /* schedule cosine: fraction of lr at the end */
    double  momentum, weight_decay, clip, epsilon, betas[2];
    char    backend[BF_NAME];           /* bf_backend_find */
    char    precision[BF_NAME];         /* f32, bf16 */
    int64_t retries;
    double  retry_factor;
    double  checkpoint_seconds;
    int64_t evaluate_every;             /* epochs; 0 = only at the end */
    char    keep[BF_NAME];              /* last, best */
    int64_t patience;
    char    init_from[512];             /* "" none; a file, or DIR:ID */
} bf_train_options;

/* Hidden layers are in bf16 while training. Evaluation is f32: its numbers are about the weights. */
static inline bool bf_train_narrow(const bf_train_options *o) { return strcmp(o->precision, "bf16") == 0; }
#endif
