/* How many latent dimensions a model uses, counted in every way the literature does. */
#include "measure/evaluator.h"
#include "measure/rows.h"

#include <math.h>

enum { ACTIVE, INFORMATIVE, STRICTLY, LOOSELY, RATE_ACTIVE, NORM, COLUMNS };
_Static_assert(COLUMNS < BF_MAX_COLUMNS, "a row ends with a NULL name");

static double rate_floor(const bf_measure_input *in)
{
    const bf_rate *rate = bf_rate_find(in->vae->posterior, in->vae->prior);
    return rate ? rate->floor : 0.0;
}

/* The decoder's first layer as a matrix over the latents; NULL where it is none. */
static const bf_slot *first_layer(const bf_evaluator *e)
{
    int slot = bf_params_find(e->params, "decoder.0.weight");
    if (slot < 0) slot = bf_params_find(e->params, "decoder.output.weight");
    const bf_slot *s = slot < 0 ? NULL : bf_params_at(e->params, slot);
    return s && s->rank == 2 && s->shape[1] == e->decoder.latent ? s : NULL;
}

static double squared_norm(const float *w, const bf_slot *s, int64_t column)
{
    double sum = 0.0;
    for (int64_t o = 0; o < s->shape[0]; o++) {
        const double entry = w[(size_t)(o * s->shape[1] + column)];
        sum += entry * entry;
    }
    return sum;
}

static double norm_units(const bf_measure_input *in)
{
    const bf_slot *s = in->evaluator ? first_layer(in->evaluator) : NULL;
    if (!s) return NAN;
    const float *w = in->theta + s->offset;
    double largest = 0.0;
    int units = 0;
    for (int64_t j = 0; j < s->shape[1]; j++) {
        const double norm = squared_norm(w, s, j);
        if (isnan(norm)) return NAN;
        largest = fmax(largest, norm);
    }
    for (int64_t j = 0; j < s->shape[1]; j++) units += squared_norm(w, s, j) > 1e-4 * largest;
    return units;
}

/* How many dimensions a rule chose by these sums (latent): nothing is said where one of them is no number. */
static double counted(int count, const double *sum, int latent)
{
    for (int j = 0; j < latent; j++)
        if (!isfinite(sum[j])) return NAN;
    return count;
}

static bf_status take(const bf_measure_input *in, double *v)
{
    const bf_evaluation *e = in->evaluation;
    const double n = (double)e->samples, floor = rate_floor(in);
    const bool stochastic = !isnan(e->rate);
    int count[COLUMNS] = { 0 };
    for (int j = 0; j < e->latent; j++) {
        const double mean = e->mean_sum[j] / n, variance = e->variance_sum[j] / n;
        count[ACTIVE] += e->mean_square[j] / n - mean * mean > 0.01;
        count[INFORMATIVE] += variance < 0.5;
        count[STRICTLY] += variance < 0.1;
        count[LOOSELY] += variance < 0.9;
        count[RATE_ACTIVE] += e->kl[j] / n > floor + 0.01;
    }
    v[ACTIVE] = e->samples > 0 ? counted(count[ACTIVE], e->mean_square, e->latent) : NAN;
    for (int c = INFORMATIVE; c <= LOOSELY; c++) v[c] = stochastic ? counted(count[c], e->variance_sum, e->latent) : NAN;
    v[RATE_ACTIVE] = stochastic ? counted(count[RATE_ACTIVE], e->kl, e->latent) : NAN;
    v[NORM] = norm_units(in);
    return BF_DONE;
}

#define BELOW "dimensions whose posterior variance, averaged over samples, is below "

const bf_measure bf_measure_active = {
    .name = "active", .help = "active and informative latent dimensions",
    .column = {
        [ACTIVE] = { "active_units", "1", "active latent dimensions", "dimensions whose posterior mean has a variance over samples above 0.01" },
        [INFORMATIVE] = { "informative_units", "1", "informative latent dimensions", BELOW "0.5" },
        [STRICTLY] = { "informative_units_0_1", "1", "latent dimensions with little noise", BELOW "0.1" },
        [LOOSELY] = { "informative_units_0_9", "1", "latent dimensions with less noise than the prior", BELOW "0.9" },
        [RATE_ACTIVE] = { "rate_units", "1", "latent dimensions that carry rate",
                          "dimensions whose KL from the prior, averaged over samples, is more than 0.01 nat above the least the posterior can have" },
        [NORM] = { "norm_units", "1", "latent dimensions the decoder listens to",
                   "columns of the decoder's first layer whose norm is above 0.01 of the largest; NaN where that layer is no matrix over the latents" },
    },
    .take = take,
};
