/* Singular values of the matrix of posterior draws over sqrt(n), not centred: 1 where the aggregated posterior fills the prior,
 * 0 where it is flat. From the Gram matrix in double; the sum over samples runs over a fixed number of segments of whole blocks, in
 * a pairwise tree that the team's ranks continue, so its bits do not depend on their number. */
#include "measure/block_sums.h"
#include "measure/pause.h"
#include "measure/rows.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENTS 256

void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda, double *w, double *work, const int *lwork,
             int *iwork, const int *liwork, int *info);

typedef struct gram {
    const bf_evaluation *e;
    bf_evaluator *evaluator;
    int64_t blocks, segments;
    double *block;              /* (BF_EVAL_ROWS, latent) in double, padded with zeros */
    double *level;              /* (levels, latent, latent): partial sums of the tree, upper triangles */
} gram;

static size_t square(const gram *g) { return (size_t)g->e->latent * (size_t)g->e->latent; }

static void add_block(const gram *g, int64_t block, double *sum)
{
    int latent = g->e->latent;
    int64_t first = block * BF_EVAL_ROWS, left = g->e->samples - first, rows = left < BF_EVAL_ROWS ? left : BF_EVAL_ROWS;
    const float *z = g->e->z + (size_t)(first - g->e->first) * (size_t)latent;
    size_t used = (size_t)rows * (size_t)latent, all = (size_t)BF_EVAL_ROWS * (size_t)latent;
    for (size_t i = 0; i < used; i++) g->block[i] = z[i];
    memset(g->block + used, 0, (all - used) * sizeof *g->block);
    /* The same shape for every block: the library's order of summation may depend on it. */
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, latent, BF_EVAL_ROWS, 1.0, g->block, latent, 1.0, sum, latent);
}

/* The tree over segments from .. from+count-1, count a power of two; the sum lands in `level`, deeper levels are scratch. */
static void add_segments(const gram *g, int64_t from, int64_t count, double *level)
{
    if (count == 1) {
        memset(level, 0, square(g) * sizeof *level);
        const int64_t first = g->blocks * from / g->segments, end = bf_pause(g->evaluator) ? first : g->blocks * (from + 1) / g->segments;
        for (int64_t b = first; b < end; b++) add_block(g, b, level);
        return;
    }
    double *right = level + square(g);
    add_segments(g, from, count / 2, level);
    add_segments(g, from + count / 2, count / 2, right);
    for (size_t i = 0; i < square(g); i++) level[i] += right[i];
}

/* Eigenvalues, ascending, of the symmetric a (n, n) whose upper triangle counts; a is destroyed. */
static bf_status eigenvalues(double *a, int n, double *w)
{
    int lwork = 2 * n + 1, liwork = 1, info = 0;
    double *work = malloc((size_t)lwork * sizeof *work);
    if (!work) return BF_FAIL(BF_E_MEMORY, "eigenvalues of a %d x %d matrix", n, n);
    int iwork = 0;
    /* Row-major upper is LAPACK's lower. */
    dsyevd_("N", "L", &n, a, &n, w, work, &lwork, &iwork, &liwork, &info);
    free(work);
    if (info) return BF_FAIL(BF_E_INTERNAL, "dsyevd: info %d for a %d x %d matrix", info, n, n);
    return BF_DONE;
}

static bool all_finite(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return false;
    return true;
}

/* Local, the lowest rank: singular values, descending, from the sum over all samples. NaN when the draws are not finite. */
static bf_status from_gram(double *sum, int latent, int64_t samples, double *values)
{
    for (int j = 0; j < latent; j++) values[j] = NAN;
    if (samples < 1 || !all_finite(sum, (size_t)latent * (size_t)latent)) return BF_DONE;
    BF_TRY(eigenvalues(sum, latent, values));
    for (int j = 0; j < latent / 2; j++) {
        double low = values[j];
        values[j] = values[latent - 1 - j];
        values[latent - 1 - j] = low;
    }
    for (int j = 0; j < latent; j++) values[j] = sqrt(fmax(values[j], 0.0) / (double)samples);
    return BF_DONE;
}

bf_status bf_spectrum(const bf_measure_input *in, double *values)
{
    const bf_evaluation *e = in->evaluation;
    int ranks = bf_comm_size(in->team), rank = bf_comm_rank(in->team);
    gram g = { .e = e, .evaluator = in->evaluator, .blocks = bf_block_count(e->samples), .segments = ranks > SEGMENTS ? ranks : SEGMENTS };
    int64_t share = g.segments / ranks;
    size_t levels = 2;                              /* one more than the tree needs: scratch for the sum over ranks */
    for (int64_t c = share; c > 1; c /= 2) levels++;
    g.block = malloc((size_t)BF_EVAL_ROWS * (size_t)e->latent * sizeof *g.block);
    g.level = calloc(levels, square(&g) * sizeof *g.level);
    bf_status s = g.block && g.level ? BF_DONE : BF_FAIL(BF_E_MEMORY, "the spectrum of %d latent dimensions", e->latent);
    BF_TRY_DONE(bf_comm_agree(in->team, s));
    add_segments(&g, rank * share, share, g.level);
    BF_TRY_DONE(bf_pause_end(in->evaluator));
    if (ranks > 1) bf_comm_tree_f64(in->team, g.level, square(&g), g.level + square(&g));
    /* One rank solves, so that all hold the same bits on whatever processors. */
    BF_TRY_DONE(bf_comm_agree(in->team, rank == 0 ? from_gram(g.level, e->latent, e->samples, values) : BF_DONE));
    bf_comm_bcast(in->team, values, (size_t)e->latent * sizeof *values, 0);
done:
    free(g.block);
    free(g.level);
    return s;
}

enum { DEVIATION, DEGENERATE, COLUMNS };
_Static_assert(COLUMNS < BF_MAX_COLUMNS, "a row ends with a NULL name");

static bf_status take(const bf_measure_input *in, double *v)
{
    int latent = in->evaluation->latent;
    double *values = malloc((size_t)latent * sizeof *values);
    bf_status s = values ? BF_DONE : BF_FAIL(BF_E_MEMORY, "%d singular values", latent);
    BF_TRY_DONE(bf_comm_agree(in->team, s));
    BF_TRY_DONE(bf_spectrum(in, values));
    const bf_array a = { .name = "spectrum", .type = BF_TYPE_F64, .rank = 1, .shape = { latent }, .data = values };
    BF_TRY_DONE(bf_measure_keep(in, &a));
    if (isnan(values[0])) goto done;
    v[DEVIATION] = v[DEGENERATE] = 0.0;
    for (int j = 0; j < latent; j++) {
        v[DEVIATION] = fmax(v[DEVIATION], fabs(values[j] - 1.0));
        v[DEGENERATE] += values[j] < 0.1;
    }
done:
    free(values);
    return s;
}

const bf_measure bf_measure_spectrum = {
    .name = "spectrum", .help = "singular values of the aggregated posterior's sample matrix",
    .column = {
        [DEVIATION] = { "spectrum_max_deviation", "1", "largest deviation of a singular value from 1",
                        "max_j |s_j - 1|, s the singular values of Z / sqrt(n), Z (n, latent) one posterior draw per sample, not centred" },
        [DEGENERATE] = { "spectrum_degenerate", "1", "flat directions of the aggregated posterior", "number of singular values of Z / sqrt(n) below 0.1" },
    },
    .take = take,
};
