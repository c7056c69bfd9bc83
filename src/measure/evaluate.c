#include "measure/evaluate.h"

#include "base/arena.h"
#include "base/rng.h"
#include "measure/accounting.h"
#include "measure/affine.h"
#include "measure/block_sums.h"
#include "measure/evaluator.h"
#include "measure/pause.h"
#include "vae/gaussian.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One pass over this rank's blocks of a split. */
typedef struct pass {
    bf_evaluator  *e;
    const bf_vae  *vae;
    const float   *theta;
    bf_split       split;
    bf_evaluation *out;
    int     draws;              /* of every sample; 1 where the expectation is exact or nothing is drawn */
    int64_t own, blocks, first_block;
    size_t  record;
    bf_arena arena;
    double *mine, *all, *total; /* (own, record), (blocks, record), (record) */
    double *norms, *column;     /* (latent) squared norms of an affine decoder's columns; (width) one of them */
    double *value, *scatter;    /* (BF_EVAL_ROWS) per row: mean over draws of what is averaged, and its sum of squares about it */
    int64_t *samples;           /* (BF_EVAL_ROWS) */
} pass;

#define LARGE ((size_t)128 << 20)       /* bytes of one plan */
enum { FEWEST = 16 };

/* --- building ---------------------------------------------------------------------------------------------------- */

void bf_evaluator_tell(bf_evaluator *e, double beta)
{
    if (!bf_beta_conditioned(e->options)) return;
    e->beta = beta;
    for (int split = 0; split < BF_SPLITS; split++) bf_vae_tell(&e->pass[split], e->options, beta);
    bf_vae_tell(&e->decoder, e->options, beta);
}

static void start_beta(bf_evaluator *e)
{
    e->beta = bf_vae_beta(e->options);
    if (bf_beta_conditioned(e->options)) bf_evaluator_tell(e, bf_condition_stored_beta(e->options));
}

/* Values grow with rows; scratch, which depends on kernels, has no say. */
bf_status bf_evaluator_rows(const bf_vae_options *vae, const bf_vae_data *d, bf_params *params, int *rows)
{
    bf_vae v;
    const bf_plan_shape shape = { .rows = BF_EVAL_ROWS, .lanes = 1, .counted = true };
    BF_TRY(bf_vae_build(vae, d, BF_VAE_EVALUATE, &shape, &bf_backend_portable, BF_USE_EPS_EVAL, params, &v));
    size_t bytes = bf_plan_bytes(v.plan) - bf_plan_scratch(v.plan);
    bf_vae_destroy(&v);
    for (*rows = BF_EVAL_ROWS; *rows > FEWEST && bytes > LARGE; *rows /= 2) bytes /= 2;
    return BF_DONE;
}

static bf_status build(bf_evaluator *e, const bf_backend *backend)
{
    const bf_data_info *info = bf_dataset_info(e->data);
    e->shape = (bf_vae_data){ .dims = info->dims, .shape = { info->shape[0], info->shape[1], info->shape[2] },
                              .width = info->width, .classes = info->labels, .variance = info->variance };
    e->likelihood = bf_likelihood_find(e->options->likelihood, e->options->variance);
    e->posterior = bf_posterior_find(e->options->posterior);
    e->prior = bf_prior_find(e->options->prior);
    if (!e->likelihood) return BF_FAIL(BF_E_INPUT, "likelihood.kind: there is no '%s'", e->options->likelihood);
    if (backend->element != sizeof(float)) return BF_FAIL(BF_E_INTERNAL, "backend %s: evaluation needs float activations", backend->name);
    BF_TRY(bf_evaluator_rows(e->options, &e->shape, e->params, &e->rows));
    const bf_plan_shape shape = { .rows = e->rows, .lanes = 1, .backward = false };
    for (int split = 0; split < BF_SPLITS; split++)
        BF_TRY(bf_vae_build(e->options, &e->shape, BF_VAE_EVALUATE, &shape, backend, BF_USE_EPS_EVAL + 16u * (uint32_t)split, e->params, &e->pass[split]));
    BF_TRY(bf_vae_build(e->options, &e->shape, BF_VAE_DECODE, &shape, backend, BF_USE_EPS_EVAL, e->params, &e->decoder));
    BF_TRY(bf_vae_affine(&e->decoder, e->options, &e->affine));
    for (int split = 0; bf_label_conditioned(e->options) && split < BF_SPLITS; split++) e->labels[split] = bf_dataset_labels(e->data, (bf_split)split);
    start_beta(e);
    size_t stats = (size_t)bf_plan_stats_size(e->pass[BF_TRAIN].plan) + (size_t)bf_plan_stats_size(e->decoder.plan);
    e->stats = calloc(stats + 1, sizeof *e->stats);
    if (!e->stats) return BF_FAIL(BF_E_MEMORY, "statistics of an evaluation");
    return BF_DONE;
}

bf_status bf_evaluator_create(const bf_comm *team, const bf_dataset *data, const bf_vae_options *vae, uint64_t seed,
                              const bf_measure_options *m, bf_params *params, const bf_backend *backend, bf_evaluator **out)
{
    *out = NULL;
    bf_evaluator *e = calloc(1, sizeof *e);
    if (!e) return BF_FAIL(BF_E_MEMORY, "an evaluator");
    *e = (bf_evaluator){ .team = team, .data = data, .options = vae, .params = params, .backend = backend, .seed = seed,
                         .draws = m->rd_samples > 1 ? (int)m->rd_samples : 1, .poll = { .team = team } };
    bf_status s = build(e, backend);
    if (s.code) bf_evaluator_destroy(&e);
    else *out = e;
    return s;
}

void bf_evaluator_destroy(bf_evaluator **evaluator)
{
    bf_evaluator *e = *evaluator;
    if (!e) return;
    for (int split = 0; split < BF_SPLITS; split++) bf_vae_destroy(&e->pass[split]);
    bf_vae_destroy(&e->decoder);
    free(e->stats);
    free(e);
    *evaluator = NULL;
}

/* --- one block --------------------------------------------------------------------------------------------------- */

static const float *row_of(const bf_vae *v, bf_value value, int row, int columns)
{
    return (const float *)bf_plan_value(v->plan, 0, value) + (size_t)row * (size_t)columns;
}

static void run_plan(pass *p, int rows, int draw)
{
    const bf_run run = { .theta = p->theta, .stats = p->e->stats, .samples = p->samples, .seed = p->e->seed, .step = (uint64_t)draw,
                         .rows = rows, .batch = rows };
    bf_plan_run(p->vae->plan, &run);
}

/* E over the posterior of |x - W z - b|^2 = |x - W mean - b|^2 + sum_j |W_j|^2 variance_j. */
static double expected_fit(const pass *p, int row)
{
    double fit = *row_of(p->vae, p->vae->fit_mean, row, 1);
    const float *logvar = row_of(p->vae, p->vae->logvar, row, p->vae->latent);
    for (int j = 0; j < p->vae->latent; j++) fit += p->norms[j] * exp((double)logvar[j]);
    return fit;
}

/* The row statistics of one draw: what is averaged is the distortion where each row has its own variance, else the statistic. */
static void add_fits(pass *p, int draw, int rows, double *record)
{
    const bf_likelihood *l = p->e->likelihood;
    int width = p->vae->width;
    for (int i = 0; i < rows; i++) {
        double fit = p->e->affine ? expected_fit(p, i) : (double)*row_of(p->vae, p->vae->fit, i, 1);
        double value = l->per_row ? l->distortion(fit, width, 0.0) : fit, delta = value - p->value[i];
        p->value[i] += delta / (draw + 1);
        p->scatter[i] += delta * (value - p->value[i]);
        record[BF_BLOCK_FIT] += fit / p->draws;
        if (draw > 0 || !l->per_row) continue;
        record[BF_BLOCK_VARIANCE] += l->row_variance(fit, width, 0.0);
        record[BF_BLOCK_FLOOR_HITS] += fit / width < BF_VARIANCE_FLOOR;
    }
}

/* Column sums of the posterior's parameters; rates of single dimensions are those of a Gaussian against the normal prior. */
static void add_posterior(const pass *p, int row, double *record)
{
    const bf_vae *v = p->vae;
    size_t latent = (size_t)v->latent;
    double *sum = record + BF_BLOCK_SUMS;
    const float *mean = row_of(v, v->mean, row, v->latent);
    for (size_t j = 0; j < latent; j++) {
        double m = mean[j];
        sum[BF_BLOCK_MEAN * latent + j] += m;
        sum[BF_BLOCK_SQUARE * latent + j] += m * m;
    }
    if (v->logvar == BF_NO_VALUE) return;
    const float *logvar = row_of(v, v->logvar, row, v->latent);
    for (size_t j = 0; j < latent; j++) {
        double m = mean[j], lv = logvar[j], excess = expm1(lv);
        sum[BF_BLOCK_KL * latent + j] += 0.5 * (m * m + (excess - lv));
        sum[BF_BLOCK_LOGVAR * latent + j] += lv;
        sum[BF_BLOCK_SIGMA2 * latent + j] += exp(lv);
    }
}

static bool is_binary(const float *x, int width)
{
    for (int i = 0; i < width; i++)
        if (x[i] != 0.0f && x[i] != 1.0f) return false;
    return true;
}

/* What only the stored draw, number 0, gives. */
static void add_rows(const pass *p, int rows, double *record)
{
    const bf_vae *v = p->vae;
    for (int i = 0; i < rows; i++) {
        record[BF_BLOCK_NON_BINARY] += !is_binary(row_of(v, v->x, i, v->width), v->width);
        if (v->rate != BF_NO_VALUE) record[BF_BLOCK_RATE] += (double)*row_of(v, v->rate, i, 1);
        if (v->variance != BF_NO_VALUE) record[BF_BLOCK_VARIANCE] += (double)*row_of(v, v->variance, i, 1);
        record[BF_BLOCK_SSE] += (double)*row_of(v, v->sse, i, 1);
        record[BF_BLOCK_SSE_MEAN] += (double)*row_of(v, v->sse_mean, i, 1);
        add_posterior(p, i, record);
    }
    const bf_stat_info *hits = bf_plan_stat_find(v->plan, "logvar_clamp_hits");
    if (hits) record[BF_BLOCK_CLAMP_HITS] += p->e->stats[hits->offset];
}

static void keep_rows(const pass *p, int64_t first, int rows)
{
    const bf_vae *v = p->vae;
    size_t at = (size_t)(first - p->out->first) * (size_t)v->latent, n = (size_t)rows * (size_t)v->latent * sizeof(float);
    memcpy(p->out->mean + at, row_of(v, v->mean, 0, v->latent), n);
    memcpy(p->out->z + at, row_of(v, v->z, 0, v->latent), n);
    if (p->out->logvar) memcpy(p->out->logvar + at, row_of(v, v->logvar, 0, v->latent), n);
}

/* One run of the plan. */
static void take_rows(pass *p, int64_t first, int rows, double *record)
{
    const bf_vae *v = p->vae;
    const int all = p->e->rows;
    float *x = bf_plan_value(v->plan, 0, v->x);
    size_t width = (size_t)v->width;
    bf_dataset_block(p->e->data, p->split, first, rows, x);
    memset(x + (size_t)rows * width, 0, (size_t)(all - rows) * width * sizeof *x);
    for (int i = 0; i < all; i++) p->samples[i] = first + (i < rows ? i : 0);
    bf_vae_label_rows(v, 0, p->e->labels[p->split], p->samples, rows);
    memset(p->value, 0, (size_t)all * sizeof *p->value);
    memset(p->scatter, 0, (size_t)all * sizeof *p->scatter);
    for (int draw = 0; draw < p->draws && !bf_pause(p->e); draw++) {
        run_plan(p, rows, draw);
        add_fits(p, draw, rows, record);
        if (draw > 0) continue;
        add_rows(p, rows, record);
        if (p->out->mean) keep_rows(p, first, rows);
    }
    for (int i = 0; i < rows; i++) {
        record[BF_BLOCK_DISTORTION] += p->value[i];
        if (p->draws > 1) record[BF_BLOCK_SCATTER] += p->scatter[i] / (p->draws - 1.0) / p->draws;
    }
}

static void take_block(pass *p, int64_t first, int rows, double *record)
{
    for (int at = 0; at < rows; at += p->e->rows) take_rows(p, first + at, rows - at < p->e->rows ? rows - at : p->e->rows, record);
}

/* --- the whole split --------------------------------------------------------------------------------------------- */

static void pass_memory(pass *p, bf_arena *a)
{
    p->mine    = (double *)bf_arena_take(a, (size_t)p->own, p->record * sizeof(double));
    p->all     = (double *)bf_arena_take(a, (size_t)p->blocks, p->record * sizeof(double));
    p->total   = BF_TAKE(a, double, p->record);
    p->norms   = BF_TAKE(a, double, p->vae->latent);
    p->column  = BF_TAKE(a, double, p->vae->width);
    p->value   = BF_TAKE(a, double, BF_EVAL_ROWS);
    p->scatter = BF_TAKE(a, double, BF_EVAL_ROWS);
    p->samples = BF_TAKE(a, int64_t, BF_EVAL_ROWS);
}

/* Local. Everything a pass needs, so that nothing can fail once it runs. */
static bf_status prepare(pass *p, bool keep)
{
    bf_evaluation *out = p->out;
    size_t latent = (size_t)p->vae->latent, n = (size_t)out->rows * latent;
    BF_TRY(bf_fault_at(p->e->team, "evaluate.allocate", BF_E_MEMORY));
    pass_memory(p, &p->arena);
    BF_TRY(bf_arena_commit(&p->arena));
    pass_memory(p, &p->arena);
    out->kl = calloc(BF_BLOCK_VECTORS * latent + 1, sizeof *out->kl);
    if (keep) {
        out->mean = malloc((n + 1) * sizeof *out->mean);
        out->z = malloc((n + 1) * sizeof *out->z);
        if (p->vae->logvar != BF_NO_VALUE) out->logvar = malloc((n + 1) * sizeof *out->logvar);
    }
    if (!out->kl || (keep && (!out->mean || !out->z || (p->vae->logvar != BF_NO_VALUE && !out->logvar))))
        return BF_FAIL(BF_E_MEMORY, "posterior of %lld samples", (long long)out->rows);
    out->mean_sum = out->kl + BF_BLOCK_MEAN * latent;
    out->mean_square = out->kl + BF_BLOCK_SQUARE * latent;
    out->logvar_sum = out->kl + BF_BLOCK_LOGVAR * latent;
    out->variance_sum = out->kl + BF_BLOCK_SIGMA2 * latent;
    return BF_DONE;
}

static void take_norm(void *self, int j, const double *column)
{
    pass *p = self;
    double sum = 0.0;
    for (int i = 0; i < p->vae->width; i++) sum += column[i] * column[i];
    p->norms[j] = sum;
}

/* Collective over team. */
static bf_status take_split(pass *p)
{
    bf_evaluation *out = p->out;
    if (p->e->affine) bf_affine_columns(p->e, p->theta, p->column, take_norm, p);
    for (int64_t b = 0; b < p->own && !p->e->poll.stop; b++) {
        int64_t first = (p->first_block + b) * BF_EVAL_ROWS, left = out->samples - first;
        take_block(p, first, left < BF_EVAL_ROWS ? (int)left : BF_EVAL_ROWS, p->mine + (size_t)b * p->record);
    }
    BF_TRY(bf_pause_end(p->e));
    bf_block_total(p->e->team, p->mine, p->own, p->blocks, p->record, p->all, p->total);
    bf_accounting_fill(p->e, p->total, p->e->affine, out);
    out->non_binary = (int64_t)p->total[BF_BLOCK_NON_BINARY];
    memcpy(out->kl, p->total + BF_BLOCK_SUMS, BF_BLOCK_VECTORS * (size_t)out->latent * sizeof *out->kl);
    for (int j = 0; j < out->latent && p->vae->logvar == BF_NO_VALUE; j++) out->kl[j] = out->logvar_sum[j] = NAN;
    return BF_DONE;
}

bf_status bf_evaluate(bf_evaluator *e, const float *theta, bf_split split, double log_variance, bool keep, bf_evaluation *out)
{
    const bf_vae *vae = &e->pass[split];
    int rank = bf_comm_rank(e->team), ranks = bf_comm_size(e->team);
    int64_t samples = bf_dataset_info(e->data)->rows[split], blocks = bf_block_count(samples);
    int64_t first = bf_block_first(blocks, rank, ranks), end = bf_block_first(blocks, rank + 1, ranks);
    *out = (bf_evaluation){ .samples = samples, .latent = vae->latent, .first = first * BF_EVAL_ROWS };
    int64_t past = end * BF_EVAL_ROWS < samples ? end * BF_EVAL_ROWS : samples;
    out->rows = past > out->first ? past - out->first : 0;
    out->log_variance = bf_accounting_log_variance(e, theta, split, log_variance);
    pass p = { .e = e, .vae = vae, .theta = theta, .split = split, .out = out, .own = end - first, .blocks = blocks, .first_block = first,
               .record = bf_block_record(vae->latent), .draws = e->affine || vae->logvar == BF_NO_VALUE ? 1 : e->draws };
    bf_status s = bf_comm_agree(e->team, prepare(&p, keep));
    if (!s.code) s = take_split(&p);
    if (s.code) bf_evaluation_free(out);
    bf_arena_release(&p.arena);
    return s;
}

void bf_evaluation_free(bf_evaluation *e)
{
    free(e->kl);
    free(e->mean);
    free(e->logvar);
    free(e->z);
    *e = (bf_evaluation){ 0 };
}

void bf_evaluator_on_block(bf_evaluator *e, bool (*fn)(void *self), void *self)
{
    e->on_block = fn;
    e->on_block_self = self;
}

void bf_evaluator_draw_labels(const bf_evaluator *e, int64_t n, int32_t *labels)
{
    const int64_t samples = bf_dataset_info(e->data)->rows[BF_TRAIN];
    for (int64_t i = 0; i < n; i++) {
        double u;
        bf_rng_uniform64(&(bf_draw){ .seed = e->seed, .sample = (uint64_t)i, .use = BF_USE_LABEL }, &u, 1);
        const int64_t at = (int64_t)(u * (double)samples);
        labels[i] = e->labels[BF_TRAIN][at < samples ? at : samples - 1];
    }
}

bf_status bf_evaluator_decode(bf_evaluator *e, const float *theta, const float *z, const int32_t *labels, int64_t n, float *x)
{
    const bf_vae *v = &e->decoder;
    size_t latent = (size_t)v->latent, width = (size_t)v->width;
    float *in = bf_plan_value(v->plan, 0, v->z);
    for (int64_t first = 0; first < n; first += e->rows) {
        int rows = n - first < e->rows ? (int)(n - first) : e->rows;
        memcpy(in, z + (size_t)first * latent, (size_t)rows * latent * sizeof *in);
        memset(in + (size_t)rows * latent, 0, (size_t)(e->rows - rows) * latent * sizeof *in);
        bf_vae_label_rows(v, 0, labels ? labels + first : NULL, NULL, rows);
        const bf_run run = { .theta = theta, .stats = e->stats, .seed = e->seed, .rows = rows, .batch = rows };
        bf_plan_run(v->plan, &run);
        memcpy(x + (size_t)first * width, row_of(v, v->recon, 0, v->width), (size_t)rows * width * sizeof *x);
    }
    return BF_DONE;
}
