/* AdamW (Loshchilov and Hutter): Adam whose weight decay acts on the weights, not on the gradient. */
#include "nn/optimizer_rows.h"
#include <math.h>

static bool step(const bf_optimizer_options *o, double decay, float scale, size_t n, float *restrict w,
                 const float *restrict gradient, float *restrict state, size_t stride)
{
    const bf_adam_constants c = bf_adam_constants_of(o);
    const float shrink = (float)(o->lr * decay);
    float *restrict m = state, *restrict v = state + stride;
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        bad |= bf_not_finite(gradient[i]);
        const float g = scale * gradient[i];
        m[i] = c.b1 * m[i] + c.a1 * g;
        v[i] = c.b2 * v[i] + c.a2 * (g * g);
        w[i] -= c.rate * m[i] / (sqrtf(c.scale * v[i]) + c.epsilon) + shrink * w[i];
    }
    return bad == 0;
}

const bf_optimizer bf_optimizer_adamw = { .name = "adamw", .help = "adaptive moments, decoupled weight decay", .states = 2, .step = step };
