/* How many latent dimensions a model uses. */
#include "measure/rows.h"

#include <math.h>

enum { ACTIVE, INFORMATIVE, RATE_ACTIVE, COLUMNS };
_Static_assert(COLUMNS < BF_MAX_COLUMNS, "a row ends with a NULL name");

static bf_status take(const bf_measure_input *in, double *v)
{
    const bf_evaluation *e = in->evaluation;
    double n = (double)e->samples;
    int active = 0, informative = 0, rated = 0;
    for (int j = 0; j < e->latent; j++) {
        double mean = e->mean_sum[j] / n;
        active += e->mean_square[j] / n - mean * mean > 0.01;
        informative += e->variance_sum[j] / n < 0.5;
        rated += e->kl[j] / n > 0.01;
    }
    bool stochastic = !isnan(e->rate);
    v[ACTIVE] = e->samples > 0 ? active : NAN;
    v[INFORMATIVE] = stochastic ? informative : NAN;
    v[RATE_ACTIVE] = stochastic ? rated : NAN;
    return BF_DONE;
}

const bf_measure bf_measure_active = {
    .name = "active", .help = "active and informative latent dimensions",
    .column = {
        [ACTIVE] = { "active_units", "1", "active latent dimensions", "dimensions whose posterior mean has a variance over samples above 0.01" },
        [INFORMATIVE] = { "informative_units", "1", "informative latent dimensions", "dimensions whose posterior variance, averaged over samples, is below 0.5" },
        [RATE_ACTIVE] = { "rate_units", "1", "latent dimensions that carry rate", "dimensions whose KL from the prior, averaged over samples, is above 0.01 nat" },
    },
    .take = take,
};
