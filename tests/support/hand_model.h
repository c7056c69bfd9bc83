/* A model on Gaussian data whose weights a test sets by hand: it is evaluated and measured, nothing is trained. */
#ifndef BF_TESTS_HAND_MODEL_H
#define BF_TESTS_HAND_MODEL_H
#include "measure/evaluate.h"
#include "measure/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ok.h"

static bf_comm *world;

typedef struct rig {
    bf_data_options    data_options;
    bf_vae_options     vae;
    bf_measure_options measure;
    bf_dataset   *data;
    bf_params    *params;
    bf_evaluator *evaluator;
    float        *theta;
} rig;

/* n training samples from N(0, diag(eigenvalues)), whose sample covariance is that too, and a model with zeros for weights. */
static inline rig opened(int64_t n, int width, const double *eigenvalues, const char *net, int latent, double variance, double beta)
{
    rig r = { .data_options = { .source = "gaussian", .train = n, .test = 2, .seed = 5, .binarize = "none", .scale = "auto" } };
    r.data_options.gaussian.whiten_sample = eigenvalues[0] > 0.0;
    r.data_options.gaussian.eigenvalues.count = width;
    memcpy(r.data_options.gaussian.eigenvalues.at, eigenvalues, (size_t)width * sizeof *eigenvalues);
    r.vae = (bf_vae_options){ .latent = latent, .activation = "relu", .output = "linear", .posterior = "gaussian", .prior = "normal",
                              .likelihood = "gaussian", .variance = "fixed", .variance_value = variance, .objective = "beta-vae", .draw = "random", .beta = beta };
    snprintf(r.vae.net, sizeof r.vae.net, "%s", net);
    r.measure = (bf_measure_options){ .count = 5, .name = { "rd", "active", "nll", "collapse", "traversal" }, .rd_samples = 1, .nll_samples = 3,
                                      .nll_rows = -1, .traversal_bases = 7 };
    bf_comm *node;
    ok(bf_comm_node(world, &node));
    ok(bf_dataset_open(world, node, &r.data_options, &r.data));
    bf_comm_free(&node);
    r.params = bf_params_create();
    assert_non_null(r.params);
    return r;
}

/* The evaluator borrows the rig's options: made once the rig lies where it stays. */
static inline void start(rig *r)
{
    ok(bf_evaluator_create(world, r->data, &r->vae, 3, &r->measure, r->params, &bf_backend_portable, &r->evaluator));
    r->theta = calloc(bf_params_size(r->params), sizeof *r->theta);
    assert_non_null(r->theta);
}

static inline void closed(rig *r)
{
    bf_evaluator_destroy(&r->evaluator);
    bf_params_destroy(&r->params);
    bf_dataset_close(&r->data);
    free(r->theta);
}

static inline void put(rig *r, const char *slot, int at, double value)
{
    const int i = bf_params_find(r->params, slot);
    assert_true(i >= 0);
    r->theta[bf_params_at(r->params, i)->offset + (size_t)at] = (float)value;
}

/* The column `name` of the training part. */
static inline double measured(rig *r, const char *name)
{
    const bf_column *at[BF_MAX_COLUMNS * BF_MAX_MEASURES];
    double v[BF_MAX_COLUMNS * BF_MAX_MEASURES];
    bf_evaluation e;
    ok(bf_evaluate(r->evaluator, r->theta, BF_TRAIN, NAN, true, &e));
    const bf_measure_input in = { .team = world, .vae = &r->vae, .options = &r->measure, .evaluation = &e, .seed = 3,
                                  .width = bf_dataset_info(r->data)->width, .unit = 1.0, .evaluator = r->evaluator, .theta = r->theta, .split = BF_TRAIN };
    const int n = bf_measure_columns(&r->measure, at);
    ok(bf_measure_take(&in, v));
    bf_evaluation_free(&e);
    for (int i = 0; i < n; i++)
        if (strcmp(at[i]->name, name) == 0) return v[i];
    fail_msg("there is no %s", name);
    return NAN;
}
#endif
