/* Clamping with a count of what was clamped: a limit that acts unseen would change the method. */
#include "nn/layers.h"
#include "nn/ops.h"

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->output);
    const size_t count = bf_shape_count(s), in_use = (size_t)l->rows * bf_shape_cols(s);
    const float lo = (float)n->option[0], hi = (float)n->option[1];
    const float *restrict x = bf_lane_value(l, n->input[0]);
    float *restrict y = bf_lane_value(l, n->output);
    for (size_t i = 0; i < count; i++) y[i] = x[i] < lo ? lo : x[i] > hi ? hi : x[i];      /* NaN stays NaN */
    size_t hits = 0;
    for (size_t i = 0; i < in_use; i++) hits += (x[i] < lo) | (x[i] > hi);
    *bf_lane_stat(l, n, 0) += (double)hits;
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const size_t count = bf_shape_count(bf_lane_shape(l, n->output));
    const float lo = (float)n->option[0], hi = (float)n->option[1];
    const float *restrict x = bf_lane_value(l, n->input[0]), *restrict dy = bf_lane_gradient(l, n->output);
    float *restrict dx = bf_lane_gradient(l, n->input[0]);
    for (size_t i = 0; i < count; i++) {
        const float g = x[i] < lo || x[i] > hi ? 0.0f : dy[i];
        dx[i] = n->adds[0] ? dx[i] + g : g;
    }
}

const bf_op bf_op_clamp = { .name = "clamp", .portable = { forward, backward }, .needs = 1u << 0 };

bf_value bf_clamp(bf_builder *b, bf_value x, double lo, double hi, const char *counter)
{
    bf_node *n = bf_node_add(b, &bf_op_clamp, 1, &x, bf_builder_shape(b, x));
    n->option[0] = lo;
    n->option[1] = hi;
    bf_node_stat(b, n, counter, 1);
    return n->output;
}
