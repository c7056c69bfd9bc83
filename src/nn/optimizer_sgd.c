/* Gradient descent with heavy-ball momentum (0: none); weight decay is an L2 term in the gradient. */
#include "nn/optimizer_rows.h"

static void step(const bf_optimizer_options *o, int64_t t, double decay, float *restrict theta, const float *restrict grad,
                 float *restrict state, size_t stride, size_t first, size_t n)
{
    (void)t;
    (void)stride;
    const float rate = (float)o->lr, momentum = (float)o->momentum, l2 = (float)decay;
    float *restrict w = theta + first, *restrict velocity = state + first;
    const float *restrict gradient = grad + first;
    for (size_t i = 0; i < n; i++) {
        velocity[i] = momentum * velocity[i] + (gradient[i] + l2 * w[i]);
        w[i] -= rate * velocity[i];
    }
}

const bf_optimizer bf_optimizer_sgd = { .name = "sgd", .help = "gradient descent with momentum, L2 weight decay", .states = 1, .step = step };
