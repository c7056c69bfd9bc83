/* gaussian/optimal: the variance is its analytic minimiser, the mean squared error of the whole team's batch. Its own gradient
 * vanishes there (envelope theorem), so backward treats it as a constant. After training the training set's value is frozen in the slot. */
#include "nn/layers.h"
#include "vae/gaussian.h"
#include "vae/ops.h"

static double batch_mse(const bf_node *n, const bf_lane *l) { return *bf_lane_total(l, n) / (l->batch * n->option[0]); }

static void forward(const bf_node *n, const bf_lane *l)
{
    const double mse = batch_mse(n, l);
    bf_gaussian_forward(n, l, bf_gaussian_floored(mse));
    if (mse < BF_VARIANCE_FLOOR) *bf_lane_stat(l, n, 1) += l->rows;
}

static void backward(const bf_node *n, const bf_lane *l) { bf_gaussian_backward(n, l, bf_gaussian_floored(batch_mse(n, l))); }

const bf_op bf_op_gaussian_optimal = { .name = "gaussian.optimal", .portable = { forward, backward } };

static bf_value nll(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads heads)
{
    const bf_value errors = bf_gaussian_errors(b, o, x, heads);
    const int total = bf_row_total(b, errors);
    bf_node *n = bf_gaussian_node(b, &bf_op_gaussian_optimal, d, errors);
    n->coupling = total;
    bf_node_stat(b, n, "variance_floor_hits", 1);
    bf_builder_slot(b, BF_GAUSSIAN_SLOT, 1, bf_gaussian_slot_shape, bf_gaussian_start(o, d));
    return n->output;
}

const bf_likelihood bf_likelihood_gaussian_optimal = {
    .name = "gaussian", .variance = "optimal", .help = "gaussian whose variance is the batch's mean squared error",
    .heads = bf_gaussian_heads, .mean = bf_gaussian_mean, .nll = nll,
    .distortion = bf_gaussian_distortion, .row_variance = bf_gaussian_row_variance, .refit = true, .variance_slot = true,
};
