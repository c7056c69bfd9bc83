/* logistic-mixture: every entry is one of 256 levels; its probability is the mass of a mixture of logistics on the level's bin, the outermost
 * bins reaching to infinity. In units of y = 2 x - 1 in [-1, 1] a bin is 2 / 255 wide. Exact for any scale: the mass of a bin is a product,
 *   sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - e^-(a - b)),   a and b the bin's ends in units of the component's scale,
 * whose logarithm loses nothing where both sigmoids are close to 0 or to 1.
 * The numbers of an entry: K logits of the components, K means, K log scales (from -7 on). */
#include "base/log_sum_exp.h"
#include "vae/give.h"
#include "vae/ops.h"
#include "vae/output.h"
#include "vae/row_fit.h"
#include <assert.h>

enum { LEVEL, HEADS, NUMBERS = 3, TOP = BF_LEVELS - 1, VECTOR = 8 };
static_assert(BF_MAX_COMPONENTS % VECTOR == 0, "filled up, the most components are no more");
#define LOG_SCALE_LOW (-7.0f)
#define BIN (2.0f / (float)TOP)

/* The ends of a level's bin, and gates that are 1 where they count: the first bin has no low end, the last no high one. */
typedef struct bin { float low, high, from, to, inner; } bin;

static bin bin_of(float level)
{
    const float twice = 2.0f * level - (float)TOP, from = level < 0.5f ? 0.0f : 1.0f, to = level > (float)TOP - 0.5f ? 0.0f : 1.0f;
    return (bin){ (twice - 1.0f) / (float)TOP, (twice + 1.0f) / (float)TOP, from, to, from * to };
}

/* One entry's components, filled up to whole vectors with components of weight zero. */
typedef struct mixture {
    int   count;                        /* a multiple of VECTOR */
    float logit[BF_MAX_COMPONENTS], mean[BF_MAX_COMPONENTS], scale[BF_MAX_COMPONENTS];
    float joint[BF_MAX_COMPONENTS];     /* logit + ln of the component's mass on the entry's bin */
} mixture;

static float log_scale(float head) { return head < LOG_SCALE_LOW ? LOG_SCALE_LOW : head; }

/* ln(1 - e^-width), width = BIN / scale; where the width is small its logarithm is known without being taken. */
static float log_width(float width, float log_s)
{
    const float small = -4.84812059f - log_s - 0.5f * width, large = bf_log(-bf_expm1(-width));    /* ln BIN */
    return width < 1e-3f ? small : large;
}

static void take_mixture(mixture *restrict m, const float *restrict head, int K, bin at)
{
    m->count = (K + VECTOR - 1) / VECTOR * VECTOR;
    for (int k = 0; k < m->count; k++) {
        m->logit[k] = k < K ? head[k] : -INFINITY;
        m->mean[k] = k < K ? head[K + k] : 0.0f;
        m->scale[k] = k < K ? head[2 * K + k] : 0.0f;
    }
    for (int k = 0; k < m->count; k++) {
        const float log_s = log_scale(m->scale[k]), precision = bf_exp(-log_s);
        const float right = -bf_softplus(-(at.high - m->mean[k]) * precision), left = -bf_softplus((at.low - m->mean[k]) * precision);
        m->joint[k] = m->logit[k] + (at.to * right + at.from * left + at.inner * log_width(BIN * precision, log_s));
    }
}

static double entry_nll(const float *head, int K, float level)
{
    mixture m;
    take_mixture(&m, head, K, bin_of(level));
    return bf_log_sum_exp(m.logit, m.count) - bf_log_sum_exp(m.joint, m.count);
}

static int components_of(const bf_node *n, const bf_lane *l)
{
    return (int)(bf_shape_cols(bf_lane_shape(l, n->input[HEADS])) / bf_shape_cols(bf_lane_shape(l, n->input[LEVEL])) / NUMBERS);
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[LEVEL]);
    const size_t cols = bf_shape_cols(s);
    const int K = components_of(n, l);
    const float *level = bf_lane_value(l, n->input[LEVEL]), *head = bf_lane_value(l, n->input[HEADS]);
    float *nll = bf_lane_value(l, n->output);
    for (int r = 0; r < s.rows; r++) {
        double sum = 0.0;
        for (size_t j = 0; j < cols; j++, level++, head += NUMBERS * K) sum += entry_nll(head, K, *level);
        nll[r] = (float)sum;
    }
}

/* d(-ln p) by the numbers of an entry: as in mixture, joint aside. */
static void take_slopes(const mixture *restrict m, bin at, mixture *restrict by)
{
    const float prior = (float)bf_log_sum_exp(m->logit, m->count), posterior = (float)bf_log_sum_exp(m->joint, m->count);
    for (int k = 0; k < m->count; k++) {
        const float share = bf_exp(m->joint[k] - posterior), precision = bf_exp(-log_scale(m->scale[k]));
        const float a = (at.high - m->mean[k]) * precision, b = (at.low - m->mean[k]) * precision, width = BIN * precision;
        const float by_a = at.to * bf_sigmoid(-a), by_b = -at.from * bf_sigmoid(b);
        const float narrow = 1.0f - 0.5f * width, broad = width / bf_expm1(width), bending = at.inner * (width < 1e-3f ? narrow : broad);
        const float by_scale = share * (a * by_a + b * by_b + bending);
        by->logit[k] = bf_exp(m->logit[k] - prior) - share;
        by->mean[k] = share * precision * (by_a + by_b);
        by->scale[k] = m->scale[k] < LOG_SCALE_LOW ? 0.0f : by_scale;
    }
}

static void entry_backward(const bf_node *n, const bf_lane *l, const float *head, int K, float level, size_t at, float g)
{
    const bin b = bin_of(level);
    mixture m, by;
    take_mixture(&m, head, K, b);
    take_slopes(&m, b, &by);
    bf_give(n, l, HEADS, at, by.logit, g, (size_t)K);
    bf_give(n, l, HEADS, at + (size_t)K, by.mean, g, (size_t)K);
    bf_give(n, l, HEADS, at + 2 * (size_t)K, by.scale, g, (size_t)K);
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[LEVEL]);
    const size_t cols = bf_shape_cols(s);
    const int K = components_of(n, l);
    const float *level = bf_lane_value(l, n->input[LEVEL]), *head = bf_lane_value(l, n->input[HEADS]), *dnll = bf_lane_gradient(l, n->output);
    for (size_t r = 0; r < (size_t)s.rows; r++)
        for (size_t i = r * cols; i < (r + 1) * cols; i++) {
            const size_t at = i * (size_t)(NUMBERS * K);
            entry_backward(n, l, head + at, K, level[i], at, dnll[r]);
        }
}

/* Nine of a component forward, fifteen backward, each of three numbers; ten components are worked out as sixteen. */
const bf_op bf_op_logistic_mixture = {
    .name = "logistic_mixture", .portable = { forward, backward }, .elementary = { 4.8f, 8.0f }, .needs = 1u << LEVEL | 1u << HEADS };

bf_value bf_logistic_mixture(bf_builder *b, bf_value level, bf_value heads)
{
    const bf_shape s = bf_builder_shape(b, level);
    assert(bf_shape_cols(bf_builder_shape(b, heads)) <= bf_shape_cols(s) * NUMBERS * BF_MAX_COMPONENTS);
    return bf_node_add(b, &bf_op_logistic_mixture, 2, (const bf_value[]){ level, heads }, bf_shape_flat(s.rows, 1))->output;
}

/* The mixture's mean, taken back from y to x and kept in [0, 1]. */
static void mean_forward(const bf_node *n, const bf_lane *l)
{
    const size_t entries = bf_shape_count(bf_lane_shape(l, n->output));
    const int K = n->kind;
    const float *head = bf_lane_value(l, n->input[0]);
    float *mean = bf_lane_value(l, n->output);
    for (size_t i = 0; i < entries; i++, head += NUMBERS * K) {
        const float total = (float)bf_log_sum_exp(head, K);
        double y = 0.0;
        for (int k = 0; k < K; k++) y += (double)(bf_exp(head[k] - total) * head[K + k]);
        const float x = (float)(0.5 * (y + 1.0));
        mean[i] = x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
    }
}

const bf_op bf_op_logistic_mixture_mean = { .name = "logistic_mixture.mean", .portable = { mean_forward, NULL }, .elementary = { 0.7f, 0.0f } };

bf_value bf_logistic_mixture_mean(bf_builder *b, bf_value heads, int components)
{
    const bf_shape s = bf_builder_shape(b, heads);
    const int entries = (int)(bf_shape_cols(s) / (size_t)(NUMBERS * components));
    bf_node *n = bf_node_add(b, &bf_op_logistic_mixture_mean, 1, &heads, bf_shape_flat(s.rows, entries));
    n->kind = components;
    return n->output;
}

static bf_status check(const bf_vae_options *o)
{
    if (o->components >= 1 && o->components <= BF_MAX_COMPONENTS) return BF_DONE;
    return BF_FAIL(BF_E_INPUT, "likelihood.components: %lld is not between 1 and %d", (long long)o->components, BF_MAX_COMPONENTS);
}

static bf_heads heads(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features)
{
    return (bf_heads){ bf_output(b, o, d, features, "decoder.output", NUMBERS * (int)o->components, 1.0, 0.0), BF_NO_VALUE, BF_NO_VALUE };
}

static bf_value mean(bf_builder *b, const bf_vae_options *o, bf_heads h) { return bf_logistic_mixture_mean(b, h.output, (int)o->components); }

static bf_value nll(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads h)
{
    (void)o;
    (void)d;
    return bf_logistic_mixture(b, bf_levels(b, x, BF_LEVELS), h.output);
}

const bf_likelihood bf_likelihood_logistic_mixture = {
    .name = "logistic-mixture", .help = "a discretised mixture of logistics (likelihood.components) for a byte", .discrete = true,
    .check = check, .heads = heads, .mean = mean, .nll = nll, .fit = nll, .distortion = bf_row_fit_distortion, .row_variance = bf_row_fit_variance,
};
