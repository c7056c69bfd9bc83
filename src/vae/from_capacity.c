/* How far the rate is from the capacity of this step. Of the batch's mean: a row's part is its rate less the capacity, with the sign the mean
 * has, so that the rows' mean is |mean - capacity|, and its gradient is theirs. */
#include "nn/layers.h"
#include "vae/ops.h"

static double sign(double x) { return (double)((x > 0.0) - (x < 0.0)); }

/* Of row r: +1 where its rate is to fall, -1 where it is to rise. */
static double side(const bf_node *n, const bf_lane *l, int r)
{
    const double capacity = l->weights[n->kind];
    if (n->coupling >= 0) return sign(*bf_lane_total(l, n) - capacity * l->batch);
    return sign((double)((const float *)bf_lane_value(l, n->input[0]))[r] - capacity);
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const int rows = bf_lane_shape(l, n->output).rows;
    const float *rate = bf_lane_value(l, n->input[0]);
    float *y = bf_lane_value(l, n->output);
    double *sides = bf_lane_stat(l, n, 1);
    for (int r = 0; r < rows; r++) {
        const double s = side(n, l, r);
        y[r] = (float)(s * ((double)rate[r] - l->weights[n->kind]));
        if (r < l->rows) *sides += s;
    }
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const int rows = bf_lane_shape(l, n->output).rows;
    const float *dy = bf_lane_gradient(l, n->output);
    float *drate = bf_lane_gradient(l, n->input[0]);
    for (int r = 0; n->wants[0] && r < rows; r++) {
        const float slope = (float)side(n, l, r) * dy[r];
        drate[r] = n->adds[0] ? drate[r] + slope : slope;
    }
}

const bf_op bf_op_from_capacity = { .name = "from_capacity", .portable = { forward, backward }, .needs = 1u << 0 };

bf_value bf_from_capacity(bf_builder *b, bf_value rate, bool each_row)
{
    const int total = each_row ? -1 : bf_row_total(b, rate);
    bf_node *n = bf_node_add(b, &bf_op_from_capacity, 1, &rate, bf_builder_shape(b, rate));
    n->coupling = total;
    bf_node_given(b, n, "capacity");
    bf_node_stat(b, n, "rate_side", 1);
    return n->output;
}
