/* Column sums of a value and of its squares: what an epoch needs to know which latent dimensions are in use. */
#include "nn/layers.h"
#include "nn/ops.h"
#include <stdio.h>

static void forward(const bf_node *n, const bf_lane *l)
{
    const size_t cols = bf_shape_cols(bf_lane_shape(l, n->input[0]));
    const float *restrict x = bf_lane_value(l, n->input[0]);
    double *restrict sum = bf_lane_stat(l, n, 0), *restrict square = bf_lane_stat(l, n, 1);
    for (int r = 0; r < l->rows; r++, x += cols)
        for (size_t j = 0; j < cols; j++) {
            const double v = (double)x[j];
            sum[j] += v;
            square[j] += v * v;
        }
}

const bf_op bf_op_moments = { .name = "moments", .portable = { forward, NULL } };

void bf_column_moments(bf_builder *b, bf_value x, const char *name)
{
    const int cols = (int)bf_shape_cols(bf_builder_shape(b, x));
    char sum[48], square[48];
    snprintf(sum, sizeof sum, "%s.sum", name);
    snprintf(square, sizeof square, "%s.square", name);
    bf_node *n = bf_node_add(b, &bf_op_moments, 1, &x, (bf_shape){ 0, 0, 0, 0 });
    bf_node_stat(b, n, sum, cols);
    bf_node_stat(b, n, square, cols);
}
