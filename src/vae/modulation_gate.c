/* modulation gate: every channel of a hidden layer is scaled by s(n), of its own weight and bias. In the encoder s = sigmoid(w n + b); in the
 * decoder s = sqrt(1 - exp(w n + b)), which for one linear layer is exactly how far the optimal decoder opens a latent dimension: not at
 * all from the beta on at which the dimension is given up. */
#include "base/vector_math.h"
#include "vae/condition.h"
#include "vae/ops.h"
#include "base/inlined.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SHUT (-1e-6f)           /* from here on the gate is 0, as is its gradient: towards 0 its slope has no bound */
#define SIGMOID_START 3.0       /* 0.953 */
#define ROOT_START (-3.0)       /* sqrt(1 - exp(-3)) = 0.975 */

enum { SIGMOID, ROOT };         /* kinds of the node */

/* The gate s and ds / d raw. From raw rather than from s, which is close to 1 where the slope is small; the sigmoid's takes one exponential
 * for both, e = exp(-|raw|). Always inlined: who wants no slope computes none, and kinds have loops of their own. */
BF_INLINED float gate_of(int kind, float raw, float *slope)
{
    if (kind == SIGMOID) {
        const float e = bf_exp(-fabsf(raw)), y = 1.0f / (1.0f + e);
        *slope = e * y * y;
        return raw < 0.0f ? e * y : y;
    }
    const float s = raw >= SHUT ? 0.0f : sqrtf(-bf_expm1(raw));
    *slope = raw >= SHUT ? 0.0f : -0.5f * bf_exp(raw) / s;
    return s;
}

/* s (c) of one row; slope (c) where it is given. */
static void open_gates(const bf_node *n, const bf_lane *l, float told, size_t c, float *restrict s, float *restrict slope)
{
    const float *restrict w = bf_lane_slot(l, n, 0), *restrict b = bf_lane_slot(l, n, 1);
    float unused;
    if (slope == NULL && n->kind == SIGMOID)
        for (size_t j = 0; j < c; j++) s[j] = gate_of(SIGMOID, w[j] * told + b[j], &unused);
    else if (slope == NULL)
        for (size_t j = 0; j < c; j++) s[j] = gate_of(ROOT, w[j] * told + b[j], &unused);
    else if (n->kind == SIGMOID)
        for (size_t j = 0; j < c; j++) s[j] = gate_of(SIGMOID, w[j] * told + b[j], &slope[j]);
    else
        for (size_t j = 0; j < c; j++) s[j] = gate_of(ROOT, w[j] * told + b[j], &slope[j]);
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape shape = bf_lane_shape(l, n->output);
    const size_t c = (size_t)shape.channels, positions = (size_t)shape.height * (size_t)shape.width;
    const float *restrict v = bf_lane_value(l, n->input[0]), *restrict told = bf_lane_value(l, n->input[1]);
    float *restrict y = bf_lane_value(l, n->output), *restrict s = l->work;
    for (int r = 0; r < shape.rows; r++) {
        open_gates(n, l, told[r], c, s, NULL);
        for (size_t p = 0; p < positions; p++, v += c, y += c)
            for (size_t j = 0; j < c; j++) y[j] = s[j] * v[j];
    }
}

static size_t work(const bf_plan *p, const bf_node *n)
{
    return (size_t)bf_plan_shape_of(p, n->output).channels * (3 * sizeof(double) + 2 * sizeof(float));
}

static void give_slot(const bf_node *n, const bf_lane *l, int slot, const double *restrict sum, size_t c)
{
    float *restrict to = bf_lane_slot_gradient(l, n, slot);
    for (size_t j = 0; j < c; j++) to[j] = n->slot_adds[slot] ? to[j] + (float)sum[j] : (float)sum[j];
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape shape = bf_lane_shape(l, n->output);
    const size_t c = (size_t)shape.channels, positions = (size_t)shape.height * (size_t)shape.width;
    const float *restrict v = bf_lane_value(l, n->input[0]), *restrict told = bf_lane_value(l, n->input[1]);
    const float *restrict dy = bf_lane_gradient(l, n->output);
    float *restrict dv = bf_lane_gradient(l, n->input[0]);
    double *restrict weight = l->work, *restrict bias = weight + c, *restrict ds = bias + c;     /* in doubles: products of both signs cancel */
    float *restrict s = (float *)(ds + c), *restrict slope = s + c;
    memset(weight, 0, 2 * c * sizeof *weight);
    for (int r = 0; r < shape.rows; r++) {
        open_gates(n, l, told[r], c, s, slope);
        memset(ds, 0, c * sizeof *ds);
        for (size_t p = 0; p < positions; p++, v += c, dy += c) {
            for (size_t j = 0; j < c; j++) ds[j] += (double)v[j] * (double)dy[j];
            for (size_t j = 0; n->wants[0] && j < c; j++) dv[j] = n->adds[0] ? dv[j] + s[j] * dy[j] : s[j] * dy[j];
            if (n->wants[0]) dv += c;
        }
        for (size_t j = 0; j < c; j++) {
            const double by_raw = ds[j] * (double)slope[j];
            weight[j] += by_raw * (double)told[r];
            bias[j] += by_raw;
        }
    }
    give_slot(n, l, 0, weight, c);
    give_slot(n, l, 1, bias, c);
}

const bf_op bf_op_gate = { .name = "gate", .portable = { forward, backward }, .affine = 1u << 0, .needs = 1u << 0 | 1u << 1, .work = work };

bf_value bf_gate(bf_builder *b, bf_value v, bf_value told, const char *name, bool root)
{
    char slot[80];
    const bf_shape shape = bf_builder_shape(b, v);
    const int64_t channels[1] = { shape.channels };
    bf_node *n = bf_node_add(b, &bf_op_gate, 2, (const bf_value[]){ v, told }, shape);
    n->kind = root ? ROOT : SIGMOID;
    snprintf(slot, sizeof slot, "%s.gate.weight", name);
    bf_node_slot(b, n, slot, 1, channels, (bf_init){ BF_INIT_CONST, 0.0 }, false);
    snprintf(slot, sizeof slot, "%s.gate.bias", name);
    bf_node_slot(b, n, slot, 1, channels, (bf_init){ BF_INIT_CONST, root ? ROOT_START : SIGMOID_START }, false);
    return n->output;
}

static bf_value hidden(bf_builder *b, const bf_condition *c, bf_value v, const char *name, bf_half side)
{
    return bf_gate(b, v, c->n, name, side == BF_DECODER);
}

const bf_modulation bf_modulation_gate = { .name = "gate", .help = "a factor for every channel of a hidden layer", .hidden = hidden };
