/* Between a fine grid of positions and a coarse one, of which each covers height x width fine positions: taking means (pooling) and repeating
 * (upsampling) are each other's adjoint but for a factor. */
#include "nn/layers.h"
#include "nn/ops.h"
#include <string.h>

typedef struct grids { int rows, height, width, down, across; size_t channels; } grids;     /* sides of the coarse one, and of a cell */

static grids grids_of(bf_shape fine, bf_shape coarse)
{
    return (grids){ fine.rows, coarse.height, coarse.width, fine.height / coarse.height, fine.width / coarse.width, (size_t)fine.channels };
}

/* coarse (+)= factor * the sum over its cell, line by line. */
static void gather(grids g, const float *fine, float factor, bool adds, float *restrict coarse)
{
    const size_t line = (size_t)g.width * (size_t)g.across * g.channels, count = (size_t)g.width * g.channels;
    for (size_t y = 0; y < (size_t)g.rows * (size_t)g.height; y++, coarse += count) {
        if (!adds) memset(coarse, 0, count * sizeof *coarse);
        for (int k = 0; k < g.down; k++, fine += line)
            for (size_t x = 0; x < (size_t)g.width * (size_t)g.across; x++) {
                const float *restrict from = fine + x * g.channels;
                float *restrict to = coarse + x / (size_t)g.across * g.channels;
                for (size_t c = 0; c < g.channels; c++) to[c] += factor * from[c];
            }
    }
}

/* fine (+)= factor * the coarse position it lies in. */
static void spread(grids g, const float *coarse, float factor, bool adds, float *restrict fine)
{
    const size_t line = (size_t)g.width * (size_t)g.across * g.channels, count = (size_t)g.width * g.channels;
    for (size_t y = 0; y < (size_t)g.rows * (size_t)g.height; y++, coarse += count)
        for (int k = 0; k < g.down; k++, fine += line)
            for (size_t x = 0; x < (size_t)g.width * (size_t)g.across; x++) {
                const float *restrict from = coarse + x / (size_t)g.across * g.channels;
                float *restrict to = fine + x * g.channels;
                for (size_t c = 0; c < g.channels; c++) to[c] = adds ? to[c] + factor * from[c] : factor * from[c];
            }
}

static float share(grids g) { return 1.0f / ((float)g.down * (float)g.across); }

static void pool_forward(const bf_node *n, const bf_lane *l)
{
    const grids g = grids_of(bf_lane_shape(l, n->input[0]), bf_lane_shape(l, n->output));
    gather(g, bf_lane_value(l, n->input[0]), share(g), false, bf_lane_value(l, n->output));
}

static void pool_backward(const bf_node *n, const bf_lane *l)
{
    if (!n->wants[0]) return;
    const grids g = grids_of(bf_lane_shape(l, n->input[0]), bf_lane_shape(l, n->output));
    spread(g, bf_lane_gradient(l, n->output), share(g), n->adds[0], bf_lane_gradient(l, n->input[0]));
}

static void upsample_forward(const bf_node *n, const bf_lane *l)
{
    const grids g = grids_of(bf_lane_shape(l, n->output), bf_lane_shape(l, n->input[0]));
    spread(g, bf_lane_value(l, n->input[0]), 1.0f, false, bf_lane_value(l, n->output));
}

static void upsample_backward(const bf_node *n, const bf_lane *l)
{
    if (!n->wants[0]) return;
    const grids g = grids_of(bf_lane_shape(l, n->output), bf_lane_shape(l, n->input[0]));
    gather(g, bf_lane_gradient(l, n->output), 1.0f, n->adds[0], bf_lane_gradient(l, n->input[0]));
}

const bf_op bf_op_pool = { .name = "pool", .portable = { pool_forward, pool_backward }, .affine = 1u << 0, .width = BF_EITHER };
const bf_op bf_op_upsample = { .name = "upsample", .portable = { upsample_forward, upsample_backward }, .affine = 1u << 0, .width = BF_EITHER };

bf_value bf_mean_pool(bf_builder *b, bf_value x)
{
    const bf_shape s = bf_builder_shape(b, x);
    return bf_node_add(b, &bf_op_pool, 1, &x, bf_shape_flat(s.rows, s.channels))->output;
}

bf_value bf_average_pool(bf_builder *b, bf_value x, int factor)
{
    const bf_shape s = bf_builder_shape(b, x);
    if (factor < 1 || s.height % factor != 0 || s.width % factor != 0)
        bf_builder_fail(b, BF_FAIL(BF_E_INPUT, "%d x %d positions cannot be pooled by %d", s.height, s.width, factor));
    else x = bf_node_add(b, &bf_op_pool, 1, &x, (bf_shape){ s.rows, s.height / factor, s.width / factor, s.channels })->output;
    return x;
}

bf_value bf_upsample(bf_builder *b, bf_value x, int factor)
{
    const bf_shape s = bf_builder_shape(b, x);
    int height = 0, width = 0;
    if (factor < 1 || __builtin_mul_overflow(s.height, factor, &height) || __builtin_mul_overflow(s.width, factor, &width))
        bf_builder_fail(b, BF_FAIL(BF_E_INPUT, "%d x %d positions cannot be repeated %d times", s.height, s.width, factor));
    return bf_node_add(b, &bf_op_upsample, 1, &x, (bf_shape){ s.rows, height, width, s.channels })->output;
}
