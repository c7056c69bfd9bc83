/* gaussian/learned: one trained log variance for the whole data set. */
#include "vae/gaussian.h"
#include "vae/ops.h"
#include <math.h>

static double variance_of(const bf_node *n, const bf_lane *l)
{
    const float *log_variance = bf_lane_slot(l, n, 0);
    return exp((double)*log_variance);
}

static void forward(const bf_node *n, const bf_lane *l) { bf_gaussian_forward(n, l, variance_of(n, l)); }

static void backward(const bf_node *n, const bf_lane *l)
{
    const int rows = bf_lane_shape(l, n->output).rows;
    const float *sse = bf_lane_value(l, n->input[0]), *dnll = bf_lane_gradient(l, n->output);
    float *slope = bf_lane_slot_gradient(l, n, 0);
    const double half_precision = 0.5 / variance_of(n, l), half_width = 0.5 * n->option[0];
    double sum = 0.0;
    for (int r = 0; r < rows; r++) sum += (double)dnll[r] * (half_width - half_precision * (double)sse[r]);
    *slope = n->slot_adds[0] ? *slope + (float)sum : (float)sum;
    bf_gaussian_backward(n, l, variance_of(n, l));
}

const bf_op bf_op_gaussian_learned = { .name = "gaussian.learned", .portable = { forward, backward }, .needs = 1u << 0 };

static bf_value nll(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads heads)
{
    bf_node *n = bf_gaussian_node(b, &bf_op_gaussian_learned, d, bf_gaussian_errors(b, o, x, heads));
    bf_node_slot(b, n, BF_GAUSSIAN_SLOT, 1, bf_gaussian_slot_shape, bf_gaussian_start(o, d), false);
    return n->output;
}

const bf_likelihood bf_likelihood_gaussian_learned = {
    .name = "gaussian", .variance = "learned", .help = "gaussian of one trained variance",
    .heads = bf_gaussian_heads, .mean = bf_gaussian_mean, .nll = nll,
    .distortion = bf_gaussian_distortion, .row_variance = bf_gaussian_row_variance, .variance_slot = true,
};
