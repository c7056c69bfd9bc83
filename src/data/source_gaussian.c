/* Zero-mean Gaussian with given eigenvalues: x = Q diag(sqrt(lambda)) n, n ~ N(0, I), Q a random rotation from the seed (or I).
 * With whiten_sample the training part uses L^-1 (n - m) for n, where m and L L' are the training sample's own mean and covariance (1/N):
 * then the training sample's mean is zero and its covariance is Q diag(lambda) Q', exactly. The test part is plain in any case. */
#include "data/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/generator.h"

enum { BLOCK = 16 };                    /* samples per pass over the covariance: it is read once for all of them */

typedef struct gaussian {
    size_t  d;
    double *root;                       /* (d) square roots of the eigenvalues */
    double *map;                        /* (d, d) transposed: column k of Q diag(root) in row k; NULL when diagonal */
    double *sample_map, *mean;          /* the same and (d) for a whitened training part; else NULL */
} gaussian;

static bf_status describe(const bf_data_options *o, bf_data_info *info)
{
    const int count = o->gaussian.eigenvalues.count;
    const int64_t shape[1] = { count };
    if (count < 1 || count > BF_MAX_EIGENVALUES)
        return BF_FAIL(BF_E_INPUT, "data.gaussian.eigenvalues: %d values; 1 to %d are possible", count, BF_MAX_EIGENVALUES);
    for (int i = 0; i < count; i++)
        if (!(o->gaussian.eigenvalues.at[i] >= 0.0) || !isfinite(o->gaussian.eigenvalues.at[i]))
            return BF_FAIL(BF_E_INPUT, "data.gaussian.eigenvalues: %g is negative or not finite", o->gaussian.eigenvalues.at[i]);
    BF_TRY(bf_info_shape(info, "data.gaussian.eigenvalues", 1, shape));
    info->stored = BF_STORED_F32;
    BF_TRY(bf_generator_rows(o, info));
    if (o->gaussian.whiten_sample && info->rows[BF_TRAIN] <= count)
        return BF_FAIL(BF_E_INPUT, "data.gaussian.whiten_sample: %lld training samples cannot have a covariance of rank %d; %d are needed",
                       (long long)info->rows[BF_TRAIN], count, count + 1);
    return BF_DONE;
}

static void close_gaussian(void *state)
{
    gaussian *g = state;
    if (!g)
        return;
    free(g->root);
    free(g->map);
    free(g->sample_map);
    free(g->mean);
    free(g);
}

/* Orthonormal columns of v (d, d) by modified Gram-Schmidt, each inner loop over columns, so that sums keep their order in vector code.
 * A normal matrix is conditioned well enough (about d) that one pass leaves 1e-12. Positive diagonal of R: Haar measure. */
static void orthonormalise(double *restrict v, double *restrict dot, size_t d)
{
    for (size_t k = 0; k < d; k++) {
        double norm = 0.0;
        for (size_t i = 0; i < d; i++)
            norm += v[i * d + k] * v[i * d + k];
        norm = sqrt(norm);
        memset(dot, 0, d * sizeof *dot);
        for (size_t i = 0; i < d; i++) {
            const double q = v[i * d + k] /= norm;
            for (size_t j = k + 1; j < d; j++)
                dot[j] += q * v[i * d + j];
        }
        for (size_t i = 0; i < d; i++)
            for (size_t j = k + 1; j < d; j++)
                v[i * d + j] -= v[i * d + k] * dot[j];
    }
}

static bf_status make_rotation(gaussian *g, const bf_data_options *o)
{
    const size_t d = g->d;
    const bf_draw draw = bf_generator_shared(o, 0);
    double *v = NULL, *dot = NULL;
    bf_status s = BF_DONE;
    BF_TRY_DONE(bf_generator_doubles(d * d, &v));
    BF_TRY_DONE(bf_generator_doubles(d, &dot));
    BF_TRY_DONE(bf_generator_doubles(d * d, &g->map));
    bf_rng_normal64(&draw, v, d * d);
    orthonormalise(v, dot, d);
    for (size_t i = 0; i < d; i++)
        for (size_t k = 0; k < d; k++)
            g->map[k * d + i] = v[i * d + k] * g->root[k];
done:
    free(v);
    free(dot);
    return s;
}

/* The training normals, all ranks in the same order: mean (d) and lower covariance c (d, d), 1/N. */
static bf_status sample_moments(const gaussian *g, const bf_data_options *o, int64_t rows, double *restrict mean, double *restrict c)
{
    const size_t d = g->d;
    double *n = NULL;                   /* (BLOCK, d) */
    BF_TRY(bf_generator_doubles(BLOCK * d, &n));
    for (int64_t i = 0; i < rows; i++) {
        const bf_draw draw = bf_generator_sample(o, BF_TRAIN, i, 0);
        bf_rng_normal64(&draw, n, d);
        for (size_t j = 0; j < d; j++)
            mean[j] += n[j] / (double)rows;
    }
    for (int64_t first = 0; first < rows; first += BLOCK) {
        const int block = rows - first < BLOCK ? (int)(rows - first) : BLOCK;
        for (int b = 0; b < block; b++) {
            const bf_draw draw = bf_generator_sample(o, BF_TRAIN, first + b, 0);
            bf_rng_normal64(&draw, n + (size_t)b * d, d);
            for (size_t j = 0; j < d; j++)
                n[(size_t)b * d + j] -= mean[j];
        }
        for (size_t i = 0; i < d; i++)
            for (int b = 0; b < block; b++)
                for (size_t j = 0; j <= i; j++)
                    c[i * d + j] += n[(size_t)b * d + i] * n[(size_t)b * d + j] / (double)rows;
    }
    free(n);
    return BF_DONE;
}

/* Lower c (d, d) becomes its Cholesky factor. */
static bf_status cholesky(double *restrict c, size_t d)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++) {
            double v = c[i * d + j];
            for (size_t k = 0; k < j; k++)
                v -= c[i * d + k] * c[j * d + k];
            if (i == j && !(v > 0.0))
                return BF_FAIL(BF_E_INPUT, "data.gaussian.whiten_sample: the training sample's covariance is singular; ask for more samples");
            c[i * d + j] = i == j ? sqrt(v) : v / c[j * d + j];
        }
    return BF_DONE;
}

/* map (d, d), transposed, becomes that of map L^-1: Y L = map is solved for the columns of Y from the last to the first. */
static void solve_from_right(double *restrict map, const double *restrict l, size_t d)
{
    for (size_t k = d; k-- > 0;) {
        for (size_t j = k + 1; j < d; j++)
            for (size_t i = 0; i < d; i++)
                map[k * d + i] -= map[j * d + i] * l[j * d + k];
        for (size_t i = 0; i < d; i++)
            map[k * d + i] /= l[k * d + k];
    }
}

static bf_status make_whitening(gaussian *g, const bf_data_options *o, int64_t rows)
{
    const size_t d = g->d;
    double *c = NULL;
    bf_status s = BF_DONE;
    BF_TRY_DONE(bf_generator_doubles(d * d, &c));
    BF_TRY_DONE(bf_generator_doubles(d, &g->mean));
    BF_TRY_DONE(bf_generator_doubles(d * d, &g->sample_map));
    BF_TRY_DONE(sample_moments(g, o, rows, g->mean, c));
    BF_TRY_DONE(cholesky(c, d));
    for (size_t k = 0; k < d; k++)
        for (size_t i = 0; i < d; i++)
            g->sample_map[k * d + i] = g->map ? g->map[k * d + i] : i == k ? g->root[k] : 0.0;
    solve_from_right(g->sample_map, c, d);
done:
    free(c);
    return s;
}

static bf_status open_gaussian(const bf_data_options *o, const bf_data_info *info, void **state)
{
    gaussian *g = calloc(1, sizeof *g);
    bf_status s = BF_DONE;
    if (!g)
        return BF_FAIL(BF_E_MEMORY, "no memory for the gaussian source");
    g->d = (size_t)info->width;
    BF_TRY_DONE(bf_generator_doubles(g->d, &g->root));
    for (size_t k = 0; k < g->d; k++)
        g->root[k] = sqrt(o->gaussian.eigenvalues.at[k]);
    if (o->gaussian.rotate)
        BF_TRY_DONE(make_rotation(g, o));
    if (o->gaussian.whiten_sample)
        BF_TRY_DONE(make_whitening(g, o, info->rows[BF_TRAIN]));
    *state = g;
    return s;
done:
    close_gaussian(g);
    return s;
}

static bf_status fill(void *state, const bf_data_options *o, const bf_data_info *info, const bf_rows *rows)
{
    const gaussian *g = state;
    const size_t d = (size_t)info->width;
    const bool whitened = g->sample_map && rows->split == BF_TRAIN;
    const double *map = whitened ? g->sample_map : g->map;
    double *n = NULL;                   /* (d) twice */
    BF_TRY(bf_generator_doubles(2 * d, &n));
    double *y = n + d;
    for (int64_t r = 0; r < rows->count; r++) {
        const bf_draw draw = bf_generator_sample(o, rows->split, rows->first + r, 0);
        float *x = (float *)rows->x + (size_t)r * d;
        bf_rng_normal64(&draw, n, d);
        for (size_t j = 0; whitened && j < d; j++)
            n[j] -= g->mean[j];
        if (map)
            bf_generator_mix(map, n, y, d, d);
        for (size_t j = 0; j < d; j++)
            x[j] = (float)(map ? y[j] : g->root[j] * n[j]);
    }
    free(n);
    return BF_DONE;
}

const bf_source bf_source_gaussian = {
    .name = "gaussian", .help = "zero-mean Gaussian with given eigenvalues", .generator = true, .unbounded = true,
    .describe = describe, .open = open_gaussian, .fill = fill, .close = close_gaussian,
};
