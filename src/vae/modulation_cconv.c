/* modulation cconv (variable-rate image compression): the model learns the values of its grid alone, and every hidden layer has a factor and
 * an addend of its own for each of them: y = softplus(u_k) v + b_k. */
#include "base/vector_math.h"
#include "vae/condition.h"
#include "vae/ops.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIRST, STEP, COUNT };            /* options: n of the grid's first value, the distance of two, how many */
#define ONE 0.5413248546129181          /* softplus is 1 */

static size_t place_of(const bf_node *n, float told)
{
    const double k = round(((double)told - n->option[FIRST]) / n->option[STEP]), last = n->option[COUNT] - 1.0;
    return (size_t)(k < 0.0 ? 0.0 : k > last ? last : k);
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape shape = bf_lane_shape(l, n->output);
    const size_t c = (size_t)shape.channels, positions = (size_t)shape.height * (size_t)shape.width;
    const float *restrict v = bf_lane_value(l, n->input[0]), *told = bf_lane_value(l, n->input[1]);
    float *restrict y = bf_lane_value(l, n->output), *restrict factor = l->work;
    for (int r = 0; r < shape.rows; r++) {
        const size_t k = place_of(n, told[r]) * c;
        const float *restrict u = (const float *)bf_lane_slot(l, n, 0) + k, *restrict b = (const float *)bf_lane_slot(l, n, 1) + k;
        for (size_t j = 0; j < c; j++) factor[j] = bf_softplus(u[j]);
        for (size_t p = 0; p < positions; p++, v += c, y += c)
            for (size_t j = 0; j < c; j++) y[j] = factor[j] * v[j] + b[j];
    }
}

static size_t table_of(const bf_node *n, size_t c) { return (size_t)n->option[COUNT] * c; }

static size_t work(const bf_plan *p, const bf_node *n)
{
    const size_t c = (size_t)bf_plan_shape_of(p, n->output).channels;
    return 2 * table_of(n, c) * sizeof(double) + c * sizeof(float);
}

static void give_table(const bf_node *n, const bf_lane *l, int slot, const double *restrict sum, size_t count)
{
    float *restrict to = bf_lane_slot_gradient(l, n, slot);
    for (size_t i = 0; i < count; i++) to[i] = n->slot_adds[slot] ? to[i] + (float)sum[i] : (float)sum[i];
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape shape = bf_lane_shape(l, n->output);
    const size_t c = (size_t)shape.channels, positions = (size_t)shape.height * (size_t)shape.width, table = table_of(n, c);
    const float *restrict v = bf_lane_value(l, n->input[0]), *told = bf_lane_value(l, n->input[1]), *restrict all = bf_lane_slot(l, n, 0);
    const float *restrict dy = bf_lane_gradient(l, n->output);
    float *restrict dv = bf_lane_gradient(l, n->input[0]);
    double *restrict factors = l->work, *restrict addends = factors + table;
    float *restrict factor = (float *)(addends + table);
    memset(factors, 0, 2 * table * sizeof *factors);
    for (int r = 0; r < shape.rows; r++) {
        const size_t k = place_of(n, told[r]) * c;
        for (size_t j = 0; j < c; j++) factor[j] = bf_softplus(all[k + j]);
        for (size_t p = 0; p < positions; p++, v += c, dy += c) {
            for (size_t j = 0; j < c; j++) {
                factors[k + j] += (double)v[j] * (double)dy[j];
                addends[k + j] += (double)dy[j];
            }
            for (size_t j = 0; n->wants[0] && j < c; j++) dv[j] = n->adds[0] ? dv[j] + factor[j] * dy[j] : factor[j] * dy[j];
            if (n->wants[0]) dv += c;
        }
    }
    for (size_t i = 0; i < table; i++) factors[i] *= (double)bf_sigmoid(all[i]);
    give_table(n, l, 0, factors, table);
    give_table(n, l, 1, addends, table);
}

const bf_op bf_op_cconv = { .name = "cconv", .portable = { forward, backward }, .affine = 1u << 0, .needs = 1u << 0 | 1u << 1, .work = work };

static bf_value hidden(bf_builder *b, const bf_condition *c, bf_value v, const char *name, bf_half half)
{
    char slot[80];
    const bf_shape shape = bf_builder_shape(b, v);
    const int64_t table[2] = { c->count, shape.channels };
    bf_node *n = bf_node_add(b, &bf_op_cconv, 2, (const bf_value[]){ v, c->n }, shape);
    (void)half;
    n->option[FIRST] = c->first;
    n->option[STEP] = c->step;
    n->option[COUNT] = c->count;
    snprintf(slot, sizeof slot, "%s.cconv.factor", name);
    bf_node_slot(b, n, slot, 2, table, (bf_init){ BF_INIT_CONST, ONE }, false);
    snprintf(slot, sizeof slot, "%s.cconv.addend", name);
    bf_node_slot(b, n, slot, 2, table, (bf_init){ BF_INIT_CONST, 0.0 }, false);
    return n->output;
}

const bf_modulation bf_modulation_cconv = {
    .name = "cconv", .help = "a factor and an addend for every channel of a hidden layer and every value of the grid", .hidden = hidden, .listed = true,
};
