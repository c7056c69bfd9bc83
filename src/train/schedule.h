/* Learning rates: rows of a table, and the linear warm-up that every one of them may start with. */
#ifndef BF_TRAIN_SCHEDULE_H
#define BF_TRAIN_SCHEDULE_H
#include "train/options.h"

typedef struct bf_schedule {
    const char *name, *help;
    double (*factor)(const bf_train_options *o, double epoch, double epochs);   /* of train.lr, epochs as real numbers */
} bf_schedule;

const bf_schedule *bf_schedule_find(const char *name);          /* NULL when there is none */
extern const char *const bf_schedule_names[];                   /* NULL-terminated, for the table of keys */
/* Local. The learning rate of a step, counted from 0, of a training of `steps` steps. */
double bf_schedule_lr(const bf_schedule *s, const bf_train_options *o, int64_t step, int64_t steps_per_epoch, int64_t steps);
#endif
