/* What a latent dimension does to the decoder's mean: the variance of every entry while that dimension alone is swept from some posterior mean,
 * summed over the entries. Sweeps stand in blocks of one shape that ranks own whole, so the bits do not depend on the ranks. */
#include "measure/evaluator.h"
#include "measure/pause.h"
#include "measure/rows.h"
#include "measure/subset.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS 11
#define REACH 3.0
#define SWEEPS (BF_EVAL_ROWS / POINTS)      /* of one block */

typedef struct sweeps {
    const bf_measure_input *in;
    bf_subset base;
    int64_t  count, first, own;             /* sweeps: number u is dimension u / bases from base u % bases */
    bf_arena arena;
    float   *z, *x;                         /* (SWEEPS * POINTS, latent), (SWEEPS * POINTS, width) */
    int32_t *label;                         /* (SWEEPS * POINTS) of the bases' classes; NULL where the model is told none */
    double  *mine, *all;                    /* (own), (count) */
    double  *mean, *used;                   /* (latent) mean over the bases; 1 - mean posterior variance */
    int64_t *order;                         /* (latent) */
    double  *rank;                          /* (2, latent) */
} sweeps;

static void memory(sweeps *s, bf_arena *a)
{
    const size_t latent = (size_t)s->base.latent, rows = SWEEPS * POINTS;
    s->z     = BF_TAKE(a, float, rows * latent);
    s->x     = (float *)bf_arena_take(a, (size_t)s->in->width, rows * sizeof *s->x);
    s->label = s->in->evaluator->labels[s->in->split] ? BF_TAKE(a, int32_t, rows) : NULL;
    s->mine  = BF_TAKE(a, double, s->own);
    s->all   = BF_TAKE(a, double, s->count);
    s->mean  = BF_TAKE(a, double, latent);
    s->used  = BF_TAKE(a, double, latent);
    s->order = BF_TAKE(a, int64_t, latent);
    s->rank  = BF_TAKE(a, double, 2 * latent);
}

/* Sweep u becomes number k of the block. */
static void put_sweep(const sweeps *s, int64_t u, int k)
{
    const size_t latent = (size_t)s->base.latent, dimension = (size_t)(u / s->base.count), first = (size_t)k * POINTS;
    const int64_t from = u % s->base.count, sample = bf_subset_index(from, s->base.count, s->in->evaluation->samples);
    const float *base = s->base.mean + (size_t)from * latent;
    for (size_t t = 0; t < POINTS; t++) {
        float *z = s->z + (first + t) * latent;
        if (s->label) s->label[first + t] = s->in->evaluator->labels[s->in->split][sample];
        memcpy(z, base, latent * sizeof *z);
        z[dimension] = (float)(REACH * (2.0 * (double)t / (POINTS - 1) - 1.0));
    }
}

/* x (POINTS, width). */
static double variance_of(const float *x, size_t width)
{
    double total = 0.0;
    for (size_t i = 0; i < width; i++) {
        double mean = 0.0, square = 0.0;
        for (size_t t = 0; t < POINTS; t++) mean += (double)x[t * width + i] / POINTS;
        for (size_t t = 0; t < POINTS; t++) square += ((double)x[t * width + i] - mean) * ((double)x[t * width + i] - mean);
        total += square / POINTS;
    }
    return total;
}

static bf_status take_own(sweeps *s)
{
    const bf_measure_input *in = s->in;
    const size_t width = (size_t)in->width;
    for (int64_t done = 0; done < s->own && !bf_pause(in->evaluator); done += SWEEPS) {
        const int n = s->own - done < SWEEPS ? (int)(s->own - done) : SWEEPS;
        for (int k = 0; k < n; k++) put_sweep(s, s->first + done + k, k);
        BF_TRY(bf_evaluator_decode(in->evaluator, in->theta, s->z, s->label, n * POINTS, s->x));
        for (int k = 0; k < n; k++) s->mine[done + k] = variance_of(s->x + (size_t)k * POINTS * width, width);
    }
    return BF_DONE;
}

/* --- correlation of ranks ------------------------------------------------------------------------------------------ */

/* Ranks of v (n) from 0; equal values share their mean rank. */
static void rank_values(const double *v, int n, int64_t *order, double *rank)
{
    for (int i = 0; i < n; i++) {
        int j = i;
        for (; j > 0 && v[order[j - 1]] > v[i]; j--) order[j] = order[j - 1];
        order[j] = i;
    }
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && v[order[end]] == v[order[i]]; end++) { }
        for (int k = i; k < end; k++) rank[order[k]] = 0.5 * (i + end - 1);
    }
}

/* Spearman's: the correlation of ranks a and b (n), whose means are (n - 1) / 2; NaN when one does not vary. */
static double rank_correlation(const double *a, const double *b, int n)
{
    double ab = 0.0, aa = 0.0, bb = 0.0, middle = 0.5 * (n - 1);
    for (int i = 0; i < n; i++) {
        ab += (a[i] - middle) * (b[i] - middle);
        aa += (a[i] - middle) * (a[i] - middle);
        bb += (b[i] - middle) * (b[i] - middle);
    }
    return ab / sqrt(aa * bb);
}

/* --- the measure ----------------------------------------------------------------------------------------------------- */

enum { TOTAL, SPEARMAN, COLUMNS };
_Static_assert(COLUMNS < BF_MAX_COLUMNS, "a row ends with a NULL name");

static void summarise(sweeps *s, double *v)
{
    const bf_evaluation *e = s->in->evaluation;
    const int latent = s->base.latent;
    const double bases = (double)s->base.count;
    v[TOTAL] = 0.0;
    for (int j = 0; j < latent; j++) {
        for (int64_t b = 0; b < s->base.count; b++) s->mean[j] += s->all[j * s->base.count + b] / bases;
        v[TOTAL] += s->mean[j];
        s->used[j] = 1.0 - e->variance_sum[j] / (double)e->samples;
    }
    if (isnan(e->rate) || isnan(v[TOTAL])) return;
    rank_values(s->mean, latent, s->order, s->rank);
    rank_values(s->used, latent, s->order, s->rank + latent);
    v[SPEARMAN] = rank_correlation(s->rank, s->rank + latent, latent);
}

static bf_status prepare(sweeps *s)
{
    const int ranks = bf_comm_size(s->in->team), rank = bf_comm_rank(s->in->team);
    s->count = s->base.count * s->base.latent;
    const int64_t blocks = (s->count + SWEEPS - 1) / SWEEPS, end = blocks * (rank + 1) / ranks * SWEEPS;
    s->first = blocks * rank / ranks * SWEEPS;
    s->own = (end < s->count ? end : s->count) - s->first;
    BF_TRY(bf_fault_at(s->in->team, "measure.allocate", BF_E_MEMORY));
    memory(s, &s->arena);
    BF_TRY(bf_arena_commit(&s->arena));
    memory(s, &s->arena);
    return BF_DONE;
}

static bf_status sweep_all(sweeps *s, double *v)
{
    const bf_comm *team = s->in->team;
    BF_TRY(bf_comm_agree(team, prepare(s)));
    const bf_status taken = take_own(s);
    BF_TRY(bf_pause_end(s->in->evaluator));
    BF_TRY(bf_comm_agree(team, taken));
    bf_comm_allgather(team, s->mine, (size_t)s->own * sizeof *s->mine, s->all, NULL);
    summarise(s, v);
    const bf_array a = { .name = "latents/traversal_variance", .type = BF_TYPE_F64, .rank = 1, .shape = { s->base.latent }, .data = s->mean };
    return bf_measure_keep(s->in, &a);
}

static bf_status take(const bf_measure_input *in, double *v)
{
    if (!in->evaluator || in->evaluation->samples < 1) return BF_DONE;
    sweeps s = { .in = in };
    BF_TRY(bf_subset_gather(in->team, in->evaluation, in->options->traversal_bases, BF_SUBSET_MEAN, &s.base));
    bf_status status = sweep_all(&s, v);
    bf_arena_release(&s.arena);
    bf_subset_free(&s.base);
    return status;
}

static bf_measure_work work(const bf_vae_options *vae, const bf_measure_options *o, int64_t samples)
{
    const int64_t bases = o->traversal_bases < samples ? o->traversal_bases : samples;
    return (bf_measure_work){ .plan = BF_VAE_DECODE, .rows = (double)bases * (double)vae->latent * POINTS };
}

#define SWEEP "one latent takes 11 evenly spaced values in [-3, 3], the others stay at a posterior mean; mean over measure.traversal.bases samples"

const bf_measure bf_measure_traversal = {
    .name = "traversal", .help = "variance of the decoder's mean along every latent dimension",
    .column = {
        [TOTAL] = { "traversal_variance", "1", "variance of the decoder's mean along a latent, summed over latents",
                    "sum over latents and entries of the variance of the decoder's mean while " SWEEP "; per latent: latents/traversal_variance" },
        [SPEARMAN] = { "traversal_spearman", "1", "do dimensions with small posterior variance move the image",
                       "Spearman correlation over latents of the variance along the latent with 1 - mean posterior variance" },
    },
    .take = take, .work = work,
};
