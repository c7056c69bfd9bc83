/* AdamW (Loshchilov and Hutter): Adam whose weight decay acts on the weights, not on the gradient. */
#include "nn/optimizer_rows.h"
#include <math.h>

static void step(const bf_optimizer_options *o, int64_t t, double decay, float *restrict theta, const float *restrict grad,
                 float *restrict state, size_t stride, size_t first, size_t n)
{
    const bf_adam_constants c = bf_adam_constants_at(o, t);
    const float shrink = (float)(o->lr * decay);
    float *restrict w = theta + first, *restrict m = state + first, *restrict v = state + stride + first;
    const float *restrict gradient = grad + first;
    for (size_t i = 0; i < n; i++) {
        const float g = gradient[i];
        m[i] = c.b1 * m[i] + c.a1 * g;
        v[i] = c.b2 * v[i] + c.a2 * (g * g);
        w[i] -= c.rate * m[i] / (sqrtf(c.scale * v[i]) + c.epsilon) + shrink * w[i];
    }
}

const bf_optimizer bf_optimizer_adamw = { .name = "adamw", .help = "adaptive moments, decoupled weight decay", .states = 2, .step = step };
