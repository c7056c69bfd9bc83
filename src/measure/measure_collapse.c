/* How the posterior's variances are spread between 0, where a dimension is used, and the prior's 1. */
#include "measure/histogram.h"
#include "measure/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { INTERMEDIATE, SMALL, LARGE, COLUMNS };
_Static_assert(COLUMNS < BF_MAX_COLUMNS, "a row ends with a NULL name");

/* Collective. */
static void shares(const bf_measure_input *in, double *v)
{
    const bf_evaluation *e = in->evaluation;
    const size_t n = (size_t)e->rows * (size_t)e->latent;
    int64_t count[COLUMNS + 1] = { 0 };             /* and what is no number */
    for (size_t i = 0; i < n; i++) {
        const double variance = exp((double)e->logvar[i]);
        count[isnan(variance) ? COLUMNS : variance <= 0.1 ? SMALL : variance < 0.9 ? INTERMEDIATE : LARGE]++;
    }
    bf_comm_sum_all(in->team, count, COLUMNS + 1);
    const double all = (double)e->samples * e->latent;
    for (int c = 0; c < COLUMNS; c++) v[c] = count[COLUMNS] == 0 ? (double)count[c] / all : NAN;
}

static bf_status keep_histogram(const bf_measure_input *in, const bf_histogram *h)
{
    int64_t *counts;
    bf_array a = { .type = BF_TYPE_I64, .rank = 2, .shape = { in->evaluation->latent, bf_histogram_columns(h) } };
    BF_TRY(bf_histogram_take(in->team, in->evaluation, h, &counts));
    snprintf(a.name, sizeof a.name, "%s", h->name);
    a.data = counts;
    bf_status s = bf_measure_keep(in, &a);
    free(counts);
    return s;
}

static bf_status take(const bf_measure_input *in, double *v)
{
    const bf_evaluation *e = in->evaluation;
    if (e->samples < 1 || isnan(e->rate)) return BF_DONE;
    shares(in, v);
    if (!in->keep) return BF_DONE;
    BF_TRY(keep_histogram(in, &bf_histogram_variance));
    return keep_histogram(in, &bf_histogram_log10_variance);
}

#define SHARE "over all samples and latent dimensions; histograms per dimension: latents/variance_histogram, latents/log10_variance_histogram"

const bf_measure bf_measure_collapse = {
    .name = "collapse", .help = "how the posterior's variances are spread between used and collapsed dimensions",
    .column = {
        [INTERMEDIATE] = { "variance_intermediate", "1", "share of posterior variances that are neither small nor the prior's",
                           "fraction in (0.1, 0.9), small where the variances are bimodal, " SHARE },
        [SMALL] = { "variance_small", "1", "share of posterior variances of used dimensions", "fraction at most 0.1, " SHARE },
        [LARGE] = { "variance_large", "1", "share of posterior variances of collapsed dimensions", "fraction from 0.9 on, " SHARE },
    },
    .take = take,
};
