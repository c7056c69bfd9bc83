/* Definitions of the likelihoods that are more than a function of the squared error. */
#include "twins/twin.h"
#include <math.h>

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

static double softplus(double h) { return h > 0 ? h + log1p(exp(-h)) : log1p(exp(h)); }
static double sigmoid(double h) { return 1 / (1 + exp(-h)); }
static double softclip(double h) { return -6 + softplus(h + 6); }
static double softclip_slope(double h) { return sigmoid(h + 6); }

/* --- gaussian ---------------------------------------------------------------------------------------------------- */

static void per_pixel_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int i = r * COLS; i < (r + 1) * COLS; i++) {
            const double s = exp(softclip(IN(2)[i]));
            sum += pow((IN(0)[i] - IN(1)[i]) / s, 2) / 2 + log(s) + log(2 * PI) / 2;
        }
        OUT[r] = sum;
    }
}

static void per_pixel_backward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) {
        const double e = IN(0)[i] - IN(1)[i], variance = exp(2 * softclip(IN(2)[i])), g = DOUT[i / COLS];
        give(n, l, 0, i, g * e / variance);
        give(n, l, 1, i, -g * e / variance);
        give(n, l, 2, i, g * (1 - e * e / variance) * softclip_slope(IN(2)[i]));
    }
}

static void decoder_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        const double variance = exp(2 * softclip(IN(1)[r]));
        OUT[r] = IN(0)[r] / variance / 2 + n->kind * log(2 * PI * variance) / 2;
    }
}

static void decoder_backward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        const double variance = exp(2 * softclip(IN(1)[r]));
        give(n, l, 0, r, DOUT[r] / variance / 2);
        give(n, l, 1, r, DOUT[r] * (n->kind - IN(0)[r] / variance) * softclip_slope(IN(1)[r]));
    }
}

static void decoder_variance_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int i = r * COLS; i < (r + 1) * COLS; i++) sum += exp(2 * softclip(IN(0)[i]));
        OUT[r] = sum / COLS;
        if (r < l->rows) bf_lane_stat(l, n, 0)[0] += OUT[r];
    }
}

static void log_abs_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int i = r * COLS; i < (r + 1) * COLS; i++) sum += log(pow(IN(0)[i] - IN(1)[i], 2) + n->option[0]) / 2;
        OUT[r] = sum;
    }
}

static void log_abs_backward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) {
        const double e = IN(0)[i] - IN(1)[i], g = DOUT[i / COLS] * e / (e * e + n->option[0]);
        give(n, l, 0, i, g);
        give(n, l, 1, i, -g);
    }
}

/* --- student-t --------------------------------------------------------------------------------------------------- */

static double digamma(double a)
{
    double shift = 0;
    for (; a < 12; a++) shift -= 1 / a;
    const double z = 1 / (a * a);
    return shift + log(a) - 1 / (2 * a) - z * (1 / 12.0 - z * (1 / 120.0 - z * (1 / 252.0 - z * (1 / 240.0 - z / 132.0))));
}

static void student_t_forward(const bf_node *n, const bf_lane *l)
{
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int i = r * COLS; i < (r + 1) * COLS; i++) {
            const double e = IN(0)[i] - IN(1)[i], s = exp(softclip(IN(2)[i])), nu = 0.01 + softplus(IN(3)[i]);
            if (nu > 1e6) sum += e * e / (s * s) / 2 + log(s) + log(2 * PI) / 2;
            else sum += lgamma(nu / 2) - lgamma((nu + 1) / 2) + log(nu * PI * s * s) / 2 + (nu + 1) / 2 * log(1 + e * e / (nu * s * s));
        }
        OUT[r] = sum;
    }
}

static void student_t_backward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) {
        const double e = IN(0)[i] - IN(1)[i], v = exp(2 * softclip(IN(2)[i])), nu = 0.01 + softplus(IN(3)[i]), g = DOUT[i / COLS];
        const bool gaussian = nu > 1e6;
        const double by_e = gaussian ? e / v : (nu + 1) * e / (nu * v + e * e);
        const double by_nu = gaussian ? 0 : (digamma(nu / 2) - digamma((nu + 1) / 2) + 1 / nu + log(1 + e * e / (nu * v)) -
                                             (nu + 1) * e * e / (nu * (nu * v + e * e))) / 2;
        give(n, l, 0, i, g * by_e);
        give(n, l, 1, i, -g * by_e);
        give(n, l, 2, i, g * (1 - e * by_e) * softclip_slope(IN(2)[i]));
        give(n, l, 3, i, g * by_nu * sigmoid(IN(3)[i]));
    }
}

/* --- bytes ------------------------------------------------------------------------------------------------------- */

static void levels_forward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++) OUT[i] = fmin(fmax(floor(n->kind * IN(0)[i] + 0.5), 0), n->kind);
}

static void bits_forward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS; i++)
        for (int k = 0; k < 8; k++) OUT[8 * i + k] = fmod(floor(IN(0)[i] / pow(2, k)), 2);
}

static void bits_mean_forward(const bf_node *n, const bf_lane *l)
{
    for (int i = 0; i < ROWS * COLS / 8; i++) {
        OUT[i] = 0;
        for (int k = 0; k < 8; k++) OUT[i] += IN(0)[8 * i + k] * pow(2, k) / 255;
    }
}

static double log_total(const double *v, int n)
{
    double most = v[0], sum = 0;
    for (int k = 1; k < n; k++) most = v[k] > most ? v[k] : most;
    for (int k = 0; k < n; k++) sum += exp(v[k] - most);
    return most + log(sum);
}

static void categorical_forward(const bf_node *n, const bf_lane *l)
{
    const int levels = (int)bf_shape_cols(SHAPE(1)) / COLS;
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int i = r * COLS; i < (r + 1) * COLS; i++) sum += log_total(&IN(1)[i * levels], levels) - IN(1)[i * levels + (int)IN(0)[i]];
        OUT[r] = sum;
    }
}

static void categorical_backward(const bf_node *n, const bf_lane *l)
{
    const int levels = (int)bf_shape_cols(SHAPE(1)) / COLS;
    for (int i = 0; i < ROWS * COLS; i++) {
        const double *logit = &IN(1)[i * levels], total = log_total(logit, levels);
        for (int k = 0; k < levels; k++) give(n, l, 1, i * levels + k, DOUT[i / COLS] * (exp(logit[k] - total) - (k == (int)IN(0)[i])));
    }
}

static void categorical_mean_forward(const bf_node *n, const bf_lane *l)
{
    const int levels = n->kind;
    for (int i = 0; i < ROWS * COLS / levels; i++) {
        const double *logit = &IN(0)[i * levels], total = log_total(logit, levels);
        OUT[i] = 0;
        for (int k = 0; k < levels; k++) OUT[i] += exp(logit[k] - total) * k / (levels - 1);
    }
}

/* The mass of a component on the bin of a level, from the tail that loses no digits, and its slopes. */
typedef struct mass { double mass, by_mean, by_scale; } mass;

static mass logistic(double level, double mean, double raw)
{
    const double s = exp(fmax(raw, -7)), y = 2 * level / 255 - 1, a = (y + 1.0 / 255 - mean) / s, b = (y - 1.0 / 255 - mean) / s;
    const double above = level > 254.5 ? 0 : sigmoid(-a), below = level < 0.5 ? 0 : sigmoid(b);     /* mass outside, on either side */
    const double at_a = above * (1 - above), at_b = below * (1 - below);
    mass m = { level < 0.5 ? 1 - above : level > 254.5 ? 1 - below : a + b > 0 ? sigmoid(-b) - above : sigmoid(a) - below,
               (at_b - at_a) / s, raw < -7 ? 0 : b * at_b - a * at_a };
    return m;
}

static void mixture_forward(const bf_node *n, const bf_lane *l)
{
    const int K = (int)bf_shape_cols(SHAPE(1)) / COLS / 3;
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int i = r * COLS; i < (r + 1) * COLS; i++) {
            const double *h = &IN(1)[3 * K * i];
            double p = 0;
            for (int k = 0; k < K; k++) p += exp(h[k] - log_total(h, K)) * logistic(IN(0)[i], h[K + k], h[2 * K + k]).mass;
            sum -= log(p);
        }
        OUT[r] = sum;
    }
}

static void mixture_backward(const bf_node *n, const bf_lane *l)
{
    const int K = (int)bf_shape_cols(SHAPE(1)) / COLS / 3;
    for (int i = 0; i < ROWS * COLS; i++) {
        const double *h = &IN(1)[3 * K * i], g = DOUT[i / COLS];
        double p = 0;
        for (int k = 0; k < K; k++) p += exp(h[k] - log_total(h, K)) * logistic(IN(0)[i], h[K + k], h[2 * K + k]).mass;
        for (int k = 0; k < K; k++) {
            const double share = exp(h[k] - log_total(h, K));
            const mass m = logistic(IN(0)[i], h[K + k], h[2 * K + k]);
            give(n, l, 1, 3 * K * i + k, g * share * (1 - m.mass / p));
            give(n, l, 1, 3 * K * i + K + k, -g * share * m.by_mean / p);
            give(n, l, 1, 3 * K * i + 2 * K + k, -g * share * m.by_scale / p);
        }
    }
}

static void mixture_mean_forward(const bf_node *n, const bf_lane *l)
{
    const int K = n->kind;
    for (int i = 0; i < ROWS * COLS / (3 * K); i++) {
        const double *h = &IN(0)[3 * K * i];
        double y = 0;
        for (int k = 0; k < K; k++) y += exp(h[k] - log_total(h, K)) * h[K + k];
        OUT[i] = fmin(fmax((y + 1) / 2, 0), 1);
    }
}

const bf_twin bf_twins_likelihood[] = {
    { "gaussian.per_pixel", { per_pixel_forward, per_pixel_backward } },
    { "gaussian.decoder", { decoder_forward, decoder_backward } },
    { "decoder_variance", { decoder_variance_forward, NULL } },
    { "student_t", { student_t_forward, student_t_backward } },
    { "log_abs", { log_abs_forward, log_abs_backward } },
    { "levels", { levels_forward, NULL } },
    { "bits", { bits_forward, NULL } },
    { "bits.mean", { bits_mean_forward, NULL } },
    { "categorical", { categorical_forward, categorical_backward } },
    { "categorical.mean", { categorical_mean_forward, NULL } },
    { "logistic_mixture", { mixture_forward, mixture_backward } },
    { "logistic_mixture.mean", { mixture_mean_forward, NULL } },
    { NULL, { NULL, NULL } },
};
