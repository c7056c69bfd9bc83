/* Adam as published (Kingma and Ba, algorithm 1), bias-corrected; weight decay is an L2 term in the gradient. */
#include "nn/optimizer_rows.h"
#include <math.h>

static void step(const bf_optimizer_options *o, int64_t t, double decay, float *restrict theta, const float *restrict grad,
                 float *restrict state, size_t stride, size_t first, size_t n)
{
    const bf_adam_constants c = bf_adam_constants_at(o, t);
    const float l2 = (float)decay;
    float *restrict w = theta + first, *restrict m = state + first, *restrict v = state + stride + first;
    const float *restrict gradient = grad + first;
    for (size_t i = 0; i < n; i++) {
        const float g = gradient[i] + l2 * w[i];
        m[i] = c.b1 * m[i] + c.a1 * g;
        v[i] = c.b2 * v[i] + c.a2 * (g * g);
        w[i] -= c.rate * m[i] / (sqrtf(c.scale * v[i]) + c.epsilon);
    }
}

const bf_optimizer bf_optimizer_adam = { .name = "adam", .help = "adaptive moments, L2 weight decay", .states = 2, .step = step };
