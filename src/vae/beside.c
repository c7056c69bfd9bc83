/* What a network is told, beside its input: y (rows, height, width, channels + told) holds at every position the row's numbers told
 * (rows, told) behind the input's channels. No gradient goes to them. */
#include "vae/ops.h"
#include <string.h>

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t c = (size_t)s.channels, k = bf_shape_cols(bf_lane_shape(l, n->input[1])), positions = (size_t)s.height * (size_t)s.width;
    const float *x = bf_lane_value(l, n->input[0]), *told = bf_lane_value(l, n->input[1]);
    float *y = bf_lane_value(l, n->output);
    for (int r = 0; r < s.rows; r++, told += k)
        for (size_t p = 0; p < positions; p++, x += c, y += c + k) {
            memcpy(y, x, c * sizeof *y);
            memcpy(y + c, told, k * sizeof *y);
        }
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t c = (size_t)s.channels, k = bf_shape_cols(bf_lane_shape(l, n->input[1])), positions = (size_t)s.rows * (size_t)s.height * (size_t)s.width;
    const float *restrict dy = bf_lane_gradient(l, n->output);
    float *restrict dx = bf_lane_gradient(l, n->input[0]);
    if (!n->wants[0]) return;
    for (size_t p = 0; p < positions; p++, dx += c, dy += c + k)
        for (size_t j = 0; j < c; j++) dx[j] = n->adds[0] ? dx[j] + dy[j] : dy[j];
}

const bf_op bf_op_beside = { .name = "beside", .portable = { forward, backward }, .affine = 1u << 0 | 1u << 1 };

bf_value bf_beside(bf_builder *b, bf_value x, bf_value told)
{
    bf_shape s = bf_builder_shape(b, x);
    s.channels += bf_builder_shape(b, told).channels;
    return bf_node_add(b, &bf_op_beside, 2, (const bf_value[]){ x, told }, s)->output;
}
