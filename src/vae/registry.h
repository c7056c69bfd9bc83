/* Statistics of a training plan beside those of its terms, sums over the rows in use:
 *   mean.sum, mean.square (latent each)    of the posterior mean: active units
 *   rate (1)                               the rate as it is, whatever the objective makes of it
 *   rate_side (1)                          rows whose rate is to fall less those whose rate is to rise; objective capacity
 *   logvar_clamp_hits (1)                  entries of logvar that left [-20, 10]; stochastic posteriors
 *   variance_sum (1)                       decoder variance each row was charged with; every gaussian likelihood
 *   variance_floor_hits (1)                rows charged with the floor 1e-8; gaussian optimal and per-image
 *
 * The tables a model is combined from. A new network, posterior, prior, likelihood, variance treatment or objective is one
 * new file and one row; options, log and HDF5 columns, gradient tests and `betafield keys` walk over the tables. */
#ifndef BF_VAE_REGISTRY_H
#define BF_VAE_REGISTRY_H
#include "base/rng.h"
#include "vae/condition.h"
#include "vae/ops.h"
#include "vae/vae.h"

typedef struct bf_network {
    const char *name, *help;
    bool affine;            /* encoder and decoder are affine maps */
    bool hidden;            /* made of model.hidden and model.activation */
    bf_value (*encoder)(bf_builder *b, const bf_vae_options *o, const bf_condition *c, const bf_vae_data *d, bf_value x);      /* x -> features for the posterior's heads */
    bf_value (*decoder)(bf_builder *b, const bf_vae_options *o, const bf_condition *c, const bf_vae_data *d, bf_value z);      /* z -> features for the likelihood's heads */
    /* Networks in words (layer_text.h): their lists of layers, NULL-terminated, or what writes them for data of this shape. */
    const char *const *encoder_layers, *const *decoder_layers;
    void (*write)(const bf_vae_options *o, const bf_vae_data *d, bf_layer_texts *encoder, bf_layer_texts *decoder);
} bf_network;
static inline bool bf_network_in_words(const bf_network *n) { return n->encoder_layers != NULL || n->write != NULL; }

typedef struct bf_posterior_values { bf_value mean, logvar, z; } bf_posterior_values;
typedef struct bf_posterior {
    const char *name, *help;
    bool stochastic;
    /* Values of all rows of the plan, as c is, from features that may have fewer (draws.h): a row of theirs is drawn from several times. */
    bf_posterior_values (*build)(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value features, bf_noise noise);
    /* One sample's draw z (latent) at an address, and log q(z|x), outside of plans; mean and scale (what `logvar` holds) are that sample's
     * rows. NULL: a point has no density. */
    void (*draw)(const float *mean, const float *scale, int latent, const bf_draw *at, float *z);
    double (*log_density)(const float *mean, const float *scale, int latent, const float *z);
} bf_posterior;

typedef struct bf_prior {
    const char *name, *help;
    double (*log_density)(const float *z, int latent);                  /* log p(z) */
} bf_prior;

typedef struct bf_rate {                    /* the pair decides how the rate is computed */
    const char *posterior, *prior;
    double floor;                           /* nats a dimension costs at least, used or not: 0 where the posterior can be the prior */
    bf_value (*build)(bf_builder *b, const bf_posterior_values *q);     /* (rows, 1); NULL: this pair has no rate (delta) */
    bf_value (*each)(bf_builder *b, const bf_posterior_values *q);      /* (rows, latent): of single dimensions; NULL: it is no sum of such */
} bf_rate;

#define BF_MAX_WIDTH (1 << 24)      /* of any layer: far beyond use, and products of two fit what counts them */

typedef struct bf_heads { bf_value output, scale, dof; } bf_heads;      /* the decoder's raw outputs; BF_NO_VALUE where a likelihood has none */
typedef struct bf_likelihood {              /* likelihood.kind and, for gaussian, likelihood.variance: "gaussian/learned" is one row */
    const char *name, *variance, *help;
    bf_status (*check)(const bf_vae_options *o);        /* of the row's own options; NULL: it has none */
    bool needs_unit_interval;
    bool discrete;                          /* -log P of bytes: exp of it sums to 1 over the 256 values of every entry */
    bf_heads (*heads)(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value features);
    bf_value (*mean)(bf_builder *b, const bf_vae_options *o, bf_heads heads);                                       /* decoder mean in model units */
    bf_value (*nll)(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads heads);      /* (rows, 1): -log p(x|z), in training */
    /* (rows, 1): the statistic evaluation keeps; NULL: the squared error of the mean. */
    bf_value (*fit)(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads heads);
    bf_value (*own_variance)(bf_builder *b, bf_heads heads);    /* (rows, 1): the variance the decoder gives a row, mean over entries; NULL: it gives none */
    /* -log p(x|z) in double from the row statistic; log_variance as bf_likelihood_log_variance tells it. */
    double (*distortion)(double fit, int width, double log_variance);
    /* The variance a row is charged with: reported beside every distortion. NaN where the statistic does not tell it. */
    double (*row_variance)(double fit, int width, double log_variance);
    bool refit;                             /* optimal: log_variance is set to log(training fit / (N width)) after training */
    bool per_row;                           /* per-image: distortion is not linear in fit */
    bool variance_slot;                     /* has the parameter likelihood.log_variance */
    bool fits_itself;                       /* per-image: the variance is chosen by the sample it is charged to, so this is no density */
} bf_likelihood;

typedef struct bf_objective {
    const char *name, *help;
    bool by_beta;                           /* the rate's weight is objective.beta */
    bf_status (*check)(const bf_vae_options *o, const bf_rate *rate);   /* of the row's own options, and of what it asks of the rate */
    bool (*each)(const bf_vae_options *o);  /* build is given the rates of single dimensions, (rows, latent), instead of their sums; NULL: never */
    /* bf_loss(...) per term. rate (rows, 1) or as above; BF_NO_VALUE where the posterior has none. */
    void (*build)(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value nll, bf_value rate, const bf_posterior_values *q);
    /* Of its terms, in the order in which build gave them to the plan; at most so many are there. Returns what bf_vae_weights does. */
    double (*weights)(const bf_vae_options *o, const bf_moment *at, int terms, double *weights);
    const char *(*needs_total)(const bf_vae_options *o);                /* bf_vae_needs_total */
} bf_objective;

const bf_network    *bf_network_find(const char *name);
const bf_posterior  *bf_posterior_find(const char *name);
const bf_prior      *bf_prior_find(const char *name);
const bf_rate       *bf_rate_find(const char *posterior, const char *prior);
const bf_likelihood *bf_likelihood_find(const char *kind, const char *variance);
const bf_objective  *bf_objective_find(const char *name);
/* NULL-terminated names, for the table of keys; rows by index, for tests. */
extern const char *const bf_network_names[], *const bf_posterior_names[], *const bf_prior_names[],
                  *const bf_likelihood_names[], *const bf_variance_names[], *const bf_objective_names[];
/* log of the variance evaluation charges: the slot's value; without a slot the log of likelihood.value; 0 where there is no variance. */
double bf_likelihood_log_variance(const bf_likelihood *l, const bf_vae_options *o, const bf_params *p, const float *theta);
const bf_likelihood *bf_likelihood_row(int i);      /* NULL past the end */
const bf_rate *bf_rate_row(int i);
extern const bf_op *const bf_vae_ops[];             /* every op row of this room, NULL-terminated */
#endif
