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
    if (isnan(out->log_variance)) {
        out->log_variance = log(bf_gaussian_floored(fit / width));
        out->variance_floor_hits = fit / width < BF_VARIANCE_FLOOR;
    }
    out->distortion = l->distortion(fit, width, out->log_variance);
    out->variance = l->row_variance(fit, width, out->log_variance);
    double slope = l->distortion(1.0, width, out->log_variance) - l->distortion(0.0, width, out->log_variance);
    out->distortion_se = slope * scatter;
}

/* The same reconstructions under one other variance for everything: three conventions of the literature for one network. A training by
 * squared error + K KL is one with beta times variance K / 2, and charging the variance K / 2 makes its objective 1 / K of D + R. */
static void other_variances(const bf_evaluator *e, double sse, bf_evaluation *out)
{
    const bf_likelihood *l = e->likelihood;
    const int width = e->decoder.width;
    const double theta = e->beta * out->variance;
    out->distortion_half = out->distortion_beta = out->distortion_refit = NAN;
    if (!l->variance) return;
    out->distortion_half = bf_gaussian_nll(sse, width, 0.5);
    out->distortion_refit = bf_gaussian_nll(sse, width, bf_gaussian_floored(sse / width));
    if (!l->per_row && !l->own_variance && theta > 0.0) out->distortion_beta = bf_gaussian_nll(sse, width, theta);
}

void bf_accounting_fill(const bf_evaluator *e, const double *total, bool exact, bf_evaluation *out)
{
    double n = (double)out->samples, entries = n * e->decoder.width;
    bool stochastic = e->pass[BF_TRAIN].rate != BF_NO_VALUE;
    double scatter = exact || !stochastic ? 0.0 : e->draws > 1 ? sqrt(total[BF_BLOCK_SCATTER]) / n : NAN;
    out->rate = stochastic ? total[BF_BLOCK_RATE] / n : NAN;
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
    if (e->likelihood->own_variance) out->variance = total[BF_BLOCK_VARIANCE] / n;
    /* A row statistic of its own need not be the squared error. */
    other_variances(e, total[e->likelihood->fit ? BF_BLOCK_SSE : BF_BLOCK_FIT] / n, out);
}
