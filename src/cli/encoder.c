#include "cli/encoder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/rng.h"
#include "cli/input.h"
#include "farm/weights.h"
#include "measure/evaluate.h"
#include "nn/backend.h"
#include "nn/threads.h"
#include "store/config_file.h"
#include "vae/registry.h"

/* The configuration's keys: study.yaml lists configurations in the order of their ids. */
static bf_status read_config(const char *dir, int64_t id, bf_config *out)
{
    char path[BF_PATH];
    bf_input_file in = { 0 };
    BF_TRY(bf_file_join(path, sizeof path, dir, "study.yaml"));
    if (!bf_file_exists(path)) return BF_FAIL(BF_E_INPUT, "%s is no study: there is no study.yaml", dir);
    bf_status s = bf_input_read(&in, path);
    if (!s.code) s = bf_input_parse(&in, NULL);
    if (!s.code) s = bf_input_verdict(&in, stderr);
    if (!s.code && id >= bf_study_count(in.study))
        s = BF_FAIL(BF_E_INPUT, "there is no configuration %lld: the ids of %s are 0-%d", (long long)id, dir, bf_study_count(in.study) - 1);
    if (!s.code) bf_study_config(in.study, (int)id, out);
    bf_input_free(&in);
    return s;
}

/* "28 28 1" */
static bool parse_shape(const char *text, bf_encoder *e)
{
    int64_t width = 1;
    for (e->dims = 0; *text && e->dims < 3; e->dims++) {
        char *end;
        const long v = strtol(text, &end, 10);
        if (end == text || v < 1 || v > INT32_MAX || __builtin_mul_overflow(width, (int64_t)v, &width) || width > INT32_MAX) return false;
        e->shape[e->dims] = (int)v;
        text = end + strspn(end, " ");
    }
    e->width = (int)width;
    return e->dims > 0 && !*text;
}

static bf_status read_data_attrs(const char *path, int id, bf_encoder *e)
{
    bf_attr a[] = { { .name = "data_shape", .type = 's' }, { .name = "data_stored", .type = 's' },
                    { .name = "data_scale", .type = 'f' }, { .name = "data_shift", .type = 'f' }, { .name = "classes", .type = 'i' } };
    char text[5][64];
    const bool labelled = bf_label_conditioned(&e->config.vae);
    BF_TRY(bf_config_file_read_attrs(path, id, "weights", a, labelled ? 5 : 4, text));
    e->stored = strcmp(text[1], "u8") == 0 ? BF_STORED_U8 : BF_STORED_F32;
    e->scale = a[2].real;
    e->shift = a[3].real;
    if (labelled && (a[4].integer < 1 || a[4].integer > BF_MAX_WIDTH))
        return BF_FAIL(BF_E_FORMAT, "%s: weights of %lld classes cannot be", path, (long long)a[4].integer);
    e->classes = (int)a[4].integer;
    if (!parse_shape(text[0], e) || !isfinite(e->scale) || !isfinite(e->shift))
        return BF_FAIL(BF_E_FORMAT, "%s: the weights' data_shape '%s' or scale cannot be", path, text[0]);
    return BF_DONE;
}

static bf_status read_hash(const char *path, int id, bf_encoder *e)
{
    bf_attr made = { .name = "config_hash", .type = 's' };
    char text[64];
    BF_TRY(bf_config_file_read_attrs(path, id, "", &made, 1, &text));
    snprintf(e->hash, sizeof e->hash, "%.16s", text);
    return BF_DONE;
}

static bf_status build(bf_encoder *e)
{
    const bf_backend *backend = bf_backend_find(e->config.train.backend);
    /* The variance only decides where learning starts. */
    bf_vae_data d = { .dims = e->dims, .width = e->width, .classes = e->classes, .variance = 1.0 };
    memcpy(d.shape, e->shape, sizeof d.shape);
    bf_threads_set((int)e->config.parallel.threads);
    e->params = bf_params_create();
    if (!e->params) return BF_FAIL(BF_E_MEMORY, "no memory for a model");
    BF_TRY(bf_evaluator_rows(&e->config.vae, &d, e->params, &e->rows));
    const bf_plan_shape shape = { .rows = e->rows, .lanes = 1 };
    BF_TRY(bf_vae_build(&e->config.vae, &d, BF_VAE_EVALUATE, &shape, backend, BF_USE_EPS_EVAL, e->params, &e->vae));
    e->theta = calloc(bf_params_size(e->params), sizeof *e->theta);
    e->stats = calloc((size_t)bf_plan_stats_size(e->vae.plan) + 1, sizeof *e->stats);
    e->samples = calloc((size_t)e->rows, sizeof *e->samples);
    return e->theta && e->stats && e->samples ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a model");
}

bf_status bf_encoder_open(const char *dir, int64_t id, bf_encoder *e)
{
    char name[40];
    e->id = id;
    BF_TRY(read_config(dir, id, &e->config));
    snprintf(name, sizeof name, "configs/c%04d.h5", (int)id);
    BF_TRY(bf_file_join(e->path, sizeof e->path, dir, name));
    if (!bf_file_exists(e->path)) return BF_FAIL(BF_E_INPUT, "configuration %lld has not ended: there is no %s", (long long)id, e->path);
    BF_TRY(read_data_attrs(e->path, (int)id, e));
    BF_TRY(read_hash(e->path, (int)id, e));
    BF_TRY(build(e));
    return bf_weights_read(e->path, (int)id, e->params, e->theta);
}

static void copy_rows(const bf_encoder *e, bf_value v, int n, float *to)
{
    if (v == BF_NO_VALUE || !to) return;
    memcpy(to, bf_plan_value(e->vae.plan, 0, v), (size_t)n * bf_shape_cols(bf_plan_shape_of(e->vae.plan, v)) * sizeof *to);
}

void bf_encoder_run(bf_encoder *e, const float *x, const int32_t *labels, int64_t first, int n, const bf_encoded *out)
{
    /* Rows behind the last one keep what an earlier block left there, or zeros: finite, which is all they have to be. */
    memcpy(bf_plan_value(e->vae.plan, 0, e->vae.x), x, (size_t)n * (size_t)e->width * sizeof *x);
    for (int i = 0; i < e->rows; i++) e->samples[i] = first + i;
    bf_vae_label_rows(&e->vae, 0, labels, NULL, n);
    const bf_run run = { .theta = e->theta, .stats = e->stats, .samples = e->samples, .seed = e->config.seed, .rows = n, .batch = n };
    bf_plan_run(e->vae.plan, &run);
    copy_rows(e, e->vae.mean, n, out->mean);
    copy_rows(e, e->vae.logvar, n, out->logvar);
    copy_rows(e, e->vae.z, n, out->z);
    copy_rows(e, e->vae.recon_mean, n, out->reconstruction);
    copy_rows(e, e->vae.rate, n, out->rate);
    copy_rows(e, e->vae.sse_mean, n, out->mse);
    for (int i = 0; i < n; i++) out->mse[i] /= (float)e->width;
}

void bf_encoder_close(bf_encoder *e)
{
    bf_vae_destroy(&e->vae);
    bf_params_destroy(&e->params);
    free(e->theta);
    free(e->stats);
    free(e->samples);
    memset(e, 0, sizeof *e);
}
