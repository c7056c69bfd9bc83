/* Rate, distortion and what follows from them: the numbers of the evaluation itself. */
#include "measure/comparable.h"
#include "measure/rows.h"

#include <math.h>

enum { RATE, DISTORTION, DISTORTION_SE, HALF, BETA, REFIT, ELBO, ELBO_STORED, MSE, MSE_SAMPLED, VARIANCE, BITS, FLOOR_HITS, CLAMP_HITS, COLUMNS };
_Static_assert(COLUMNS < BF_MAX_COLUMNS, "a row ends with a NULL name");

/* A density of u8/255 data becomes a probability of the stored value by its volume: log2(255) bits per dimension. What is neither density nor
 * probability is no length of any code. */
static double bits_per_dim(const bf_measure_input *in, double nats)
{
    const bf_nll_kind kind = bf_nll_kind_of(in->vae, in->evaluation);
    if (kind == BF_NLL_NEITHER) return NAN;
    return nats / (in->width * log(2.0)) + (kind == BF_NLL_DENSITY ? log2(in->unit) : 0.0);
}

static bf_status take(const bf_measure_input *in, double *v)
{
    const bf_evaluation *e = in->evaluation;
    v[RATE] = e->rate;
    v[DISTORTION] = e->distortion;
    v[DISTORTION_SE] = e->distortion_se;
    v[HALF] = e->distortion_half;
    v[BETA] = e->distortion_beta;
    v[REFIT] = e->distortion_refit;
    v[ELBO] = -(e->rate + e->distortion);
    v[ELBO_STORED] = -bf_nll_of_stored(in, e->rate + e->distortion);
    v[MSE] = e->mse;
    v[MSE_SAMPLED] = e->mse_sampled;
    v[VARIANCE] = e->variance;
    v[BITS] = bits_per_dim(in, e->rate + e->distortion);
    v[FLOOR_HITS] = (double)e->variance_floor_hits;
    v[CLAMP_HITS] = (double)e->logvar_clamp_hits;
    return BF_DONE;
}

const bf_measure bf_measure_rd = {
    .name = "rd", .help = "rate, distortion, ELBO, reconstruction error, decoder variance",
    .column = {
        [RATE] = { "rate", "nat", "KL of posterior from prior", "mean over samples of KL(q(z|x) || p(z)), summed over latent dimensions" },
        [DISTORTION] = { "distortion", "nat", "negative log-likelihood of the reconstruction",
            "mean over samples of E_q[-log p(x|z)], constants included: exact for affine decoders with one Gaussian variance "
            "(squared error at the mean + sum_j |W_j|^2 sigma_j^2), else at the stored draw (measure.rd.samples draws when more than 1)" },
        [DISTORTION_SE] = { "distortion_se", "nat", "standard error of distortion over the posterior draws",
            "sqrt(sum_i s_i^2 / S) / N with s_i^2 the variance of sample i's S draws; 0 where the expectation is exact, NaN for one draw" },
        [HALF] = { "distortion_half", "nat", "distortion of a gaussian with variance 1/2",
            "squared error + (d/2) log pi: the variance that makes the squared error itself the negative log-likelihood; NaN unless gaussian" },
        [BETA] = { "distortion_beta", "nat", "distortion of a gaussian with beta times the model's variance",
            "SSE / K + (d/2) log(pi K), K = 2 beta variance: the weight of the KL in SSE + K KL, which this training is when its variance is held; "
            "NaN unless gaussian with one variance and beta > 0" },
        [REFIT] = { "distortion_refit", "nat", "distortion of a gaussian with the variance refitted to this split",
            "(d/2)(log(2 pi v) + 1) at the one variance v = squared error / (N d) of this split, floored at 1e-8; NaN unless gaussian" },
        [ELBO] = { "elbo", "nat", "evidence lower bound", "-(rate + distortion) at beta = 1 whatever beta was trained; of a model that is told labels, a bound of log p(x|label)" },
        [ELBO_STORED] = { "elbo_discrete", "nat", "evidence lower bound for the stored values",
            "elbo of discrete likelihoods, and of bernoulli on bits; a density of x becomes one of the stored v by - d log c, c stored units in one of x: 255 "
            "for x = v / 255; NaN for densities of reals, bernoulli on values between 0 and 1, and variance: per-image, which is no density" },
        [MSE] = { "mse", "1", "squared error per entry at the posterior mean", "mean over samples and entries of (x - decoder(mean))^2" },
        [MSE_SAMPLED] = { "mse_sampled", "1", "squared error per entry at the stored draw", "mean over samples and entries of (x - decoder(z))^2" },
        [VARIANCE] = { "variance", "1", "decoder variance the distortion is charged with",
            "fixed, learned: the variance; optimal: squared error / (N d) of the training split; per-image: mean of squared error / d floored at 1e-8; "
            "per-pixel, decoder: mean over samples and entries of what the decoder gives at the stored draw" },
        [BITS] = { "bits_per_dim", "bit", "bits per dimension", "(rate + distortion) / (d ln 2), + log2(c) when u8 data are modelled by a density, c as for "
            "elbo_discrete; NaN where exp(-distortion) sums to 1 over no kind of samples: bernoulli on values between 0 and 1, log-abs, and variance: "
            "per-image, which every sample chooses for itself" },
        [FLOOR_HITS] = { "variance_floor_hits", "1", "times a fitted variance met its floor of 1e-8", "per-image: samples; optimal: 1 when the training split's did" },
        [CLAMP_HITS] = { "logvar_clamp_hits", "1", "posterior log-variances that were clamped", "count over samples and latent dimensions of values outside [-20, 10]" },
    },
    .take = take,
};
