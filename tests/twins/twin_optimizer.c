/* Optimisers as published, one element at a time. */
#include "twins/twin.h"
#include <assert.h>
#include <math.h>
#include <string.h>

static double adam_update(const bf_optimizer_options *o, int64_t t, double g, double *state)
{
    state[0] = o->betas[0] * state[0] + (1 - o->betas[0]) * g;
    state[1] = o->betas[1] * state[1] + (1 - o->betas[1]) * g * g;
    const double m = state[0] / (1 - pow(o->betas[0], (double)t)), v = state[1] / (1 - pow(o->betas[1], (double)t));
    return o->lr * m / (sqrt(v) + o->epsilon);
}

void bf_twin_optimizer(const char *name, const bf_optimizer_options *o, double decay, int64_t step, double *theta, double grad, double *state)
{
    if (strcmp(name, "adam") == 0) {
        *theta -= adam_update(o, step, grad + decay * *theta, state);
    } else if (strcmp(name, "adamw") == 0) {
        const double before = *theta;
        *theta -= adam_update(o, step, grad, state) + o->lr * decay * before;
    } else {
        assert(strcmp(name, "sgd") == 0);
        state[0] = o->momentum * state[0] + grad + decay * *theta;
        *theta -= o->lr * state[0];
    }
}
