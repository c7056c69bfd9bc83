/* The table of optimisers, and one step over all slots of a flat vector. */
#include "nn/optimizer.h"
#include "nn/optimizer_rows.h"
#include "nn/ways.h"
#include <math.h>
#include <string.h>

static const bf_optimizer *const table[] = { &bf_optimizer_adam, &bf_optimizer_adamw, &bf_optimizer_sgd };
const char *const bf_optimizer_names[] = { "adam", "adamw", "sgd", NULL };

const bf_optimizer *bf_optimizer_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

void bf_optimizer_begin(bf_optimizer_options *o, double lr, int64_t step)
{
    o->lr = lr;
    for (int i = 0; i < 2; i++) o->bias[i] = 1.0 - pow(o->betas[i], (double)step);
}

bf_adam_constants bf_adam_constants_of(const bf_optimizer_options *o)
{
    const double b1 = o->betas[0], b2 = o->betas[1];
    return (bf_adam_constants){
        .b1 = (float)b1, .a1 = (float)(1.0 - b1), .b2 = (float)b2, .a2 = (float)(1.0 - b2),
        .rate = (float)(o->lr / o->bias[0]), .scale = (float)(1.0 / o->bias[1]),
        .epsilon = (float)o->epsilon,
    };
}

bool bf_optimizer_apply(const bf_optimizer *opt, const bf_optimizer_options *o, const bf_params *p, double scale,
                        bf_range range, float *theta, const float *grad, float *state, size_t stride)
{
    const size_t end = range.first + range.count;
    bool finite = true;
    for (int s = 0; s < bf_params_slots(p); s++) {
        const bf_slot *slot = bf_params_at(p, s);
        const size_t from = slot->offset > range.first ? slot->offset : range.first;
        const size_t to = slot->offset + slot->count < end ? slot->offset + slot->count : end;
        if (from >= to) continue;
        const size_t at = from - range.first;
        finite &= opt->step(o, slot->decays ? o->weight_decay : 0.0, (float)scale, to - from, theta + at, grad + at, state + at, stride);
    }
    return finite;
}

static double block_squares(const float *v, size_t n)
{
    double way[BF_WAYS] = { 0.0 };
    size_t i = 0;
    for (; i + BF_WAYS <= n; i += BF_WAYS)
        for (size_t k = 0; k < BF_WAYS; k++) way[k] += (double)v[i + k] * (double)v[i + k];
    for (size_t k = 0; i + k < n; k++) way[k] += (double)v[i + k] * (double)v[i + k];
    return bf_ways_total(way);
}

void bf_square_blocks(const float *v, size_t n, double *sums)
{
    for (size_t i = 0; i < n; i += BF_NORM_BLOCK) *sums++ = block_squares(v + i, n - i < BF_NORM_BLOCK ? n - i : BF_NORM_BLOCK);
}
