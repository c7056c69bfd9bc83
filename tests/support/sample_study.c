#include "sample_study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/h5_write.h"

static const bf_column metrics[] = {
    { "rate", "nat", "KL of posterior from prior", "mean over samples of KL(q(z|x) || p(z))" },
    { "distortion", "nat", "expected negative log likelihood", "-E log p(x|z)" },
    { "elbo", "nat", "evidence lower bound", "-(rate + distortion)" },
    { "active_units", "1", "latent dimensions in use", "number of dimensions whose rate exceeds 0.01 nat" },
};
static const bf_column history[] = {
    { "loss", "nat", "training objective", NULL }, { "rate", "nat", "rate in training", NULL }, { "lr", "1", "learning rate", NULL },
};
enum { METRICS = 4, HISTORY = 3 };

int sample_study_latent(int id) { return 2 + id % 3; }

float sample_study_value(int id, int64_t row, int64_t column)
{
    return sinf((float)(id + 1) * 0.37f + (float)row * 0.011f + (float)column * 1.7f);
}

/* Of five: 0..2 done, 3 diverged after 2 epochs, 4 pending. */
static bf_status fill_result(bf_result *r, int id)
{
    const int kind = id % 5 == 3 ? BF_DIVERGED : id % 5 == 4 ? BF_PENDING : BF_CONFIG_DONE;
    const int epochs = kind == BF_CONFIG_DONE ? 3 + id % 2 : kind == BF_DIVERGED ? 2 : 0;
    BF_TRY(bf_result_create(r, METRICS, HISTORY, epochs));
    r->id = id;
    r->status = (int8_t)kind;
    r->attempts = kind == BF_PENDING ? 0 : 1;
    r->epochs_done = epochs;
    r->steps = 5 * epochs;
    r->parameters = kind == BF_PENDING ? -1 : 1000 + id;
    r->seconds = kind == BF_PENDING ? NAN : 0.25 * (id + 1);
    if (kind != BF_PENDING) r->times = (bf_times){ .flops = 3e9, .rank_seconds = 0.15 * (id + 1), .seconds = { 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07 } };
    if (kind != BF_PENDING) r->gflops = bf_times_gflops(&r->times);
    if (kind != BF_PENDING) r->roof_share = 0.5;
    snprintf(r->hash, sizeof r->hash, "%016x", 0xabc0 + id);
    if (kind == BF_DIVERGED) snprintf(r->error, sizeof r->error, "loss not finite at step 10 (decoder.0.weight), \xce\xb2 = 0.5");
    for (int e = 0; e < epochs; e++)
        for (int c = 0; c < HISTORY; c++) r->history[e * HISTORY + c] = c == 2 ? 1e-3 : 100.0 / (e + 1) + c + id;
    for (int i = 0; kind == BF_CONFIG_DONE && i < 2; i++) {
        double *m = r->metrics + i * METRICS;
        m[0] = 5.0 + id + 0.1 * i;
        m[1] = 40.0 - id + 0.2 * i;
        m[2] = -(m[0] + m[1]);
        m[3] = sample_study_latent(id);
    }
    return BF_DONE;
}

bf_status sample_study_open(int configs, sample_study *out)
{
    *out = (sample_study){ .configs = configs, .schema = { .n_metrics = METRICS, .n_history = HISTORY, .metrics = metrics, .history = history } };
    out->results = calloc((size_t)configs, sizeof *out->results);
    if (!out->results) return BF_FAIL(BF_E_MEMORY, "no memory for %d results", configs);
    bf_status s = BF_DONE;
    for (int i = 0; !s.code && i < configs; i++) s = fill_result(&out->results[i], i);
    if (s.code) sample_study_close(out);
    return s;
}

void sample_study_close(sample_study *s)
{
    for (int i = 0; s->results && i < s->configs; i++) bf_result_free(&s->results[i]);
    free(s->results);
    s->results = NULL;
}

static bf_status put_array(bf_config_file *f, int id, const char *name, int rank, const int64_t *shape, const bf_dataset_text *text)
{
    bf_array a = { .type = BF_TYPE_F32, .rank = rank };
    snprintf(a.name, sizeof a.name, "%s", name);
    for (int i = 0; i < rank; i++) a.shape[i] = shape[i];
    const int64_t n = bf_array_count(&a);
    float *v = a.data = malloc(((size_t)n + 1) * sizeof *v);
    for (int64_t i = 0; v && i < n; i++) v[i] = sample_study_value(id, i, 0);
    bf_status s = bf_config_file_array(f, &a, text);
    free(v);
    return s;
}

static bf_status put_weights(bf_config_file *f, int id)
{
    static const bf_dataset_text matrix = { "out in", "1", "weight" }, vector = { "out", "1", "bias" };
    const bf_attr attrs[] = { { "network", 's', "mlp", 0, 0 }, { "activation", 's', "relu", 0, 0 }, { "hidden", 's', "[16]", 0, 0 } };
    const int64_t latent = sample_study_latent(id);
    BF_TRY(bf_config_file_attrs(f, "weights", attrs, 3));
    BF_TRY(put_array(f, id, "weights/encoder.0.weight", 2, (int64_t[]){ 16, 25 }, &matrix));
    BF_TRY(put_array(f, id, "weights/encoder.0.bias", 1, (int64_t[]){ 16 }, &vector));
    BF_TRY(put_array(f, id, "weights/posterior.mean.weight", 2, (int64_t[]){ latent, 16 }, &matrix));
    BF_TRY(put_array(f, id, "weights/decoder.0.weight", 2, (int64_t[]){ 16, latent }, &matrix));
    return put_array(f, id, "weights/likelihood.log_variance", 0, NULL, &(bf_dataset_text){ "", "1", "log of the decoder variance" });
}

/* Rows in blocks of 256, as evaluation deals them out. */
static bf_status put_rows(bf_config_file *f, const bf_comm *team, int id, const char *name, int64_t total)
{
    const int64_t blocks = (total + 255) / 256, ranks = bf_comm_size(team), rank = bf_comm_rank(team), cols = sample_study_latent(id);
    const int64_t from = blocks * rank / ranks * 256, to = blocks * (rank + 1) / ranks * 256;
    const int64_t first = from < total ? from : total, n = (to < total ? to : total) - first;
    float *v = malloc(((size_t)(n * cols) + 1) * sizeof *v);
    for (int64_t r = 0; v && r < n; r++)
        for (int64_t c = 0; c < cols; c++) v[r * cols + c] = sample_study_value(id, first + r, c);
    bf_status s = bf_config_file_rows(f, name, total, cols, first, n, v, NULL);
    free(v);
    return s;
}

static bf_status put_posterior(bf_config_file *f, const bf_comm *team, int id)
{
    static const char *const names[] = { "mean", "logvar", "z" };
    char name[64];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "posterior/train/%s", names[i]);
        BF_TRY(put_rows(f, team, id, name, SAMPLE_TRAIN));
        snprintf(name, sizeof name, "posterior/test/%s", names[i]);
        BF_TRY(put_rows(f, team, id, name, SAMPLE_TEST));
    }
    return bf_config_file_hard_link(f, "posterior/train/z", "second_stage/train");
}

static bf_status put_bulk(bf_config_file *f, const sample_study *s, const bf_comm *team, int id)
{
    const bf_dataset_text image = { "item height width", "1", "images" };
    const bf_attr attrs[] = { { "objective.beta", 'f', NULL, 0.5 * (id + 1), 0 }, { "model.latent", 'i', NULL, 0, sample_study_latent(id) },
                              { "study", 's', "sample", 0, 0 } };
    BF_TRY(bf_config_file_result(f, &s->schema, &s->results[id], attrs, 3));
    if (s->results[id].status != BF_CONFIG_DONE) return BF_DONE;
    BF_TRY(put_weights(f, id));
    BF_TRY(put_posterior(f, team, id));
    BF_TRY(put_array(f, id, "latents/mean_variance", 1, (int64_t[]){ sample_study_latent(id) }, NULL));
    BF_TRY(put_array(f, id, "samples", 3, (int64_t[]){ 4, 5, 5 }, &image));
    return put_array(f, id, "inputs", 3, (int64_t[]){ 6, 5, 5 }, &image);
}

bf_status sample_study_config(const sample_study *s, const bf_comm *team, const char *dir, int id, const char *tag)
{
    bf_config_file *f;
    BF_TRY(bf_config_file_create(team, &(bf_site){ dir, tag, -1 }, id, &f));
    bf_status written = put_bulk(f, s, team, id);
    bf_status closed = bf_config_file_close(&f, !written.code);
    return written.code ? written : closed;
}

static bf_status put_labels(hid_t file, const char *split, int64_t n)
{
    bf_array a = { .type = BF_TYPE_I32, .rank = 1, .shape = { n } };
    snprintf(a.name, sizeof a.name, "%s/label", split);
    int32_t *v = a.data = malloc((size_t)n * sizeof *v);
    if (!v) return BF_FAIL(BF_E_MEMORY, "no memory for labels");
    for (int64_t i = 0; i < n; i++) v[i] = (int32_t)(i % 10);
    bf_status s = bf_h5_put_array(file, &a, "sample", "1", "class of every sample");
    free(v);
    return s;
}

static bf_status write_data(const char *dir)
{
    char path[BF_PATH];
    hid_t file;
    BF_TRY(bf_file_join(path, sizeof path, dir, "data.h5"));
    BF_TRY(bf_h5_memory(&file));
    bf_status s = put_labels(file, "train", SAMPLE_TRAIN);
    if (!s.code) s = put_labels(file, "test", SAMPLE_TEST);
    if (!s.code) s = bf_h5_save(file, path);
    bf_status closed = bf_h5_close(&file, path);
    return s.code ? s : closed;
}

bf_status sample_study_tables(const sample_study *s, const bf_comm *comm, const char *dir, const char *tag)
{
    double beta[64];
    int64_t latent[64];
    char source[64][64] = { "" };
    for (int i = 0; i < s->configs && i < 64; i++) {
        beta[i] = 0.5 * (i + 1);
        latent[i] = sample_study_latent(i);
        snprintf(source[i], sizeof source[i], "patches");
    }
    const bf_sweep_column sweep[] = {
        { { "objective_beta", "1", "weight of the rate", NULL }, BF_COLUMN_F64, 0, beta },
        { { "model_latent", "1", "latent dimensions", NULL }, BF_COLUMN_I64, 0, latent },
        { { "data_source", "1", "data source", NULL }, BF_COLUMN_TEXT, 64, source },
    };
    const bf_attr data[] = { { "source", 's', "patches", 0, 0 }, { "minimum", 'f', NULL, 0.0, 0 }, { "train", 'i', NULL, 0, SAMPLE_TRAIN } };
    const bf_attr provenance[] = { { "version", 's', "0.1.0", 0, 0 } };
    const bf_study_data set = { data, 3, true, false, false };
    bf_run_record runs[] = { { "2026-03-01T12:00:00Z", "2026-03-01T12:01:00Z", "17", "node1", 4, 75, bf_run_speed_unknown() },
                             { "2026-03-01T13:00:00Z", "", "18", "node1,node2", 8, -1, bf_run_speed_unknown() } };
    for (int p = 0; p < BF_PHASES; p++) runs[0].speed.seconds[p] = 0.125 * (p + 1);
    runs[0].speed.memory_share = 0.5;
    const bf_study_tables t = {
        .study = "sample", .uuid = "01234567-89ab-4cde-8f01-23456789abcd", .created = "2026-03-01T12:00:00Z", .configs = s->configs,
        .sweep = sweep, .n_sweep = 3, .results = s->results, .schema = &s->schema, .data = &set, .n_data = 1, .provenance = provenance,
        .n_provenance = 1, .input = "study: sample\n", .effective_input = "study: sample\nseed: 1\n", .runs = runs, .n_runs = 2,
    };
    BF_TRY(write_data(dir));
    return bf_study_file_write(comm, &(bf_site){ dir, tag, -1 }, &t);
}

bf_status sample_study_write(const bf_comm *world, const char *dir, int configs)
{
    sample_study s;
    BF_TRY(sample_study_open(configs, &s));
    bf_status done = bf_comm_agree(world, bf_comm_rank(world) == 0 ? bf_file_mkdirs(dir) : BF_DONE);
    for (int i = 0; !done.code && i < configs; i++)
        if (s.results[i].status != BF_PENDING) done = sample_study_config(&s, world, dir, i, "sample");
    if (!done.code) done = bf_comm_agree(world, bf_comm_rank(world) == 0 ? sample_study_tables(&s, world, dir, "sample") : BF_DONE);
    sample_study_close(&s);
    return done;
}
