/* Adam as published (Kingma and Ba, algorithm 1), bias-corrected; weight decay is an L2 term in the gradient. */
#include "nn/optimizer_rows.h"
#include <math.h>

static bool step(const bf_optimizer_options *o, double decay, float scale, size_t n, float *restrict w,
                 const float *restrict gradient, float *restrict state, size_t stride)
{
    const bf_adam_constants c = bf_adam_constants_of(o);
    const float l2 = (float)decay;
    float *restrict m = state, *restrict v = state + stride;
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        bad |= bf_not_finite(gradient[i]);
        const float g = scale * gradient[i] + l2 * w[i];
        m[i] = c.b1 * m[i] + c.a1 * g;
        v[i] = c.b2 * v[i] + c.a2 * (g * g);
        w[i] -= c.rate * m[i] / (sqrtf(c.scale * v[i]) + c.epsilon);
    }
    return bad == 0;
}

const bf_optimizer bf_optimizer_adam = { .name = "adam", .help = "adaptive moments, L2 weight decay", .states = 2, .step = step };
