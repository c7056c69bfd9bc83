/* Entries as the whole numbers they were stored as: what discrete likelihoods count. No gradient passes. */
#include "vae/ops.h"

static void forward(const bf_node *n, const bf_lane *l)
{
    const size_t count = bf_shape_count(bf_lane_shape(l, n->output));
    const float top = (float)n->kind;
    const float *restrict x = bf_lane_value(l, n->input[0]);
    float *restrict level = bf_lane_value(l, n->output);
    for (size_t i = 0; i < count; i++)
        level[i] = (float)(int)(x[i] > 0.0f ? (x[i] < 1.0f ? top * x[i] : top) + 0.5f : 0.0f);     /* a NaN becomes 0 */
}

const bf_op bf_op_levels = { .name = "levels", .portable = { forward, NULL } };

bf_value bf_levels(bf_builder *b, bf_value x, int levels)
{
    bf_node *n = bf_node_add(b, &bf_op_levels, 1, &x, bf_builder_shape(b, x));
    n->kind = levels - 1;
    return n->output;
}
