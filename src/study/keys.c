#include "study/key.h"

#include "base/nearest.h"
#include "data/source.h"
#include "measure/measure.h"
#include "nn/backend.h"
#include "nn/layers.h"
#include "nn/optimizer.h"
#include "train/early.h"
#include "train/schedule.h"
#include "vae/condition.h"
#include "vae/draws.h"
#include "vae/registry.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Which configurations use a key that not all of them use. */
#define SOURCE_IS(name) static bool source_##name(const bf_config *c) { return strcmp(c->data.source, #name) == 0; }
SOURCE_IS(patches)
SOURCE_IS(gaussian)
SOURCE_IS(manifold)
SOURCE_IS(lowrank)
SOURCE_IS(bumps)
SOURCE_IS(sprites)
SOURCE_IS(digits)
SOURCE_IS(hdf5)
static bool digits_in_colour(const bf_config *c) { return source_digits(c) && c->data.digits.colour; }

static bool source_is_file(const bf_config *c)
{
    const bf_source *source = bf_source_find(c->data.source);
    return source && !source->generator;
}
static bool label_by_factor(const bf_config *c) { return c->data.label > 0; }
static bool net_has_hidden(const bf_config *c)
{
    const bf_network *net = bf_network_find(c->vae.net);
    return net && net->hidden;
}
static bool conditioned(const bf_config *c) { return bf_beta_conditioned(&c->vae); }
static bool drawn_often(const bf_config *c) { return bf_draws(&c->vae) > 1; }
static bool told(const bf_config *c) { return bf_beta_conditioned(&c->vae) || bf_label_conditioned(&c->vae); }
static bool objective_by_beta(const bf_config *c)
{
    const bf_objective *objective = bf_objective_find(c->vae.objective);
    return objective && objective->by_beta;
}
static bool objective_capacity(const bf_config *c) { return strcmp(c->vae.objective, "capacity") == 0; }
static bool cycles(const bf_config *c) { return c->vae.cycles > 0; }
static bool free_bits(const bf_config *c) { return c->vae.free_bits > 0.0; }
static bool net_described(const bf_config *c) { return strcmp(c->vae.net, "described") == 0; }
static bool likelihood_gaussian(const bf_config *c) { return strcmp(c->vae.likelihood, "gaussian") == 0; }
static bool likelihood_mixture(const bf_config *c) { return strcmp(c->vae.likelihood, "logistic-mixture") == 0; }
static bool likelihood_log_abs(const bf_config *c) { return strcmp(c->vae.likelihood, "log-abs") == 0; }
static bool by_epochs(const bf_config *c) { return c->train.steps == 0; }
static bool schedule_step(const bf_config *c) { return strcmp(c->train.schedule, "step") == 0; }
static bool schedule_cosine(const bf_config *c) { return strcmp(c->train.schedule, "cosine") == 0; }
static bool optimizer_sgd(const bf_config *c) { return strcmp(c->train.optimizer, "sgd") == 0; }
static bool optimizer_adam(const bf_config *c) { return strncmp(c->train.optimizer, "adam", 4) == 0; }
static bool measures_nll(const bf_config *c) { return bf_measure_chosen(&c->measure, "nll"); }
static bool measures_traversal(const bf_config *c) { return bf_measure_chosen(&c->measure, "traversal"); }
static bool retries(const bf_config *c) { return c->train.retries > 0; }
static bool warm_started(const bf_config *c) { return bf_warm_started(c); }

#define FIELD(f) offsetof(bf_config, f), sizeof(((bf_config *)0)->f)
#define ALWAYS NULL, NULL, NULL /* nothing comes later, every configuration uses it */
static_assert(offsetof(bf_output_options, posterior_test) == offsetof(bf_output_options, posterior_train) + sizeof(bool), "read as a pair");
#define POSTERIOR_PAIR offsetof(bf_config, output.posterior_train), 2 * sizeof(bool)
static_assert(offsetof(bf_vae_options, beta_range) == offsetof(bf_vae_options, beta) + sizeof(double), "read as a triple");
#define BETA_TRIPLE offsetof(bf_config, vae.beta), 3 * sizeof(double)
#define MEASURE_LIST offsetof(bf_config, measure), offsetof(bf_measure_options, rd_samples)

/* path, type, field, default, range or choices, registry, unit, help, flags, later names, who uses it, the same in words */
enum { R = BF_KEY_RESULT, RS = BF_KEY_RESULT | BF_KEY_SWEEP, RST = RS | BF_KEY_STRICT };
static const bf_key table[] = {
    { "study", BF_KEY_TEXT, FIELD(study), NULL, "[A-Za-z0-9][A-Za-z0-9._-]{0,63}", NULL, NULL,
      "name of the study and of its folder under outputs/", 0, ALWAYS },
    { "seed", BF_KEY_INT, FIELD(seed), "7", "0:9223372036854775807", NULL, NULL, "key of all random numbers; sweep it for replicates", RS, ALWAYS },

    { "data.source", BF_KEY_CHOICE, FIELD(data.source), "patches", NULL, bf_source_names, NULL,
      "where samples come from: a generator or a kind of file", RS, ALWAYS },
    { "data.train", BF_KEY_INT, FIELD(data.train), "all", "1:1000000000000|all=-1", NULL, "samples",
      "size of the training part; all: what there is, 8192 of what has no end", RS, ALWAYS },
    { "data.test", BF_KEY_INT, FIELD(data.test), "all", "1:1000000000000|all=-1", NULL, "samples",
      "size of the test part; all: what there is, 2048 of what has no end, 10 % of one array", RS, ALWAYS },
    { "data.seed", BF_KEY_INT, FIELD(data.seed), "seed", "0:9223372036854775807|seed=-1", NULL, NULL,
      "key of generated samples and of the split; seed: the unswept one", RS, ALWAYS },
    { "data.path", BF_KEY_PATHS, FIELD(data.path), "[]", NULL, NULL, NULL, "files to read, or their folder; labels: is a role beside train: and test:", RS,
      NULL, source_is_file, "a data.source that reads files" },
    { "data.dataset", BF_KEY_TEXT, FIELD(data.dataset), "x", NULL, NULL, NULL, "name of the dataset inside /train and /test of an HDF5 file", RS,
      NULL, source_hdf5, "data.source: hdf5" },
    { "data.label", BF_KEY_INT, FIELD(data.label), "own", "0:65536|own=0", NULL, NULL,
      "a sample's class; own: the labels the data have; k: the value of their factor number k, counted from 1", RS, NULL, label_by_factor, "data.label > 0" },
    { "data.binarize", BF_KEY_CHOICE, FIELD(data.binarize), "none", "none threshold static", NULL, NULL,
      "make entries 0 or 1: by a threshold, or once by chance", RS, ALWAYS },
    { "data.scale", BF_KEY_CHOICE, FIELD(data.scale), "auto", "auto none minmax standardize", NULL, NULL,
      "stored values to model units; auto: bytes / 255, floats as they are", RS, ALWAYS },
    { "data.patches.side", BF_KEY_INT, FIELD(data.patches.side), "5", "2:256", NULL, "pixels", "side of a patch", RS, NULL, source_patches,
      "data.source: patches" },
    { "data.patches.basis", BF_KEY_INT, FIELD(data.patches.basis), "5", "1:4096", NULL, NULL, "number of basis patches", RS, NULL, source_patches,
      "data.source: patches" },
    { "data.patches.noise", BF_KEY_REAL, FIELD(data.patches.noise), "0.05", "0:inf", NULL, NULL, "standard deviation of the added noise", RS,
      NULL, source_patches, "data.source: patches" },
    { "data.patches.sources", BF_KEY_CHOICE, FIELD(data.patches.sources), "gaussian", "gaussian laplace cauchy", NULL, NULL,
      "distribution of the mixing factors", RS,
      NULL, source_patches, "data.source: patches" },
    { "data.gaussian.eigenvalues", BF_KEY_REALS, FIELD(data.gaussian.eigenvalues), "[4, 2, 1, 0.5, 0.1, 0.05]", "0:inf", NULL, NULL,
      "eigenvalues of the covariance; their number is the dimension", RS, NULL, source_gaussian, "data.source: gaussian" },
    { "data.gaussian.rotate", BF_KEY_BOOL, FIELD(data.gaussian.rotate), "true", NULL, NULL, NULL, "turn by a random rotation", RS,
      NULL, source_gaussian, "data.source: gaussian" },
    { "data.gaussian.whiten_sample", BF_KEY_BOOL, FIELD(data.gaussian.whiten_sample), "false", NULL, NULL, NULL,
      "the training sample's covariance has exactly these eigenvalues", RS, NULL, source_gaussian, "data.source: gaussian" },
    { "data.manifold.dimension", BF_KEY_INT, FIELD(data.manifold.dimension), "3", "1:4096", NULL, NULL, "number of Gaussian factors", RS,
      NULL, source_manifold, "data.source: manifold" },
    { "data.manifold.ambient", BF_KEY_INT, FIELD(data.manifold.ambient), "40", "1:65536", NULL, NULL, "entries of a sample", RS, NULL, source_manifold,
      "data.source: manifold" },
    { "data.manifold.depth", BF_KEY_INT, FIELD(data.manifold.depth), "1", "0:16", NULL, "layers", "hidden ReLU layers of the map", RS,
      NULL, source_manifold, "data.source: manifold" },
    { "data.manifold.width", BF_KEY_INT, FIELD(data.manifold.width), "64", "1:65536", NULL, "units", "width of a hidden layer", RS,
      NULL, source_manifold, "data.source: manifold" },
    { "data.manifold.noise", BF_KEY_REAL, FIELD(data.manifold.noise), "0", "0:inf", NULL, NULL, "standard deviation of the added noise", RS,
      NULL, source_manifold, "data.source: manifold" },
    { "data.lowrank.rank", BF_KEY_INT, FIELD(data.lowrank.rank), "5", "1:65536", NULL, NULL, "rank of the clean part", RS, NULL, source_lowrank,
      "data.source: lowrank" },
    { "data.lowrank.ambient", BF_KEY_INT, FIELD(data.lowrank.ambient), "100", "1:65536", NULL, NULL, "entries of a sample", RS, NULL, source_lowrank,
      "data.source: lowrank" },
    { "data.lowrank.outliers", BF_KEY_REAL, FIELD(data.lowrank.outliers), "0.05", "0:1", NULL, NULL, "fraction of entries that are gross outliers", RS,
      NULL, source_lowrank, "data.source: lowrank" },
    { "data.lowrank.magnitude", BF_KEY_REAL, FIELD(data.lowrank.magnitude), "10", "0:inf", NULL, NULL, "size of an outlier", RS, NULL, source_lowrank,
      "data.source: lowrank" },
    { "data.bumps.side", BF_KEY_INT, FIELD(data.bumps.side), "10", "2:1024", NULL, "pixels", "side of an image", RS, NULL, source_bumps,
      "data.source: bumps" },
    { "data.bumps.variance", BF_KEY_REAL, FIELD(data.bumps.variance), "0.05", "(0:inf)", NULL, NULL,
      "variance of a bump, the image being the unit square", RS,
      NULL, source_bumps, "data.source: bumps" },
    { "data.sprites.side", BF_KEY_INT, FIELD(data.sprites.side), "64", "8:1024", NULL, "pixels", "side of an image", RS, NULL, source_sprites,
      "data.source: sprites" },
    { "data.sprites.shapes", BF_KEY_INT, FIELD(data.sprites.shapes), "3", "1:3", NULL, NULL, "number of shapes", RS, NULL, source_sprites,
      "data.source: sprites" },
    { "data.sprites.scales", BF_KEY_INT, FIELD(data.sprites.scales), "4", "1:64", NULL, NULL, "number of sizes", RS, NULL, source_sprites,
      "data.source: sprites" },
    { "data.sprites.rotations", BF_KEY_INT, FIELD(data.sprites.rotations), "16", "1:360", NULL, NULL, "number of angles", RS, NULL, source_sprites,
      "data.source: sprites" },
    { "data.sprites.positions", BF_KEY_INT, FIELD(data.sprites.positions), "8", "1:256", NULL, NULL, "number of places along each axis", RS,
      NULL, source_sprites, "data.source: sprites" },
    { "data.digits.side", BF_KEY_INT, FIELD(data.digits.side), "28", "8:256", NULL, "pixels", "side of an image", RS, NULL, source_digits,
      "data.source: digits" },
    { "data.digits.jitter", BF_KEY_REAL, FIELD(data.digits.jitter), "1", "0:10", NULL, NULL,
      "how much hands differ; 0: every digit looks like its template", RS,
      NULL, source_digits, "data.source: digits" },
    { "data.digits.colour", BF_KEY_BOOL, FIELD(data.digits.colour), "false", NULL, NULL, NULL,
      "three channels: a hue of the stroke, one of the ground and a light's direction, drawn for every sample and kept as factors", RS,
      NULL, digits_in_colour, "data.source: digits" },

    { "model.net", BF_KEY_CHOICE, FIELD(vae.net), "mlp", NULL, bf_network_names, NULL,
      "network of encoder and decoder; described: the layers of model.encoder and model.decoder", RS, ALWAYS },
    { "model.encoder", BF_KEY_LAYERS, FIELD(vae.encoder), "[]", NULL, NULL, NULL,
      "layers from the sample to the posterior's heads, such as conv 64 4x4 /2 bn relu, fc 256 tanh", R | BF_KEY_STRICT,
      NULL, net_described, "model.net: described" },
    { "model.decoder", BF_KEY_LAYERS, FIELD(vae.decoder), "[]", NULL, NULL, NULL,
      "layers from the latent variables on, such as fc H/4xW/4x64 relu; output deconv 4x4 /2: the last one, else it is dense", R | BF_KEY_STRICT,
      NULL, net_described, "model.net: described" },
    { "model.hidden", BF_KEY_INTS, FIELD(vae.hidden), "[128, 64]", "1:65536", NULL, "units", "hidden layers of the encoder; the decoder mirrors them", RS,
      NULL, net_has_hidden, "model.net: mlp" },
    { "model.latent", BF_KEY_INT, FIELD(vae.latent), "8", "1:4096", NULL, NULL, "latent dimensions", RS, ALWAYS },
    { "model.activation", BF_KEY_CHOICE, FIELD(vae.activation), "relu", NULL, bf_activation_names, NULL, "activation of hidden layers", RS,
      NULL, net_has_hidden, "model.net: mlp" },
    { "model.output", BF_KEY_CHOICE, FIELD(vae.output), "linear", "linear sigmoid", NULL, NULL, "activation of the decoder's mean", RS, ALWAYS },
    { "model.condition", BF_KEY_CHOICES, FIELD(vae.condition), "none", NULL, bf_condition_names, NULL,
      "what encoder and decoder are told beside the sample; beta: one model for a range of it; label: the sample's class", RS, NULL, told,
      "model.condition: beta, label" },
    { "model.modulation", BF_KEY_CHOICE, FIELD(vae.modulation), "gate", NULL, bf_modulation_names, NULL, "how beta enters the networks; a class stands beside their inputs", RS,
      NULL, conditioned, "model.condition: beta" },

    { "posterior", BF_KEY_CHOICE, FIELD(vae.posterior), "gaussian", NULL, bf_posterior_names, NULL,
      "distribution the encoder gives; delta: a plain autoencoder", RS,
      "full block cauchy", NULL, NULL },
    { "prior", BF_KEY_CHOICE, FIELD(vae.prior), "normal", NULL, bf_prior_names, NULL, "distribution of the latent variables", RS,
      "laplace cauchy", NULL, NULL },
    { "likelihood.kind", BF_KEY_CHOICE, FIELD(vae.likelihood), "gaussian", NULL, bf_likelihood_names, NULL, "distribution the decoder gives", RS,
      ALWAYS },
    { "likelihood.variance", BF_KEY_CHOICE, FIELD(vae.variance), "learned", NULL, bf_variance_names, NULL,
      "treatment of a gaussian likelihood's variance", RST,
      NULL, likelihood_gaussian, "likelihood.kind: gaussian" },
    { "likelihood.value", BF_KEY_REAL, FIELD(vae.variance_value), "auto", "(0:inf)|auto=nan", NULL, NULL,
      "the fixed variance, or where learning starts; auto: 1 if fixed, else the training set's", RST, NULL, likelihood_gaussian, "likelihood.kind: gaussian" },
    { "likelihood.components", BF_KEY_INT, FIELD(vae.components), "10", "1:64", NULL, NULL, "logistics of the mixture", RST,
      NULL, likelihood_mixture, "likelihood.kind: logistic-mixture" },
    { "likelihood.floor", BF_KEY_REAL, FIELD(vae.floor), "1.0e-6", "1.0e-30:1.0e30", NULL, NULL, "added to squared errors before their logarithm", RST,
      NULL, likelihood_log_abs, "likelihood.kind: log-abs" },
    { "objective.kind", BF_KEY_CHOICE, FIELD(vae.objective), "beta-vae", NULL, bf_objective_names, NULL, "what is minimised", RS,
      "beta-tcvae factor-vae dip-vae info-vae hfvae grae wae-mmd wae-gan aae gan", NULL, NULL },
    { "objective.beta", BF_KEY_WEIGHT, BETA_TRIPLE, "1.0", "0:inf", NULL, NULL,
      "weight of the rate; with model.condition: beta the range to learn, {range: [0.01, 10]}", RST,
      NULL, objective_by_beta, "objective.kind: beta-vae" },
    { "objective.warmup", BF_KEY_REAL, FIELD(vae.warmup), "0", "0:inf", NULL, "epochs",
      "beta rises from 0 over these epochs, every row's own where a range is learned", RST,
      NULL, objective_by_beta, "objective.kind: beta-vae" },
    { "objective.cycles", BF_KEY_INT, FIELD(vae.cycles), "0", "0:1000000", NULL, NULL,
      "beta rises from 0 so many times, in equal parts of the training; 0: as objective.warmup says", RS, NULL, cycles, "objective.kind: beta-vae" },
    { "objective.ramp", BF_KEY_REAL, FIELD(vae.ramp), "0.5", "(0:1]", NULL, NULL, "part of a cycle over which beta rises", RST,
      NULL, cycles, "objective.cycles > 0" },
    { "objective.free_bits", BF_KEY_REAL, FIELD(vae.free_bits), "0", "0:inf", NULL, "nat",
      "what a latent dimension costs at least, in the mean over a batch: a lower rate is not worth anything", RS, NULL, free_bits,
      "objective.kind: beta-vae" },
    { "objective.capacity", BF_KEY_REAL, FIELD(vae.capacity), "25", "0:inf", NULL, "nat", "the rate that is asked for", RST,
      NULL, objective_capacity, "objective.kind: capacity" },
    { "objective.capacity_epochs", BF_KEY_REAL, FIELD(vae.capacity_epochs), "all", "0:inf|all=nan", NULL, "epochs",
      "the capacity rises from 0 over these epochs; all: over the training", RST, NULL, objective_capacity, "objective.kind: capacity" },
    { "objective.capacity_of", BF_KEY_CHOICE, FIELD(vae.capacity_of), "batch", "batch sample", NULL, NULL,
      "whose rate is held at the capacity: the mean of a batch, or every sample's own", RST, NULL, objective_capacity, "objective.kind: capacity" },
    { "objective.gamma", BF_KEY_REAL, FIELD(vae.gamma), "1000", "0:inf", NULL, NULL, "weight of the distance from the capacity", RST,
      NULL, objective_capacity, "objective.kind: capacity" },
    { "objective.betas_per_sample", BF_KEY_INT, FIELD(vae.betas_per_sample), "1", "1:1024", NULL, NULL,
      "values of beta a sample of a beta-conditioned model is trained with in one step, each in a row of its own", RS, NULL, conditioned, "model.condition: beta" },
    { "objective.draw", BF_KEY_CHOICE, FIELD(vae.draw), "random", NULL, bf_drawing_names, NULL,
      "how the posterior is drawn in training: at random, in pairs of opposite noise, or at points along the latent axes that have its exact mean and variance",
      RS, NULL, drawn_often, "objective.draws > 1" },
    { "objective.draws", BF_KEY_INT, FIELD(vae.draws), "auto", "1:8192|auto=0", NULL, NULL,
      "draws of the posterior a sample gets in a training step, each a row for the decoder; auto: what objective.draw needs: 1, 2, or 2 model.latent", RS,
      NULL, drawn_often, "objective.draws > 1" },
    { "objective.grid", BF_KEY_REALS, FIELD(vae.grid), "auto", "(0:inf)|auto=0", NULL, NULL,
      "where a beta-conditioned model is evaluated: a list, {log: [first, last, count]} or {lin: ...}; auto: 20 values over the range", R,
      NULL, conditioned, "model.condition: beta" },

    { "train.epochs", BF_KEY_INT, FIELD(train.epochs), "30", "1:1000000000", NULL, "epochs",
      "passes over the training part", RST, NULL, by_epochs, "train.steps: none" },
    { "train.steps", BF_KEY_INT, FIELD(train.steps), "none", "1:1000000000000|none=0", NULL, "steps",
      "length of the training, instead of train.epochs", RS, ALWAYS },
    { "train.batch", BF_KEY_INT, FIELD(train.batch), "128", "1:1048576", NULL, "samples", "samples of one step, over all ranks of a team", RS, ALWAYS },
    { "train.lanes", BF_KEY_INT, FIELD(train.lanes), "1", "1:1024", NULL, NULL,
      "parts a batch is cut into, a power of two; results are the same for any team up to this size", RS, ALWAYS },
    { "train.optimizer", BF_KEY_CHOICE, FIELD(train.optimizer), "adam", NULL, bf_optimizer_names, NULL, "rule of the update", RS, ALWAYS },
    { "train.lr", BF_KEY_REAL, FIELD(train.lr), "1.0e-3", "(0:inf)", NULL, NULL, "learning rate", RS, ALWAYS },
    { "train.schedule", BF_KEY_CHOICE, FIELD(train.schedule), "constant", NULL, bf_schedule_names, NULL, "how the learning rate falls", RS, ALWAYS },
    { "train.warmup", BF_KEY_REAL, FIELD(train.warmup), "0", "0:inf", NULL, "epochs", "the learning rate rises from 0 over these epochs", RS, ALWAYS },
    { "train.step_size", BF_KEY_REAL, FIELD(train.step_size), "10", "(0:inf)", NULL, "epochs", "distance of two steps of the schedule", RST,
      NULL, schedule_step, "train.schedule: step" },
    { "train.step_factor", BF_KEY_REAL, FIELD(train.step_factor), "0.5", "(0:1]", NULL, NULL, "factor of each step of the schedule", RST,
      NULL, schedule_step, "train.schedule: step" },
    { "train.lr_final", BF_KEY_REAL, FIELD(train.lr_final), "0", "0:1", NULL, NULL, "the learning rate at the end, as a fraction of train.lr", RST,
      NULL, schedule_cosine, "train.schedule: cosine" },
    { "train.momentum", BF_KEY_REAL, FIELD(train.momentum), "0.9", "[0:1)", NULL, NULL, "momentum of sgd", RS, NULL, optimizer_sgd,
      "train.optimizer: sgd" },
    { "train.weight_decay", BF_KEY_REAL, FIELD(train.weight_decay), "0", "0:inf", NULL, NULL,
      "decay of weights; biases and variances do not decay", RS, ALWAYS },
    { "train.clip", BF_KEY_REAL, FIELD(train.clip), "0", "0:inf", NULL, NULL, "largest norm of a gradient; 0: no limit", RS, ALWAYS },
    { "train.epsilon", BF_KEY_REAL, FIELD(train.epsilon), "1.0e-8", "(0:inf)", NULL, NULL, "epsilon of adam", RS, NULL, optimizer_adam,
      "train.optimizer: adam, adamw" },
    { "train.betas", BF_KEY_PAIR, FIELD(train.betas), "[0.9, 0.999]", "[0:1)", NULL, NULL, "decay of adam's two moments", RS,
      NULL, optimizer_adam, "train.optimizer: adam, adamw" },
    { "train.backend", BF_KEY_CHOICE, FIELD(train.backend), "auto", NULL, bf_backend_names, NULL,
      "kernels that compute; auto: onednn where the processor has AVX-512, else portable", RS, ALWAYS },
    { "train.precision", BF_KEY_CHOICE, FIELD(train.precision), "f32", "f32 bf16", NULL, NULL,
      "format of hidden layers while training; weights, losses and evaluation are f32", RS, ALWAYS },
    { "train.retries", BF_KEY_INT, FIELD(train.retries), "0", "0:16", NULL, NULL, "new starts after a divergence", RS, ALWAYS },
    { "train.retry_factor", BF_KEY_REAL, FIELD(train.retry_factor), "0.1", "(0:1]", NULL, NULL,
      "learning rate of a new start, relative to the one before", RS,
      NULL, retries, "train.retries > 0" },
    { "train.checkpoint_seconds", BF_KEY_REAL, FIELD(train.checkpoint_seconds), "300", "0:inf", NULL, "s", "time between two checkpoints", 0, ALWAYS },
    { "train.evaluate_every", BF_KEY_INT, FIELD(train.evaluate_every), "0", "0:1000000000", NULL, "epochs",
      "evaluate the test part so often; 0: only at the end", RS, ALWAYS },
    { "train.keep", BF_KEY_CHOICE, FIELD(train.keep), "last", NULL, bf_keep_names, NULL,
      "which weights remain: the last, or the best by test ELBO", RS, ALWAYS },
    { "train.patience", BF_KEY_INT, FIELD(train.patience), "0", "0:1000000000", NULL, "evaluations",
      "stop after so many without a better test ELBO; 0: never", RS, ALWAYS },
    { "train.init_from", BF_KEY_TEXT, FIELD(train.init_from), "\"\"", NULL, NULL, NULL,
      "start from the weights of a file, or of a configuration DIR:ID", RS, ALWAYS },

    { "warm_start.along", BF_KEY_TEXT, FIELD(warm.along), "none", NULL, NULL, NULL,
      "a swept number, such as objective.beta: configurations that differ in it alone start from each other's final weights, in order",
      0, ALWAYS },
    { "warm_start.from", BF_KEY_CHOICE, FIELD(warm.from), "low", "low high", NULL, NULL,
      "the end of the key's values that is trained first, from drawn weights", BF_KEY_STRICT, NULL, warm_started, "warm_start.along" },

    { "measure", BF_KEY_MEASURES, MEASURE_LIST, "[rd, active, mmd, spectrum, decomposition]", NULL, bf_measure_names, NULL,
      "numbers taken of a trained model: a list, all, or name: {option: value}", R,
      "frechet recovery", NULL, NULL },
    { "measure.rd.samples", BF_KEY_INT, FIELD(measure.rd_samples), "1", "1:100000", NULL, NULL, "posterior draws per sample for the distortion", R, ALWAYS },
    { "measure.nll.samples", BF_KEY_INT, FIELD(measure.nll_samples), "200", "1:1000000", NULL, NULL, "importance samples per sample of the data", R,
      NULL, measures_nll, "measure: nll" },
    { "measure.nll.rows", BF_KEY_INT, FIELD(measure.nll_rows), "1000", "1:1000000000000|all=-1", NULL, "samples",
      "evenly spaced samples of each part whose likelihood is estimated", R, NULL, measures_nll, "measure: nll" },
    { "measure.traversal.bases", BF_KEY_INT, FIELD(measure.traversal_bases), "100", "1:100000", NULL, "samples",
      "posterior means from which every latent dimension is swept", R, NULL, measures_traversal, "measure: traversal" },

    { "output.posterior", BF_KEY_SPLITS, POSTERIOR_PAIR, "[train, test]", "train test", NULL, NULL, "parts whose posterior is stored", 0, ALWAYS },
    { "output.betas", BF_KEY_REALS, FIELD(output.betas), "none", "(0:inf)|none=0", NULL, NULL,
      "where else a beta-conditioned model's posteriors, latents and samples are stored: a list, or {log: [first, last, count]}", BF_KEY_STRICT,
      NULL, conditioned, "model.condition: beta" },
    { "output.second_stage", BF_KEY_BOOL, FIELD(output.second_stage), "true", NULL, NULL, NULL, "store the second-stage training set", 0, ALWAYS },
    { "output.weights", BF_KEY_BOOL, FIELD(output.weights), "true", NULL, NULL, NULL, "store the trained weights", 0, ALWAYS },
    { "output.state", BF_KEY_BOOL, FIELD(output.state), "false", NULL, NULL, NULL,
      "store the optimiser's state, so that more epochs can be added", 0, ALWAYS },
    { "output.samples", BF_KEY_INT, FIELD(output.samples), "64", "0:10000", NULL, "samples",
      "samples, reconstructions and inputs that are stored", 0, ALWAYS },
    { "output.traversals", BF_KEY_INT, FIELD(output.traversals), "0", "0:100", NULL, "samples",
      "test samples whose code is varied along every latent dimension: 7 decoder means for each, from -2 to 2", 0, ALWAYS },
    { "output.progress_seconds", BF_KEY_REAL, FIELD(output.progress_seconds), "30", "(0:inf)", NULL, "s",
      "time between two reports of progress", 0, ALWAYS },

    { "parallel.ranks_per_config", BF_KEY_INT, FIELD(parallel.ranks_per_config), "auto", "1:1024|auto=0", NULL, "ranks",
      "size of a team, a power of two up to train.lanes", 0, ALWAYS },
    { "parallel.threads", BF_KEY_INT, FIELD(parallel.threads), "1", "1:1024", NULL, "threads",
      "threads of one rank; changes the bits of results", R, ALWAYS },
    { "parallel.kernels", BF_KEY_CHOICE, FIELD(parallel.kernels), "same", "same any", NULL, NULL,
      "kernels a checkpoint may be resumed with; any: results are equal only statistically", 0, ALWAYS },
};
enum { KEYS = sizeof table / sizeof table[0] };

const bf_key *bf_key_table(int *count)
{
    *count = KEYS;
    return table;
}

const bf_key *bf_key_find(const char *path)
{
    for (int i = 0; i < KEYS; i++)
        if (strcmp(table[i].path, path) == 0) return &table[i];
    return NULL;
}

/* A key's own name counts too: `lr`, or `model.lr`, was most likely meant to be train.lr. */
const bf_key *bf_key_nearest(const char *path)
{
    const char *dot = strrchr(path, '.');
    const char *name = dot ? dot + 1 : path;
    const bf_key *best = NULL;
    int best_distance = INT_MAX;
    for (int i = 0; i < KEYS; i++) {
        const char *own_dot = strrchr(table[i].path, '.');
        const char *own = own_dot ? own_dot + 1 : table[i].path;
        int distance = bf_edit_distance(path, table[i].path);
        if (distance > bf_edit_limit(path)) distance = INT_MAX;
        const int by_name = bf_edit_distance(name, own);
        if (by_name <= bf_edit_limit(name) / 2 && by_name + 2 < distance) distance = by_name + 2;
        if (distance < best_distance) {
            best = &table[i];
            best_distance = distance;
        }
    }
    return best;
}

bool bf_key_applies(const bf_key *k, const bf_config *cfg) { return !k->applies || k->applies(cfg); }

const char *bf_key_type_name(bf_key_type type)
{
    static const char *const names[] = { "boolean", "integer", "number", "text", "choice", "integers", "numbers", "paths", "splits", "measures", "pair", "layers",
                                         "number or range", "choices" };
    return names[type];
}
