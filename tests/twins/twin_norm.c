/* Definitions of the normalisations of nn/. */
#include "twins/twin.h"
#include <math.h>
#include <stdlib.h>

#define SHAPE(v) bf_lane_shape(l, n->input[v])
#define YSHAPE bf_lane_shape(l, n->output)
#define IN(v) ((const double *)bf_lane_value(l, n->input[v]))
#define DIN(v) ((double *)bf_lane_gradient(l, n->input[v]))
#define OUT ((double *)bf_lane_value(l, n->output))
#define DOUT ((const double *)bf_lane_gradient(l, n->output))
#define SLOT(i) ((const double *)bf_lane_slot(l, n, i))
#define DSLOT(i) ((double *)bf_lane_slot_gradient(l, n, i))

static void give(double *to, bool adds, double g) { *to = adds ? *to + g : g; }

/* --- batch normalisation ----------------------------------------------------------------------------------------- */

static size_t channels(const bf_node *n, const bf_lane *l) { return (size_t)SHAPE(0).channels; }
static size_t entries(const bf_node *n, const bf_lane *l) { return bf_shape_count(SHAPE(0)); }
static int copies(const bf_node *n, const bf_lane *l) { return bf_lane_copies(l, n->input[0]); }
static size_t entries_in_use(const bf_node *n, const bf_lane *l) { return (size_t)(l->rows / copies(n, l)) * bf_shape_cols(SHAPE(0)); }
static double population(const bf_node *n, const bf_lane *l) { return l->batch / copies(n, l) * SHAPE(0).height * SHAPE(0).width; }

static double mean(const bf_node *n, const bf_lane *l, size_t c) { return bf_lane_total(l, n)[c] / population(n, l); }

static double variance(const bf_node *n, const bf_lane *l, size_t c)
{
    return bf_lane_total(l, n)[channels(n, l) + c] / population(n, l) - mean(n, l, c) * mean(n, l, c);
}

static double deviation(const bf_node *n, const bf_lane *l, size_t c) { return sqrt(variance(n, l, c) + n->option[0]); }

static void sums_forward(const bf_node *n, const bf_lane *l)
{
    const size_t c = channels(n, l);
    double *sum = bf_lane_partial(l, n);
    for (size_t i = 0; i < 2 * c; i++) sum[i] = 0;
    for (size_t i = 0; i < entries_in_use(n, l); i++) {
        sum[i % c] += IN(0)[i];
        sum[c + i % c] += IN(0)[i] * IN(0)[i];
    }
}

static void sums_backward(const bf_node *n, const bf_lane *l)
{
    const size_t c = channels(n, l);
    const double *slopes = bf_lane_total_slopes(l, n);
    for (size_t i = 0; n->wants[0] && i < entries(n, l); i++)
        give(&DIN(0)[i], n->adds[0], i < entries_in_use(n, l) ? slopes[i % c] + 2 * IN(0)[i] * slopes[c + i % c] : 0);
}

static void batch_forward(const bf_node *n, const bf_lane *l)
{
    const size_t c = channels(n, l);
    double *noted = malloc(2 * c * sizeof *noted);
    if (noted == NULL) abort();
    for (size_t i = 0; i < entries(n, l); i++)
        OUT[i] = (IN(0)[i] - mean(n, l, i % c)) / deviation(n, l, i % c) * SLOT(0)[i % c] + SLOT(1)[i % c];
    for (size_t k = 0; k < c; k++) {
        noted[k] = mean(n, l, k);
        noted[c + k] = variance(n, l, k);
    }
    bf_lane_note(l, n, 2, noted);
    bf_lane_note(l, n, 3, noted + c);
    free(noted);
}

/* Through x itself, through the mean and through the variance. */
static void batch_backward(const bf_node *n, const bf_lane *l)
{
    const size_t c = channels(n, l);
    double *slope = bf_lane_total_slope(l, n);
    for (size_t k = 0; k < c; k++) {
        double by_weight = 0, by_bias = 0;
        for (size_t i = k; i < entries(n, l); i += c) {
            by_weight += DOUT[i] * (IN(0)[i] - mean(n, l, k)) / deviation(n, l, k);
            by_bias += DOUT[i];
            if (n->wants[0]) give(&DIN(0)[i], n->adds[0], DOUT[i] * SLOT(0)[k] / deviation(n, l, k));
        }
        give(&DSLOT(0)[k], n->slot_adds[0], by_weight);
        give(&DSLOT(1)[k], n->slot_adds[1], by_bias);
        const double by_mean = -SLOT(0)[k] * by_bias / deviation(n, l, k), by_variance = -SLOT(0)[k] * by_weight / pow(deviation(n, l, k), 2) / 2;
        slope[k] += by_mean / population(n, l) - by_variance * 2 * mean(n, l, k) / population(n, l);
        slope[c + k] += by_variance / population(n, l);
    }
}

static void frozen_forward(const bf_node *n, const bf_lane *l)
{
    const size_t c = channels(n, l);
    for (size_t i = 0; i < entries(n, l); i++)
        OUT[i] = (IN(0)[i] - SLOT(2)[i % c]) / sqrt(SLOT(3)[i % c] + n->option[0]) * SLOT(0)[i % c] + SLOT(1)[i % c];
}

/* --- spectral normalisation: the norm's value is sigma, u', v ---------------------------------------------------- */

#define ROWS_OF ((size_t)n->option[0])
#define REST ((size_t)n->option[1])

static double norm(const double *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += x[i] * x[i];
    return sqrt(sum);
}

static void spectral_norm_forward(const bf_node *n, const bf_lane *l)
{
    double *u = OUT + 1, *v = u + ROWS_OF;
    for (size_t i = 0; i < REST; i++) {
        v[i] = 0;
        for (size_t o = 0; o < ROWS_OF; o++) v[i] += SLOT(0)[o * REST + i] * SLOT(1)[o];
    }
    const double length = norm(v, REST);
    for (size_t i = 0; i < REST; i++) v[i] /= length;
    for (size_t o = 0; o < ROWS_OF; o++) {
        u[o] = 0;
        for (size_t i = 0; i < REST; i++) u[o] += SLOT(0)[o * REST + i] * v[i];
    }
    OUT[0] = norm(u, ROWS_OF);
    for (size_t o = 0; o < ROWS_OF; o++) u[o] /= OUT[0];
    if (n->slot_stat[1] >= 0) bf_lane_note(l, n, 1, u);
}

static void spectral_norm_backward(const bf_node *n, const bf_lane *l)
{
    const double *u = OUT + 1, *v = u + ROWS_OF;
    for (size_t o = 0; o < ROWS_OF; o++)
        for (size_t i = 0; i < REST; i++) give(&DSLOT(0)[o * REST + i], n->slot_adds[0], DOUT[0] * u[o] * v[i]);
}

static void spectral_forward(const bf_node *n, const bf_lane *l)
{
    for (size_t i = 0; i < bf_shape_count(YSHAPE); i++) OUT[i] = IN(0)[i] / IN(1)[0] + SLOT(0)[i % ROWS_OF];
}

static void spectral_backward(const bf_node *n, const bf_lane *l)
{
    double by_sigma = 0;
    for (size_t o = 0; o < ROWS_OF; o++) {
        double sum = 0;
        for (size_t i = o; i < bf_shape_count(YSHAPE); i += ROWS_OF) sum += DOUT[i];
        give(&DSLOT(0)[o], n->slot_adds[0], sum);
    }
    for (size_t i = 0; i < bf_shape_count(YSHAPE); i++) {
        by_sigma -= DOUT[i] * IN(0)[i] / (IN(1)[0] * IN(1)[0]);
        if (n->wants[0]) give(&DIN(0)[i], n->adds[0], DOUT[i] / IN(1)[0]);
    }
    give(&DIN(1)[0], n->adds[1], by_sigma);
}

const bf_twin bf_twins_norm[] = {
    { "batch_norm.sums", { sums_forward, sums_backward } },
    { "batch_norm", { batch_forward, batch_backward } },
    { "batch_norm.frozen", { frozen_forward, NULL } },
    { "spectral.norm", { spectral_norm_forward, spectral_norm_backward } },
    { "spectral", { spectral_forward, spectral_backward } },
    { NULL, { NULL, NULL } },
};
