/* KL( N(mean, exp(logvar)) || N(0, 1) ) in nats: per row, summed over dimensions, and of every dimension by itself. */
#include "vae/ops.h"
#include "base/vector_math.h"

/* --- of a row ---------------------------------------------------------------------------------------------------- */

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const float *mean = bf_lane_value(l, n->input[0]), *logvar = bf_lane_value(l, n->input[1]);
    float *kl = bf_lane_value(l, n->output);
    for (int r = 0; r < s.rows; r++, mean += cols, logvar += cols) {
        double sum = 0.0;
        for (size_t j = 0; j < cols; j++)   /* expm1, not exp - 1: near the prior logvar is close to 0 and the subtraction loses all digits */
            sum += (double)(mean[j] * mean[j]) + (double)(bf_expm1(logvar[j]) - logvar[j]);
        kl[r] = (float)(0.5 * sum);
    }
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const float *mean = bf_lane_value(l, n->input[0]), *logvar = bf_lane_value(l, n->input[1]), *dkl = bf_lane_gradient(l, n->output);
    float *dmean = bf_lane_gradient(l, n->input[0]), *dlogvar = bf_lane_gradient(l, n->input[1]);
    for (size_t r = 0; r < (size_t)s.rows; r++) {
        const float g = dkl[r];
        const size_t first = r * cols, end = first + cols;
        if (n->wants[0])
            for (size_t i = first; i < end; i++) dmean[i] = n->adds[0] ? dmean[i] + g * mean[i] : g * mean[i];
        if (n->wants[1])
            for (size_t i = first; i < end; i++) {
                const float slope = 0.5f * g * bf_expm1(logvar[i]);
                dlogvar[i] = n->adds[1] ? dlogvar[i] + slope : slope;
            }
    }
}

const bf_op bf_op_kl_normal = { .name = "kl.normal", .portable = { forward, backward }, .needs = 1u << 0 | 1u << 1 };

bf_value bf_kl_normal(bf_builder *b, bf_value mean, bf_value logvar)
{
    const bf_shape s = bf_builder_shape(b, mean);
    return bf_node_add(b, &bf_op_kl_normal, 2, (const bf_value[]){ mean, logvar }, bf_shape_flat(s.rows, 1))->output;
}

/* --- of every dimension ------------------------------------------------------------------------------------------ */

static void each_forward(const bf_node *n, const bf_lane *l)
{
    const size_t count = bf_shape_count(bf_lane_shape(l, n->output));
    const float *restrict mean = bf_lane_value(l, n->input[0]), *restrict logvar = bf_lane_value(l, n->input[1]);
    float *restrict kl = bf_lane_value(l, n->output);
    for (size_t i = 0; i < count; i++) kl[i] = 0.5f * (mean[i] * mean[i] + (bf_expm1(logvar[i]) - logvar[i]));
}

static void each_backward(const bf_node *n, const bf_lane *l)
{
    const size_t count = bf_shape_count(bf_lane_shape(l, n->output));
    const float *mean = bf_lane_value(l, n->input[0]), *logvar = bf_lane_value(l, n->input[1]), *dkl = bf_lane_gradient(l, n->output);
    float *dmean = bf_lane_gradient(l, n->input[0]), *dlogvar = bf_lane_gradient(l, n->input[1]);
    for (size_t i = 0; n->wants[0] && i < count; i++) {
        const float slope = dkl[i] * mean[i];
        dmean[i] = n->adds[0] ? dmean[i] + slope : slope;
    }
    for (size_t i = 0; n->wants[1] && i < count; i++) {
        const float slope = 0.5f * dkl[i] * bf_expm1(logvar[i]);
        dlogvar[i] = n->adds[1] ? dlogvar[i] + slope : slope;
    }
}

const bf_op bf_op_kl_normal_each = { .name = "kl.normal.each", .portable = { each_forward, each_backward }, .needs = 1u << 0 | 1u << 1 };

bf_value bf_kl_normal_each(bf_builder *b, bf_value mean, bf_value logvar)
{
    return bf_node_add(b, &bf_op_kl_normal_each, 2, (const bf_value[]){ mean, logvar }, bf_builder_shape(b, mean))->output;
}
