/* log-abs: the sum over entries of ln(e^2 + likelihood.floor) / 2 for the errors e of the decoder's mean: a Gaussian whose variance is every
 * entry's own best, without its constants and not a density. With the delta posterior it is the induced autoencoder. */
#include "nn/ways.h"
#include "base/vector_math.h"
#include "vae/gaussian.h"
#include "vae/give.h"
#include "vae/ops.h"
#include "vae/row_fit.h"

enum { X, MEAN, PIECE = 256 };

static double row_nll(const float *restrict x, const float *restrict mean, float floor, size_t cols)
{
    float piece[PIECE];
    double way[BF_WAYS] = { 0.0 };
    for (size_t first = 0; first < cols; first += PIECE) {
        const size_t n = cols - first < PIECE ? cols - first : PIECE;
        for (size_t j = 0; j < n; j++) {
            const float e = x[first + j] - mean[first + j], q = e * e + floor;
            piece[j] = q < 3e38f ? 0.5f * bf_log(q) : q;        /* what is no number stays none */
        }
        bf_ways_add(way, piece, n);
    }
    return bf_ways_total(way);
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[X]);
    const size_t cols = bf_shape_cols(s);
    const float *x = bf_lane_value(l, n->input[X]), *mean = bf_lane_value(l, n->input[MEAN]);
    float *nll = bf_lane_value(l, n->output);
    for (int r = 0; r < s.rows; r++, x += cols, mean += cols) nll[r] = (float)row_nll(x, mean, (float)n->option[0], cols);
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[X]);
    const size_t cols = bf_shape_cols(s);
    const float *x = bf_lane_value(l, n->input[X]), *mean = bf_lane_value(l, n->input[MEAN]), *dnll = bf_lane_gradient(l, n->output);
    const float floor = (float)n->option[0];
    float slope[PIECE];
    for (size_t r = 0; r < (size_t)s.rows; r++)
        for (size_t first = 0; first < cols; first += PIECE) {
            const size_t at = r * cols + first, count = cols - first < PIECE ? cols - first : PIECE;
            for (size_t j = 0; j < count; j++) {
                const float e = x[at + j] - mean[at + j];
                slope[j] = e / (e * e + floor);
            }
            bf_give(n, l, X, at, slope, dnll[r], count);
            bf_give(n, l, MEAN, at, slope, -dnll[r], count);
        }
}

const bf_op bf_op_log_abs = { .name = "log_abs", .portable = { forward, backward }, .elementary = { 1.0f, 0.0f }, .needs = 1u << X | 1u << MEAN };

bf_value bf_log_abs(bf_builder *b, bf_value x, bf_value mean, double floor)
{
    const bf_shape s = bf_builder_shape(b, x);
    bf_node *n = bf_node_add(b, &bf_op_log_abs, 2, (const bf_value[]){ x, mean }, bf_shape_flat(s.rows, 1));
    n->option[0] = floor;
    return n->output;
}

static bf_status check(const bf_vae_options *o)
{
    if (o->floor >= 1e-30 && o->floor < 1e30) return BF_DONE;       /* a float that is not denormal */
    return BF_FAIL(BF_E_INPUT, "likelihood.floor: %g is not between 1e-30 and 1e30", o->floor);
}

static bf_value nll(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads h)
{
    (void)d;
    return bf_log_abs(b, x, bf_gaussian_mean(b, o, h), o->floor);
}

const bf_likelihood bf_likelihood_log_abs = {
    .name = "log-abs", .help = "log absolute errors (likelihood.floor), no density: what a Gaussian with the best variance of every entry leaves",
    .fits_itself = true, .check = check, .heads = bf_gaussian_heads, .mean = bf_gaussian_mean, .nll = nll, .fit = nll,
    .distortion = bf_row_fit_distortion, .row_variance = bf_row_fit_variance,
};
