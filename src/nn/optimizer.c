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

bf_adam_constants bf_adam_constants_at(const bf_optimizer_options *o, int64_t t)
{
    const double b1 = o->betas[0], b2 = o->betas[1];
    return (bf_adam_constants){
        .b1 = (float)b1, .a1 = (float)(1.0 - b1), .b2 = (float)b2, .a2 = (float)(1.0 - b2),
        .rate = (float)(o->lr / (1.0 - pow(b1, (double)t))), .scale = (float)(1.0 / (1.0 - pow(b2, (double)t))),
        .epsilon = (float)o->epsilon,
    };
}

void bf_optimizer_apply(const bf_optimizer *opt, const bf_optimizer_options *o, const bf_params *p, int64_t step, float *theta,
                        float *grad, float *state, double scale)
{
    const size_t stride = bf_params_size(p);
    if (scale != 1.0)
        for (size_t i = 0; i < stride; i++) grad[i] *= (float)scale;
    for (int s = 0; s < bf_params_slots(p); s++) {
        const bf_slot *slot = bf_params_at(p, s);
        opt->step(o, step, slot->decays ? o->weight_decay : 0.0, theta, grad, state, stride, slot->offset, slot->count);
    }
}

#define BLOCK ((size_t)4096)

static double block_squares(const float *v, size_t n)
{
    double way[BF_WAYS] = { 0.0 };
    size_t i = 0;
    for (; i + BF_WAYS <= n; i += BF_WAYS)
        for (size_t k = 0; k < BF_WAYS; k++) way[k] += (double)v[i + k] * (double)v[i + k];
    for (size_t k = 0; i + k < n; k++) way[k] += (double)v[i + k] * (double)v[i + k];
    return bf_ways_total(way);
}

double bf_norm_blocks(const float *v, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i += BLOCK) sum += block_squares(v + i, n - i < BLOCK ? n - i : BLOCK);
    return sqrt(sum);
}
