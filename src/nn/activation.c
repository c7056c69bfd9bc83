/* Activations: one op row each. All slopes are functions of the output, so a backward pass needs nothing else.
 * Comparisons are written so that a NaN stays one: divergence must not be hidden by a relu. */
#include "nn/layers.h"
#include "nn/activation.h"
#include "nn/ops.h"

#include "base/vector_math.h"
#include <string.h>

#define LEAK 0.01f
#define STEEP_LEAK 0.2f

/* Defines, for one activation, y = VALUE of x (with and without a bias per column) and dx (+)= dy * SLOPE of y. */
#define ACTIVATION(name, VALUE, SLOPE)                                                                                          \
    static void name##_value(size_t n, const float *in, float *out)                                                            \
    {                                                                                                                          \
        for (size_t i = 0; i < n; i++) { const float x = in[i]; out[i] = (VALUE); }                                            \
    }                                                                                                                          \
    static void name##_biased(size_t rows, size_t cols, const float *restrict bias, float *restrict y)                         \
    {                                                                                                                          \
        for (size_t r = 0; r < rows; r++, y += cols)                                                                           \
            for (size_t j = 0; j < cols; j++) { const float x = y[j] + bias[j]; y[j] = (VALUE); }                              \
    }                                                                                                                          \
    static void name##_slope(size_t n, const float *out, const float *dy, float *dx, bool adds)                                \
    {                                                                                                                          \
        if (adds)                                                                                                              \
            for (size_t i = 0; i < n; i++) { const float y = out[i]; (void)y; dx[i] += dy[i] * (SLOPE); }                      \
        else                                                                                                                   \
            for (size_t i = 0; i < n; i++) { const float y = out[i]; (void)y; dx[i] = dy[i] * (SLOPE); }                       \
    }

ACTIVATION(linear, x, 1.0f)
ACTIVATION(relu, x < 0.0f ? 0.0f : x, y > 0.0f ? 1.0f : 0.0f)
ACTIVATION(leaky_relu, x < 0.0f ? LEAK * x : x, y > 0.0f ? 1.0f : LEAK)
ACTIVATION(tanh, bf_tanh(x), 1.0f - y * y)
ACTIVATION(softplus, bf_softplus(x), -bf_expm1(-y))
ACTIVATION(elu, x < 0.0f ? bf_expm1(x) : x, y < 0.0f ? y + 1.0f : 1.0f)
ACTIVATION(sigmoid, bf_sigmoid(x), y * (1.0f - y))
ACTIVATION(leaky_relu_2, x < 0.0f ? STEEP_LEAK * x : x, y > 0.0f ? 1.0f : STEEP_LEAK)

static const struct {
    void (*value)(size_t n, const float *in, float *out);
    void (*biased)(size_t rows, size_t cols, const float *restrict bias, float *restrict y);
    void (*slope)(size_t n, const float *out, const float *dy, float *dx, bool adds);
} loops[] = {
#define LOOPS(name) { name##_value, name##_biased, name##_slope }
    [BF_LINEAR] = LOOPS(linear), [BF_RELU] = LOOPS(relu), [BF_LEAKY_RELU] = LOOPS(leaky_relu), [BF_TANH] = LOOPS(tanh),
    [BF_SOFTPLUS] = LOOPS(softplus), [BF_ELU] = LOOPS(elu), [BF_SIGMOID] = LOOPS(sigmoid), [BF_LEAKY_RELU_2] = LOOPS(leaky_relu_2),
};

void bf_activation_value(bf_activation kind, size_t n, const float *x, float *y) { loops[kind].value(n, x, y); }

void bf_activation_slope(bf_activation kind, size_t n, const float *y, const float *dy, float *dx, bool adds)
{
    loops[kind].slope(n, y, dy, dx, adds);
}

void bf_bias_activate(bf_activation kind, size_t rows, size_t cols, const float *bias, float *y)
{
    if (bias != NULL) loops[kind].biased(rows, cols, bias, y);
    else if (kind != BF_LINEAR) loops[kind].value(rows * cols, y, y);
}

float *bf_own_slope(const bf_node *n, const bf_lane *l)
{
    float *dy = bf_lane_gradient(l, n->output);
    if (n->activation != BF_LINEAR)
        bf_activation_slope((bf_activation)n->activation, bf_shape_count(bf_lane_shape(l, n->output)), bf_lane_value(l, n->output), dy, dy, false);
    return dy;
}

static void forward(const bf_node *n, const bf_lane *l)
{
    bf_activation_value((bf_activation)n->kind, bf_shape_count(bf_lane_shape(l, n->output)), bf_lane_value(l, n->input[0]),
                        bf_lane_value(l, n->output));
}

static void backward(const bf_node *n, const bf_lane *l)
{
    if (n->wants[0])
        bf_activation_slope((bf_activation)n->kind, bf_shape_count(bf_lane_shape(l, n->output)), bf_lane_value(l, n->output),
                            bf_lane_gradient(l, n->output), bf_lane_gradient(l, n->input[0]), n->adds[0]);
}

/* Rows of their own, so that twins, tests and reports know them by name. */
#define ROW(label, there, back)                                                                                                 \
    { .name = label, .portable = { forward, backward }, .elementary = { there, back }, .needs = BF_NEEDS_OUTPUT, .width = BF_EITHER }

const bf_op bf_op_activation[BF_ACTIVATIONS] = {
    [BF_RELU] = ROW("relu", 0.0f, 0.0f),
    [BF_LEAKY_RELU] = ROW("leaky-relu", 0.0f, 0.0f),
    [BF_TANH] = ROW("tanh", 1.0f, 0.0f),
    [BF_SOFTPLUS] = ROW("softplus", 2.0f, 1.0f),
    [BF_ELU] = ROW("elu", 1.0f, 0.0f),
    [BF_SIGMOID] = ROW("sigmoid", 1.0f, 0.0f),
    [BF_LEAKY_RELU_2] = ROW("leaky-relu-0.2", 0.0f, 0.0f),
};

const char *const bf_activation_names[] = { "linear", "relu", "leaky-relu", "tanh", "softplus", "elu", "sigmoid", "leaky-relu-0.2", NULL };

int bf_activation_find(const char *name)
{
    for (int i = 0; bf_activation_names[i] != NULL; i++)
        if (strcmp(bf_activation_names[i], name) == 0) return i;
    return -1;
}

bf_activation bf_activation_of(const bf_op *op)
{
    for (int kind = BF_LINEAR + 1; kind < BF_ACTIVATIONS; kind++)
        if (op == &bf_op_activation[kind]) return (bf_activation)kind;
    return BF_LINEAR;
}

double bf_activation_gain(bf_activation kind)
{
    static const double gain[] = {
        [BF_LINEAR] = 1.0,          [BF_RELU] = 1.4142135623730951,     [BF_LEAKY_RELU] = 1.4141428569978354,
        [BF_TANH] = 1.5925374197229,    [BF_SOFTPLUS] = 1.0418668355353, [BF_ELU] = 1.2451983007007,
        [BF_SIGMOID] = 1.8462285453386, [BF_LEAKY_RELU_2] = 1.3867504905631,
    };
    return gain[kind];
}

bf_value bf_activate(bf_builder *b, bf_value x, bf_activation kind)
{
    if (kind == BF_LINEAR) return x;
    bf_node *n = bf_node_add(b, &bf_op_activation[kind], 1, &x, bf_builder_shape(b, x));
    n->kind = kind;
    return n->output;
}
