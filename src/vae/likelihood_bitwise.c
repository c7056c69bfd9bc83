/* bitwise: the eight bits of a byte as independent Bernoullis; logit i of an entry belongs to the bit worth 2^i. */
#include "nn/layers.h"
#include "vae/ops.h"
#include "vae/output.h"
#include "vae/row_fit.h"

enum { BITS = 8 };

static void bits_forward(const bf_node *n, const bf_lane *l)
{
    const size_t entries = bf_shape_count(bf_lane_shape(l, n->input[0]));
    const float *level = bf_lane_value(l, n->input[0]);
    float *bit = bf_lane_value(l, n->output);
    for (size_t i = 0; i < entries; i++)
        for (unsigned k = 0; k < BITS; k++) bit[i * BITS + k] = (float)((unsigned)level[i] >> k & 1u);
}

const bf_op bf_op_bits = { .name = "bits", .portable = { bits_forward, NULL } };

bf_value bf_bits(bf_builder *b, bf_value level)
{
    const bf_shape s = bf_builder_shape(b, level);
    return bf_node_add(b, &bf_op_bits, 1, &level, bf_shape_flat(s.rows, (int)bf_shape_cols(s) * BITS))->output;
}

/* The expected byte over 255, from the probabilities of its bits. */
static void mean_forward(const bf_node *n, const bf_lane *l)
{
    const size_t entries = bf_shape_count(bf_lane_shape(l, n->output));
    const float *p = bf_lane_value(l, n->input[0]);
    float *mean = bf_lane_value(l, n->output);
    for (size_t i = 0; i < entries; i++) {
        float byte = 0.0f;
        for (unsigned k = 0; k < BITS; k++) byte += p[i * BITS + k] * (float)(1u << k);
        mean[i] = byte / 255.0f;
    }
}

const bf_op bf_op_bits_mean = { .name = "bits.mean", .portable = { mean_forward, NULL } };

bf_value bf_bits_mean(bf_builder *b, bf_value probabilities)
{
    const bf_shape s = bf_builder_shape(b, probabilities);
    return bf_node_add(b, &bf_op_bits_mean, 1, &probabilities, bf_shape_flat(s.rows, (int)bf_shape_cols(s) / BITS))->output;
}

static bf_heads heads(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features)
{
    return (bf_heads){ bf_output(b, o, d, features, "decoder.output", BITS, 1.0, 0.0), BF_NO_VALUE, BF_NO_VALUE };
}

static bf_value mean(bf_builder *b, const bf_vae_options *o, bf_heads h)
{
    (void)o;
    return bf_bits_mean(b, bf_activate(b, h.output, BF_SIGMOID));
}

static bf_value nll(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads h)
{
    (void)o;
    (void)d;
    return bf_bernoulli(b, bf_bits(b, bf_levels(b, x, BF_LEVELS)), h.output);
}

const bf_likelihood bf_likelihood_bitwise = {
    .name = "bitwise", .help = "the eight bits of a byte, independent", .discrete = true,
    .heads = heads, .mean = mean, .nll = nll, .fit = nll, .distortion = bf_row_fit_distortion, .row_variance = bf_row_fit_variance,
};
