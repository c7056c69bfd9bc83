/* modulation film: every channel of a hidden layer becomes an affine function of itself, whose two numbers are affine in n:
 * y = v (1 + a n + a0) + b n + b0. */
#include "vae/condition.h"
#include "vae/ops.h"
#include <stdio.h>
#include <string.h>

enum { SCALE, SCALE_0, SHIFT, SHIFT_0, SLOTS };

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape shape = bf_lane_shape(l, n->output);
    const size_t c = (size_t)shape.channels, positions = (size_t)shape.height * (size_t)shape.width;
    const float *restrict a = bf_lane_slot(l, n, SCALE), *restrict a0 = bf_lane_slot(l, n, SCALE_0);
    const float *restrict b = bf_lane_slot(l, n, SHIFT), *restrict b0 = bf_lane_slot(l, n, SHIFT_0);
    const float *restrict v = bf_lane_value(l, n->input[0]), *restrict told = bf_lane_value(l, n->input[1]);
    float *restrict y = bf_lane_value(l, n->output);
    for (int r = 0; r < shape.rows; r++)
        for (size_t p = 0; p < positions; p++, v += c, y += c)
            for (size_t j = 0; j < c; j++) y[j] = v[j] * (1.0f + a[j] * told[r] + a0[j]) + b[j] * told[r] + b0[j];
}

static size_t work(const bf_plan *p, const bf_node *n)
{
    return (size_t)bf_plan_shape_of(p, n->output).channels * (SLOTS + 2) * sizeof(double);
}

/* scale, shift (c): of one row; sums (SLOTS, c): over all rows. */
static void add_row(const double *restrict scale, const double *restrict shift, double told, size_t c, double *restrict sums)
{
    for (size_t j = 0; j < c; j++) {
        sums[SCALE * c + j] += told * scale[j];
        sums[SCALE_0 * c + j] += scale[j];
        sums[SHIFT * c + j] += told * shift[j];
        sums[SHIFT_0 * c + j] += shift[j];
    }
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape shape = bf_lane_shape(l, n->output);
    const size_t c = (size_t)shape.channels, positions = (size_t)shape.height * (size_t)shape.width;
    const float *restrict a = bf_lane_slot(l, n, SCALE), *restrict a0 = bf_lane_slot(l, n, SCALE_0);
    const float *restrict v = bf_lane_value(l, n->input[0]), *restrict told = bf_lane_value(l, n->input[1]);
    const float *restrict dy = bf_lane_gradient(l, n->output);
    float *restrict dv = bf_lane_gradient(l, n->input[0]);
    double *sums = l->work, *restrict scale = sums + SLOTS * c, *restrict shift = scale + c;       /* in doubles: products of both signs cancel */
    memset(sums, 0, SLOTS * c * sizeof *sums);
    for (int r = 0; r < shape.rows; r++) {
        memset(scale, 0, 2 * c * sizeof *scale);
        for (size_t p = 0; p < positions; p++, v += c, dy += c) {
            for (size_t j = 0; j < c; j++) {
                scale[j] += (double)v[j] * (double)dy[j];
                shift[j] += (double)dy[j];
            }
            for (size_t j = 0; n->wants[0] && j < c; j++) {
                const float g = dy[j] * (1.0f + a[j] * told[r] + a0[j]);
                dv[j] = n->adds[0] ? dv[j] + g : g;
            }
            if (n->wants[0]) dv += c;
        }
        add_row(scale, shift, (double)told[r], c, sums);
    }
    for (int i = 0; i < SLOTS; i++) {
        float *restrict to = bf_lane_slot_gradient(l, n, i);
        for (size_t j = 0; j < c; j++) to[j] = n->slot_adds[i] ? to[j] + (float)sums[(size_t)i * c + j] : (float)sums[(size_t)i * c + j];
    }
}

const bf_op bf_op_film = { .name = "film", .portable = { forward, backward }, .affine = 1u << 0, .needs = 1u << 0 | 1u << 1, .work = work };

static bf_value hidden(bf_builder *b, const bf_condition *c, bf_value v, const char *name, bf_half side)
{
    static const char *const part[SLOTS] = { "scale.weight", "scale.bias", "shift.weight", "shift.bias" };
    const bf_shape shape = bf_builder_shape(b, v);
    const int64_t channels[1] = { shape.channels };
    bf_node *n = bf_node_add(b, &bf_op_film, 2, (const bf_value[]){ v, c->n }, shape);
    (void)side;
    for (int i = 0; i < SLOTS; i++) {
        char slot[80];
        snprintf(slot, sizeof slot, "%s.film.%s", name, part[i]);
        bf_node_slot(b, n, slot, 1, channels, (bf_init){ BF_INIT_CONST, 0.0 }, false);
    }
    return n->output;
}

const bf_modulation bf_modulation_film = { .name = "film", .help = "a factor and an addend for every channel of a hidden layer", .hidden = hidden };
