/* bernoulli: independent bits whose logits the decoder gives. On values between 0 and 1 it is a cross-entropy, not a density. */
#include "nn/layers.h"
#include "nn/ways.h"
#include "vae/ops.h"
#include "vae/output.h"
#include "vae/row_fit.h"
#include "base/vector_math.h"
#include "base/inlined.h"

/* softplus(l) - x l, without overflow for any l. */
static float entry(float x, float l) { return (l < 0.0f ? 0.0f : l) - l * x + bf_log1p(bf_exp(-fabsf(l))); }

/* The entries of a piece first, in vectors, then their sum. */
static double row_nll(const float *restrict x, const float *restrict logit, size_t cols)
{
    enum { PIECE = 256 };
    float piece[PIECE];
    double way[BF_WAYS] = { 0.0 };
    for (size_t first = 0; first < cols; first += PIECE) {
        const size_t n = cols - first < PIECE ? cols - first : PIECE;
        for (size_t j = 0; j < n; j++) piece[j] = entry(x[first + j], logit[first + j]);
        bf_ways_add(way, piece, n);
    }
    return bf_ways_total(way);
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const float *x = bf_lane_value(l, n->input[0]), *logit = bf_lane_value(l, n->input[1]);
    float *nll = bf_lane_value(l, n->output);
    for (int r = 0; r < s.rows; r++, x += cols, logit += cols) nll[r] = (float)row_nll(x, logit, cols);
}

BF_INLINED void logit_slopes(const float *restrict x, const float *restrict logit, float g, bool adds, float *restrict d, size_t cols)
{
    for (size_t j = 0; j < cols; j++) {
        const float slope = g * (bf_sigmoid(logit[j]) - x[j]);
        d[j] = adds ? d[j] + slope : slope;
    }
}

static void row_backward(const bf_node *n, const float *x, const float *logit, float g, float *dx, float *dlogit, size_t cols)
{
    if (n->wants[0])
        for (size_t j = 0; j < cols; j++) dx[j] = n->adds[0] ? dx[j] - g * logit[j] : -g * logit[j];
    if (n->wants[1] && n->adds[1]) logit_slopes(x, logit, g, true, dlogit, cols);
    else if (n->wants[1]) logit_slopes(x, logit, g, false, dlogit, cols);
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const float *x = bf_lane_value(l, n->input[0]), *logit = bf_lane_value(l, n->input[1]), *dnll = bf_lane_gradient(l, n->output);
    float *dx = bf_lane_gradient(l, n->input[0]), *dlogit = bf_lane_gradient(l, n->input[1]);
    for (size_t r = 0; r < (size_t)s.rows; r++) {
        const size_t at = r * cols;
        row_backward(n, x + at, logit + at, dnll[r], n->wants[0] ? dx + at : NULL, n->wants[1] ? dlogit + at : NULL, cols);
    }
}

const bf_op bf_op_bernoulli = { .name = "bernoulli", .portable = { forward, backward }, .elementary = { 2.0f, 1.0f }, .needs = 1u << 0 | 1u << 1 };

bf_value bf_bernoulli(bf_builder *b, bf_value x, bf_value logits)
{
    const bf_shape s = bf_builder_shape(b, x);
    return bf_node_add(b, &bf_op_bernoulli, 2, (const bf_value[]){ x, logits }, bf_shape_flat(s.rows, 1))->output;
}

static bf_heads heads(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features)
{
    return (bf_heads){ bf_output(b, o, d, features, "decoder.output", 1, 1.0, 0.0), BF_NO_VALUE, BF_NO_VALUE };
}

/* The mean of a Bernoulli is the sigmoid of its logit, whatever model.output says. */
static bf_value mean(bf_builder *b, const bf_vae_options *o, bf_heads h)
{
    (void)o;
    return bf_activate(b, h.output, BF_SIGMOID);
}

static bf_value nll(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads h)
{
    (void)o;
    (void)d;
    return bf_bernoulli(b, x, h.output);
}

const bf_likelihood bf_likelihood_bernoulli = {
    .name = "bernoulli", .help = "independent bits from logits", .needs_unit_interval = true,
    .heads = heads, .mean = mean, .nll = nll, .fit = nll, .distortion = bf_row_fit_distortion, .row_variance = bf_row_fit_variance,
};
