/* A variational autoencoder as a plan: encoder, posterior, decoder, likelihood and rate put together from the registries. */
#ifndef BF_VAE_VAE_H
#define BF_VAE_VAE_H
#include "nn/plan.h"
#include "vae/options.h"

typedef enum bf_vae_purpose {
    BF_VAE_TRAIN,       /* x -> terms of the objective, with backward */
    BF_VAE_EVALUATE,    /* x -> mean, logvar, z, rate, and the rows' statistics at z = mean and at the draw */
    BF_VAE_ENCODE,      /* x -> mean, logvar, z */
    BF_VAE_DECODE,      /* z -> reconstruction */
    BF_VAE_JUDGE        /* x, z -> the likelihood's row statistic: how well any z explains x */
} bf_vae_purpose;

/* classes: of labels, 0 without; only models that are told them ask. variance: per entry, for likelihood.value auto. */
typedef struct bf_vae_data { int dims, shape[3], width, classes; double variance; } bf_vae_data;

typedef struct bf_vae {
    bf_plan *plan;
    bf_value x, mean, logvar, z;            /* BF_NO_VALUE where the purpose or posterior has none; logvar after the clamp. TRAIN: x has one row for
                                             * bf_draws_together() rows of the plan, and so has label */
    bf_value n;                             /* (rows, 1) of a model conditioned on beta, filled by bf_vae_tell(); BF_NO_VALUE in training, which draws it */
    bf_value label;                         /* (rows, classes) of a model conditioned on labels, filled by bf_vae_label(); else BF_NO_VALUE */
    bf_value recon, recon_mean;             /* decoder means at the draw and at z = mean (EVALUATE); DECODE: recon */
    bf_value rate;                          /* (rows, 1) EVALUATE */
    bf_value fit, fit_mean;                 /* (rows, 1) EVALUATE, fit JUDGE: the likelihood's row statistic (gaussian: SSE, bernoulli: nll) */
    bf_value sse, sse_mean;                 /* (rows, 1) EVALUATE: squared error of recon and recon_mean whatever the likelihood */
    bf_value variance;                      /* (rows, 1) TRAIN, EVALUATE: what the decoder itself gives at the draw; BF_NO_VALUE where it gives none */
    int      width, latent;
    const struct bf_objective *objective;   /* TRAIN: a row of its table */
} bf_vae;

/* Local. Whether the network takes data of this shape; BF_E_INPUT names the key, the layer and the sizes. Nothing is allocated for running. */
BF_MUST_USE bf_status bf_vae_fits(const bf_vae_options *o, const bf_vae_data *d);
/* Local. Adds its slots to params (the same ones, whatever the purpose and order of calls). use: the address of posterior noise (BF_USE_EPS or BF_USE_EPS_EVAL + ...). */
BF_MUST_USE bf_status bf_vae_build(const bf_vae_options *o, const bf_vae_data *d, bf_vae_purpose purpose, const bf_plan_shape *shape,
                                   const bf_backend *backend, uint32_t use, bf_params *params, bf_vae *out);
void bf_vae_destroy(bf_vae *v);
/* Local. What a plan of one lane, other than TRAIN, is told from now on; nothing where the model is not conditioned on beta. */
void bf_vae_tell(const bf_vae *v, const bf_vae_options *o, double beta);
/* Local. The class, from 0, that a row of a lane is of from now on; nothing where the model is not conditioned on labels. */
void bf_vae_label(const bf_vae *v, int lane, int row, int label);
/* Local. The same for rows 0 .. rows-1: row i is of the class labels[index[i]], or labels[i] where index is NULL. Other rows keep what they were of, or
 * of none. labels NULL: the model is told none. */
void bf_vae_label_rows(const bf_vae *v, int lane, const int32_t *labels, const int64_t *index, int rows);
/* Local. Combinations that make no sense, as a sentence (bernoulli on data outside [0, 1] ...). minimum, maximum of the data in model units;
 * NaN unknown, minimum -inf: without bounds. step: the distance of two neighbouring values, 1/255 for bytes as they are; 0: any value; NaN unknown. */
BF_MUST_USE bf_status bf_vae_check(const bf_vae_options *o, double minimum, double maximum, double step);
typedef struct bf_moment { double epoch, epochs; } bf_moment;      /* where a training stands, and its length; not whole in general */
/* Weights of the terms at a training step, in the plan's term order. Returns the weight of the rate: NaN where there is none; a conditioned
 * model's common factor; of a rate held at a capacity the weight of its distance, which is there with the sign of the statistic rate_side. */
double bf_vae_weights(const bf_vae *v, const bf_vae_options *o, const bf_moment *at, double *weights);
/* objective.beta where it weighs the rate, or NaN. */
double bf_vae_beta(const bf_vae_options *o);
/* The key by which the weights depend on the training's length; NULL: they do not. */
const char *bf_vae_needs_total(const bf_vae_options *o);
/* Local. Whether a decoder (DECODE) is affine in z whatever it is told, and the likelihood quadratic in what it gives: the distortion then has an exact
 * expectation over the posterior's noise. It may be made of many layers, none of which bends. */
BF_MUST_USE bf_status bf_vae_affine(const bf_vae *decoder, const bf_vae_options *o, bool *affine);
#endif
