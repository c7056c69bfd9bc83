/* Definitions of the ops objectives are made of. */
#include "twins/twin.h"
#include <math.h>

#define ROWS (bf_lane_shape(l, n->output).rows)
#define COLS ((int)bf_shape_cols(bf_lane_shape(l, n->input[0])))
#define IN(v) ((const double *)bf_lane_value(l, n->input[v]))
#define DIN(v) ((double *)bf_lane_gradient(l, n->input[v]))
#define OUT ((double *)bf_lane_value(l, n->output))
#define DOUT ((const double *)bf_lane_gradient(l, n->output))

static void give(const bf_node *n, const bf_lane *l, int input, int at, double g)
{
    if (n->wants[input]) DIN(input)[at] = n->adds[input] ? DIN(input)[at] + g : g;
}

static void kl_each_forward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) OUT[i] = (IN(0)[i] * IN(0)[i] + exp(IN(1)[i]) - IN(1)[i] - 1) / 2;
}

static void kl_each_backward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) {
        give(n, l, 0, i, DOUT[i] * IN(0)[i]);
        give(n, l, 1, i, DOUT[i] * (exp(IN(1)[i]) - 1) / 2);
    }
}

static double mean_rate(const bf_node *n, const bf_lane *l, int j) { return bf_lane_total(l, n)[j] / l->batch; }

static void free_bits_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        OUT[r] = 0;
        for (int j = 0; j < COLS; j++) {
            OUT[r] += mean_rate(n, l, j) > n->option[0] ? IN(0)[r * COLS + j] : n->option[0];
            if (r < l->rows) bf_lane_stat(l, n, 0)[0] += IN(0)[r * COLS + j];
        }
    }
}

static void free_bits_backward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) give(n, l, 0, i, mean_rate(n, l, i % COLS) > n->option[0] ? DOUT[i / COLS] : 0);
}

static double side(const bf_node *n, const bf_lane *l, int r)
{
    const double rate = n->coupling < 0 ? IN(0)[r] : mean_rate(n, l, 0), capacity = l->weights[n->kind];
    return rate > capacity ? 1 : rate < capacity ? -1 : 0;
}

static void from_capacity_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        OUT[r] = side(n, l, r) * (IN(0)[r] - l->weights[n->kind]);
        if (r < l->rows) bf_lane_stat(l, n, 1)[0] += side(n, l, r);
    }
}

static void from_capacity_backward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) give(n, l, 0, r, side(n, l, r) * DOUT[r]);
}

const bf_twin bf_twins_objective[] = {
    { "kl.normal.each", { kl_each_forward, kl_each_backward } },
    { "free_bits", { free_bits_forward, free_bits_backward } },
    { "from_capacity", { from_capacity_forward, from_capacity_backward } },
    { NULL, { NULL, NULL } },
};
