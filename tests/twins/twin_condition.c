/* Definitions of the ops that tell a model beta. */
#include "base/rng.h"
#include "twins/twin.h"
#include <math.h>

#define SHAPE (bf_lane_shape(l, n->output))
#define ROWS (SHAPE.rows)
#define COLS ((int)bf_shape_cols(SHAPE))
#define CHANNELS (SHAPE.channels)
#define IN(v) ((const double *)bf_lane_value(l, n->input[v]))
#define DIN(v) ((double *)bf_lane_gradient(l, n->input[v]))
#define OUT ((double *)bf_lane_value(l, n->output))
#define DOUT ((const double *)bf_lane_gradient(l, n->output))
#define SLOT(i) ((const double *)bf_lane_slot(l, n, i))

static void give(const bf_node *n, const bf_lane *l, int at, double g)
{
    if (n->wants[0]) DIN(0)[at] = n->adds[0] ? DIN(0)[at] + g : g;
}

/* Every slot here has one number for a channel. */
static void clear_slots(const bf_node *n, const bf_lane *l, int slots)
{
    for (int i = 0; i < slots; i++)
        for (int j = 0; j < CHANNELS && !n->slot_adds[i]; j++) ((double *)bf_lane_slot_gradient(l, n, i))[j] = 0;
}

static void give_slot(const bf_node *n, const bf_lane *l, int slot, int j, double g) { ((double *)bf_lane_slot_gradient(l, n, slot))[j] += g; }

static int copies(const bf_node *n, const bf_lane *l) { return bf_lane_copies(l, n->output); }
static int in_use(const bf_node *n, const bf_lane *l) { return l->rows / copies(n, l); }

/* option 3: how many rows of a sample, one after the other, are told the same. A row here may stand for several of those. */
static uint64_t address(const bf_node *n, const bf_lane *l, int r)
{
    const int64_t room = (int64_t)1 << 40, first = l->samples[r * copies(n, l)], number = first / room / (int64_t)n->option[3];
    return (uint64_t)(first % room + number * room);
}

static void even_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        float u = 0.5f;
        const bf_draw d = { l->seed, l->step, r < in_use(n, l) ? address(n, l, r) : 0, (uint32_t)n->kind };
        if (r < in_use(n, l)) bf_rng_uniform(&d, &u, 1);
        OUT[r] = (double)(float)n->option[0] * (2 * (double)u - 1);
    }
}

static void listed_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        float u = 0;
        const bf_draw d = { l->seed, l->step, r < in_use(n, l) ? address(n, l, r) : 0, (uint32_t)n->kind };
        bf_rng_uniform(&d, &u, 1);
        OUT[r] = r < in_use(n, l) ? n->option[0] + (int)((double)u * n->option[2]) * n->option[1] : 0;
    }
}

static int place(const bf_node *n, const bf_lane *l, int i)
{
    const int last = (int)n->option[2] - 1;
    int best = 0;
    for (int k = 1; k <= last; k++)
        if (fabs(n->option[0] + k * n->option[1] - IN(1)[i / COLS]) < fabs(n->option[0] + best * n->option[1] - IN(1)[i / COLS])) best = k;
    return best * CHANNELS + i % CHANNELS;
}

static void cconv_forward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) OUT[i] = log(1 + exp(SLOT(0)[place(n, l, i)])) * IN(0)[i] + SLOT(1)[place(n, l, i)];
}

static void cconv_backward(const bf_node *n, const bf_lane *l)
{
    for (int s = 0; s < 2; s++)
        for (int j = 0; j < (int)n->option[2] * CHANNELS && !n->slot_adds[s]; j++) ((double *)bf_lane_slot_gradient(l, n, s))[j] = 0;
    for (int i = 0; i < ROWS * COLS; i++) {
        const int k = place(n, l, i);
        give_slot(n, l, 0, k, DOUT[i] * IN(0)[i] / (1 + exp(-SLOT(0)[k])));
        give_slot(n, l, 1, k, DOUT[i]);
        give(n, l, i, DOUT[i] * log(1 + exp(SLOT(0)[k])));
    }
}

static double raw(const bf_node *n, const bf_lane *l, int i) { return SLOT(0)[i % CHANNELS] * IN(1)[i / COLS] + SLOT(1)[i % CHANNELS]; }

static double gate(const bf_node *n, double x)
{
    if (n->kind == 0) return 1 / (1 + exp(-x));
    return x < -1e-6 ? sqrt(1 - exp(x)) : 0;
}

static void gate_forward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) OUT[i] = gate(n, raw(n, l, i)) * IN(0)[i];
}

static void gate_backward(const bf_node *n, const bf_lane *l)
{
    clear_slots(n, l, 2);
    for (int i = 0; i < ROWS * COLS; i++) {
        const double x = raw(n, l, i), s = gate(n, x);
        const double slope = n->kind == 0 ? exp(-x) / pow(1 + exp(-x), 2) : s > 0 ? -exp(x) / (2 * s) : 0;
        give_slot(n, l, 0, i % CHANNELS, DOUT[i] * IN(0)[i] * slope * IN(1)[i / COLS]);
        give_slot(n, l, 1, i % CHANNELS, DOUT[i] * IN(0)[i] * slope);
        give(n, l, i, DOUT[i] * s);
    }
}

static void film_forward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) {
        const int j = i % CHANNELS;
        const double told = IN(1)[i / COLS];
        OUT[i] = IN(0)[i] * (1 + SLOT(0)[j] * told + SLOT(1)[j]) + SLOT(2)[j] * told + SLOT(3)[j];
    }
}

static void film_backward(const bf_node *n, const bf_lane *l)
{
    clear_slots(n, l, 4);
    for (int i = 0; i < ROWS * COLS; i++) {
        const int j = i % CHANNELS;
        const double told = IN(1)[i / COLS];
        give_slot(n, l, 0, j, DOUT[i] * IN(0)[i] * told);
        give_slot(n, l, 1, j, DOUT[i] * IN(0)[i]);
        give_slot(n, l, 2, j, DOUT[i] * told);
        give_slot(n, l, 3, j, DOUT[i]);
        give(n, l, i, DOUT[i] * (1 + SLOT(0)[j] * told + SLOT(1)[j]));
    }
}

static int told_count(const bf_node *n, const bf_lane *l) { return (int)bf_shape_cols(bf_lane_shape(l, n->input[1])); }

static void beside_forward(const bf_node *n, const bf_lane *l)
{
    const int k = told_count(n, l), c = CHANNELS - k;
    for (int i = 0; i < ROWS * COLS; i++) {
        const int j = i % CHANNELS;
        OUT[i] = j < c ? IN(0)[i / CHANNELS * c + j] : IN(1)[i / COLS * k + j - c];
    }
}

static void beside_backward(const bf_node *n, const bf_lane *l)
{
    const int c = CHANNELS - told_count(n, l);
    for (int i = 0; i < ROWS * COLS; i++)
        if (i % CHANNELS < c) give(n, l, i / CHANNELS * c + i % CHANNELS, DOUT[i]);
}

static double log_beta(const bf_node *n, const bf_lane *l, int r) { return n->option[0] + n->option[1] * IN(1)[r]; }

static void weigh_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        OUT[r] = IN(0)[r] * exp(log_beta(n, l, r));
        if (r < l->rows) bf_lane_stat(l, n, 0)[0] += IN(0)[r];
    }
}

static void weigh_backward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) give(n, l, r, DOUT[r] * exp(log_beta(n, l, r)));
}

static void lift_forward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) OUT[i] = IN(0)[i] + SLOT(0)[i % COLS] * log_beta(n, l, i / COLS);
}

static void lift_backward(const bf_node *n, const bf_lane *l)
{
    clear_slots(n, l, 1);
    for (int i = 0; i < ROWS * COLS; i++) {
        give_slot(n, l, 0, i % COLS, DOUT[i] * log_beta(n, l, i / COLS));
        give(n, l, i, DOUT[i]);
    }
}

static double capped(const bf_node *n, const bf_lane *l, int i) { return SLOT(0)[i % COLS] * log_beta(n, l, i / COLS) + SLOT(1)[i % COLS]; }

static void lift_capped_forward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) OUT[i] = IN(0)[i] + fmin(0, capped(n, l, i));
}

static void lift_capped_backward(const bf_node *n, const bf_lane *l)
{
    clear_slots(n, l, 2);
    for (int i = 0; i < ROWS * COLS; i++) {
        const double open = capped(n, l, i) < 0;
        give_slot(n, l, 0, i % COLS, open * DOUT[i] * log_beta(n, l, i / COLS));
        give_slot(n, l, 1, i % COLS, open * DOUT[i]);
        give(n, l, i, DOUT[i]);
    }
}

const bf_twin bf_twins_condition[] = {
    { "noise.even", { even_forward, NULL } },
    { "noise.listed", { listed_forward, NULL } },
    { "cconv", { cconv_forward, cconv_backward } },
    { "gate", { gate_forward, gate_backward } },
    { "film", { film_forward, film_backward } },
    { "beside", { beside_forward, beside_backward } },
    { "weigh", { weigh_forward, weigh_backward } },
    { "lift", { lift_forward, lift_backward } },
    { "lift.capped", { lift_capped_forward, lift_capped_backward } },
    { NULL, { NULL, NULL } },
};
