/* Spectral normalisation: y = f(h / sigma + bias), h = x W^T. W is seen as (out, rest), and sigma, its largest singular value, is estimated by one
 * step of the power method from the u that the last step left:
 *     v = W^T u / |W^T u|,   u' = W v / |W v|,   sigma = u' . W v = |W v|.
 * Training stores u' as the next u; a plan without backward takes the same step and forgets it. As published, u' and v count as constants on
 * the way back, so that
 *     dh = dy / sigma,   dsigma = -sum(dy h) / sigma^2,   dW += dsigma u' v^T.
 * Two nodes: the norm, whose value is sigma, u' and v, and the division that reads it. */
#include "nn/activation.h"
#include "nn/channel_sums.h"
#include "nn/ops.h"
#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LEAST_NORM 1e-12        /* what a norm is divided by at least */

/* --- the norm ---------------------------------------------------------------------------------------------------- */

/* The norm's value is no table of rows: its memory holds sigma, u' (out) and v (rest), one after the other. */
typedef struct factors { int out, rest; float *sigma, *u, *v; } factors;

static factors factors_of(const bf_node *n, const bf_lane *l)
{
    float *at = bf_lane_value(l, n->output);
    return (factors){ (int)n->option[0], (int)n->option[1], at, at + 1, at + 1 + (int)n->option[0] };
}

/* Divides by the norm, which it returns. */
static double unit(float *x, int n)
{
    double square = 0.0;
    for (int i = 0; i < n; i++) square += (double)x[i] * (double)x[i];
    const double norm = sqrt(square), by = 1.0 / fmax(norm, LEAST_NORM);
    for (int i = 0; i < n; i++) x[i] = (float)((double)x[i] * by);
    return norm;
}

static void power_step(const bf_node *n, const bf_lane *l, const factors *f)
{
    const float *weight = bf_lane_slot(l, n, 0), *u = bf_lane_slot(l, n, 1);
    cblas_sgemv(CblasRowMajor, CblasTrans, f->out, f->rest, 1.0f, weight, f->rest, u, 1, 0.0f, f->v, 1);
    unit(f->v, f->rest);
    cblas_sgemv(CblasRowMajor, CblasNoTrans, f->out, f->rest, 1.0f, weight, f->rest, f->v, 1, 0.0f, f->u, 1);
    *f->sigma = (float)unit(f->u, f->out);
}

/* Two passes over the weights, once for all lanes of a process; what is noted is the same on every lane. Ranks of a team
 * repeat the step: to share it they would have to meet at a coupling point in the middle of their forward. */
static void norm_forward(const bf_node *n, const bf_lane *l)
{
    const factors f = factors_of(n, l);
    const void *known = bf_lane_known(l, n->output);
    if (known != NULL) memcpy(f.sigma, known, (1 + (size_t)f.out + (size_t)f.rest) * sizeof *f.sigma);
    else power_step(n, l, &f);
    if (n->slot_stat[1] < 0) return;
    double *noted = l->work;
    for (int o = 0; o < f.out; o++) noted[o] = (double)f.u[o];
    bf_lane_note(l, n, 1, noted);
}

/* The gradient has room behind sigma's for dsigma u', which is all that a node needs that gives the whole gradient of the weights. */
static void norm_backward(const bf_node *n, const bf_lane *l)
{
    const factors f = factors_of(n, l);
    float *slope = bf_lane_gradient(l, n->output), *by = slope + 1;
    for (int o = 0; o < f.out; o++) by[o] = *slope * f.u[o];
    if ((n->hands && l->taker != NULL) || (n->defers && l->defers)) return;
    float *restrict dw = bf_lane_slot_gradient(l, n, 0);
    for (int o = 0; o < f.out; o++, dw += f.rest)
        for (int i = 0; i < f.rest; i++) dw[i] = n->slot_adds[0] ? dw[i] + by[o] * f.v[i] : by[o] * f.v[i];
}

static size_t norm_work(const bf_plan *p, const bf_node *n) { (void)p; return (size_t)n->option[0] * sizeof(double); }
/* A power step is two such passes, once for all lanes, the way back one for every lane: counted as a pass there and one back. */
static double norm_flops(const bf_plan *p, const bf_node *n) { (void)p; return 2.0 * n->option[0] * n->option[1]; }

const bf_op bf_op_spectral_norm = { .name = "spectral.norm", .portable = { norm_forward, norm_backward }, .flops = norm_flops,
                                    .needs = BF_NEEDS_OUTPUT, .width = BF_WIDE, .work = norm_work, .starts = true };

/* --- the division ------------------------------------------------------------------------------------------------ */

static void forward(const bf_node *n, const bf_lane *l)
{
    const size_t count = bf_shape_count(bf_lane_shape(l, n->output)), out = (size_t)n->option[0];
    const float *restrict h = bf_lane_value(l, n->input[0]), sigma = *(const float *)bf_lane_value(l, n->input[1]), by = 1.0f / sigma;
    float *restrict y = bf_lane_value(l, n->output);
    for (size_t i = 0; i < count; i++) y[i] = h[i] * by;
    bf_bias_activate((bf_activation)n->activation, count / out, out, bf_lane_slot(l, n, 0), y);
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const size_t count = bf_shape_count(bf_lane_shape(l, n->output)), out = (size_t)n->option[0];
    const float *dy = bf_own_slope(n, l), *h = bf_lane_value(l, n->input[0]), sigma = *(const float *)bf_lane_value(l, n->input[1]);
    double *sum = l->work, *product = sum + out, total = 0.0;
    float *zero = (float *)(product + out);
    memset(l->work, 0, out * (2 * sizeof(double) + sizeof(float)));
    bf_channel_products(dy, h, zero, count / out, out, sum, product);
    for (size_t o = 0; o < out; o++) total += product[o];
    bf_channel_give(sum, out, n->slot_adds[0], bf_lane_slot_gradient(l, n, 0));
    if (n->wants[0]) {
        float *restrict dh = bf_lane_gradient(l, n->input[0]);
        const float by = 1.0f / sigma;
        for (size_t i = 0; i < count; i++) dh[i] = n->adds[0] ? dh[i] + dy[i] * by : dy[i] * by;
    }
    const double slope = -total / ((double)sigma * (double)sigma);
    float *to = bf_lane_gradient(l, n->input[1]);
    *to = (float)(n->adds[1] ? (double)*to + slope : slope);
}

static size_t work(const bf_plan *p, const bf_node *n)
{
    (void)p;
    return (size_t)n->option[0] * (2 * sizeof(double) + sizeof(float));
}

const bf_op bf_op_spectral = { .name = "spectral", .portable = { forward, backward }, .affine = 1u << 0, .needs = 1u << 0 | 1u << 1 | BF_NEEDS_OUTPUT,
                               .width = BF_EITHER, .wide = 1u << 1, .activates = true, .work = work };

/* --- the layer --------------------------------------------------------------------------------------------------- */

/* Axis 0 of a slot runs as that of the weight does. */
static void note_spatial(bf_builder *b, int slot, const bf_slot *weight)
{
    const bf_shape s = { 0, weight->spatial[0].height, weight->spatial[0].width, weight->spatial[0].channels };
    if (s.channels > 0) bf_builder_spatial(b, slot, 0, s);
}

static bf_value add_norm(bf_builder *b, int rows, const bf_slot *weight, const char *name)
{
    const size_t out = (size_t)weight->shape[0], rest = weight->count / out, entries = 1 + out + rest;
    char u[64];
    snprintf(u, sizeof u, "%s.u", name);
    bf_node *n = bf_node_add(b, &bf_op_spectral_norm, 0, NULL, bf_shape_flat(rows, (int)((entries + (size_t)rows - 1) / (size_t)rows)));
    n->option[0] = (double)out;
    n->option[1] = (double)rest;
    bf_node_slot(b, n, weight->name, weight->rank, weight->shape, weight->init, weight->decays);
    bf_node_average(b, n, u, (int)out, (bf_init){ BF_INIT_NORMAL, 1.0 }, 1.0);
    note_spatial(b, n->slot[1], weight);
    return n->output;
}

bf_value bf_spectral(bf_builder *b, bf_value h, const char *name)
{
    char weight_name[64], bias_name[64];
    snprintf(weight_name, sizeof weight_name, "%s.weight", name);
    snprintf(bias_name, sizeof bias_name, "%s.bias", name);
    const bf_slot *known = bf_builder_find(b, weight_name);
    if (known == NULL) {
        bf_builder_fail(b, BF_FAIL(BF_E_INTERNAL, "%s: there is no such parameter to normalise", weight_name));
        return BF_NO_VALUE;
    }
    const bf_slot weight = *known;                      /* a copy: slots move when others are added */
    const bf_shape s = bf_builder_shape(b, h);
    assert(h == BF_NO_VALUE || bf_shape_cols(s) % (size_t)weight.shape[0] == 0);
    bf_node *n = bf_node_add(b, &bf_op_spectral, 2, (const bf_value[]){ h, add_norm(b, s.rows, &weight, name) }, s);
    n->option[0] = (double)weight.shape[0];
    bf_node_slot(b, n, bias_name, 1, (const int64_t[]){ weight.shape[0] }, (bf_init){ BF_INIT_CONST, 0.0 }, false);
    note_spatial(b, n->slot[0], &weight);
    return n->output;
}
