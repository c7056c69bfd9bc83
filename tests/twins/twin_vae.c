/* Definitions of the ops of vae/. */
#include "base/rng.h"
#include "twins/twin.h"
#include <math.h>
#include <stdlib.h>

#define SHAPE(v) bf_lane_shape(l, n->input[v])
#define ROWS (bf_lane_shape(l, n->output).rows)
#define COLS ((int)bf_shape_cols(SHAPE(0)))
#define IN(v) ((const double *)bf_lane_value(l, n->input[v]))
#define DIN(v) ((double *)bf_lane_gradient(l, n->input[v]))
#define OUT ((double *)bf_lane_value(l, n->output))
#define DOUT ((const double *)bf_lane_gradient(l, n->output))
#define PI 3.14159265358979323846

static void give(const bf_node *n, const bf_lane *l, int input, int at, double g)
{
    if (n->wants[input]) DIN(input)[at] = n->adds[input] ? DIN(input)[at] + g : g;
}

static int64_t number(const bf_lane *l, int r) { return l->samples[r] / ((int64_t)1 << 40); }
static int64_t sample(const bf_lane *l, int r) { return l->samples[r] % ((int64_t)1 << 40); }

/* The noise is defined in floats: a wider backend sees the same draw. Rows of a pair: of one address, with both signs. */
static void noise(const bf_node *n, const bf_lane *l, int together)
{
    const int cols = bf_lane_shape(l, n->output).channels;
    float *row = malloc((size_t)cols * sizeof *row);
    if (row == NULL) abort();
    for (int r = 0; r < ROWS; r++) {
        bf_draw d = { l->seed, l->step, 0, (uint32_t)n->kind };
        if (r < l->rows) d.sample = (uint64_t)sample(l, r) + ((uint64_t)(number(l, r) / together) << 40);
        bf_rng_normal(&d, row, (size_t)cols);
        const double sign = r >= l->rows ? 0 : number(l, r) % together == 0 ? 1 : -1;
        for (int j = 0; j < cols; j++) OUT[r * cols + j] = sign * (double)row[j];
    }
    free(row);
}

static void noise_forward(const bf_node *n, const bf_lane *l) { noise(n, l, 1); }
static void antithetic_forward(const bf_node *n, const bf_lane *l) { noise(n, l, 2); }

static void sigma_points_forward(const bf_node *n, const bf_lane *l)
{
    const int cols = bf_lane_shape(l, n->output).channels;
    const double root = (double)sqrtf((float)cols);
    for (int r = 0; r < ROWS; r++)
        for (int j = 0; j < cols; j++) {
            const int64_t point = r < l->rows ? number(l, r) % (2 * cols) : -1;
            OUT[r * cols + j] = point == 2 * j ? root : point == 2 * j + 1 ? -root : 0;
        }
}

static void reparameterize_forward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) OUT[i] = IN(0)[i] + sqrt(exp(IN(1)[i])) * IN(2)[i];
}

static void reparameterize_backward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) {
        give(n, l, 0, i, DOUT[i]);
        give(n, l, 1, i, DOUT[i] * IN(2)[i] * sqrt(exp(IN(1)[i])) / 2);
    }
}

static void kl_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int i = r * COLS; i < (r + 1) * COLS; i++) sum += (IN(0)[i] * IN(0)[i] + exp(IN(1)[i]) - IN(1)[i] - 1) / 2;
        OUT[r] = sum;
    }
}

static void kl_backward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) {
        give(n, l, 0, i, DOUT[i / COLS] * IN(0)[i]);
        give(n, l, 1, i, DOUT[i / COLS] * (exp(IN(1)[i]) - 1) / 2);
    }
}

static void squared_error_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int i = r * COLS; i < (r + 1) * COLS; i++) sum += pow(IN(0)[i] - IN(1)[i], 2);
        OUT[r] = sum;
    }
}

static void squared_error_backward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) {
        give(n, l, 0, i, DOUT[i / COLS] * 2 * (IN(0)[i] - IN(1)[i]));
        give(n, l, 1, i, DOUT[i / COLS] * 2 * (IN(1)[i] - IN(0)[i]));
    }
}

static void bernoulli_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int i = r * COLS; i < (r + 1) * COLS; i++) {
            const double p = 1 / (1 + exp(-IN(1)[i]));
            sum -= IN(0)[i] * log(p) + (1 - IN(0)[i]) * log(1 - p);
        }
        OUT[r] = sum;
    }
}

static void bernoulli_backward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) {
        const double p = 1 / (1 + exp(-IN(1)[i]));
        give(n, l, 0, i, DOUT[i / COLS] * (log(1 - p) - log(p)));
        give(n, l, 1, i, DOUT[i / COLS] * (p - IN(0)[i]));
    }
}

/* The variance row r is charged with; option[0] is the width of a sample. */
typedef double (*variance_of)(const bf_node *n, const bf_lane *l, int r);

static double fixed(const bf_node *n, const bf_lane *l, int r) { (void)l; (void)r; return n->option[1]; }
static double learned(const bf_node *n, const bf_lane *l, int r) { (void)r; return exp(((const double *)bf_lane_slot(l, n, 0))[0]); }
static double optimal(const bf_node *n, const bf_lane *l, int r) { (void)r; return fmax(bf_lane_total(l, n)[0] / l->batch / n->option[0], 1e-8); }
static double per_image(const bf_node *n, const bf_lane *l, int r) { return fmax(IN(0)[r] / n->option[0], 1e-8); }

static void gaussian_forward(const bf_node *n, const bf_lane *l, variance_of variance, bool floors)
{
    for (int r = 0; r < ROWS; r++) {
        const double v = variance(n, l, r);
        OUT[r] = IN(0)[r] / v / 2 + n->option[0] / 2 * (log(2 * PI) + log(v));
        if (r >= l->rows) continue;
        bf_lane_stat(l, n, 0)[0] += v;
        if (floors) bf_lane_stat(l, n, 1)[0] += v == 1e-8;
    }
}

static void gaussian_backward(const bf_node *n, const bf_lane *l, variance_of variance)
{
    for (int r = 0; r < ROWS; r++) give(n, l, 0, r, DOUT[r] / variance(n, l, r) / 2);
}

static void fixed_forward(const bf_node *n, const bf_lane *l) { gaussian_forward(n, l, fixed, false); }
static void fixed_backward(const bf_node *n, const bf_lane *l) { gaussian_backward(n, l, fixed); }
static void learned_forward(const bf_node *n, const bf_lane *l) { gaussian_forward(n, l, learned, false); }
static void optimal_forward(const bf_node *n, const bf_lane *l) { gaussian_forward(n, l, optimal, true); }
static void optimal_backward(const bf_node *n, const bf_lane *l) { gaussian_backward(n, l, optimal); }
static void per_image_forward(const bf_node *n, const bf_lane *l) { gaussian_forward(n, l, per_image, true); }
static void per_image_backward(const bf_node *n, const bf_lane *l) { gaussian_backward(n, l, per_image); }

static void learned_backward(const bf_node *n, const bf_lane *l)
{
    double *slope = bf_lane_slot_gradient(l, n, 0), sum = 0;
    for (int r = 0; r < ROWS; r++) sum += DOUT[r] * (n->option[0] / 2 - IN(0)[r] / learned(n, l, r) / 2);
    *slope = n->slot_adds[0] ? *slope + sum : sum;
    gaussian_backward(n, l, learned);
}

const bf_twin bf_twins_vae[] = {
    { "noise.normal", { noise_forward, NULL } },
    { "noise.antithetic", { antithetic_forward, NULL } },
    { "noise.sigma_points", { sigma_points_forward, NULL } },
    { "reparameterize", { reparameterize_forward, reparameterize_backward } },
    { "kl.normal", { kl_forward, kl_backward } },
    { "squared_error", { squared_error_forward, squared_error_backward } },
    { "bernoulli", { bernoulli_forward, bernoulli_backward } },
    { "gaussian.fixed", { fixed_forward, fixed_backward } },
    { "gaussian.learned", { learned_forward, learned_backward } },
    { "gaussian.optimal", { optimal_forward, optimal_backward } },
    { "gaussian.per_image", { per_image_forward, per_image_backward } },
    { NULL, { NULL, NULL } },
};
