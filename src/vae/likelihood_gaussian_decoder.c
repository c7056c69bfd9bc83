/* gaussian/decoder: a second head of the decoder gives every sample one variance. A function of the row's squared error, in double. */
#include "vae/gaussian.h"
#include "vae/ops.h"
#include "vae/output.h"
#include "vae/row_fit.h"
#include "vae/softclip.h"

enum { ERRORS, HEAD };

static double log_std_of(float head) { return (double)bf_softclip(head); }

static void forward(const bf_node *n, const bf_lane *l)
{
    const int rows = bf_lane_shape(l, n->output).rows, width = n->kind;
    const float *sse = bf_lane_value(l, n->input[ERRORS]), *head = bf_lane_value(l, n->input[HEAD]);
    float *nll = bf_lane_value(l, n->output);
    for (int r = 0; r < rows; r++) nll[r] = (float)bf_gaussian_nll((double)sse[r], width, exp(2.0 * log_std_of(head[r])));
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const int rows = bf_lane_shape(l, n->output).rows, width = n->kind;
    const float *sse = bf_lane_value(l, n->input[ERRORS]), *head = bf_lane_value(l, n->input[HEAD]), *dnll = bf_lane_gradient(l, n->output);
    float *dsse = bf_lane_gradient(l, n->input[ERRORS]), *dhead = bf_lane_gradient(l, n->input[HEAD]);
    for (int r = 0; r < rows; r++) {
        const double precision = exp(-2.0 * log_std_of(head[r])), g = (double)dnll[r];
        const float by_sse = (float)(0.5 * precision * g);
        const float by_head = (float)(g * (width - precision * (double)sse[r])) * bf_softclip_slope(head[r]);
        if (n->wants[ERRORS]) dsse[r] = n->adds[ERRORS] ? dsse[r] + by_sse : by_sse;
        if (n->wants[HEAD]) dhead[r] = n->adds[HEAD] ? dhead[r] + by_head : by_head;
    }
}

const bf_op bf_op_gaussian_decoder = { .name = "gaussian.decoder", .portable = { forward, backward }, .needs = 1u << ERRORS | 1u << HEAD };

bf_value bf_gaussian_decoder(bf_builder *b, bf_value errors, bf_value head, int width)
{
    bf_node *n = bf_node_add(b, &bf_op_gaussian_decoder, 2, (const bf_value[]){ errors, head }, bf_builder_shape(b, errors));
    n->kind = width;
    return n->output;
}

static bf_heads heads(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features)
{
    bf_heads h = bf_gaussian_heads(b, o, d, features);
    h.scale = bf_output_row(b, features, "decoder.variance", BF_GAUSSIAN_HEAD_GAIN, bf_gaussian_head_start(o, d));
    return h;
}

static bf_value fit(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads h)
{
    return bf_gaussian_decoder(b, bf_gaussian_errors(b, o, x, h), h.scale, d->width);
}

const bf_likelihood bf_likelihood_gaussian_decoder = {
    .name = "gaussian", .variance = "decoder", .help = "gaussian whose decoder gives every sample a variance",
    .heads = heads, .mean = bf_gaussian_mean, .nll = fit, .fit = fit, .own_variance = bf_gaussian_own_variance,
    .distortion = bf_row_fit_distortion, .row_variance = bf_row_fit_variance,
};
