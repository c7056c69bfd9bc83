/* Maximum mean discrepancy between the aggregated posterior and the prior N(0, I), unbiased, with the inverse multiquadratic
 * kernel k(a, b) = sum_s C_s / (C_s + |a - b|^2), C_s = 2 latent s. The prior is not sampled: its two expectations are integrals
 *   E_p k(z, .) = int_0^inf sum_s C_s e^(-t C_s) (1 + 2t)^(-latent/2) exp(-t |z|^2 / (1 + 2t)) dt
 * and E_pp the same with (1 + 4t)^(-latent/2) and no z, which halves the noise and leaves the pairs of z as the only double sum. */
#include "measure/pause.h"
#include "measure/rows.h"
#include "measure/subset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 10000
#define TILE 128                /* samples on each side of a pair of tiles */
#define NODES 160
#define PER_PAIR 1.2            /* terms that a pair takes, each of its latent dimensions, and each node of the integral: measured */
#define PER_DIFFERENCE 0.06
#define PER_NODE 5.0

static const double scale[] = { 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0 };
enum { SCALES = sizeof scale / sizeof *scale };

/* --- the prior's side: trapezoids in log t, which converge exponentially ------------------------------------------- */

typedef struct quadrature { double weight[NODES], rate[NODES], pp; } quadrature;   /* E_p k(z, .) = sum weight e^(-rate |z|^2) */

static void build_quadrature(int latent, quadrature *q)
{
    double c = 2.0 * latent, lowest = log(1e-14 / c), highest = log(50.0 / (c * scale[0])), h = (highest - lowest) / (NODES - 1);
    q->pp = 0.0;
    for (int k = 0; k < NODES; k++) {
        double t = exp(lowest + k * h), density = 0.0;
        for (int s = 0; s < SCALES; s++) density += c * scale[s] * exp(-t * c * scale[s]);
        density *= t * h;
        q->weight[k] = density * exp(-0.5 * latent * log1p(2.0 * t));
        q->rate[k] = t / (1.0 + 2.0 * t);
        q->pp += density * exp(-0.5 * latent * log1p(4.0 * t));
    }
}

static double cross_mean(const bf_subset *z, const quadrature *q)
{
    double sum = 0.0;
    for (int64_t i = 0; i < z->count; i++) {
        double norm = 0.0;
        for (int j = 0; j < z->latent; j++) {
            double v = z->z[(size_t)i * (size_t)z->latent + (size_t)j];
            norm += v * v;
        }
        for (int k = 0; k < NODES; k++) sum += q->weight[k] * exp(-q->rate[k] * norm);
    }
    return sum / (double)z->count;
}

/* --- pairs of samples ------------------------------------------------------------------------------------------------ */

/* kernels[j] += sum_s C_s / (C_s + distance[j]) */
static void add_kernels(const float *restrict distance, double *restrict kernels, int latent)
{
    float c[SCALES];
    for (int s = 0; s < SCALES; s++) c[s] = (float)(2.0 * latent * scale[s]);
    for (int j = 0; j < TILE; j++) {
        float k = 0.0f;
        for (int s = 0; s < SCALES; s++) k += c[s] / (c[s] + distance[j]);
        kernels[j] += (double)k;
    }
}

/* Sum of k over samples a0 .. a0+na-1 against b0 .. b0+nb-1; across (latent, TILE) holds the second ones, transposed and padded. */
static double tile_sum(const bf_subset *z, int64_t a0, int64_t na, int64_t b0, int64_t nb, float *restrict across)
{
    size_t latent = (size_t)z->latent;
    double kernels[TILE] = { 0 }, sum = 0.0;
    for (int64_t j = 0; j < nb; j++)
        for (size_t d = 0; d < latent; d++) across[d * TILE + (size_t)j] = z->z[(size_t)(b0 + j) * latent + d];
    for (int64_t i = 0; i < na; i++) {
        const float *zi = z->z + (size_t)(a0 + i) * latent;
        float distance[TILE] = { 0 };
        for (size_t d = 0; d < latent; d++)
            for (int j = 0; j < TILE; j++) {
                float v = zi[d] - across[d * TILE + (size_t)j];
                distance[j] += v * v;
            }
        add_kernels(distance, kernels, z->latent);
    }
    for (int64_t j = 0; j < nb; j++) sum += kernels[j];
    return sum;
}

/* Sums of this rank's share of the pairs of tiles a <= b, in the order (0,0), (0,1), ..., (1,1), ... */
static void tile_pairs(bf_evaluator *e, const bf_subset *z, int64_t tiles, int64_t from, int64_t to, float *across, double *sums)
{
    int64_t pair = 0;
    for (int64_t a = 0; a < tiles && !bf_pause(e); a++)
        for (int64_t b = a; b < tiles; b++, pair++) {
            if (pair < from || pair >= to) continue;
            int64_t na = z->count - a * TILE, nb = z->count - b * TILE;
            double s = tile_sum(z, a * TILE, na < TILE ? na : TILE, b * TILE, nb < TILE ? nb : TILE, across);
            /* A sample against itself is SCALES exactly and does not count; tiles off the diagonal stand for two. */
            sums[pair - from] = a == b ? s - SCALES * (double)(na < TILE ? na : TILE) : 2.0 * s;
        }
}

/* Collective over team. Mean of k over pairs of different samples. */
static bf_status pair_mean(const bf_comm *team, bf_evaluator *e, const bf_subset *z, double *mean)
{
    int64_t tiles = (z->count + TILE - 1) / TILE, pairs = tiles * (tiles + 1) / 2;
    int64_t from = pairs * bf_comm_rank(team) / bf_comm_size(team), to = pairs * (bf_comm_rank(team) + 1) / bf_comm_size(team);
    float *across = calloc((size_t)z->latent * TILE, sizeof *across);
    double *mine = calloc((size_t)(to - from) + 1, sizeof *mine), *all = calloc((size_t)pairs + 1, sizeof *all);
    bf_status s = across && mine && all ? BF_DONE : BF_FAIL(BF_E_MEMORY, "pairs of %lld samples", (long long)z->count);
    s = bf_comm_agree(team, s);
    if (!s.code) {
        tile_pairs(e, z, tiles, from, to, across, mine);
        s = bf_pause_end(e);
    }
    if (!s.code) {
        bf_comm_allgather(team, mine, (size_t)(to - from) * sizeof *mine, all, NULL);
        double sum = 0.0;
        for (int64_t p = 0; p < pairs; p++) sum += all[p];
        *mean = sum / ((double)z->count * (double)(z->count - 1));
    }
    free(across);
    free(mine);
    free(all);
    return s;
}

static bf_status take(const bf_measure_input *in, double *v)
{
    if (in->evaluation->samples < 2) return BF_DONE;
    bf_subset z;
    quadrature q;
    double pairs = 0.0;
    BF_TRY(bf_subset_gather(in->team, in->evaluation, SAMPLES, BF_SUBSET_Z, &z));
    bf_status s = pair_mean(in->team, in->evaluator, &z, &pairs);
    if (!s.code) {
        build_quadrature(z.latent, &q);
        v[0] = pairs + q.pp - 2.0 * cross_mean(&z, &q);
    }
    bf_subset_free(&z);
    return s;
}

/* Every pair: a distance, and SCALES divisions, which a vector has eight of at once. */
static bf_measure_work work(const bf_vae_options *vae, const bf_measure_options *o, int64_t samples)
{
    (void)o;
    const double n = (double)(samples < SAMPLES ? samples : SAMPLES);
    return (bf_measure_work){ .terms = n * (0.5 * n * (PER_PAIR + PER_DIFFERENCE * (double)vae->latent) + PER_NODE * NODES) };
}

const bf_measure bf_measure_mmd = {
    .name = "mmd", .help = "maximum mean discrepancy between aggregated posterior and prior",
    .column = {
        { "mmd", "1", "squared maximum mean discrepancy between posterior draws and N(0, I)",
          "unbiased: mean_{i != j} k(z_i, z_j) + E_pp k - 2 mean_i E_p k(z_i, .), k(a, b) = sum_s C_s / (C_s + |a - b|^2), "
          "C_s = 2 latent s, s in {0.1, 0.2, 0.5, 1, 2, 5, 10}; the prior's expectations are exact; at most 10000 evenly spaced samples" },
    },
    .take = take, .work = work,
};
