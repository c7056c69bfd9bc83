/* Gradient descent with heavy-ball momentum (0: none); weight decay is an L2 term in the gradient. */
#include "nn/optimizer_rows.h"

static bool step(const bf_optimizer_options *o, double decay, float scale, size_t n, float *restrict w,
                 const float *restrict gradient, float *restrict state, size_t stride)
{
    (void)stride;
    const float rate = (float)o->lr, momentum = (float)o->momentum, l2 = (float)decay;
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        bad |= bf_not_finite(gradient[i]);
        state[i] = momentum * state[i] + (scale * gradient[i] + l2 * w[i]);
        w[i] -= rate * state[i];
    }
    return bad == 0;
}

const bf_optimizer bf_optimizer_sgd = { .name = "sgd", .help = "gradient descent with momentum, L2 weight decay", .states = 1, .step = step };
