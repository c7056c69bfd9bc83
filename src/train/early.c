#include "train/early.h"

#include <math.h>
#include <string.h>

const char *const bf_keep_names[] = { "last", "best", NULL };

bool bf_early_keeps_best(const bf_train_options *o)
{
    return !strcmp(o->keep, "best");
}

void bf_early_start(bf_early *e, const bf_train_options *o, float *theta, size_t size)
{
    *e = (bf_early){ .patience = o->patience, .score = -INFINITY, .theta = theta, .size = size };
}

bool bf_early_note(bf_early *e, double score, int64_t epoch, const float *theta)
{
    if (score > e->score) {
        e->score = score;
        e->epoch = epoch;
        e->waited = 0;
        if (e->theta) memcpy(e->theta, theta, e->size * sizeof *theta);
        return false;
    }
    e->waited++;
    return e->patience > 0 && e->waited >= e->patience;
}
