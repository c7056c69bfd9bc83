#include "measure/importance.h"

#include "measure/pause.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* sum w and sum w^2 of weights given by their logarithms, relative to the largest so far. */
typedef struct weights { double peak, sum, square; } weights;

struct bf_importance {
    bf_evaluator *e;
    bf_split split;
    int64_t  draws;
    bf_vae   judge;
    double  *stats;             /* of the plan, which has none to give */
    weights *of;                /* (block) */
    double  *ratio;             /* (rows of a plan) log p(z) - log q(z|x) of every row */
};

/* The samples of one call. */
typedef struct samples {
    const float *theta, *x, *mean, *scale;
    const int64_t *index;
    double log_variance;
} samples;

bf_status bf_importance_create(bf_evaluator *e, bf_split split, int64_t draws, int block, bf_importance **out)
{
    const bf_plan_shape shape = { .rows = e->rows, .lanes = 1, .backward = false };
    *out = NULL;
    bf_importance *m = calloc(1, sizeof *m);
    if (!m) return BF_FAIL(BF_E_MEMORY, "importance samples");
    *m = (bf_importance){ .e = e, .split = split, .draws = draws };
    bf_status s = bf_vae_build(e->options, &e->shape, BF_VAE_JUDGE, &shape, e->backend, BF_USE_NLL, e->params, &m->judge);
    if (!s.code) {
        bf_vae_tell(&m->judge, e->options, e->beta);
        m->stats = calloc((size_t)bf_plan_stats_size(m->judge.plan) + 1, sizeof *m->stats);
        m->of = calloc((size_t)block, sizeof *m->of);
        m->ratio = calloc((size_t)e->rows, sizeof *m->ratio);
        if (!m->stats || !m->of || !m->ratio) s = BF_FAIL(BF_E_MEMORY, "importance samples");
    }
    if (s.code) bf_importance_destroy(&m);
    *out = m;
    return s;
}

void bf_importance_destroy(bf_importance **importance)
{
    bf_importance *m = *importance;
    if (!m) return;
    bf_vae_destroy(&m->judge);
    free(m->stats);
    free(m->of);
    free(m->ratio);
    free(m);
    *importance = NULL;
}

static void add_weight(weights *w, double logarithm)
{
    if (logarithm == -INFINITY) return;
    if (logarithm > w->peak) {
        const double scale = exp(w->peak - logarithm);
        *w = (weights){ logarithm, w->sum * scale + 1.0, w->square * scale * scale + 1.0 };
    } else {                                    /* a NaN comes here and stays */
        const double ratio = exp(logarithm - w->peak);
        w->sum += ratio;
        w->square += ratio * ratio;
    }
}

/* Row `row` of the plan becomes draw number `draw` of a sample. */
static void put_pair(bf_importance *m, const samples *s, int64_t sample, int64_t draw, int row)
{
    const bf_evaluator *e = m->e;
    const bf_vae *v = &m->judge;
    const size_t width = (size_t)v->width, latent = (size_t)v->latent, i = (size_t)sample;
    const float *mean = s->mean + i * latent, *scale = s->scale + i * latent;
    float *z = (float *)bf_plan_value(v->plan, 0, v->z) + (size_t)row * latent;
    const bf_draw at = { .seed = e->seed, .step = (uint64_t)draw, .sample = (uint64_t)s->index[i], .use = BF_USE_NLL + 16u * (uint32_t)m->split };
    memcpy((float *)bf_plan_value(v->plan, 0, v->x) + (size_t)row * width, s->x + i * width, width * sizeof(float));
    if (e->labels[m->split]) bf_vae_label(v, 0, row, e->labels[m->split][s->index[i]]);
    e->posterior->draw(mean, scale, v->latent, &at, z);
    m->ratio[row] = e->prior->log_density(z, v->latent) - e->posterior->log_density(mean, scale, v->latent, z);
}

/* Pairs first .. first+rows-1 of the (sample, draw) list. What is left in rows not in use is finite: earlier pairs, or zeros. */
static void take_pairs(bf_importance *m, const samples *s, int64_t first, int rows)
{
    const bf_likelihood *l = m->e->likelihood;
    const bf_vae *v = &m->judge;
    for (int r = 0; r < rows; r++) put_pair(m, s, (first + r) / m->draws, (first + r) % m->draws, r);
    const bf_run run = { .theta = s->theta, .stats = m->stats, .seed = m->e->seed, .rows = rows, .batch = rows };
    bf_plan_run(v->plan, &run);
    const float *fit = bf_plan_value(v->plan, 0, v->fit);
    for (int r = 0; r < rows; r++)
        add_weight(&m->of[(first + r) / m->draws], m->ratio[r] - l->distortion((double)fit[r], v->width, s->log_variance));
}

static bf_estimate_of_p estimate(const weights *w, int64_t draws)
{
    const double k = (double)draws, ess = w->sum * w->sum / w->square;
    return (bf_estimate_of_p){ .nll = log(k) - (w->peak + log(w->sum)), .ess = ess, .bias = (k / ess - 1.0) / (2.0 * (k - 1.0)) };
}

void bf_importance_take(bf_importance *m, const float *theta, double log_variance, const float *x, const float *mean, const float *scale,
                        const int64_t *index, int n, bf_estimate_of_p *out)
{
    const samples s = { .theta = theta, .x = x, .mean = mean, .scale = scale, .index = index, .log_variance = log_variance };
    const int64_t pairs = n * m->draws;
    for (int i = 0; i < n; i++) m->of[i] = (weights){ .peak = -INFINITY };
    const int rows = m->e->rows;
    for (int64_t first = 0; first < pairs && !bf_pause(m->e); first += rows)
        take_pairs(m, &s, first, pairs - first < rows ? (int)(pairs - first) : rows);
    for (int i = 0; i < n; i++) out[i] = estimate(&m->of[i], m->draws);
}
