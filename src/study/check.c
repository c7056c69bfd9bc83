#include "study/check.h"
#include "base/power_of_two.h"
#include "nn/backend.h"
#include "vae/condition.h"
#include "vae/draws.h"
#include "vae/vae.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct findings { int count; bf_finding *at; } findings;

static void find(findings *f, const char *key, const char *other, const char *format, ...) BF_PRINTF(4, 5);
static void find(findings *f, const char *key, const char *other, const char *format, ...)
{
    assert(f->count < BF_MAX_FINDINGS);
    bf_finding *q = &f->at[f->count++];
    q->key = bf_key_find(key);
    q->other = other ? bf_key_find(other) : NULL;
    assert(q->key && (q->other || !other));
    va_list args;
    va_start(args, format);
    vsnprintf(q->what, sizeof q->what, format, args);
    va_end(args);
}

static void check_lanes(const bf_config *c, findings *f)
{
    const long long batch = c->train.batch, rows = batch * bf_sample_rows(&c->vae), lanes = c->train.lanes, team = c->parallel.ranks_per_config;
    const bool good = bf_power_of_two(lanes);
    if (!good) find(f, "train.lanes", NULL, "expected a power of two, got %lld", lanes);
    else if (rows % lanes != 0)
        find(f, "train.batch", "train.lanes", "%lld samples%s cannot be cut into %lld equal lanes", batch, bf_sample_rows_keys(&c->vae), lanes);
    else if (rows / lanes > INT32_MAX)
        find(f, "train.batch", NULL, "%lld samples%s are too many", batch, bf_sample_rows_keys(&c->vae));
    if (team > 0 && !bf_power_of_two(team)) find(f, "parallel.ranks_per_config", NULL, "expected a power of two or auto, got %lld", team);
    else if (good && team > lanes)
        find(f, "parallel.ranks_per_config", "train.lanes", "a team of %lld ranks needs train.lanes of at least %lld, not %lld", team, team, lanes);
}

static void check_epochs(const bf_config *c, findings *f)
{
    const bf_train_options *t = &c->train;
    if (strcmp(t->keep, "best") == 0 && t->evaluate_every == 0)
        find(f, "train.keep", "train.evaluate_every", "best weights are found by evaluating; set train.evaluate_every to a number of epochs");
    if (t->patience > 0 && t->evaluate_every == 0)
        find(f, "train.patience", "train.evaluate_every", "patience counts evaluations; set train.evaluate_every to a number of epochs");
    if (t->steps == 0 && t->warmup > (double)t->epochs)
        find(f, "train.warmup", "train.epochs", "a warm-up of %g epochs is longer than the training, %lld", t->warmup, (long long)t->epochs);
}

static void check_backend(const bf_config *c, findings *f)
{
    if (bf_backend_find(c->train.backend) == NULL) find(f, "train.backend", NULL, "this betafield was built without %s", c->train.backend);
}

static void check_data(const bf_config *c, findings *f)
{
    if (c->data.train > 0 && c->data.train < c->train.batch)
        find(f, "train.batch", "data.train", "a batch of %lld is larger than the training part, %lld samples",
             (long long)c->train.batch, (long long)c->data.train);
}

/* Neighbours read each other's weights from their files. */
static void check_warm_start(const bf_config *c, findings *f)
{
    if (bf_warm_started(c) && !c->output.weights)
        find(f, "output.weights", "warm_start.along", "neighbours along %s start from weights, which have to be stored", c->warm.along);
}

/* The model's own room knows which of its parts go together; its sentences begin with the key they are about. */
static void check_model(const bf_config *c, findings *f)
{
    const bf_status s = bf_vae_check(&c->vae, NAN, NAN, NAN);
    char path[64];
    if (!s.code) return;
    const char *colon = strstr(s.what, ": ");
    snprintf(path, sizeof path, "%.*s", colon ? (int)(colon - s.what) : 0, s.what);
    const bool named = colon && bf_key_find(path);
    find(f, named ? path : "model.net", NULL, "%s", named ? colon + 2 : s.what);
}

/* Where a range is wrong, that is said already. */
static void check_betas(const bf_config *c, findings *f)
{
    const bf_f64_list *list = &c->output.betas;
    if (!bf_beta_conditioned(&c->vae) || !(c->vae.beta_range[1] > c->vae.beta_range[0])) return;
    for (int i = 0; i < list->count; i++) {
        const bool known = bf_condition_knows(&c->vae, list->at[i]), rises = i == 0 || list->at[i] > list->at[i - 1];
        if (!known) find(f, "output.betas", "objective.beta", "the model will not have learned %g", list->at[i]);
        else if (!rises) find(f, "output.betas", NULL, "%g follows %g; the values rise", list->at[i], list->at[i - 1]);
        if (!known || !rises) return;
    }
}

int bf_config_check(const bf_config *c, bf_finding out[BF_MAX_FINDINGS])
{
    findings f = { 0, out };
    check_lanes(c, &f);
    check_epochs(c, &f);
    check_backend(c, &f);
    check_data(c, &f);
    check_warm_start(c, &f);
    check_model(c, &f);
    check_betas(c, &f);
    return f.count;
}
