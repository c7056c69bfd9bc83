/* train.keep and train.patience: which weights a training leaves, and when it may end before its last epoch. */
#ifndef BF_TRAIN_EARLY_H
#define BF_TRAIN_EARLY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "train/options.h"

typedef struct bf_early {
    int64_t patience;       /* evaluations without a better score until training ends; 0 never */
    double  score;          /* the best one; -inf before the first */
    int64_t epoch;          /* of the best score, counted from 1; 0 none */
    int64_t waited;         /* evaluations since */
    float  *theta;          /* (size) weights of the best score; NULL when train.keep is last */
    size_t  size;
} bf_early;

extern const char *const bf_keep_names[];                   /* "last best", NULL-terminated */
bool bf_early_keeps_best(const bf_train_options *o);
/* theta (size) is borrowed, NULL when nothing is kept. */
void bf_early_start(bf_early *e, const bf_train_options *o, float *theta, size_t size);
/* Local. A score after an epoch (higher is better; NaN is never better). True: patience is over. */
bool bf_early_note(bf_early *e, double score, int64_t epoch, const float *theta);
#endif
