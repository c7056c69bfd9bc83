/* Definitions of the ops of nn/. */
#include "twins/twin.h"
#include <math.h>

#define SHAPE(v) bf_lane_shape(l, n->input[v])
#define IN(v) ((const double *)bf_lane_value(l, n->input[v]))
#define DIN(v) ((double *)bf_lane_gradient(l, n->input[v]))
#define OUT ((double *)bf_lane_value(l, n->output))
#define DOUT ((const double *)bf_lane_gradient(l, n->output))

static void give(double *to, bool adds, double g) { *to = adds ? *to + g : g; }

static void term_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < l->rows; r++) bf_lane_stat(l, n, 0)[0] += IN(0)[r];
}

static void term_backward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < SHAPE(0).rows; r++) give(&DIN(0)[r], n->adds[0], r < l->rows ? l->weights[n->kind] / l->batch : 0.0);
}

static void dense_forward(const bf_node *n, const bf_lane *l)
{
    const double *w = bf_lane_slot(l, n, 0), *b = n->n_slots > 1 ? bf_lane_slot(l, n, 1) : NULL;
    const int in = (int)bf_shape_cols(SHAPE(0)), out = (int)bf_shape_cols(bf_lane_shape(l, n->output));
    for (int r = 0; r < SHAPE(0).rows; r++)
        for (int o = 0; o < out; o++) {
            double sum = b == NULL ? 0 : b[o];
            for (int i = 0; i < in; i++) sum += w[o * in + i] * IN(0)[r * in + i];
            OUT[r * out + o] = sum;
        }
}

static void dense_backward(const bf_node *n, const bf_lane *l)
{
    const double *w = bf_lane_slot(l, n, 0);
    double *dw = bf_lane_slot_gradient(l, n, 0), *db = n->n_slots > 1 ? bf_lane_slot_gradient(l, n, 1) : NULL;
    const int rows = SHAPE(0).rows, in = (int)bf_shape_cols(SHAPE(0)), out = (int)bf_shape_cols(bf_lane_shape(l, n->output));
    for (int o = 0; o < out; o++) {
        double sum = 0;
        for (int r = 0; r < rows; r++) sum += DOUT[r * out + o];
        if (db != NULL) give(&db[o], n->slot_adds[1], sum);
        for (int i = 0; i < in; i++) {
            sum = 0;
            for (int r = 0; r < rows; r++) sum += DOUT[r * out + o] * IN(0)[r * in + i];
            give(&dw[o * in + i], n->slot_adds[0], sum);
        }
    }
    for (int r = 0; n->wants[0] && r < rows; r++)
        for (int i = 0; i < in; i++) {
            double sum = 0;
            for (int o = 0; o < out; o++) sum += DOUT[r * out + o] * w[o * in + i];
            give(&DIN(0)[r * in + i], n->adds[0], sum);
        }
}

/* Slopes as functions of the input here, where the kernels take them from the output. */
#define TWIN_ACTIVATION(name, VALUE, SLOPE)                                                                                     \
    static void name##_forward(const bf_node *n, const bf_lane *l)                                                             \
    {                                                                                                                          \
        for (size_t i = 0; i < bf_shape_count(SHAPE(0)); i++) { const double x = IN(0)[i]; OUT[i] = VALUE; }                   \
    }                                                                                                                          \
    static void name##_backward(const bf_node *n, const bf_lane *l)                                                            \
    {                                                                                                                          \
        for (size_t i = 0; i < bf_shape_count(SHAPE(0)); i++) {                                                                \
            const double x = IN(0)[i];                                                                                         \
            give(&DIN(0)[i], n->adds[0], DOUT[i] * (SLOPE));                                                                   \
        }                                                                                                                      \
    }

TWIN_ACTIVATION(relu, x > 0 ? x : 0, x > 0 ? 1 : 0)
TWIN_ACTIVATION(leaky, x > 0 ? x : 0.01 * x, x > 0 ? 1 : 0.01)
TWIN_ACTIVATION(steep, x > 0 ? x : 0.2 * x, x > 0 ? 1 : 0.2)
TWIN_ACTIVATION(tanh, tanh(x), 1 / (cosh(x) * cosh(x)))
TWIN_ACTIVATION(softplus, log(1 + exp(x)), 1 / (1 + exp(-x)))
TWIN_ACTIVATION(elu, x > 0 ? x : exp(x) - 1, x > 0 ? 1 : exp(x))
TWIN_ACTIVATION(sigmoid, 1 / (1 + exp(-x)), exp(-x) / ((1 + exp(-x)) * (1 + exp(-x))))

static void clamp_forward(const bf_node *n, const bf_lane *l)
{
    for (size_t i = 0; i < bf_shape_count(SHAPE(0)); i++) OUT[i] = fmin(fmax(IN(0)[i], n->option[0]), n->option[1]);
    for (size_t i = 0; i < (size_t)l->rows * bf_shape_cols(SHAPE(0)); i++) bf_lane_stat(l, n, 0)[0] += OUT[i] != IN(0)[i];
}

static void clamp_backward(const bf_node *n, const bf_lane *l)
{
    for (size_t i = 0; i < bf_shape_count(SHAPE(0)); i++)
        give(&DIN(0)[i], n->adds[0], IN(0)[i] > n->option[0] && IN(0)[i] < n->option[1] ? DOUT[i] : 0);
}

static void moments_forward(const bf_node *n, const bf_lane *l)
{
    const size_t cols = bf_shape_cols(SHAPE(0));
    for (size_t i = 0; i < (size_t)l->rows * cols; i++) {
        bf_lane_stat(l, n, 0)[i % cols] += IN(0)[i];
        bf_lane_stat(l, n, 1)[i % cols] += IN(0)[i] * IN(0)[i];
    }
}

static void row_total_forward(const bf_node *n, const bf_lane *l)
{
    const size_t cols = bf_shape_cols(SHAPE(0));
    for (size_t j = 0; j < cols; j++) {
        double sum = 0;
        for (size_t r = 0; r < (size_t)l->rows; r++) sum += IN(0)[r * cols + j];
        bf_lane_partial(l, n)[j] = sum;
    }
}

static void repeat_forward(const bf_node *n, const bf_lane *l)
{
    const size_t cols = bf_shape_cols(SHAPE(0)), copies = (size_t)bf_lane_copies(l, n->input[0]);
    for (size_t i = 0; i < bf_shape_count(bf_lane_shape(l, n->output)); i++) OUT[i] = IN(0)[i / cols / copies * cols + i % cols];
}

static void repeat_backward(const bf_node *n, const bf_lane *l)
{
    const size_t cols = bf_shape_cols(SHAPE(0)), copies = (size_t)bf_lane_copies(l, n->input[0]);
    for (size_t i = 0; n->wants[0] && i < bf_shape_count(SHAPE(0)); i++) {
        double sum = 0;
        for (size_t k = 0; k < copies; k++) sum += DOUT[(i / cols * copies + k) * cols + i % cols];
        give(&DIN(0)[i], n->adds[0], sum);
    }
}

const bf_twin bf_twins_nn[] = {
    { "repeat", { repeat_forward, repeat_backward } },
    { "term", { term_forward, term_backward } },
    { "dense", { dense_forward, dense_backward } },
    { "relu", { relu_forward, relu_backward } },
    { "leaky-relu", { leaky_forward, leaky_backward } },
    { "leaky-relu-0.2", { steep_forward, steep_backward } },
    { "tanh", { tanh_forward, tanh_backward } },
    { "softplus", { softplus_forward, softplus_backward } },
    { "elu", { elu_forward, elu_backward } },
    { "sigmoid", { sigmoid_forward, sigmoid_backward } },
    { "clamp", { clamp_forward, clamp_backward } },
    { "moments", { moments_forward, NULL } },
    { "row_total", { row_total_forward, NULL } },
    { NULL, { NULL, NULL } },
};
