/* Activations: one op row each. All slopes are functions of the output, so a backward pass needs nothing else.
 * Comparisons are written so that a NaN stays one: divergence must not be hidden by a relu. */
#include "nn/layers.h"
#include "nn/ops.h"

#include "base/vector_math.h"
#include <string.h>

#define LEAK 0.01f

/* Defines name_forward, y = VALUE of x, and name_backward, dx = dy * SLOPE of y. */
#define ACTIVATION(name, VALUE, SLOPE)                                                                                          \
    static void name##_forward(const bf_node *n, const bf_lane *l)                                                             \
    {                                                                                                                          \
        const size_t count = bf_shape_count(bf_lane_shape(l, n->output));                                                      \
        const float *restrict in = bf_lane_value(l, n->input[0]);                                                              \
        float *restrict out = bf_lane_value(l, n->output);                                                                     \
        for (size_t i = 0; i < count; i++) { const float x = in[i]; out[i] = (VALUE); }                                        \
    }                                                                                                                          \
    static void name##_backward(const bf_node *n, const bf_lane *l)                                                            \
    {                                                                                                                          \
        const size_t count = bf_shape_count(bf_lane_shape(l, n->output));                                                      \
        const float *restrict out = bf_lane_value(l, n->output), *restrict dy = bf_lane_gradient(l, n->output);                \
        float *restrict dx = bf_lane_gradient(l, n->input[0]);                                                                 \
        if (n->adds[0])                                                                                                        \
            for (size_t i = 0; i < count; i++) { const float y = out[i]; dx[i] += dy[i] * (SLOPE); }                           \
        else                                                                                                                   \
            for (size_t i = 0; i < count; i++) { const float y = out[i]; dx[i] = dy[i] * (SLOPE); }                            \
    }

ACTIVATION(relu, x < 0.0f ? 0.0f : x, y > 0.0f ? 1.0f : 0.0f)
ACTIVATION(leaky_relu, x < 0.0f ? LEAK * x : x, y > 0.0f ? 1.0f : LEAK)
ACTIVATION(tanh, bf_tanh(x), 1.0f - y * y)
ACTIVATION(softplus, bf_softplus(x), -bf_expm1(-y))
ACTIVATION(elu, x < 0.0f ? bf_expm1(x) : x, y < 0.0f ? y + 1.0f : 1.0f)
ACTIVATION(sigmoid, bf_sigmoid(x), y * (1.0f - y))

#define ROW(symbol, label) { .name = label, .portable = { symbol##_forward, symbol##_backward }, .needs = BF_NEEDS_OUTPUT }

const bf_op bf_op_activation[] = {
    [BF_RELU] = ROW(relu, "relu"),
    [BF_LEAKY_RELU] = ROW(leaky_relu, "leaky-relu"),
    [BF_TANH] = ROW(tanh, "tanh"),
    [BF_SOFTPLUS] = ROW(softplus, "softplus"),
    [BF_ELU] = ROW(elu, "elu"),
    [BF_SIGMOID] = ROW(sigmoid, "sigmoid"),
};

const char *const bf_activation_names[] = { "linear", "relu", "leaky-relu", "tanh", "softplus", "elu", "sigmoid", NULL };

int bf_activation_find(const char *name)
{
    for (int i = 0; bf_activation_names[i] != NULL; i++)
        if (strcmp(bf_activation_names[i], name) == 0) return i;
    return -1;
}

double bf_activation_gain(bf_activation kind)
{
    static const double gain[] = {
        [BF_LINEAR] = 1.0,          [BF_RELU] = 1.4142135623730951,     [BF_LEAKY_RELU] = 1.4141428569978354,
        [BF_TANH] = 1.5925374197229,    [BF_SOFTPLUS] = 1.0418668355353, [BF_ELU] = 1.2451983007007,
        [BF_SIGMOID] = 1.8462285453386,
    };
    return gain[kind];
}

bf_value bf_activate(bf_builder *b, bf_value x, bf_activation kind)
{
    return kind == BF_LINEAR ? x : bf_node_add(b, &bf_op_activation[kind], 1, &x, bf_builder_shape(b, x))->output;
}
