#include "train/schedule.h"

#include <math.h>
#include <string.h>

static double constant(const bf_train_options *o, double epoch, double epochs)
{
    (void)o, (void)epoch, (void)epochs;
    return 1.0;
}

static double step(const bf_train_options *o, double epoch, double epochs)
{
    (void)epochs;
    return o->step_size > 0.0 ? pow(o->step_factor, floor(epoch / o->step_size)) : 1.0;
}

/* Half a cosine from 1 to lr_final over what the warm-up leaves. */
static double cosine(const bf_train_options *o, double epoch, double epochs)
{
    double span = epochs - o->warmup, x = span > 0.0 ? (epoch - o->warmup) / span : 1.0;
    x = fmin(fmax(x, 0.0), 1.0);
    return o->lr_final + (1.0 - o->lr_final) * 0.5 * (1.0 + cos(3.14159265358979323846 * x));
}

static const bf_schedule table[] = {
    { "constant", "train.lr throughout", constant },
    { "step", "times train.step_factor every train.step_size epochs", step },
    { "cosine", "half a cosine from train.lr to train.lr_final * train.lr", cosine },
};
const char *const bf_schedule_names[] = { "constant", "step", "cosine", NULL };

const bf_schedule *bf_schedule_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].name, name)) return &table[i];
    return NULL;
}

double bf_schedule_lr(const bf_schedule *s, const bf_train_options *o, int64_t step_index, int64_t steps_per_epoch, int64_t steps)
{
    double per_epoch = (double)steps_per_epoch;
    double lr = o->lr * s->factor(o, (double)step_index / per_epoch, (double)steps / per_epoch);
    double ramp = o->warmup * per_epoch;            /* steps of warm-up; the first one already moves, the last one is full */
    double risen = (double)step_index + 1.0;
    return risen < ramp ? lr * risen / ramp : lr;
}
