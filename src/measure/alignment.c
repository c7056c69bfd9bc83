#include "measure/alignment.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "measure/assignment.h"

#define ACTIVE 0.01     /* variance of a used dimension's mean over the samples, as active_units has it */
#define WAYS 16

void bf_alignment_memory(bf_alignment_work *w, bf_arena *a)
{
    const size_t latent = (size_t)w->latent, samples = (size_t)w->samples;
    for (int side = 0; side < 2; side++) {
        w->column[side]   = (float *)bf_arena_take(a, samples, latent * sizeof(float));
        w->sorted[side]   = BF_TAKE(a, float, samples);
        w->variance[side] = BF_TAKE(a, double, latent);
        w->used[side]     = BF_TAKE(a, int, latent);
    }
    w->like   = BF_TAKE(a, double, latent * (latent + 1));
    w->weight = BF_TAKE(a, double, latent * latent);
    w->match  = BF_TAKE(a, int, latent);
}

/* A column of rows (n, latent), centred and of length 1; 0 where it does not vary. Returns its variance. */
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

void bf_alignment_take(bf_alignment_work *w, int side, const float *mean)
{
    const size_t latent = (size_t)w->latent;
    w->count[side] = 0;
    for (size_t d = 0; d < latent; d++) {
        w->variance[side][d] = standardise(mean + d, latent, w->samples, w->column[side] + d * (size_t)w->samples);
        if (w->variance[side][d] > ACTIVE) w->used[side][w->count[side]++] = (int)d;
    }
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

static void sort_column(const float *rows, size_t latent, int64_t n, float *out)
{
    for (int64_t i = 0; i < n; i++) out[i] = rows[(size_t)i * latent];
    qsort(out, (size_t)n, sizeof *out, ascending);
}

/* The distance that one marginal's mass has to be moved to become the other: with as many draws of each, that between equal ranks. */
static double moved(const bf_alignment_work *w, const float *const z[2], size_t d)
{
    double sum = 0.0;
    for (int side = 0; side < 2; side++) sort_column(z[side] + d, (size_t)w->latent, w->samples, w->sorted[side]);
    for (int64_t i = 0; i < w->samples; i++) sum += fabs((double)w->sorted[0][i] - (double)w->sorted[1][i]) / (double)w->samples;
    return sum;
}

void bf_alignment_compare(bf_alignment_work *w, const float *const z[2], int first, int n, double *rows)
{
    const size_t latent = (size_t)w->latent, samples = (size_t)w->samples;
    for (int k = 0; k < n; k++, rows += latent + 1) {
        const size_t d = (size_t)(first + k);
        const bool active = w->variance[0][d] > ACTIVE;
        for (size_t other = 0; other < latent; other++) rows[other] = 0.0;
        for (int t = 0; active && t < w->count[1]; t++) {
            const size_t other = (size_t)w->used[1][t];
            rows[other] = fabs(dot(w->column[0] + d * samples, w->column[1] + other * samples, w->samples));
        }
        rows[latent] = moved(w, z, d);
    }
}

/* Whether it is known which dimensions are in use. */
static bool is_known(const bf_alignment_work *w)
{
    for (int side = 0; side < 2; side++)
        for (int d = 0; d < w->latent; d++)
            if (!isfinite(w->variance[side][d])) return false;
    return true;
}

/* The fewer active dimensions choose among the more. */
bf_status bf_alignment_score(bf_alignment_work *w, bf_alignment *out)
{
    const size_t stride = (size_t)w->latent + 1;
    const bool turned = w->count[0] > w->count[1];
    const int rows = w->count[turned], cols = w->count[!turned];
    const int *row = w->used[turned], *col = w->used[!turned];
    double same = 0.0, best = 0.0;
    *out = (bf_alignment){ .both = 0 };
    for (size_t d = 0; d < stride - 1; d++) out->shift += w->like[d * stride + stride - 1] / (double)(stride - 1);
    if (!is_known(w)) {
        *out = (bf_alignment){ .score = NAN, .diagonal = NAN, .permuted = NAN, .shift = out->shift, .both = -1 };
        return BF_DONE;
    }
    for (int r = 0; r < rows; r++)
        for (int k = 0; k < cols; k++) {
            const size_t here = (size_t)(turned ? col[k] : row[r]), there = (size_t)(turned ? row[r] : col[k]);
            w->weight[(size_t)r * (size_t)cols + (size_t)k] = w->like[here * stride + there];
            if (here != there) continue;
            same += w->like[here * stride + there];
            out->both++;
        }
    BF_TRY(bf_assignment_best(w->weight, rows, cols, w->match));
    for (int r = 0; r < rows; r++) best += w->weight[(size_t)r * (size_t)cols + (size_t)w->match[r]];
    out->diagonal = same / rows;
    out->permuted = best / rows;
    out->score = same / best;
    return BF_DONE;
}
