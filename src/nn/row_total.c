/* The sum of a (rows, 1) value over the whole batch: each lane gives its rows in use, the coupling point adds the lanes of all ranks.
 * No gradient passes: what reads the total treats it as a constant. */
#include "nn/layers.h"
#include "nn/ops.h"

static void forward(const bf_node *n, const bf_lane *l)
{
    const float *x = bf_lane_value(l, n->input[0]);
    double sum = 0.0;
    for (int r = 0; r < l->rows; r++) sum += (double)x[r];
    *bf_lane_partial(l, n) = sum;
}

const bf_op bf_op_row_total = { .name = "row_total", .portable = { forward, NULL } };

int bf_row_total(bf_builder *b, bf_value rows)
{
    return bf_couple(b, bf_node_add(b, &bf_op_row_total, 1, &rows, (bf_shape){ 0, 0, 0, 0 }), 1);
}
