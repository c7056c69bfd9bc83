#include "measure/histogram.h"

#include <math.h>
#include <stdlib.h>

static double log10_of(double logvar) { return logvar * 0.43429448190325182765; }

const bf_histogram bf_histogram_z = { .name = "latents/histogram", .bins = 201, .low = -5.0, .high = 5.0 };
const bf_histogram bf_histogram_variance = {
    .name = "latents/variance_histogram", .bins = 100, .low = 0.0, .high = 1.2, .of_logvar = true, .map = exp,
};
const bf_histogram bf_histogram_log10_variance = {
    .name = "latents/log10_variance_histogram", .bins = 120, .low = -10.0, .high = 1.0, .of_logvar = true, .map = log10_of,
};

static void add_row(const bf_histogram *h, const float *row, int latent, int64_t *counts)
{
    const int columns = bf_histogram_columns(h);
    for (int j = 0; j < latent; j++, counts += columns) {
        const double value = h->map ? h->map((double)row[j]) : (double)row[j];
        const double at = (value - h->low) / (h->high - h->low) * h->bins;
        if (isnan(at)) continue;
        counts[at < 0.0 ? 0 : at >= h->bins ? columns - 1 : 1 + (int)at]++;
    }
}

bf_status bf_histogram_take(const bf_comm *team, const bf_evaluation *e, const bf_histogram *h, int64_t **out)
{
    const size_t n = (size_t)bf_histogram_columns(h) * (size_t)e->latent;
    const float *rows = h->of_logvar ? e->logvar : e->z;
    int64_t *counts = calloc(n, sizeof *counts);
    *out = NULL;
    bf_status s = bf_comm_agree(team, counts ? BF_DONE : BF_FAIL(BF_E_MEMORY, "%s of %d dimensions", h->name, e->latent));
    if (s.code) {
        free(counts);
        return s;
    }
    for (int64_t i = 0; i < e->rows; i++) add_row(h, rows + (size_t)i * (size_t)e->latent, e->latent, counts);
    bf_comm_sum_all(team, counts, n);
    *out = counts;
    return BF_DONE;
}
