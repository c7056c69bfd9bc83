/* The sum of two values, y = f(x1 + x2): where a residual connection ends, with the activation it took over. */
#include "nn/activation.h"
#include "nn/ops.h"

static void forward(const bf_node *n, const bf_lane *l)
{
    const size_t count = bf_shape_count(bf_lane_shape(l, n->output));
    const float *first = bf_lane_value(l, n->input[0]), *second = bf_lane_value(l, n->input[1]);
    float *restrict y = bf_lane_value(l, n->output);
    for (size_t i = 0; i < count; i++) y[i] = first[i] + second[i];
    if (n->activation != BF_LINEAR) bf_activation_value((bf_activation)n->activation, count, y, y);
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const size_t count = bf_shape_count(bf_lane_shape(l, n->output));
    const float *dy = bf_own_slope(n, l);
    for (int k = 0; k < 2; k++)
        if (n->wants[k]) bf_activation_slope(BF_LINEAR, count, dy, dy, bf_lane_gradient(l, n->input[k]), n->adds[k]);
}

const bf_op bf_op_add = { .name = "add", .portable = { forward, backward }, .affine = 1u << 0 | 1u << 1,
                           .needs = BF_NEEDS_OUTPUT, .width = BF_EITHER, .activates = true };

bf_value bf_add(bf_builder *b, bf_value x, bf_value y)
{
    const bf_shape s = bf_builder_shape(b, x), t = bf_builder_shape(b, y);
    if (s.height != t.height || s.width != t.width || s.channels != t.channels)
        bf_builder_fail(b, BF_FAIL(BF_E_INPUT, "%d x %d x %d entries cannot be added to %d x %d x %d", t.height, t.width, t.channels, s.height,
                                   s.width, s.channels));
    return bf_node_add(b, &bf_op_add, 2, (const bf_value[]){ x, y }, s)->output;
}
