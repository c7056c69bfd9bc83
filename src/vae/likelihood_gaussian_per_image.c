/* gaussian/per-image: every row has the variance that suits it best, its own mean squared error. As for gaussian/optimal the gradient
 * through the variance vanishes, and where the floor binds the variance is a constant. */
#include "vae/gaussian.h"
#include "vae/ops.h"

static double row_mse(double sse, double width) { return sse / width; }

static void forward(const bf_node *n, const bf_lane *l)
{
    const int rows = bf_lane_shape(l, n->output).rows, width = (int)n->option[0];
    const float *sse = bf_lane_value(l, n->input[0]);
    float *nll = bf_lane_value(l, n->output);
    double variances = 0.0, hits = 0.0;
    for (int r = 0; r < rows; r++) {
        const double mse = row_mse((double)sse[r], width), variance = bf_gaussian_floored(mse);
        nll[r] = (float)bf_gaussian_nll((double)sse[r], width, variance);
        if (r >= l->rows) continue;
        variances += variance;
        hits += mse < BF_VARIANCE_FLOOR;
    }
    *bf_lane_stat(l, n, 0) += variances;
    *bf_lane_stat(l, n, 1) += hits;
}

static void backward(const bf_node *n, const bf_lane *l)
{
    if (!n->wants[0]) return;
    const int rows = bf_lane_shape(l, n->output).rows;
    const float *sse = bf_lane_value(l, n->input[0]), *dnll = bf_lane_gradient(l, n->output);
    float *dsse = bf_lane_gradient(l, n->input[0]);
    for (int r = 0; r < rows; r++) {
        const float g = (float)((double)dnll[r] * 0.5 / bf_gaussian_floored(row_mse((double)sse[r], n->option[0])));
        dsse[r] = n->adds[0] ? dsse[r] + g : g;
    }
}

const bf_op bf_op_gaussian_per_image = { .name = "gaussian.per_image", .portable = { forward, backward }, .needs = 1u << 0 };

static bf_value nll(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads heads)
{
    bf_node *n = bf_gaussian_node(b, &bf_op_gaussian_per_image, d, bf_gaussian_errors(b, o, x, heads));
    bf_node_stat(b, n, "variance_floor_hits", 1);
    return n->output;
}

static double row_variance(double fit, int width, double log_variance)
{
    (void)log_variance;
    return bf_gaussian_floored(row_mse(fit, width));
}

static double distortion(double fit, int width, double log_variance)
{
    return bf_gaussian_nll(fit, width, row_variance(fit, width, log_variance));
}

const bf_likelihood bf_likelihood_gaussian_per_image = {
    .name = "gaussian", .variance = "per-image", .help = "gaussian whose variance is each sample's own mean squared error",
    .heads = bf_gaussian_heads, .mean = bf_gaussian_mean, .nll = nll,
    .distortion = distortion, .row_variance = row_variance, .per_row = true, .fits_itself = true,
};
