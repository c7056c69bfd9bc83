/* The affine layer: y (rows, out) = f(x W^T + b), f being the activation it took over; a layer without bias has one slot. Every product
 * of a plan has the same shape, because kernels change bits with the number of rows in a call. Padding rows take part: finite forward,
 * zero gradient. */
#include "nn/activation.h"
#include "nn/gemm.h"
#include "nn/ops.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct sizes { int rows, in, out; } sizes;

static sizes sizes_of(const bf_node *n, const bf_lane *l)
{
    const bf_shape x = bf_lane_shape(l, n->input[0]), y = bf_lane_shape(l, n->output);
    return (sizes){ x.rows, (int)bf_shape_cols(x), (int)bf_shape_cols(y) };
}

/* (rows, cols) as it lies in memory, and turned. */
static bf_operand plain(const float *at, int cols) { return (bf_operand){ at, (size_t)cols, 1 }; }
static bf_operand turned(const float *at, int cols) { return (bf_operand){ at, 1, (size_t)cols }; }

static void forward(const bf_node *n, const bf_lane *l)
{
    const sizes s = sizes_of(n, l);
    const float *x = bf_lane_value(l, n->input[0]), *weight = bf_lane_slot(l, n, 0), *bias = n->n_slots > 1 ? bf_lane_slot(l, n, 1) : NULL;
    float *y = bf_lane_value(l, n->output);
    bf_gemm(s.rows, s.out, s.in, plain(x, s.in), turned(weight, s.in), false, y, l->work);
    bf_bias_activate((bf_activation)n->activation, (size_t)s.rows, (size_t)s.out, bias, y);
}

/* db (out) = the column sums of dy (rows, out), rows in order. */
static void bias_gradient(const float *restrict dy, sizes s, bool adds, float *restrict db)
{
    if (!adds) memset(db, 0, (size_t)s.out * sizeof *db);
    for (int r = 0; r < s.rows; r++, dy += s.out)
        for (int j = 0; j < s.out; j++) db[j] += dy[j];
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const sizes s = sizes_of(n, l);
    const float *x = bf_lane_value(l, n->input[0]), *weight = bf_lane_slot(l, n, 0), *dy = bf_own_slope(n, l);
    if (n->wants[0])
        bf_gemm(s.rows, s.in, s.out, plain(dy, s.out), plain(weight, s.in), n->adds[0], bf_lane_gradient(l, n->input[0]), l->work);
    if (n->n_slots > 1) bias_gradient(dy, s, n->slot_adds[1], bf_lane_slot_gradient(l, n, 1));
    if (l->defers && n->defers) return;
    if (l->taker != NULL && n->hands)       /* last, because the taker may change the weights */
        bf_gemm_taken(&(bf_thin){ s.rows, s.out, s.in, 1, dy, x, bf_lane_start_u(l, n), bf_lane_start_v(l, n, s.out), 0, n->slot_offset[0] }, 0, s.out, l->taker, l->work);
    else
        bf_gemm(s.out, s.in, s.rows, turned(dy, s.out), plain(x, s.in), n->slot_adds[0], bf_lane_slot_gradient(l, n, 0), l->work);
}

static bool hands(const bf_plan *p, const bf_node *n)
{
    const bf_shape x = bf_plan_shape_of(p, n->input[0]), y = bf_plan_shape_of(p, n->output);
    return bf_gemm_can_be_taken(x.rows, (int)bf_shape_cols(y), (int)bf_shape_cols(x));
}

static size_t work(const bf_plan *p, const bf_node *n)
{
    const bf_shape x = bf_plan_shape_of(p, n->input[0]), y = bf_plan_shape_of(p, n->output);
    const int rows = x.rows, in = (int)bf_shape_cols(x), out = (int)bf_shape_cols(y);
    const size_t there = bf_gemm_work(rows, out, in), weights = bf_gemm_work(out, in, rows), back = bf_gemm_work(rows, in, out);
    const size_t most = there > weights ? there : weights;
    return most > back ? most : back;
}

static double flops(const bf_plan *p, const bf_node *n)
{
    const bf_shape x = bf_plan_shape_of(p, n->input[0]), y = bf_plan_shape_of(p, n->output);
    return 2.0 * x.rows * (double)bf_shape_cols(x) * (double)bf_shape_cols(y);
}

const bf_op bf_op_dense = { .name = "dense", .portable = { forward, backward }, .affine = 1u << 0, .flops = flops, .needs = 1u << 0 | BF_NEEDS_OUTPUT,
                              .width = BF_NARROW, .activates = true, .work = work, .hands = hands };

/* Where files and the flat vector order a slot's axis differently: it runs over several positions of several channels. */
static void note_spatial(bf_builder *b, int slot, int axis, bf_shape s)
{
    if (s.height * s.width > 1 && s.channels > 1) bf_builder_spatial(b, slot, axis, s);
}

static bf_node *add_layer(bf_builder *b, bf_value x, bf_shape out, const char *name, double gain)
{
    const bf_shape in = bf_builder_shape(b, x);
    const int64_t cols = (int64_t)bf_shape_cols(in), wide = (int64_t)bf_shape_cols(out);
    char weight_name[64];
    snprintf(weight_name, sizeof weight_name, "%s.weight", name);
    bf_node *n = bf_node_add(b, &bf_op_dense, 1, &x, out);
    bf_node_slot(b, n, weight_name, 2, (const int64_t[]){ wide, cols }, (bf_init){ BF_INIT_NORMAL, gain / sqrt((double)cols) }, true);
    note_spatial(b, n->slot[0], 0, out);
    note_spatial(b, n->slot[0], 1, in);
    return n;
}

bf_value bf_dense_plain(bf_builder *b, bf_value x, bf_shape out, const char *name, double gain)
{
    return add_layer(b, x, out, name, gain)->output;
}

bf_value bf_dense_to(bf_builder *b, bf_value x, bf_shape out, const char *name, double gain, double bias)
{
    char bias_name[64];
    snprintf(bias_name, sizeof bias_name, "%s.bias", name);
    bf_node *n = add_layer(b, x, out, name, gain);
    bf_node_slot(b, n, bias_name, 1, (const int64_t[]){ (int64_t)bf_shape_cols(out) }, (bf_init){ BF_INIT_CONST, bias }, false);
    note_spatial(b, n->slot[1], 0, out);
    return n->output;
}

bf_value bf_dense(bf_builder *b, bf_value x, int out, const char *name, double gain, double bias)
{
    return bf_dense_to(b, x, bf_shape_flat(bf_builder_shape(b, x).rows, out), name, gain, bias);
}
