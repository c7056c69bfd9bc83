/* gaussian/per-pixel: a second head of the decoder gives every entry its own variance. */
#include "nn/ways.h"
#include "vae/gaussian.h"
#include "vae/give.h"
#include "vae/ops.h"
#include "vae/output.h"
#include "vae/row_fit.h"
#include "vae/softclip.h"

enum { X, MEAN, HEAD, PIECE = 256 };

static double row_nll(const float *restrict x, const float *restrict mean, const float *restrict head, size_t cols)
{
    float piece[PIECE];
    double way[BF_WAYS] = { 0.0 };
    for (size_t first = 0; first < cols; first += PIECE) {
        const size_t n = cols - first < PIECE ? cols - first : PIECE;
        for (size_t j = 0; j < n; j++) {
            const float r = x[first + j] - mean[first + j], log_std = bf_softclip(head[first + j]);
            piece[j] = 0.5f * r * r * bf_exp(-2.0f * log_std) + log_std;
        }
        bf_ways_add(way, piece, n);
    }
    return bf_ways_total(way);
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[X]);
    const size_t cols = bf_shape_cols(s);
    const double constant = bf_gaussian_nll(0.0, (int)cols, 1.0);
    const float *x = bf_lane_value(l, n->input[X]), *mean = bf_lane_value(l, n->input[MEAN]), *head = bf_lane_value(l, n->input[HEAD]);
    float *nll = bf_lane_value(l, n->output);
    for (size_t r = 0; r < (size_t)s.rows; r++) nll[r] = (float)(row_nll(x + r * cols, mean + r * cols, head + r * cols, cols) + constant);
}

/* By the mean and by the head, of count entries. */
static void slopes(const float *restrict x, const float *restrict mean, const float *restrict head, float *restrict by_mean,
                   float *restrict by_head, size_t count)
{
    for (size_t j = 0; j < count; j++) {
        const float r = x[j] - mean[j], precision = bf_exp(-2.0f * bf_softclip(head[j]));
        by_mean[j] = -r * precision;
        by_head[j] = (1.0f - r * r * precision) * bf_softclip_slope(head[j]);
    }
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[X]);
    const size_t cols = bf_shape_cols(s);
    const float *x = bf_lane_value(l, n->input[X]), *mean = bf_lane_value(l, n->input[MEAN]), *head = bf_lane_value(l, n->input[HEAD]);
    const float *dnll = bf_lane_gradient(l, n->output);
    float by_mean[PIECE], by_head[PIECE];
    for (size_t r = 0; r < (size_t)s.rows; r++)
        for (size_t first = 0; first < cols; first += PIECE) {
            const size_t at = r * cols + first, count = cols - first < PIECE ? cols - first : PIECE;
            slopes(x + at, mean + at, head + at, by_mean, by_head, count);
            bf_give(n, l, X, at, by_mean, -dnll[r], count);
            bf_give(n, l, MEAN, at, by_mean, dnll[r], count);
            bf_give(n, l, HEAD, at, by_head, dnll[r], count);
        }
}

const bf_op bf_op_gaussian_per_pixel = {
    .name = "gaussian.per_pixel", .portable = { forward, backward }, .elementary = { 3.0f, 4.0f }, .needs = 1u << X | 1u << MEAN | 1u << HEAD };

bf_value bf_gaussian_per_pixel(bf_builder *b, bf_value x, bf_value mean, bf_value head)
{
    const bf_shape s = bf_builder_shape(b, x);
    return bf_node_add(b, &bf_op_gaussian_per_pixel, 3, (const bf_value[]){ x, mean, head }, bf_shape_flat(s.rows, 1))->output;
}

static bf_heads heads(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features)
{
    bf_heads h = bf_gaussian_heads(b, o, d, features);
    h.scale = bf_output(b, o, d, features, "decoder.variance", 1, BF_GAUSSIAN_HEAD_GAIN, bf_gaussian_head_start(o, d));
    return h;
}

static bf_value fit(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads h)
{
    (void)d;
    return bf_gaussian_per_pixel(b, x, bf_gaussian_mean(b, o, h), h.scale);
}

const bf_likelihood bf_likelihood_gaussian_per_pixel = {
    .name = "gaussian", .variance = "per-pixel", .help = "gaussian whose decoder gives every entry a variance",
    .heads = heads, .mean = bf_gaussian_mean, .nll = fit, .fit = fit, .own_variance = bf_gaussian_own_variance,
    .distortion = bf_row_fit_distortion, .row_variance = bf_row_fit_variance,
};
