/* student-t: the decoder gives every entry a mean, a scale s (softclip of its logarithm) and degrees of freedom nu = 0.01 + softplus. With
 * e = (x - mean)^2 / s^2 the entry's -log p is gap(nu / 2) + ln(2 pi) / 2 + ln s + (nu + 1) / 2 ln(1 + e / nu), gap being what the gamma functions
 * leave beyond a root (base/gamma_gap.h); above nu = 1e6 it is the Gaussian's. */
#include "base/gamma_gap.h"
#include "nn/ways.h"
#include "vae/gaussian.h"
#include "vae/give.h"
#include "vae/ops.h"
#include "vae/output.h"
#include "vae/row_fit.h"
#include "vae/softclip.h"

enum { X, MEAN, SCALE, DOF, PIECE = 256 };
#define DOF_LOW 0.01f
#define DOF_GAUSSIAN 1e6f
#define DOF_START 5.0           /* heavy tails that still have a variance */

static float dof_of(float head) { return DOF_LOW + bf_softplus(head); }

/* Without the constant ln(2 pi) / 2. */
static float entry(float x, float mean, float scale, float dof)
{
    const float log_s = bf_softclip(scale), nu = dof_of(dof), r = x - mean, e = r * r * bf_exp(-2.0f * log_s);
    const float t = bf_gamma_gap(0.5f * nu) + 0.5f * (nu + 1.0f) * bf_log1p(e / nu);
    return log_s + (nu > DOF_GAUSSIAN ? 0.5f * e : t);
}

typedef struct row { const float *x, *mean, *scale, *dof; } row;

static row row_at(const bf_node *n, const bf_lane *l, size_t at)
{
    const float *in[4];
    for (int i = 0; i < 4; i++) in[i] = (const float *)bf_lane_value(l, n->input[i]) + at;
    return (row){ in[X], in[MEAN], in[SCALE], in[DOF] };
}

static double row_nll(const row *v, size_t cols)
{
    float piece[PIECE];
    double way[BF_WAYS] = { 0.0 };
    for (size_t first = 0; first < cols; first += PIECE) {
        const size_t n = cols - first < PIECE ? cols - first : PIECE;
        for (size_t j = 0; j < n; j++) piece[j] = entry(v->x[first + j], v->mean[first + j], v->scale[first + j], v->dof[first + j]);
        bf_ways_add(way, piece, n);
    }
    return bf_ways_total(way);
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[X]);
    const size_t cols = bf_shape_cols(s);
    const double constant = bf_gaussian_nll(0.0, (int)cols, 1.0);
    float *nll = bf_lane_value(l, n->output);
    for (size_t r = 0; r < (size_t)s.rows; r++) {
        const row v = row_at(n, l, r * cols);
        nll[r] = (float)(row_nll(&v, cols) + constant);
    }
}

/* ln(1 + u) - u, u >= 0. */
static float log1p_minus(float u)
{
    const float series = u * u * (-0.5f + u * (0.333333333f - u * (0.25f - 0.2f * u)));
    return u < 0.05f ? series : bf_log1p(u) - u;
}

typedef struct slopes { float mean[PIECE], scale[PIECE], dof[PIECE]; } slopes;

static void take_slopes(const row *v, slopes *restrict by, size_t count)
{
    for (size_t j = 0; j < count; j++) {
        const float r = v->x[j] - v->mean[j], nu = dof_of(v->dof[j]), precision = bf_exp(-2.0f * bf_softclip(v->scale[j]));
        const float e = r * r * precision, u = e / nu;
        const bool gaussian = nu > DOF_GAUSSIAN;
        const float weight = gaussian ? 1.0f : (nu + 1.0f) / (nu + e);
        /* ln(1 + u) - weight u, whose parts nearly cancel for many degrees of freedom. */
        const float rest = log1p_minus(u) + u * (e - 1.0f) / (nu + e);
        const float by_nu = gaussian ? 0.0f : 0.5f * (bf_gamma_gap_slope(0.5f * nu) + rest);
        by->mean[j] = -weight * r * precision;
        by->scale[j] = (1.0f - weight * e) * bf_softclip_slope(v->scale[j]);
        by->dof[j] = by_nu * bf_sigmoid(v->dof[j]);
    }
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[X]);
    const size_t cols = bf_shape_cols(s);
    const float *dnll = bf_lane_gradient(l, n->output);
    slopes by;
    for (size_t r = 0; r < (size_t)s.rows; r++)
        for (size_t first = 0; first < cols; first += PIECE) {
            const size_t at = r * cols + first, count = cols - first < PIECE ? cols - first : PIECE;
            const row v = row_at(n, l, at);
            take_slopes(&v, &by, count);
            bf_give(n, l, X, at, by.mean, -dnll[r], count);
            bf_give(n, l, MEAN, at, by.mean, dnll[r], count);
            bf_give(n, l, SCALE, at, by.scale, dnll[r], count);
            bf_give(n, l, DOF, at, by.dof, dnll[r], count);
        }
}

const bf_op bf_op_student_t = {
    .name = "student_t", .portable = { forward, backward }, .elementary = { 7.0f, 8.0f }, .needs = 1u << X | 1u << MEAN | 1u << SCALE | 1u << DOF };

bf_value bf_student_t(bf_builder *b, bf_value x, bf_value mean, bf_value scale, bf_value dof)
{
    const bf_shape s = bf_builder_shape(b, x);
    return bf_node_add(b, &bf_op_student_t, 4, (const bf_value[]){ x, mean, scale, dof }, bf_shape_flat(s.rows, 1))->output;
}

/* The scale starts at the data's deviation, whatever likelihood.value says: that is a Gaussian's. */
static bf_heads heads(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features)
{
    bf_heads h = bf_gaussian_heads(b, o, d, features);
    h.scale = bf_output(b, o, d, features, "decoder.scale", 1, BF_GAUSSIAN_HEAD_GAIN, bf_softclip_inverse(0.5 * log(d->variance)));
    h.dof = bf_output(b, o, d, features, "decoder.dof", 1, BF_GAUSSIAN_HEAD_GAIN, DOF_START);
    return h;
}

static bf_value nll(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads h)
{
    (void)d;
    return bf_student_t(b, x, bf_gaussian_mean(b, o, h), h.scale, h.dof);
}

const bf_likelihood bf_likelihood_student_t = {
    .name = "student-t", .help = "Student's t whose decoder gives every entry a scale and degrees of freedom",
    .heads = heads, .mean = bf_gaussian_mean, .nll = nll, .fit = nll, .distortion = bf_row_fit_distortion, .row_variance = bf_row_fit_variance,
};
