/* Two values side by side: y (rows, first + second) = (x1, x2), each row's columns of the one before those of the other. */
#include "nn/layers.h"
#include "nn/ops.h"
#include <string.h>

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->output);
    const size_t first = bf_shape_cols(bf_lane_shape(l, n->input[0])), second = bf_shape_cols(bf_lane_shape(l, n->input[1]));
    const float *x1 = bf_lane_value(l, n->input[0]), *x2 = bf_lane_value(l, n->input[1]);
    float *y = bf_lane_value(l, n->output);
    for (int r = 0; r < s.rows; r++, x1 += first, x2 += second, y += first + second) {
        memcpy(y, x1, first * sizeof *y);
        memcpy(y + first, x2, second * sizeof *y);
    }
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->output);
    const size_t all = bf_shape_cols(s);
    for (size_t k = 0, from = 0; k < 2; k++) {
        const size_t cols = bf_shape_cols(bf_lane_shape(l, n->input[k]));
        const float *dy = (const float *)bf_lane_gradient(l, n->output) + from;
        float *dx = bf_lane_gradient(l, n->input[k]);
        from += cols;
        for (int r = 0; n->wants[k] && r < s.rows; r++, dy += all, dx += cols)
            for (size_t j = 0; j < cols; j++) dx[j] = n->adds[k] ? dx[j] + dy[j] : dy[j];
    }
}

const bf_op bf_op_concat = { .name = "concat", .portable = { forward, backward }, .affine = 1u << 0 | 1u << 1, .width = BF_EITHER };

bf_value bf_concat(bf_builder *b, bf_value x, bf_value y)
{
    const bf_shape s = bf_builder_shape(b, x), t = bf_builder_shape(b, y);
    const int cols = (int)(bf_shape_cols(s) + bf_shape_cols(t));
    return bf_node_add(b, &bf_op_concat, 2, (const bf_value[]){ x, y }, bf_shape_flat(s.rows, cols))->output;
}
