/* Sums of a value's columns over the rows of the whole batch: each lane gives its rows in use, the coupling point adds the lanes of all
 * ranks. No gradient passes: what reads the totals treats them as constants. */
#include "nn/layers.h"
#include "nn/ops.h"
#include <string.h>

static void forward(const bf_node *n, const bf_lane *l)
{
    const size_t cols = bf_shape_cols(bf_lane_shape(l, n->input[0]));
    const float *x = bf_lane_value(l, n->input[0]);
    double *sum = bf_lane_partial(l, n);
    memset(sum, 0, cols * sizeof *sum);
    for (int r = 0; r < l->rows; r++, x += cols)
        for (size_t j = 0; j < cols; j++) sum[j] += (double)x[j];
}

const bf_op bf_op_row_total = { .name = "row_total", .portable = { forward, NULL } };

int bf_row_total(bf_builder *b, bf_value rows)
{
    const int cols = (int)bf_shape_cols(bf_builder_shape(b, rows));
    rows = bf_repeat(b, rows);
    return bf_couple(b, bf_node_add(b, &bf_op_row_total, 1, &rows, (bf_shape){ 0, 0, 0, 0 }), cols);
}
