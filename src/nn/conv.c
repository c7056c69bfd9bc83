/* Convolution and transposed convolution, y = f(conv(x) + bias), f being the activation they took over: the same three products with input
 * and output swapped. Padding rows take part: finite forward, zero gradient. */
#include "nn/activation.h"
#include "nn/channel_sums.h"
#include "nn/convolve.h"
#include "nn/ops.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void bias_activate(const bf_node *n, const bf_lane *l)
{
    const bf_shape y = bf_lane_shape(l, n->output);
    bf_bias_activate((bf_activation)n->activation, bf_shape_count(y) / (size_t)y.channels, (size_t)y.channels,
                     n->n_slots > 1 ? bf_lane_slot(l, n, 1) : NULL, bf_lane_value(l, n->output));
}

static void bias_gradient(const bf_node *n, const bf_lane *l, const float *dy)
{
    if (n->n_slots < 2) return;
    const bf_shape y = bf_lane_shape(l, n->output);
    const size_t channels = (size_t)y.channels;
    double *sum = l->work;
    memset(sum, 0, channels * sizeof *sum);
    bf_channel_sums(dy, bf_shape_count(y) / channels, channels, sum);
    bf_channel_give(sum, channels, n->slot_adds[1], bf_lane_slot_gradient(l, n, 1));
}

static void conv_forward(const bf_node *n, const bf_lane *l)
{
    const bf_geometry g = bf_geometry_of(l->plan, n);
    bf_convolve(&g, bf_lane_shape(l, n->output).rows, bf_lane_value(l, n->input[0]), bf_lane_slot(l, n, 0), bf_lane_value(l, n->output), false,
                l->work);
    bias_activate(n, l);
}

static void conv_backward(const bf_node *n, const bf_lane *l)
{
    const bf_geometry g = bf_geometry_of(l->plan, n);
    const int rows = bf_lane_shape(l, n->output).rows;
    const float *dy = bf_own_slope(n, l);
    bias_gradient(n, l, dy);
    bf_convolve_weight(&g, rows, bf_lane_value(l, n->input[0]), dy, bf_lane_slot_gradient(l, n, 0), n->slot_adds[0], l->work);
    if (n->wants[0]) bf_convolve_back(&g, rows, dy, bf_lane_slot(l, n, 0), bf_lane_gradient(l, n->input[0]), n->adds[0], l->work);
}

static void deconv_forward(const bf_node *n, const bf_lane *l)
{
    const bf_geometry g = bf_geometry_of(l->plan, n);
    bf_convolve_back(&g, bf_lane_shape(l, n->output).rows, bf_lane_value(l, n->input[0]), bf_lane_slot(l, n, 0), bf_lane_value(l, n->output),
                     false, l->work);
    bias_activate(n, l);
}

static void deconv_backward(const bf_node *n, const bf_lane *l)
{
    const bf_geometry g = bf_geometry_of(l->plan, n);
    const int rows = bf_lane_shape(l, n->output).rows;
    const float *dy = bf_own_slope(n, l);
    bias_gradient(n, l, dy);
    bf_convolve_weight(&g, rows, dy, bf_lane_value(l, n->input[0]), bf_lane_slot_gradient(l, n, 0), n->slot_adds[0], l->work);
    if (n->wants[0]) bf_convolve(&g, rows, dy, bf_lane_slot(l, n, 0), bf_lane_gradient(l, n->input[0]), n->adds[0], l->work);
}

static double flops(const bf_plan *p, const bf_node *n)
{
    const bf_geometry g = bf_geometry_of(p, n);
    return 2.0 * bf_convolve_products(&g, bf_plan_shape_of(p, n->output).rows);
}

/* The bias gradient's sums are done with before the products begin. */
static size_t work(const bf_plan *p, const bf_node *n)
{
    const bf_geometry g = bf_geometry_of(p, n);
    const bf_shape y = bf_plan_shape_of(p, n->output);
    const size_t products = bf_convolve_work(&g, y.rows), sums = (size_t)y.channels * sizeof(double);
    return products > sums ? products : sums;
}

const bf_op bf_op_conv = { .name = "conv", .portable = { conv_forward, conv_backward }, .affine = 1u << 0, .flops = flops, .needs = 1u << 0 | BF_NEEDS_OUTPUT,
                           .width = BF_NARROW, .activates = true, .work = work };
const bf_op bf_op_deconv = { .name = "deconv", .portable = { deconv_forward, deconv_backward }, .affine = 1u << 0, .flops = flops,
                             .needs = 1u << 0 | BF_NEEDS_OUTPUT, .width = BF_NARROW, .activates = true, .work = work };

static bf_value add_layer(bf_builder *b, const bf_op *op, bf_value x, bf_shape out, const bf_geometry *g, const bf_conv_spec *w,
                          const char *name, double deviation)
{
    char weight_name[64], bias_name[64];
    snprintf(weight_name, sizeof weight_name, "%s.weight", name);
    snprintf(bias_name, sizeof bias_name, "%s.bias", name);
    bf_node *n = bf_node_add(b, op, 1, &x, out);
    n->option[0] = g->kernel;
    n->option[1] = g->stride;
    n->option[2] = g->pad_top;
    n->option[3] = g->pad_left;
    bf_node_slot(b, n, weight_name, 4, (const int64_t[]){ g->out_channels, g->in_channels, g->kernel, g->kernel },
                 (bf_init){ BF_INIT_NORMAL, deviation }, true);
    if (!w->plain) bf_node_slot(b, n, bias_name, 1, (const int64_t[]){ out.channels }, (bf_init){ BF_INIT_CONST, w->bias }, false);
    return n->output;
}

bf_value bf_conv(bf_builder *b, bf_value x, int channels, const bf_conv_spec *w, const char *name, double gain)
{
    const bf_shape in = bf_builder_shape(b, x);
    bf_geometry g;
    const bf_status s = bf_geometry_conv(w, in, channels, name, &g);
    if (s.code) { bf_builder_fail(b, s); return BF_NO_VALUE; }
    return add_layer(b, &bf_op_conv, x, (bf_shape){ in.rows, g.out_height, g.out_width, channels }, &g, w, name,
                     gain / sqrt((double)g.in_channels * g.kernel * g.kernel));
}

/* Every output position meets (kernel / stride)^2 windows, on average. */
bf_value bf_deconv(bf_builder *b, bf_value x, int channels, const bf_conv_spec *w, const char *name, double gain)
{
    const bf_shape in = bf_builder_shape(b, x);
    bf_geometry g;
    const bf_status s = bf_geometry_deconv(w, in, channels, name, &g);
    if (s.code) { bf_builder_fail(b, s); return BF_NO_VALUE; }
    const double side = fmax((double)g.kernel / g.stride, 1.0);
    return add_layer(b, &bf_op_deconv, x, (bf_shape){ in.rows, g.in_height, g.in_width, channels }, &g, w, name,
                     gain / (side * sqrt((double)g.out_channels)));
}
