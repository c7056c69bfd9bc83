/* Batch normalisation, y = f((x - mean) / sqrt(variance + epsilon) * weight + bias), over the positions of all samples of the team's batch. Three
 * kernels: sums before a coupling point, the normalisation after it, and the normalisation of a plan without backward, by the running
 * averages. On the way back the normalisation gives what flows through x itself and, as slopes of the totals, what flows through mean and
 * variance; the sums' backward adds the latter:
 *     dL/dmean = -weight invstd sum(dy),   dL/dvariance = -weight invstd^2 / 2 sum(dy xhat),   xhat = (x - mean) invstd,
 *     mean = sum(x) / N,   variance = sum(x^2) / N - mean^2.
 * That difference is taken of doubles whose float parts are sums of deviations (bf_channel_squares), and what passes over x in floats sees
 * x - mean: a channel may lie a thousand deviations from zero. Each way reads and writes memory once per kernel. Rows of padding pass
 * through but do not count. */
#include "nn/activation.h"
#include "nn/channel_sums.h"
#include "nn/ops.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WEIGHT, BIAS, MEAN, VARIANCE };      /* the slots */

/* Scratch, one entry per channel each. */
typedef struct channels {
    size_t count;
    double *mean, *variance, *sum, *product;
    float  *scale, *shift, *center;
} channels;

static channels channels_of(const bf_node *n, const bf_lane *l)
{
    const size_t c = (size_t)bf_lane_shape(l, n->input[0]).channels;
    double *d = l->work;
    float *f = (float *)(d + 4 * c);
    return (channels){ c, d, d + c, d + 2 * c, d + 3 * c, f, f + c, f + 2 * c };
}

static size_t work(const bf_plan *p, const bf_node *n)
{
    return (size_t)bf_plan_shape_of(p, n->input[0]).channels * (4 * sizeof(double) + 3 * sizeof(float));
}

static size_t positions_of(bf_shape s) { return (size_t)s.height * (size_t)s.width; }
/* Of the whole batch: a row counts once, however many rows of the plan it stands for. */
static double samples_of(const bf_node *n, const bf_lane *l)
{
    return l->batch / bf_lane_copies(l, n->input[0]) * (double)positions_of(bf_lane_shape(l, n->input[0]));
}

static size_t used_of(const bf_node *n, const bf_lane *l)
{
    return (size_t)(l->rows / bf_lane_copies(l, n->input[0])) * positions_of(bf_lane_shape(l, n->input[0]));
}

/* What the coupling brought: the batch's moments, and the mean as floats see it. */
static void read_moments(const bf_node *n, const bf_lane *l, const channels *ch)
{
    const double *total = bf_lane_total(l, n), samples = samples_of(n, l);
    for (size_t j = 0; j < ch->count; j++) {
        ch->mean[j] = total[j] / samples;
        ch->variance[j] = fmax(total[ch->count + j] / samples - ch->mean[j] * ch->mean[j], 0.0);
        ch->center[j] = (float)ch->mean[j];
    }
}

/* --- sums -------------------------------------------------------------------------------------------------------- */

static void sums_forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t c = (size_t)s.channels;
    double *total = bf_lane_partial(l, n);
    memset(total, 0, 2 * c * sizeof *total);
    bf_channel_squares(bf_lane_value(l, n->input[0]), used_of(n, l), c, total, total + c);
}

/* dx (+)= shift + scale (x - center) */
static void add_line(const float *restrict x, const channels *ch, size_t positions, bool adds, float *restrict dx)
{
    const size_t c = ch->count;
    for (size_t p = 0; p < positions; p++, x += c, dx += c)
        for (size_t j = 0; j < c; j++) {
            const float g = ch->shift[j] + ch->scale[j] * (x[j] - ch->center[j]);
            dx[j] = adds ? dx[j] + g : g;
        }
}

static void sums_backward(const bf_node *n, const bf_lane *l)
{
    if (!n->wants[0]) return;
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const channels ch = channels_of(n, l);
    const double *slopes = bf_lane_total_slopes(l, n);
    const size_t used = used_of(n, l);
    float *dx = bf_lane_gradient(l, n->input[0]);
    read_moments(n, l, &ch);
    for (size_t j = 0; j < ch.count; j++) {
        const double twice = 2.0 * slopes[ch.count + j];
        ch.scale[j] = (float)twice;
        ch.shift[j] = (float)(slopes[j] + twice * (double)ch.center[j]);
    }
    add_line(bf_lane_value(l, n->input[0]), &ch, used, n->adds[0], dx);
    if (!n->adds[0]) memset(dx + used * ch.count, 0, (bf_shape_count(s) - used * ch.count) * sizeof *dx);
}

/* --- normalisation ----------------------------------------------------------------------------------------------- */

static double invstd(const bf_node *n, double variance) { return 1.0 / sqrt(variance + n->option[0]); }

/* y = f((x - center) scale + shift), a block at a time, so that the activation finds it in the cache. */
static void normalise(const bf_node *n, const bf_lane *l, const channels *ch)
{
    const size_t c = ch->count, positions = bf_shape_count(bf_lane_shape(l, n->output)) / c;
    const float *weight = bf_lane_slot(l, n, WEIGHT), *bias = bf_lane_slot(l, n, BIAS);
    for (size_t j = 0; j < c; j++) {
        const double scale = (double)weight[j] * invstd(n, ch->variance[j]);
        ch->scale[j] = (float)scale;
        ch->shift[j] = (float)((double)bias[j] - scale * (ch->mean[j] - (double)ch->center[j]));
    }
    for (size_t first = 0; first < positions; first += BF_CHANNEL_BLOCK) {
        const size_t count = positions - first < BF_CHANNEL_BLOCK ? positions - first : BF_CHANNEL_BLOCK;
        const float *restrict x = (const float *)bf_lane_value(l, n->input[0]) + first * c;
        float *restrict y = (float *)bf_lane_value(l, n->output) + first * c;
        for (size_t p = 0; p < count; p++)
            for (size_t j = 0; j < c; j++) y[p * c + j] = (x[p * c + j] - ch->center[j]) * ch->scale[j] + ch->shift[j];
        bf_bias_activate((bf_activation)n->activation, count, c, NULL, y);
    }
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const channels ch = channels_of(n, l);
    read_moments(n, l, &ch);
    normalise(n, l, &ch);
    bf_lane_note(l, n, MEAN, ch.mean);
    bf_lane_note(l, n, VARIANCE, ch.variance);
}

static void frozen_forward(const bf_node *n, const bf_lane *l)
{
    const channels ch = channels_of(n, l);
    const float *mean = bf_lane_slot(l, n, MEAN), *variance = bf_lane_slot(l, n, VARIANCE);
    for (size_t j = 0; j < ch.count; j++) {
        ch.mean[j] = (double)mean[j];
        ch.center[j] = mean[j];
        ch.variance[j] = (double)variance[j];
    }
    normalise(n, l, &ch);
}

/* One pass: dy becomes the gradient of what was activated, its sums and those with x - center are taken, dx = scale dy. */
static void pass_back(const bf_node *n, const bf_lane *l, const channels *ch)
{
    const size_t c = ch->count, positions = bf_shape_count(bf_lane_shape(l, n->output)) / c;
    for (size_t first = 0; first < positions; first += BF_CHANNEL_BLOCK) {
        const size_t count = positions - first < BF_CHANNEL_BLOCK ? positions - first : BF_CHANNEL_BLOCK, at = first * c;
        float *dy = (float *)bf_lane_gradient(l, n->output) + at;
        if (n->activation != BF_LINEAR)
            bf_activation_slope((bf_activation)n->activation, count * c, (const float *)bf_lane_value(l, n->output) + at, dy, dy, false);
        bf_channel_products(dy, (const float *)bf_lane_value(l, n->input[0]) + at, ch->center, count, c, ch->sum, ch->product);
        if (!n->wants[0]) continue;
        float *restrict dx = (float *)bf_lane_gradient(l, n->input[0]) + at;
        for (size_t p = 0; p < count; p++)
            for (size_t j = 0; j < c; j++) {
                const float g = ch->scale[j] * dy[p * c + j];
                dx[p * c + j] = n->adds[0] ? dx[p * c + j] + g : g;
            }
    }
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const channels ch = channels_of(n, l);
    const float *weight = bf_lane_slot(l, n, WEIGHT);
    const double samples = samples_of(n, l);
    double *slope = bf_lane_total_slope(l, n);
    read_moments(n, l, &ch);
    for (size_t j = 0; j < ch.count; j++) {
        ch.scale[j] = (float)((double)weight[j] * invstd(n, ch.variance[j]));
        ch.sum[j] = ch.product[j] = 0.0;
    }
    pass_back(n, l, &ch);
    for (size_t j = 0; j < ch.count; j++) {
        const double inverse = invstd(n, ch.variance[j]), rounding = (double)ch.center[j] - ch.mean[j];
        ch.product[j] = inverse * (ch.product[j] + rounding * ch.sum[j]);                       /* sum(dy xhat) */
        const double by_mean = -(double)weight[j] * inverse * ch.sum[j];
        const double by_variance = -0.5 * (double)weight[j] * inverse * inverse * ch.product[j];
        slope[j] += (by_mean - 2.0 * ch.mean[j] * by_variance) / samples;
        slope[ch.count + j] += by_variance / samples;
    }
    bf_channel_give(ch.product, ch.count, n->slot_adds[WEIGHT], bf_lane_slot_gradient(l, n, WEIGHT));
    bf_channel_give(ch.sum, ch.count, n->slot_adds[BIAS], bf_lane_slot_gradient(l, n, BIAS));
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

const bf_op bf_op_batch_sums = { .name = "batch_norm.sums", .portable = { sums_forward, sums_backward }, .needs = 1u << 0, .width = BF_EITHER,
                                 .work = work };
const bf_op bf_op_batch_norm = { .name = "batch_norm", .portable = { forward, backward }, .needs = 1u << 0 | BF_NEEDS_OUTPUT,
                                 .width = BF_EITHER, .activates = true, .work = work };
const bf_op bf_op_batch_frozen = { .name = "batch_norm.frozen", .portable = { frozen_forward, NULL }, .affine = 1u << 0, .width = BF_EITHER, .activates = true,
                                   .work = work };

static void add_slots(bf_builder *b, bf_node *n, const char *name, int count, double rate)
{
    char slot[64];
    const int64_t shape[] = { count };
    snprintf(slot, sizeof slot, "%s.weight", name);
    bf_node_slot(b, n, slot, 1, shape, (bf_init){ BF_INIT_CONST, 1.0 }, false);
    snprintf(slot, sizeof slot, "%s.bias", name);
    bf_node_slot(b, n, slot, 1, shape, (bf_init){ BF_INIT_CONST, 0.0 }, false);
    snprintf(slot, sizeof slot, "%s.running_mean", name);
    bf_node_average(b, n, slot, count, (bf_init){ BF_INIT_CONST, 0.0 }, rate);
    snprintf(slot, sizeof slot, "%s.running_var", name);
    bf_node_average(b, n, slot, count, (bf_init){ BF_INIT_CONST, 1.0 }, rate);
}

bf_value bf_batch_norm(bf_builder *b, bf_value x, const char *name, double rate, double epsilon)
{
    const bf_shape s = bf_builder_shape(b, x);
    if (s.channels == 0) return BF_NO_VALUE;            /* after a failure */
    const bool trains = bf_builder_trains(b);
    const int coupling = trains ? bf_couple(b, bf_node_add(b, &bf_op_batch_sums, 1, &x, (bf_shape){ 0, 0, 0, 0 }), 2 * s.channels) : -1;
    bf_node *n = bf_node_add(b, trains ? &bf_op_batch_norm : &bf_op_batch_frozen, 1, &x, s);
    n->option[0] = epsilon;
    add_slots(b, n, name, s.channels, rate);
    if (trains) bf_couple_reader(b, n, coupling);
    return n->output;
}
