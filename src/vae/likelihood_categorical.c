/* categorical: every entry is one of 256 levels, a softmax over 256 logits says which. */
#include "base/log_sum_exp.h"
#include "nn/ways.h"
#include "vae/give.h"
#include "vae/ops.h"
#include "vae/output.h"
#include "vae/row_fit.h"

enum { LEVEL, LOGITS, PIECE = 256 };

/* How many logits an entry has: a plan of the likelihood has BF_LEVELS. */
static int levels_of(const bf_node *n, const bf_lane *l)
{
    return (int)(bf_shape_cols(bf_lane_shape(l, n->input[LOGITS])) / bf_shape_cols(bf_lane_shape(l, n->input[LEVEL])));
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[LEVEL]);
    const size_t cols = bf_shape_cols(s);
    const int levels = levels_of(n, l);
    const float *level = bf_lane_value(l, n->input[LEVEL]), *logit = bf_lane_value(l, n->input[LOGITS]);
    float *nll = bf_lane_value(l, n->output);
    for (int r = 0; r < s.rows; r++) {
        double sum = 0.0;
        for (size_t j = 0; j < cols; j++, level++, logit += levels) sum += bf_log_sum_exp(logit, levels) - (double)logit[(int)*level];
        nll[r] = (float)sum;
    }
}

/* softmax - indicator, a piece of the logits at a time. */
static void entry_backward(const bf_node *n, const bf_lane *l, size_t entry, int levels, float g)
{
    const int level = (int)((const float *)bf_lane_value(l, n->input[LEVEL]))[entry];
    const float *logit = (const float *)bf_lane_value(l, n->input[LOGITS]) + entry * (size_t)levels;
    const float total = (float)bf_log_sum_exp(logit, levels);
    float slope[PIECE];
    for (int first = 0; first < levels; first += PIECE) {
        const int count = levels - first < PIECE ? levels - first : PIECE;
        for (int k = 0; k < count; k++) slope[k] = bf_exp(logit[first + k] - total);
        if (level >= first && level < first + count) slope[level - first] -= 1.0f;
        bf_give(n, l, LOGITS, entry * (size_t)levels + (size_t)first, slope, g, (size_t)count);
    }
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[LEVEL]);
    const size_t cols = bf_shape_cols(s);
    const int levels = levels_of(n, l);
    const float *dnll = bf_lane_gradient(l, n->output);
    for (size_t r = 0; r < (size_t)s.rows; r++)
        for (size_t j = 0; j < cols; j++) entry_backward(n, l, r * cols + j, levels, dnll[r]);
}

const bf_op bf_op_categorical = {
    .name = "categorical", .portable = { forward, backward }, .elementary = { 1.0f, 2.0f }, .needs = 1u << LEVEL | 1u << LOGITS };

bf_value bf_categorical(bf_builder *b, bf_value level, bf_value logits)
{
    const bf_shape s = bf_builder_shape(b, level);
    return bf_node_add(b, &bf_op_categorical, 2, (const bf_value[]){ level, logits }, bf_shape_flat(s.rows, 1))->output;
}

/* Terms first, in vectors, then their sum. */
static double expected_level(const float *restrict logit, int levels)
{
    const float total = (float)bf_log_sum_exp(logit, levels);
    float term[PIECE];
    double way[BF_WAYS] = { 0.0 };
    for (int first = 0; first < levels; first += PIECE) {
        const int count = levels - first < PIECE ? levels - first : PIECE;
        for (int k = 0; k < count; k++) term[k] = (float)(first + k) * bf_exp(logit[first + k] - total);
        bf_ways_add(way, term, (size_t)count);
    }
    return bf_ways_total(way);
}

/* The highest level being 1. */
static void mean_forward(const bf_node *n, const bf_lane *l)
{
    const size_t entries = bf_shape_count(bf_lane_shape(l, n->output));
    const int levels = n->kind;
    const float *logit = bf_lane_value(l, n->input[0]);
    float *mean = bf_lane_value(l, n->output);
    for (size_t i = 0; i < entries; i++, logit += levels) mean[i] = (float)(expected_level(logit, levels) / (levels - 1));
}

const bf_op bf_op_categorical_mean = { .name = "categorical.mean", .portable = { mean_forward, NULL }, .elementary = { 2.0f, 0.0f } };

bf_value bf_categorical_mean(bf_builder *b, bf_value logits, int levels)
{
    const bf_shape s = bf_builder_shape(b, logits);
    bf_node *n = bf_node_add(b, &bf_op_categorical_mean, 1, &logits, bf_shape_flat(s.rows, (int)(bf_shape_cols(s) / (size_t)levels)));
    n->kind = levels;
    return n->output;
}

static bf_heads heads(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features)
{
    return (bf_heads){ bf_output(b, o, d, features, "decoder.output", BF_LEVELS, 1.0, 0.0), BF_NO_VALUE, BF_NO_VALUE };
}

static bf_value mean(bf_builder *b, const bf_vae_options *o, bf_heads h)
{
    (void)o;
    return bf_categorical_mean(b, h.output, BF_LEVELS);
}

static bf_value nll(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads h)
{
    (void)o;
    (void)d;
    return bf_categorical(b, bf_levels(b, x, BF_LEVELS), h.output);
}

const bf_likelihood bf_likelihood_categorical = {
    .name = "categorical", .help = "a softmax over the 256 values of a byte", .discrete = true,
    .heads = heads, .mean = mean, .nll = nll, .fit = nll, .distortion = bf_row_fit_distortion, .row_variance = bf_row_fit_variance,
};
