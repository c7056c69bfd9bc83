/* What the rate is made of: mutual information, total correlation and dimension-wise KL of the aggregated posterior, whose density at a
 * draw is the full mixture of at most COMPONENTS posteriors. Tiles of components outside, draws inside: a tile stays in cache. */
#include "base/vector_math.h"
#include "measure/pause.h"
#include "measure/rows.h"
#include "measure/subset.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>

#define COMPONENTS 8192
#define DRAWS 2048
#define TILE 256
#define WAYS 16
#define LOG_TWO_PI 1.8378770664093453

enum { MUTUAL, TOTAL, DIMWISE, MARGINAL, COLUMNS };
_Static_assert(COLUMNS < BF_MAX_COLUMNS, "a row ends with a NULL name");
enum { TERM_JOINT, TERM_PRODUCT, TERM_PRIOR, TERM_OWN, TERMS };     /* log q(z), sum_d log q(z_d), log p(z), E log q(z|x) of one draw */

typedef struct mixture {
    const bf_subset *set;
    int64_t draws, first, own;          /* of the measure; this rank's */
    bf_arena arena;
    float  *mean, *precision, *norm;    /* (latent, TILE): one tile, transposed; norm: log density at the mean, less top */
    double *top;                        /* (latent): the largest log density at a mean, so that no sum overflows */
    double *marginal;                   /* (own, latent): sum over components of e^(log density - top) */
    double *peak, *joint;               /* (own): log-sum-exp over components, as its maximum and the sum relative to it */
    double *mine, *all;                 /* (own, TERMS), (draws, TERMS) */
} mixture;

static void mixture_memory(mixture *m, bf_arena *a)
{
    size_t latent = (size_t)m->set->latent, own = (size_t)m->own;
    m->mean      = BF_TAKE(a, float, latent * TILE);
    m->precision = BF_TAKE(a, float, latent * TILE);
    m->norm      = BF_TAKE(a, float, latent * TILE);
    m->top       = BF_TAKE(a, double, latent);
    m->marginal  = BF_TAKE(a, double, own * latent);
    m->peak      = BF_TAKE(a, double, own);
    m->joint     = BF_TAKE(a, double, own);
    m->mine      = BF_TAKE(a, double, own * TERMS);
    m->all       = BF_TAKE(a, double, m->draws * TERMS);
}

static const float *draw_at(const mixture *m, int64_t own, const float *rows)
{
    return rows + (size_t)bf_subset_index(m->first + own, m->draws, m->set->count) * (size_t)m->set->latent;
}

static void find_top(mixture *m)
{
    int latent = m->set->latent;
    for (int d = 0; d < latent; d++) m->top[d] = -INFINITY;
    for (int64_t i = 0; i < m->set->count; i++)
        for (int d = 0; d < latent; d++)
            m->top[d] = fmax(m->top[d], -0.5 * (LOG_TWO_PI + (double)m->set->logvar[(size_t)i * (size_t)latent + (size_t)d]));
}

/* Components first .. first+TILE-1; what is past the last one has no density. */
static void load_tile(mixture *m, int64_t first)
{
    size_t latent = (size_t)m->set->latent;
    for (size_t d = 0; d < latent; d++)
        for (size_t i = 0; i < TILE; i++) {
            bool there = first + (int64_t)i < m->set->count;
            size_t from = (size_t)(first + (int64_t)i) * latent + d, to = d * TILE + i;
            double logvar = there ? (double)m->set->logvar[from] : 0.0;
            m->mean[to] = there ? m->set->mean[from] : 0.0f;
            m->precision[to] = there ? (float)exp(-logvar) : 0.0f;
            m->norm[to] = there ? (float)(-0.5 * (LOG_TWO_PI + logvar) - m->top[d]) : -1e30f;
        }
}

/* In a fixed order that vector registers can keep. */
static double tile_sum(const float *v)
{
    double way[WAYS] = { 0 }, sum = 0.0;
    for (int i = 0; i < TILE; i += WAYS)
        for (int w = 0; w < WAYS; w++) way[w] += (double)v[i + w];
    for (int w = 0; w < WAYS; w++) sum += way[w];
    return sum;
}

/* Log densities of one coordinate under a tile's components: added to joint; returns the sum of their exponentials. */
static double add_coordinate(float z, const float *restrict mean, const float *restrict precision, const float *restrict norm, double *restrict joint)
{
    float density[TILE];
    for (int i = 0; i < TILE; i++) {
        float r = z - mean[i], log_density = norm[i] - 0.5f * r * r * precision[i];
        joint[i] += (double)log_density;
        density[i] = bf_exp(log_density);
    }
    return tile_sum(density);
}

/* Merges a tile's log densities into a draw's running maximum and sum. */
static void merge(const double *joint, double *peak, double *total)
{
    float relative[TILE];
    double top = joint[0];
    for (int i = 1; i < TILE; i++) top = joint[i] > top ? joint[i] : top;
    for (int i = 0; i < TILE; i++) relative[i] = bf_exp((float)(joint[i] - top));
    double sum = tile_sum(relative);
    if (top > *peak) {
        *total = *total * exp(*peak - top) + sum;
        *peak = top;
    } else {
        *total += sum * exp(top - *peak);
    }
}

static void add_tile(mixture *m)
{
    size_t latent = (size_t)m->set->latent;
    for (int64_t s = 0; s < m->own; s++) {
        const float *z = draw_at(m, s, m->set->z);
        double joint[TILE] = { 0 };
        for (size_t d = 0; d < latent; d++)
            m->marginal[(size_t)s * latent + d] += add_coordinate(z[d], m->mean + d * TILE, m->precision + d * TILE, m->norm + d * TILE, joint);
        merge(joint, &m->peak[s], &m->joint[s]);
    }
}

static void finish_draw(mixture *m, int64_t s)
{
    int latent = m->set->latent;
    const float *z = draw_at(m, s, m->set->z), *logvar = draw_at(m, s, m->set->logvar);
    double *t = m->mine + (size_t)s * TERMS, log_n = log((double)m->set->count), tops = 0.0;
    t[TERM_PRODUCT] = t[TERM_PRIOR] = t[TERM_OWN] = 0.0;
    for (int d = 0; d < latent; d++) {
        tops += m->top[d];
        t[TERM_PRODUCT] += log(m->marginal[(size_t)s * (size_t)latent + (size_t)d]) + m->top[d] - log_n;
        t[TERM_PRIOR] -= 0.5 * (LOG_TWO_PI + (double)z[d] * (double)z[d]);
        t[TERM_OWN] -= 0.5 * (1.0 + LOG_TWO_PI + (double)logvar[d]);
    }
    t[TERM_JOINT] = m->peak[s] + log(m->joint[s]) + tops - log_n;
}

/* Collective over team. Means over all draws, in the order of the draws. */
static void average(const bf_comm *team, mixture *m, double *v)
{
    bf_comm_allgather(team, m->mine, (size_t)m->own * TERMS * sizeof *m->mine, m->all, NULL);
    double sum[TERMS] = { 0 };
    for (int64_t s = 0; s < m->draws; s++)
        for (int k = 0; k < TERMS; k++) sum[k] += m->all[(size_t)s * TERMS + (size_t)k] / (double)m->draws;
    v[MUTUAL] = sum[TERM_OWN] - sum[TERM_JOINT];
    v[TOTAL] = sum[TERM_JOINT] - sum[TERM_PRODUCT];
    v[DIMWISE] = sum[TERM_PRODUCT] - sum[TERM_PRIOR];
    v[MARGINAL] = sum[TERM_JOINT] - sum[TERM_PRIOR];
}

static bf_status decompose(const bf_comm *team, bf_evaluator *e, const bf_subset *set, double *v)
{
    mixture m = { .set = set, .draws = set->count < DRAWS ? set->count : DRAWS };
    int rank = bf_comm_rank(team), ranks = bf_comm_size(team);
    m.first = m.draws * rank / ranks;
    m.own = m.draws * (rank + 1) / ranks - m.first;
    mixture_memory(&m, &m.arena);
    bf_status s = bf_comm_agree(team, bf_arena_commit(&m.arena));
    if (s.code) goto done;
    mixture_memory(&m, &m.arena);
    find_top(&m);
    for (int64_t i = 0; i < m.own; i++) m.peak[i] = -INFINITY;
    for (int64_t first = 0; first < set->count && !bf_pause(e); first += TILE) {
        load_tile(&m, first);
        add_tile(&m);
    }
    BF_TRY_DONE(bf_pause_end(e));
    for (int64_t i = 0; i < m.own; i++) finish_draw(&m, i);
    average(team, &m, v);
done:
    bf_arena_release(&m.arena);
    return s;
}

static bf_status take(const bf_measure_input *in, double *v)
{
    const bf_evaluation *e = in->evaluation;
    if (e->samples < 1 || isnan(e->rate)) return BF_DONE;
    bf_subset set;
    BF_TRY(bf_subset_gather(in->team, e, COMPONENTS, BF_SUBSET_Z | BF_SUBSET_POSTERIOR, &set));
    bf_status s = decompose(in->team, in->evaluator, &set, v);
    bf_subset_free(&set);
    return s;
}

/* A term is what add_coordinate does for one component. */
static bf_measure_work work(const bf_vae_options *vae, const bf_measure_options *o, int64_t samples)
{
    (void)o;
    const double components = (double)(samples < COMPONENTS ? samples : COMPONENTS), draws = components < DRAWS ? components : DRAWS;
    return (bf_measure_work){ .terms = draws * components * ((double)vae->latent + 1.0) };
}

#define ESTIMATOR "; q(z) the full mixture of at most 8192 evenly spaced posteriors, at the stored draws of at most 2048 of them"

const bf_measure bf_measure_decomposition = {
    .name = "decomposition", .help = "mutual information, total correlation and dimension-wise KL that the rate is made of",
    .column = {
        [MUTUAL] = { "mutual_information", "nat", "mutual information of sample and latent", "mean of E log q(z|x) - log q(z)" ESTIMATOR
            "; no more than the logarithm of their number, 9.01 of 8192: what a greater rate holds beyond that is counted in total_correlation" },
        [TOTAL] = { "total_correlation", "nat", "total correlation of the aggregated posterior", "mean of log q(z) - sum_d log q(z_d)" ESTIMATOR },
        [DIMWISE] = { "dimwise_kl", "nat", "dimension-wise KL of the aggregated posterior from the prior", "mean of sum_d log q(z_d) - log p(z)" ESTIMATOR },
        [MARGINAL] = { "marginal_kl", "nat", "KL of the aggregated posterior from the prior", "total_correlation + dimwise_kl" ESTIMATOR },
    },
    .take = take, .work = work,
};
