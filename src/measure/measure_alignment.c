/* Whether a latent dimension means the same at every beta of a model that covers a range: its posterior means at the beta of the measure against
 * those at the beta whose posterior is stored, over the same samples. Evenly spaced samples of the split; ranks encode whole blocks of them and
 * compare whole dimensions, so that the numbers do not depend on how many ranks there are. */
#include "measure/alignment.h"
#include "measure/block_sums.h"
#include "measure/evaluator.h"
#include "measure/pause.h"
#include "measure/rows.h"
#include "measure/subset.h"

#include "base/arena.h"

#include <math.h>
#include <string.h>

#define PER_SORTED 60.0 /* terms that sorting takes of each number: measured */

enum { SCORE, DIAGONAL, PERMUTED, UNITS, SHIFT, COLUMNS };
_Static_assert(COLUMNS < BF_MAX_COLUMNS, "a row ends with a NULL name");
enum { HERE, THERE };                   /* sides: at the beta of the measure; at the one that is stored */

typedef struct comparison {
    const bf_measure_input *in;
    bf_vae    encoder;                  /* told the beta that is stored */
    bf_subset here;
    int64_t   first, own;               /* samples of the subset that this rank encodes */
    int       dimension, dimensions;    /* latent dimensions that this rank compares */
    bf_arena  arena;
    double   *stats;                    /* of the encoder */
    int64_t  *index;                    /* (BF_EVAL_ROWS) */
    float    *mine, *mean, *z;          /* (own, latent), (samples, latent) at the stored beta */
    double   *rows;                     /* (dimensions, latent + 1) of them */
    bf_alignment_work work;
} comparison;

static void memory(comparison *c, bf_arena *a)
{
    const size_t latent = (size_t)c->here.latent, samples = (size_t)c->here.count;
    c->stats = BF_TAKE(a, double, bf_plan_stats_size(c->encoder.plan) + 1);
    c->index = BF_TAKE(a, int64_t, BF_EVAL_ROWS);
    c->mine  = BF_TAKE(a, float, (size_t)c->own * latent);
    c->mean  = BF_TAKE(a, float, samples * latent);
    c->z     = BF_TAKE(a, float, samples * latent);
    c->rows  = BF_TAKE(a, double, (size_t)c->dimensions * (latent + 1));
    bf_alignment_memory(&c->work, a);
}

/* --- the model at the stored beta --------------------------------------------------------------------------------- */

/* Local. Everything that can fail before the ranks meet. */
static bf_status prepare(comparison *c)
{
    const bf_measure_input *in = c->in;
    const bf_evaluator *e = in->evaluator;
    const int rank = bf_comm_rank(in->team), ranks = bf_comm_size(in->team);
    const int64_t blocks = bf_block_count(c->here.count), end = bf_block_first(blocks, rank + 1, ranks) * BF_EVAL_ROWS;
    const bf_plan_shape shape = { .rows = e->rows, .lanes = 1, .backward = false };
    c->first = bf_block_first(blocks, rank, ranks) * BF_EVAL_ROWS;
    c->own = (end < c->here.count ? end : c->here.count) - c->first;
    c->dimension = (int)((int64_t)c->here.latent * rank / ranks);
    c->dimensions = (int)((int64_t)c->here.latent * (rank + 1) / ranks) - c->dimension;
    c->work.latent = c->here.latent;
    c->work.samples = c->here.count;
    BF_TRY(bf_fault_at(in->team, "measure.allocate", BF_E_MEMORY));
    BF_TRY(bf_vae_build(e->options, &e->shape, BF_VAE_ENCODE, &shape, e->backend, BF_USE_EPS_EVAL + 16u * (uint32_t)in->split, e->params, &c->encoder));
    bf_vae_tell(&c->encoder, e->options, bf_condition_stored_beta(e->options));
    memory(c, &c->arena);
    BF_TRY(bf_arena_commit(&c->arena));
    memory(c, &c->arena);
    return BF_DONE;
}

/* Samples first .. first+n-1 of the subset, with the noise that evaluation gives them. */
static void encode_block(comparison *c, int64_t first, int n)
{
    const bf_measure_input *in = c->in;
    const bf_evaluator *e = in->evaluator;
    const bf_vae *v = &c->encoder;
    const size_t width = (size_t)v->width;
    float *x = bf_plan_value(v->plan, 0, v->x);
    for (int i = 0; i < e->rows; i++) c->index[i] = bf_subset_index(first + (i < n ? i : 0), c->here.count, in->evaluation->samples);
    bf_dataset_rows(e->data, in->split, c->index, n, x);
    memset(x + (size_t)n * width, 0, (size_t)(e->rows - n) * width * sizeof *x);
    bf_vae_label_rows(v, 0, e->labels[in->split], c->index, n);
    const bf_run run = { .theta = in->theta, .stats = c->stats, .samples = c->index, .seed = e->seed, .rows = n, .batch = n };
    bf_plan_run(v->plan, &run);
}

/* Collective. Until every rank has encoded, this rank's draws lie where columns will. */
static bf_status encode(comparison *c)
{
    const bf_vae *v = &c->encoder;
    const size_t latent = (size_t)c->here.latent, own = (size_t)c->own * latent;
    float *draws = c->work.column[HERE];
    const int rows = c->in->evaluator->rows;
    for (int64_t i = 0; i < c->own && !bf_pause(c->in->evaluator); i += rows) {
        const int n = c->own - i < rows ? (int)(c->own - i) : rows;
        encode_block(c, c->first + i, n);
        memcpy(c->mine + (size_t)i * latent, bf_plan_value(v->plan, 0, v->mean), (size_t)n * latent * sizeof *c->mine);
        memcpy(draws + (size_t)i * latent, bf_plan_value(v->plan, 0, v->z), (size_t)n * latent * sizeof *draws);
    }
    BF_TRY(bf_pause_end(c->in->evaluator));
    bf_comm_allgather(c->in->team, c->mine, own * sizeof *c->mine, c->mean, NULL);
    bf_comm_allgather(c->in->team, draws, own * sizeof *draws, c->z, NULL);
    return BF_DONE;
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

/* Collective. Each rank's dimensions against all. */
static void compare(comparison *c)
{
    const float *const z[2] = { c->here.z, c->z };
    const size_t stride = (size_t)c->here.latent + 1;
    bf_alignment_take(&c->work, HERE, c->here.mean);
    bf_alignment_take(&c->work, THERE, c->mean);
    bf_alignment_compare(&c->work, z, c->dimension, c->dimensions, c->rows);
    bf_comm_allgather(c->in->team, c->rows, (size_t)c->dimensions * stride * sizeof *c->rows, c->work.like, NULL);
}

static bf_status score(comparison *c, double *v)
{
    bf_alignment a;
    BF_TRY(bf_alignment_score(&c->work, &a));
    v[SCORE] = a.score;
    v[DIAGONAL] = a.diagonal;
    v[PERMUTED] = a.permuted;
    v[UNITS] = a.both < 0 ? NAN : a.both;
    v[SHIFT] = a.shift;
    return BF_DONE;
}

static bf_status take(const bf_measure_input *in, double *v)
{
    if (!in->evaluator || !bf_beta_conditioned(in->vae) || in->evaluation->samples < 1) return BF_DONE;
    comparison c = { .in = in };
    BF_TRY(bf_subset_gather(in->team, in->evaluation, BF_ALIGNMENT_SAMPLES, BF_SUBSET_MEAN | BF_SUBSET_Z, &c.here));
    bf_status s = bf_comm_agree(in->team, prepare(&c));
    if (!s.code) s = encode(&c);
    if (!s.code) {
        compare(&c);
        s = bf_comm_agree(in->team, score(&c, v));
    }
    bf_arena_release(&c.arena);
    bf_vae_destroy(&c.encoder);
    bf_subset_free(&c.here);
    return s;
}

/* Rows encoded at the stored beta; the products of dimensions, and the sorting of their draws. */
static bf_measure_work work(const bf_vae_options *vae, const bf_measure_options *o, int64_t samples)
{
    (void)o;
    const double n = (double)(samples < BF_ALIGNMENT_SAMPLES ? samples : BF_ALIGNMENT_SAMPLES), latent = (double)vae->latent;
    if (!bf_beta_conditioned(vae)) return (bf_measure_work){ .rows = 0.0 };
    return (bf_measure_work){ .plan = BF_VAE_ENCODE, .rows = n, .terms = n * latent * (0.3 * latent + 2.0 * PER_SORTED) };
}

#define PAIR " at this beta and at the beta of objective.grid nearest 1"
#define WHERE "; at most 4096 evenly spaced samples of the split, dimensions active where their mean's variance is above 0.01. NaN for models of one beta"

const bf_measure bf_measure_alignment = {
    .name = "alignment", .help = "whether latent dimensions mean the same at every beta of one model",
    .column = {
        [SCORE] = { "alignment", "1", "how far latent dimensions keep their place over beta", "alignment_diagonal / alignment_permuted, 1: every dimension "
            "is itself" WHERE },
        [DIAGONAL] = { "alignment_diagonal", "1", "correlation of latent dimensions with themselves",
            "sum of |corr(mean_j, mean_j)|" PAIR " over the dimensions active at both, by the number active at the one where fewer are" WHERE },
        [PERMUTED] = { "alignment_permuted", "1", "correlation of latent dimensions with their best matches",
            "the same sum over the best one-to-one match of dimensions active at either" WHERE },
        [UNITS] = { "alignment_units", "1", "latent dimensions active at both betas", "dimensions whose mean varies by more than 0.01" PAIR WHERE },
        [SHIFT] = { "marginal_shift", "1", "how far the aggregated posterior's marginals move over beta",
            "mean over latent dimensions of the Wasserstein-1 distance of the stored draws' distributions" PAIR WHERE },
    },
    .take = take, .work = work,
};
