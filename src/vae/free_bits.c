/* Free bits (Kingma et al. 2016): a latent dimension costs at least so many nats, so there is nothing to gain by using it less. What is
 * compared is a dimension's mean rate over the whole batch; every row then takes part with its own rate in the dimensions above the limit, and
 * with the limit in the others, which makes the batch's mean the sum of the larger ones and its gradient that sum's. */
#include "nn/layers.h"
#include "vae/ops.h"

static bool is_above(const bf_node *n, const bf_lane *l, size_t j) { return bf_lane_total(l, n)[j] > n->option[0] * l->batch; }

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const float *rate = bf_lane_value(l, n->input[0]);
    float *y = bf_lane_value(l, n->output);
    double *all = bf_lane_stat(l, n, 0);
    for (int r = 0; r < s.rows; r++, rate += cols) {
        double charged = 0.0, real = 0.0;
        for (size_t j = 0; j < cols; j++) {
            charged += is_above(n, l, j) ? (double)rate[j] : n->option[0];
            real += (double)rate[j];
        }
        y[r] = (float)charged;
        if (r < l->rows) *all += real;
    }
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const float *dy = bf_lane_gradient(l, n->output);
    float *drate = bf_lane_gradient(l, n->input[0]);
    if (!n->wants[0]) return;
    for (int r = 0; r < s.rows; r++, drate += cols)
        for (size_t j = 0; j < cols; j++) {
            const float slope = is_above(n, l, j) ? dy[r] : 0.0f;
            drate[j] = n->adds[0] ? drate[j] + slope : slope;
        }
}

const bf_op bf_op_free_bits = { .name = "free_bits", .portable = { forward, backward } };

bf_value bf_free_bits(bf_builder *b, bf_value rates, double least)
{
    const int totals = bf_row_total(b, rates);
    bf_node *n = bf_node_add(b, &bf_op_free_bits, 1, &rates, bf_shape_flat(bf_builder_shape(b, rates).rows, 1));
    n->coupling = totals;
    n->option[0] = least;
    bf_node_stat(b, n, "rate", 1);
    return n->output;
}
