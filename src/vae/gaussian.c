#include "vae/gaussian.h"
#include "nn/layers.h"
#include "vae/ops.h"
#include "vae/output.h"
#include "vae/softclip.h"
#include <math.h>

static const double two_pi = 6.283185307179586;
const int64_t bf_gaussian_slot_shape[1] = { 1 };

bf_heads bf_gaussian_heads(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features)
{
    return (bf_heads){ bf_output(b, o, d, features, "decoder.output", 1, 1.0, 0.0), BF_NO_VALUE, BF_NO_VALUE };
}

bf_value bf_gaussian_mean(bf_builder *b, const bf_vae_options *o, bf_heads heads)
{
    return bf_activate(b, heads.output, (bf_activation)bf_activation_find(o->output));
}

bf_value bf_gaussian_errors(bf_builder *b, const bf_vae_options *o, bf_value x, bf_heads heads)
{
    return bf_squared_error(b, x, bf_gaussian_mean(b, o, heads));
}

bf_node *bf_gaussian_node(bf_builder *b, const bf_op *op, const bf_vae_data *d, bf_value errors)
{
    bf_node *n = bf_node_add(b, op, 1, &errors, bf_builder_shape(b, errors));
    n->option[0] = d->width;
    bf_node_stat(b, n, "variance_sum", 1);
    return n;
}

bf_init bf_gaussian_start(const bf_vae_options *o, const bf_vae_data *d)
{
    const double variance = isnan(o->variance_value) ? d->variance : o->variance_value;
    return (bf_init){ BF_INIT_CONST, log(variance > BF_VARIANCE_FLOOR ? variance : BF_VARIANCE_FLOOR) };
}

double bf_gaussian_head_start(const bf_vae_options *o, const bf_vae_data *d)
{
    return bf_softclip_inverse(0.5 * bf_gaussian_start(o, d).value);
}

bf_value bf_gaussian_own_variance(bf_builder *b, bf_heads heads) { return bf_decoder_variance(b, heads.scale); }

double bf_gaussian_nll(double sse, int width, double variance)
{
    return sse / (2.0 * variance) + 0.5 * width * log(two_pi * variance);
}

double bf_gaussian_distortion(double fit, int width, double log_variance) { return bf_gaussian_nll(fit, width, exp(log_variance)); }

double bf_gaussian_row_variance(double fit, int width, double log_variance)
{
    (void)fit;
    (void)width;
    return exp(log_variance);
}

void bf_gaussian_forward(const bf_node *n, const bf_lane *l, double variance)
{
    const int rows = bf_lane_shape(l, n->output).rows;
    const float *sse = bf_lane_value(l, n->input[0]);
    float *nll = bf_lane_value(l, n->output);
    const double half_precision = 0.5 / variance, constant = bf_gaussian_nll(0.0, (int)n->option[0], variance);
    for (int r = 0; r < rows; r++) nll[r] = (float)(half_precision * (double)sse[r] + constant);
    *bf_lane_stat(l, n, 0) += l->rows * variance;
}

void bf_gaussian_backward(const bf_node *n, const bf_lane *l, double variance)
{
    if (!n->wants[0]) return;
    const int rows = bf_lane_shape(l, n->output).rows;
    const float *dnll = bf_lane_gradient(l, n->output), half_precision = (float)(0.5 / variance);
    float *dsse = bf_lane_gradient(l, n->input[0]);
    for (int r = 0; r < rows; r++) dsse[r] = n->adds[0] ? dsse[r] + half_precision * dnll[r] : half_precision * dnll[r];
}
