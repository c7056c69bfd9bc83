/* The arithmetic is counted by describing the model's plans once, without their memory; seconds come from a line through what was measured. */
#include "farm/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "farm/outputs.h"
#include "measure/histogram.h"
#include "measure/measure.h"
#include "nn/factors.h"
#include "nn/optimizer.h"
#include "nn/roof.h"
#include "vae/condition.h"
#include "vae/draws.h"
#include "vae/vae.h"

#define BF_FILE_OVERHEAD ((int64_t)64 << 10)        /* HDF5 groups and attributes of one configuration's file */
#define BF_VIEW_OVERHEAD ((int64_t)16 << 10)        /* ... and of what it holds at one more beta */
#define BF_COLUMN_OVERHEAD ((int64_t)1 << 10)       /* of one column of a table */

/* Terms that evaluation takes of a row, besides what its plan counts: for each entry of a sample, for each latent dimension. */
static const double entry = 2.0, dimension = 20.0;

typedef struct bf_counted { double flops, terms; size_t bytes, factors; bool affine; } bf_counted;     /* affine: of a decoder's plan */

static bf_status count_plan(const bf_config *c, const bf_vae_data *d, bf_vae_purpose purpose, int rows, bf_params *params, bf_counted *out)
{
    bf_vae vae;
    const bool train = purpose == BF_VAE_TRAIN;
    const bf_plan_shape shape = { .rows = rows, .lanes = 1, .backward = train, .narrow = train && bf_train_narrow(&c->train), .counted = true,
                                  .batch_lanes = (int)c->train.lanes };
    /* Portable: the arithmetic is the same on every backend, and thousands of configurations are counted, for whom nobody makes kernels. */
    BF_TRY(bf_vae_build(&c->vae, d, purpose, &shape, &bf_backend_portable, BF_USE_EPS, params, &vae));
    *out = (bf_counted){ bf_plan_flops(vae.plan), bf_plan_elementary(vae.plan), bf_plan_bytes(vae.plan), bf_plan_factors_bytes(vae.plan), false };
    const bf_status s = purpose == BF_VAE_DECODE ? bf_vae_affine(&vae, &c->vae, &out->affine) : BF_DONE;
    bf_vae_destroy(&vae);
    return s;
}

static void count_steps(const bf_config *c, const bf_data_info *data, bf_cost *out)
{
    out->steps_per_epoch = data->rows[BF_TRAIN] / c->train.batch;
    if (c->train.steps > 0) out->steps = c->train.steps;
    else if (__builtin_mul_overflow(c->train.epochs, out->steps_per_epoch, &out->steps)) out->steps = INT64_MAX;     /* what is too much for any machine */
}

/* How often a trained model is measured: a conditioned one at every beta of its grid. */
static double measurements(const bf_config *c)
{
    bf_f64_list grid = { .count = 1 };
    if (bf_beta_conditioned(&c->vae)) bf_condition_grid(&c->vae, &grid);
    return grid.count;
}

/* Passes over the two splits, in samples: one over each at the end (for every beta that is measured or stored), and over the test part every
 * evaluate_every epochs. */
static double evaluated_samples(const bf_config *c, const bf_data_info *data, const bf_cost *cost)
{
    double passes = 0.0;
    if (c->train.evaluate_every > 0 && cost->steps_per_epoch > 0)
        passes = floor((double)cost->steps / (double)cost->steps_per_epoch / (double)c->train.evaluate_every);
    const double views = measurements(c) + (bf_beta_conditioned(&c->vae) ? c->output.betas.count : 0);
    return views * ((double)data->rows[BF_TRAIN] + (double)data->rows[BF_TEST]) + passes * (double)data->rows[BF_TEST];
}

/* What a measure asks for on both splits; false: next to nothing. */
static bool measure_work(const bf_config *c, const bf_data_info *data, const char *name, bool affine, bf_measure_work *out)
{
    const bf_measure *m = bf_measure_find(name);
    if (!m || !m->work || (affine && m->closed)) return false;
    const bf_measure_work train = m->work(&c->vae, &c->measure, data->rows[BF_TRAIN]), test = m->work(&c->vae, &c->measure, data->rows[BF_TEST]);
    *out = (bf_measure_work){ .plan = train.plan, .rows = train.rows + test.rows, .terms = train.terms + test.terms };
    return true;
}

/* Adds what all measures compute to the evaluation. *bytes: the largest plan that one of them holds while it is taken. */
static bf_status count_measures(const bf_config *c, const bf_vae_data *d, const bf_data_info *data, int rows, bool affine, bf_params *params,
                                bf_cost *out, size_t *bytes)
{
    for (int i = 0; i < c->measure.count; i++) {
        bf_measure_work w;
        bf_counted own = { .flops = 0.0 };
        if (!measure_work(c, data, c->measure.name[i], affine, &w)) continue;
        if (w.rows > 0.0) BF_TRY(count_plan(c, d, w.plan, rows, params, &own));
        if (w.plan != BF_VAE_DECODE && own.bytes > *bytes) *bytes = own.bytes;
        out->evaluation_flops += measurements(c) * w.rows * own.flops / rows;
        out->evaluation_terms += measurements(c) * (w.terms + w.rows * own.terms / rows);
    }
    return BF_DONE;
}

/* Rows of posteriors in memory at once: what is stored in the end, and those of the beta that is measured or stored just then. */
static size_t kept_bytes(const bf_config *c, const bf_data_info *data)
{
    const bool two = bf_beta_conditioned(&c->vae) && measurements(c) + (double)c->output.betas.count > 1.0;
    return (two ? 2 : 1) * 3 * sizeof(float) * (size_t)c->vae.latent * (size_t)(data->rows[BF_TRAIN] + data->rows[BF_TEST]);
}

/* Images of output.traversals. */
static int64_t traversed(const bf_config *c, const bf_data_info *data)
{
    const int64_t asked = c->output.traversals, test = data->rows[BF_TEST];
    return BF_TRAVERSED * c->vae.latent * (asked < test ? asked : test);
}

/* What is stored of a model once, or at one beta: posteriors, latent dimensions, samples and reconstructions. */
static int64_t view_bytes(const bf_config *c, const bf_data_info *data)
{
    const bf_output_options *o = &c->output;
    const int64_t row = c->vae.latent * (int64_t)sizeof(float), image = data->width * (int64_t)sizeof(float);
    int64_t bytes = c->vae.latent * (3 + bf_histogram_columns(&bf_histogram_z)) * (int64_t)sizeof(double) +
                    (2 * o->samples + traversed(c, data)) * image;
    if (o->posterior_train) bytes += 3 * row * data->rows[BF_TRAIN];
    else if (o->second_stage) bytes += row * data->rows[BF_TRAIN];
    if (o->posterior_test) bytes += 3 * row * data->rows[BF_TEST];
    return bytes;
}

/* /metrics_by_beta, in the configuration's own file and as its part of study.h5. */
static int64_t by_beta_bytes(const bf_config *c)
{
    const int64_t betas = bf_beta_conditioned(&c->vae) ? (int64_t)measurements(c) : 0, columns = bf_measure_columns(&c->measure, NULL);
    return betas > 0 ? betas * (int64_t)sizeof(double) + columns * (2 * betas * BF_SPLITS * (int64_t)sizeof(double) + BF_COLUMN_OVERHEAD) : 0;
}

static int64_t file_bytes(const bf_config *c, const bf_data_info *data, const bf_cost *cost, int64_t state_bytes)
{
    const bf_output_options *o = &c->output;
    const int64_t betas = bf_beta_conditioned(&c->vae) ? o->betas.count : 0;
    int64_t bytes = BF_FILE_OVERHEAD + view_bytes(c, data) + betas * (BF_VIEW_OVERHEAD + view_bytes(c, data)) + by_beta_bytes(c);
    if (o->weights) bytes += cost->parameters * (int64_t)sizeof(float);
    if (o->state) bytes += state_bytes;
    return bytes + o->samples * data->width * (int64_t)sizeof(float);
}

bf_status bf_cost_count(const bf_config *c, const bf_data_info *data, bf_cost *out)
{
    const bf_optimizer *optimizer = bf_optimizer_find(c->train.optimizer);
    const int64_t states = optimizer ? optimizer->states : 2, lanes = c->train.lanes;
    /* The variance only decides where learning starts; before the data is open it is not known. */
    const double variance = isfinite(data->variance) && data->variance > 0.0 ? data->variance : 1.0;
    bf_vae_data d = { .dims = data->dims, .width = data->width, .classes = data->labels, .variance = variance };
    int rows;                   /* of evaluation's plans */
    bf_counted train, evaluate, decode;
    bf_status s;
    memcpy(d.shape, data->shape, sizeof d.shape);
    memset(out, 0, sizeof *out);
    bf_params *params = bf_params_create();
    if (!params) return BF_FAIL(BF_E_MEMORY, "no memory to count a configuration");
    BF_TRY_DONE(count_plan(c, &d, BF_VAE_TRAIN, (int)(c->train.batch * bf_sample_rows(&c->vae) / lanes), params, &train));
    BF_TRY_DONE(bf_evaluator_rows(&c->vae, &d, params, &rows));
    BF_TRY_DONE(count_plan(c, &d, BF_VAE_EVALUATE, rows, params, &evaluate));
    BF_TRY_DONE(count_plan(c, &d, BF_VAE_DECODE, rows, params, &decode));
    count_steps(c, data, out);
    out->parameters = bf_params_count(params);
    out->flops_per_step = train.flops * (double)lanes;
    out->terms_per_step = train.terms * (double)lanes;
    const double samples = evaluated_samples(c, data, out) * (decode.affine ? 1.0 : (double)c->measure.rd_samples);
    size_t own = 0;
    out->evaluation_flops = evaluate.flops / rows * samples;
    out->evaluation_terms = samples * (evaluate.terms / rows + entry * data->width + dimension * (double)c->vae.latent);
    BF_TRY_DONE(count_measures(c, &d, data, rows, decode.affine, params, out, &own));
    const size_t vector = bf_params_size(params) * sizeof(float);
    const bool best = strcmp(c->train.keep, "best") == 0;
    /* Weights, the best ones, a gradient per lane and a spare, the optimiser's state; activations per lane; gathered factors; those of the
     * evaluator, which has a plan for each split and one that decodes; a measure's own; the rows that evaluation keeps of both splits; the
     * images that are written last. */
    const int64_t shots = traversed(c, data), at_once = shots < BF_TRAVERSED_AT_ONCE ? shots : BF_TRAVERSED_AT_ONCE;
    const size_t pictures = (size_t)(at_once * (2 * (int64_t)data->width + c->vae.latent)) * sizeof(float);
    out->memory = vector * (size_t)(2 + best + lanes + states) + train.bytes * (size_t)lanes + train.factors + BF_SPLITS * evaluate.bytes +
                  decode.bytes + own + kept_bytes(c, data) + pictures;
    const int64_t state_bytes = (int64_t)vector * (1 + states + best);
    out->disk = file_bytes(c, data, out, state_bytes);
    out->checkpoints = 2 * (state_bytes + BF_FILE_OVERHEAD);
done:
    bf_params_destroy(&params);
    return s;
}

/* --- seconds -------------------------------------------------------------------------------------------------------- */

static const double per_step_start = 2e-5;      /* s: what a step of a tiny model costs besides its counted arithmetic */
static const double slack = 1.3;                /* small products and elementwise loops run below the rate of a 256^3 product */
static const double update = 120.0;             /* flops in whose time the optimiser reads, changes and writes one parameter: memory, not arithmetic */
static const double term = 100.0;               /* flops in whose time one exponential is taken, or another term of elementwise work */
static const double belief = 1e-9;              /* weight of the start values against one measured row, relative errors squared */

static double flops_of(const bf_cost *c)
{
    const double step = c->flops_per_step + term * c->terms_per_step + update * (double)c->parameters;
    return (double)c->steps * step + c->evaluation_flops + term * c->evaluation_terms;
}

/* Least squares of relative errors: every row asks a * steps / y + b * flops / y = 1. The start values enter as two weak rows
 * a / a0 = 1 and b / b0 = 1, so that the system can always be solved and few rows move only what they tell about. */
static void solve(bf_cost_model *m)
{
    const double det = m->ss * m->ff - m->sf * m->sf;
    double a = (m->sy * m->ff - m->fy * m->sf) / det, b = (m->fy * m->ss - m->sy * m->sf) / det;
    if (!(det > 0.0) || a < 0.0) {
        a = 0.0;
        b = m->fy / m->ff;
    } else if (b < 0.0) {
        a = m->sy / m->ss;
        b = 0.0;
    }
    m->per_step = a;
    m->per_flop = b;
}

void bf_cost_model_start(bf_cost_model *m, double flops_per_second)
{
    const double per_flop = slack / (flops_per_second > 1e6 ? flops_per_second : 1e6);
    *m = (bf_cost_model){
        .per_step = per_step_start, .per_flop = per_flop,
        .ss = belief / (per_step_start * per_step_start), .ff = belief / (per_flop * per_flop),
        .sy = belief / per_step_start, .fy = belief / per_flop,
    };
}

void bf_cost_model_learn(bf_cost_model *m, const bf_cost *c, double seconds)
{
    const double s = (double)c->steps / seconds, f = flops_of(c) / seconds;
    if (!(seconds > 0.0) || !isfinite(s) || !isfinite(f) || (s <= 0.0 && f <= 0.0)) return;
    m->ss += s * s;
    m->sf += s * f;
    m->ff += f * f;
    m->sy += s;
    m->fy += f;
    m->rows++;
    solve(m);
}

double bf_cost_seconds(const bf_cost_model *m, const bf_cost *c)
{
    return m->per_step * (double)c->steps + m->per_flop * flops_of(c);
}

double bf_cost_gemm_rate(void)
{
    const double rate = bf_product_rate(&bf_backend_portable, false, 256, 0.02);
    return rate > 0.0 ? rate : 1e9;
}
