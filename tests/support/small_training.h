/* A small training on a gaussian source, for tests of trainer and evaluator: sane values of every option, to be changed by the test. */
#ifndef BF_TESTS_SMALL_TRAINING_H
#define BF_TESTS_SMALL_TRAINING_H
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/trainer.h"

typedef struct small_training {
    bf_data_options    data_options;
    bf_vae_options     vae;
    bf_train_options   train;
    bf_measure_options measure;
    bf_dataset        *data;
} small_training;

static inline void small_name(char out[BF_NAME], const char *name)
{
    memset(out, 0, BF_NAME);
    strncpy(out, name, BF_NAME - 1);
}

/* Collective over world. x ~ N(0, diag(4, 2, 1, .5, .1, .05)) rotated; the training sample has exactly this covariance. */
static inline bf_status small_training_open(const bf_comm *world, int64_t train, int64_t test, small_training *t)
{
    const double eigenvalues[] = { 4, 2, 1, 0.5, 0.1, 0.05 };
    *t = (small_training){ 0 };
    t->data_options.train = train;
    t->data_options.test = test;
    t->data_options.seed = 5;
    t->data_options.gaussian.rotate = t->data_options.gaussian.whiten_sample = true;
    t->data_options.gaussian.eigenvalues.count = 6;
    memcpy(t->data_options.gaussian.eigenvalues.at, eigenvalues, sizeof eigenvalues);
    small_name(t->data_options.source, "gaussian");
    small_name(t->data_options.binarize, "none");
    small_name(t->data_options.scale, "auto");
    t->vae = (bf_vae_options){ .net = "mlp", .hidden = { .count = 1, .at = { 16 } }, .latent = 4, .activation = "relu", .output = "linear",
                               .posterior = "gaussian", .prior = "normal", .likelihood = "gaussian", .variance = "learned",
                               .variance_value = NAN, .objective = "beta-vae", .draw = "random", .beta = 1.0, .capacity = 2.0, .gamma = 20.0 };
    t->train = (bf_train_options){ .epochs = 4, .batch = 64, .lanes = 1, .optimizer = "adam", .schedule = "constant", .lr = 1e-2, .step_factor = 1.0,
                                   .epsilon = 1e-8, .momentum = 0.9, .betas = { 0.9, 0.999 }, .keep = "last", .backend = "portable", .precision = "f32" };
    t->measure = (bf_measure_options){ .count = 1, .name = { "rd" }, .rd_samples = 1 };
    bf_comm *node;
    bf_status s = bf_comm_node(world, &node);
    if (s.code) return s;
    s = bf_dataset_open(world, node, &t->data_options, &t->data);
    bf_comm_free(&node);
    return s;
}

static inline void small_training_close(small_training *t)
{
    bf_dataset_close(&t->data);
}

static inline bf_status small_trainer(const small_training *t, const bf_comm *team, bf_train_hooks hooks, bf_trainer **out)
{
    const bf_train_setup setup = { .team = team, .data = t->data, .vae = &t->vae, .train = &t->train, .measure = &t->measure,
                                   .backend = &bf_backend_portable, .seed = 3, .lr_scale = 1.0, .hooks = hooks };
    return bf_trainer_create(&setup, out);
}
#endif
