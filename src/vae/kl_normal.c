/* KL( N(mean, exp(logvar)) || N(0, 1) ) in nats: per row, summed over dimensions, and of every dimension by itself. */
#include "vae/ops.h"
#include "base/vector_math.h"
#include "base/inlined.h"

/* --- of a row ---------------------------------------------------------------------------------------------------- */

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const float *mean = bf_lane_value(l, n->input[0]), *logvar = bf_lane_value(l, n->input[1]);
    float *kl = bf_lane_value(l, n->output), *restrict spread = l->work;
    /* All rows at once, which are short. expm1, not exp - 1: near the prior logvar is close to 0 and the subtraction loses all digits. */
    for (size_t i = 0; i < (size_t)s.rows * cols; i++) spread[i] = bf_expm1(logvar[i]) - logvar[i];
    for (int r = 0; r < s.rows; r++, mean += cols, spread += cols) {
        double sum = 0.0;
        for (size_t j = 0; j < cols; j++) sum += (double)(mean[j] * mean[j]) + (double)spread[j];
        kl[r] = (float)(0.5 * sum);
    }
}

static size_t work(const bf_plan *p, const bf_node *n) { return bf_shape_count(bf_plan_shape_of(p, n->input[0])) * sizeof(float); }

BF_INLINED void logvar_slopes(size_t count, const float *restrict logvar, const float *restrict g, bool adds, float *restrict d)
{
    for (size_t i = 0; i < count; i++) {
        const float slope = 0.5f * g[i] * bf_expm1(logvar[i]);
        d[i] = adds ? d[i] + slope : slope;
    }
}

/* g (count): d loss / d kl of every dimension. */
static void back(const bf_node *n, const bf_lane *l, size_t count, const float *restrict g)
{
    const float *restrict mean = bf_lane_value(l, n->input[0]), *restrict logvar = bf_lane_value(l, n->input[1]);
    float *restrict dmean = bf_lane_gradient(l, n->input[0]), *restrict dlogvar = bf_lane_gradient(l, n->input[1]);
    if (n->wants[0])
        for (size_t i = 0; i < count; i++) dmean[i] = n->adds[0] ? dmean[i] + g[i] * mean[i] : g[i] * mean[i];
    if (n->wants[1] && n->adds[1]) logvar_slopes(count, logvar, g, true, dlogvar);
    else if (n->wants[1]) logvar_slopes(count, logvar, g, false, dlogvar);
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const float *dkl = bf_lane_gradient(l, n->output);
    float *g = l->work;
    for (size_t r = 0; r < (size_t)s.rows; r++)
        for (size_t j = 0; j < cols; j++) g[r * cols + j] = dkl[r];
    back(n, l, (size_t)s.rows * cols, g);
}

const bf_op bf_op_kl_normal = { .name = "kl.normal", .portable = { forward, backward }, .needs = 1u << 0 | 1u << 1, .work = work };

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
    back(n, l, bf_shape_count(bf_lane_shape(l, n->output)), bf_lane_gradient(l, n->output));
}

const bf_op bf_op_kl_normal_each = { .name = "kl.normal.each", .portable = { each_forward, each_backward }, .needs = 1u << 0 | 1u << 1 };

bf_value bf_kl_normal_each(bf_builder *b, bf_value mean, bf_value logvar)
{
    return bf_node_add(b, &bf_op_kl_normal_each, 2, (const bf_value[]){ mean, logvar }, bf_builder_shape(b, mean))->output;
}
