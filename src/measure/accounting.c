#include "measure/accounting.h"

#include "measure/block_sums.h"
#include "vae/gaussian.h"

#include <math.h>

double bf_accounting_log_variance(const bf_evaluator *e, const float *theta, bf_split split, double given)
{
    if (!isnan(given)) return given;
    if (e->likelihood->refit && split == BF_TRAIN) return NAN;
    return bf_likelihood_log_variance(e->likelihood, e->options, e->params, theta);
}

/* One variance for all samples makes the distortion affine in the row statistic, so means may be taken before it. */
static void shared_variance(const bf_evaluator *e, double fit, double scatter, bf_evaluation *out)
{
    const bf_likelihood *l = e->likelihood;
    int width = e->decoder.width;
    double refit = log(fmax(fit / width, BF_VARIANCE_FLOOR));
    if (isnan(out->log_variance)) {
        out->log_variance = refit;
        out->variance_floor_hits = fit / width < BF_VARIANCE_FLOOR;
    }
    out->distortion = l->distortion(fit, width, out->log_variance);
    out->variance = l->row_variance(fit, width, out->log_variance);
    if (!isnan(out->variance)) out->distortion_refit = l->distortion(fit, width, refit);
    double slope = l->distortion(1.0, width, out->log_variance) - l->distortion(0.0, width, out->log_variance);
    out->distortion_se = slope * scatter;
}

void bf_accounting_fill(const bf_evaluator *e, const double *total, bool exact, bf_evaluation *out)
{
    double n = (double)out->samples, entries = n * e->decoder.width;
    bool stochastic = e->pass[BF_TRAIN].rate != BF_NO_VALUE;
    double scatter = exact || !stochastic ? 0.0 : e->draws > 1 ? sqrt(total[BF_BLOCK_SCATTER]) / n : NAN;
    out->rate = stochastic ? total[BF_BLOCK_RATE] / n : NAN;
    out->distortion_refit = NAN;
    out->fit_mean_per_entry = total[BF_BLOCK_FIT] / entries;
    out->mse = total[BF_BLOCK_SSE_MEAN] / entries;
    out->mse_sampled = total[BF_BLOCK_SSE] / entries;
    out->logvar_clamp_hits = (int64_t)total[BF_BLOCK_CLAMP_HITS];
    if (e->likelihood->per_row) {
        out->distortion = total[BF_BLOCK_DISTORTION] / n;
        out->distortion_se = scatter;
        out->variance = total[BF_BLOCK_VARIANCE] / n;
        out->variance_floor_hits = (int64_t)total[BF_BLOCK_FLOOR_HITS];
    } else {
        shared_variance(e, total[BF_BLOCK_FIT] / n, scatter, out);
    }
}
