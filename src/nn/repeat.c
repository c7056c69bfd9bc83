/* A value of few rows as one with all rows of the plan: each of its rows as often as it stands for, one after the other. The way back adds what the
 * copies bring, in their order. */
#include "nn/layers.h"
#include "nn/ops.h"
#include <string.h>

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const int copies = bf_lane_copies(l, n->input[0]);
    const float *x = bf_lane_value(l, n->input[0]);
    float *y = bf_lane_value(l, n->output);
    for (int r = 0; r < s.rows; r++, x += cols)
        for (int k = 0; k < copies; k++, y += cols) memcpy(y, x, cols * sizeof *y);
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const int copies = bf_lane_copies(l, n->input[0]);
    const float *restrict dy = bf_lane_gradient(l, n->output);
    float *restrict dx = bf_lane_gradient(l, n->input[0]);
    for (int r = 0; n->wants[0] && r < s.rows; r++, dx += cols) {
        if (!n->adds[0]) memset(dx, 0, cols * sizeof *dx);
        for (int k = 0; k < copies; k++, dy += cols)
            for (size_t j = 0; j < cols; j++) dx[j] += dy[j];
    }
}

const bf_op bf_op_repeat = { .name = "repeat", .portable = { forward, backward }, .affine = 1u << 0 };

bf_value bf_repeat(bf_builder *b, bf_value x)
{
    bf_shape s = bf_builder_shape(b, x);
    if (s.rows == 0 || s.rows == bf_builder_rows(b)) return x;
    s.rows = bf_builder_rows(b);
    return bf_node_add(b, &bf_op_repeat, 1, &x, s)->output;
}
