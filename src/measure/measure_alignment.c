/* Whether a latent dimension means the same at every beta of a model that covers a range: its posterior means at the beta of the measure against
 * those at the beta whose posterior is stored, over the same samples. Evenly spaced samples of the split; ranks encode whole blocks of them and
 * compare whole dimensions, so that the numbers do not depend on how many ranks there are. */
#include "measure/assignment.h"
#include "measure/block_sums.h"
#include "measure/evaluator.h"
#include "measure/rows.h"
#include "measure/subset.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 4096
#define ACTIVE 0.01     /* variance of a used dimension's mean over the samples, as active_units has it */
#define WAYS 16
#define PER_SORTED 60.0 /* terms that sorting takes of each number: measured */

enum { SCORE, DIAGONAL, PERMUTED, UNITS, SHIFT, COLUMNS };
_Static_assert(COLUMNS < BF_MAX_COLUMNS, "a row ends with a NULL name");
enum { HERE, THERE, PLACES };           /* at the beta of the measure; at the one that is stored */

typedef struct comparison {
    const bf_measure_input *in;
    bf_vae    encoder;                  /* told the beta that is stored */
    bf_subset here;
    int64_t   first, own;               /* samples of the subset that this rank encodes */
    int       dimension, dimensions;    /* latent dimensions whose rows of `like` this rank fills */
    bf_arena  arena;
    double   *stats;                    /* of the encoder */
    int64_t  *index;                    /* (BF_EVAL_ROWS) */
    float    *mine, *mean, *z;          /* (own, latent), (samples, latent) at the stored beta */
    float    *column[PLACES];           /* (latent, samples) means, centred and of length 1 */
    double   *variance[PLACES];         /* (latent) of the means */
    int      *used[PLACES];             /* (latent) dimensions that are active there, count[] of them */
    int       count[PLACES];
    double   *record, *like;            /* (dimensions, latent + 1), (latent, latent + 1): |correlation| with each dimension there; distance of the marginals */
    double   *weight;                   /* (latent, latent) */
    int      *match;                    /* (latent) */
} comparison;

static void memory(comparison *c, bf_arena *a)
{
    const size_t latent = (size_t)c->here.latent, samples = (size_t)c->here.count;
    c->stats = BF_TAKE(a, double, bf_plan_stats_size(c->encoder.plan) + 1);
    c->index = BF_TAKE(a, int64_t, BF_EVAL_ROWS);
    c->mine  = BF_TAKE(a, float, (size_t)c->own * latent);
    c->mean  = BF_TAKE(a, float, samples * latent);
    c->z     = BF_TAKE(a, float, samples * latent);
    for (int p = HERE; p < PLACES; p++) {
        c->column[p]   = BF_TAKE(a, float, samples * latent);
        c->variance[p] = BF_TAKE(a, double, latent);
        c->used[p]     = BF_TAKE(a, int, latent);
    }
    c->record = BF_TAKE(a, double, (size_t)c->dimensions * (latent + 1));
    c->like   = BF_TAKE(a, double, latent * (latent + 1));
    c->weight = BF_TAKE(a, double, latent * latent);
    c->match  = BF_TAKE(a, int, latent);
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
static void encode(comparison *c)
{
    const bf_vae *v = &c->encoder;
    const size_t latent = (size_t)c->here.latent, own = (size_t)c->own * latent;
    float *draws = c->column[HERE];
    const int rows = c->in->evaluator->rows;
    for (int64_t i = 0; i < c->own; i += rows) {
        const int n = c->own - i < rows ? (int)(c->own - i) : rows;
        encode_block(c, c->first + i, n);
        memcpy(c->mine + (size_t)i * latent, bf_plan_value(v->plan, 0, v->mean), (size_t)n * latent * sizeof *c->mine);
        memcpy(draws + (size_t)i * latent, bf_plan_value(v->plan, 0, v->z), (size_t)n * latent * sizeof *draws);
        if (c->in->evaluator->on_block) c->in->evaluator->on_block(c->in->evaluator->on_block_self);
    }
    bf_comm_allgather(c->in->team, c->mine, own * sizeof *c->mine, c->mean, NULL);
    bf_comm_allgather(c->in->team, draws, own * sizeof *draws, c->z, NULL);
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

/* Column `from` of rows (n, latent), centred and of length 1; 0 where it does not vary. Returns its variance. */
static double standardise(const float *rows, size_t latent, int64_t n, float *out)
{
    double mean = 0.0, square = 0.0;
    for (int64_t i = 0; i < n; i++) mean += (double)rows[(size_t)i * latent] / (double)n;
    for (int64_t i = 0; i < n; i++) {
        const double d = (double)rows[(size_t)i * latent] - mean;
        square += d * d;
    }
    for (int64_t i = 0; i < n; i++) out[i] = square > 0.0 ? (float)(((double)rows[(size_t)i * latent] - mean) / sqrt(square)) : 0.0f;
    return square / (double)n;
}

static double dot(const float *a, const float *b, int64_t n)
{
    double way[WAYS] = { 0.0 }, sum = 0.0;
    int64_t i = 0;
    for (; i + WAYS <= n; i += WAYS)
        for (int w = 0; w < WAYS; w++) way[w] += (double)a[i + w] * (double)b[i + w];
    for (; i < n; i++) sum += (double)a[i] * (double)b[i];
    for (int w = 0; w < WAYS; w++) sum += way[w];
    return sum;
}

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void sorted_column(const float *rows, size_t latent, int64_t n, float *out)
{
    for (int64_t i = 0; i < n; i++) out[i] = rows[(size_t)i * latent];
    qsort(out, (size_t)n, sizeof *out, ascending);
}

/* The distance that one marginal's mass has to be moved to become the other: with as many draws of each, that between equal ranks. */
static double moved(const comparison *c, int d, float *a, float *b)
{
    const size_t latent = (size_t)c->here.latent;
    const int64_t n = c->here.count;
    double sum = 0.0;
    sorted_column(c->here.z + d, latent, n, a);
    sorted_column(c->z + d, latent, n, b);
    for (int64_t i = 0; i < n; i++) sum += fabs((double)a[i] - (double)b[i]) / (double)n;
    return sum;
}

/* Collective. Each rank's dimensions against all; then the marginals, in the room of columns that have served. */
static void compare(comparison *c)
{
    const size_t latent = (size_t)c->here.latent, stride = latent + 1;
    const int64_t n = c->here.count;
    for (int p = HERE; p < PLACES; p++)
        for (size_t d = 0; d < latent; d++) {
            c->variance[p][d] = standardise((p == HERE ? c->here.mean : c->mean) + d, latent, n, c->column[p] + d * (size_t)n);
            if (c->variance[p][d] > ACTIVE) c->used[p][c->count[p]++] = (int)d;
        }
    for (int k = 0; k < c->dimensions; k++) {
        const size_t d = (size_t)(c->dimension + k);
        if (!(c->variance[HERE][d] > ACTIVE)) continue;
        for (int t = 0; t < c->count[THERE]; t++) {
            const size_t other = (size_t)c->used[THERE][t];
            c->record[(size_t)k * stride + other] = fabs(dot(c->column[HERE] + d * (size_t)n, c->column[THERE] + other * (size_t)n, n));
        }
    }
    for (int k = 0; k < c->dimensions; k++) c->record[(size_t)k * stride + latent] = moved(c, c->dimension + k, c->column[HERE], c->column[THERE]);
    bf_comm_allgather(c->in->team, c->record, (size_t)c->dimensions * stride * sizeof *c->record, c->like, NULL);
}

/* Local. The fewer active dimensions choose among the more. */
static bf_status score(comparison *c, double *v)
{
    const size_t stride = (size_t)c->here.latent + 1;
    const bool turned = c->count[HERE] > c->count[THERE];
    const int rows = c->count[turned ? THERE : HERE], cols = c->count[turned ? HERE : THERE];
    const int *row = c->used[turned ? THERE : HERE], *col = c->used[turned ? HERE : THERE];
    double same = 0.0, best = 0.0;
    int both = 0;
    for (int r = 0; r < rows; r++)
        for (int k = 0; k < cols; k++) {
            const size_t here = (size_t)(turned ? col[k] : row[r]), there = (size_t)(turned ? row[r] : col[k]);
            c->weight[(size_t)r * (size_t)cols + (size_t)k] = c->like[here * stride + there];
            if (here != there) continue;
            same += c->like[here * stride + there];
            both++;
        }
    BF_TRY(bf_assignment_best(c->weight, rows, cols, c->match));
    for (int r = 0; r < rows; r++) best += c->weight[(size_t)r * (size_t)cols + (size_t)c->match[r]];
    v[SHIFT] = 0.0;
    for (size_t d = 0; d < stride - 1; d++) v[SHIFT] += c->like[d * stride + stride - 1] / (double)(stride - 1);
    v[UNITS] = both;
    v[DIAGONAL] = same / rows;
    v[PERMUTED] = best / rows;
    v[SCORE] = same / best;
    return BF_DONE;
}

static bf_status take(const bf_measure_input *in, double *v)
{
    if (!in->evaluator || !bf_beta_conditioned(in->vae) || in->evaluation->samples < 1) return BF_DONE;
    comparison c = { .in = in };
    BF_TRY(bf_subset_gather(in->team, in->evaluation, SAMPLES, BF_SUBSET_MEAN | BF_SUBSET_Z, &c.here));
    bf_status s = bf_comm_agree(in->team, prepare(&c));
    if (!s.code) {
        encode(&c);
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
    const double n = (double)(samples < SAMPLES ? samples : SAMPLES), latent = (double)vae->latent;
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
