#include "train/history.h"

#include "train/trainer.h"

#include <math.h>
#include <string.h>

/* Objectives name their terms; a term without a column of its own is part of the loss only. */
static const bf_column columns[BF_HISTORY_COLUMNS] = {
    [BF_HISTORY_LOSS] = { "loss", "nat", "training loss", "epoch mean over samples of the weighted sum of the objective's terms" },
    [BF_HISTORY_RATE] = { "rate", "nat", "rate in training", "epoch mean of KL(q(z|x) || p(z)), unweighted" },
    [BF_HISTORY_DISTORTION] = { "distortion", "nat", "distortion in training", "epoch mean of -log p(x|z) at one posterior draw" },
    [BF_HISTORY_VARIANCE] = { "variance", "1", "decoder variance in training", "epoch mean of the variance the distortion was charged with" },
    [BF_HISTORY_BETA] = { "beta", "1", "weight of the rate in force",
                          "epoch mean over steps; of a conditioned model the factor common to its betas; with objective.kind: capacity "
                          "objective.gamma, counted negative where the rate was to rise" },
    [BF_HISTORY_LR] = { "lr", "1", "learning rate", "epoch mean over steps" },
    [BF_HISTORY_GRAD_NORM] = { "grad_norm", "1", "gradient norm before clipping",
                               "Euclidean norm over all parameters: epoch mean with train.clip, of the epoch's last step without" },
    [BF_HISTORY_ACTIVE_UNITS] = { "active_units", "1", "active latent dimensions", "dimensions whose posterior mean varies by more than 0.01 over the epoch's samples" },
    [BF_HISTORY_SAMPLES_PER_SECOND] = { "samples_per_second", "s-1", "training speed", "samples of the epoch over its wall-clock time, evaluation excluded" },
    [BF_HISTORY_TEST_RATE] = { "test_rate", "nat", "rate of the test part", "KL(q(z|x) || p(z)); filled every train.evaluate_every epochs" },
    [BF_HISTORY_TEST_DISTORTION] = { "test_distortion", "nat", "distortion of the test part", "as /metrics/distortion; filled every train.evaluate_every epochs" },
    [BF_HISTORY_TEST_ELBO] = { "test_elbo", "nat", "ELBO of the test part", "-(rate + distortion) at beta = 1; filled every train.evaluate_every epochs" },
};

const bf_column *bf_history_columns(int *count)
{
    *count = BF_HISTORY_COLUMNS;
    return columns;
}

void bf_history_start(bf_history *h, const bf_plan *plan, double *sums, double *rows, int64_t epochs)
{
    *h = (bf_history){ .plan = plan, .sums = sums, .rows = rows, .epochs = epochs };
}

void bf_history_add(bf_history *h, const bf_step_record *r)
{
    h->sums[BF_SUM_STEPS] += 1.0;
    h->sums[BF_SUM_LOSS] += r->loss;
    if (!isnan(r->beta)) h->sums[BF_SUM_BETA] += r->beta;
    h->sums[BF_SUM_LR] += r->lr;
    if (!isnan(r->grad_norm)) {
        h->sums[BF_SUM_NORM] += r->grad_norm;
        h->sums[BF_SUM_NORMS] += 1.0;
    }
    int n = bf_plan_stats_size(h->plan);
    for (int i = 0; i < n; i++) h->sums[BF_SUM_STATS + i] += r->stats[i];
}

/* Mean over samples of a statistic with one number; NaN when the plan has none of that name. */
static double mean_of(const bf_history *h, const char *name, double samples)
{
    const bf_stat_info *s = bf_plan_stat_find(h->plan, name);
    return s && s->count == 1 ? h->sums[BF_SUM_STATS + s->offset] / samples : NAN;
}

static double active_units(const bf_history *h, double samples)
{
    const bf_stat_info *sum = bf_plan_stat_find(h->plan, "mean.sum"), *square = bf_plan_stat_find(h->plan, "mean.square");
    if (!sum || !square) return NAN;
    int active = 0;
    for (int j = 0; j < sum->count; j++) {
        const double m = h->sums[BF_SUM_STATS + sum->offset + j] / samples, variance = h->sums[BF_SUM_STATS + square->offset + j] / samples - m * m;
        if (!isfinite(variance)) return NAN;        /* of one dimension it is not known: no count is */
        active += variance > 0.01;
    }
    return active;
}

/* A weight on the distance from a capacity pulls the rate to either side. */
static double beta(const bf_history *h, double steps, double samples)
{
    const double side = mean_of(h, "rate_side", samples), weight = h->sums[BF_SUM_BETA] / steps;
    if (isnan(mean_of(h, "rate", samples))) return NAN;
    return isnan(side) ? weight : weight * side;
}

double *bf_history_close(bf_history *h, int64_t rows, double samples_per_second)
{
    double steps = h->sums[BF_SUM_STEPS], samples = steps * (double)rows;
    double *row = h->rows + (size_t)h->done * BF_HISTORY_COLUMNS;
    for (int c = 0; c < BF_HISTORY_COLUMNS; c++) row[c] = NAN;
    row[BF_HISTORY_LOSS] = h->sums[BF_SUM_LOSS] / samples;
    row[BF_HISTORY_RATE] = mean_of(h, "rate", samples);
    row[BF_HISTORY_DISTORTION] = mean_of(h, "distortion", samples);
    row[BF_HISTORY_VARIANCE] = mean_of(h, "variance_sum", samples);
    row[BF_HISTORY_BETA] = beta(h, steps, samples);
    row[BF_HISTORY_LR] = h->sums[BF_SUM_LR] / steps;
    row[BF_HISTORY_GRAD_NORM] = h->sums[BF_SUM_NORMS] > 0.0 ? h->sums[BF_SUM_NORM] / h->sums[BF_SUM_NORMS] : NAN;
    row[BF_HISTORY_ACTIVE_UNITS] = active_units(h, samples);
    row[BF_HISTORY_SAMPLES_PER_SECOND] = samples_per_second;
    memset(h->sums, 0, (size_t)(BF_SUM_STATS + bf_plan_stats_size(h->plan)) * sizeof *h->sums);
    h->done++;
    return row;
}
