#include "store/study_file.h"

#include "base/file.h"
#include "store/h5_scale.h"
#include "store/h5_write.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file is built in memory and saved in one piece: a study of 300 configurations is a few hundred kilobytes. */

typedef struct book {
    hid_t file, config, split, epoch, beta;     /* the root's dimension scales */
    hsize_t configs, epochs;
    const bf_study_tables *t;
} book;

/* A member of a struct that becomes one column: of bf_result under /sweep, of bf_run_record under /provenance/runs. */
typedef enum kind { I8, ID, I32, INT, I64, F64, TEXT } kind;       /* I32 and INT are stored as 64 bits, an ID as the 32 of /config */
typedef struct field { const char *path; kind kind; size_t offset; int width; } field;

#define RESULT(name, kind, member) { "/sweep/" name, kind, offsetof(bf_result, member), sizeof(((bf_result *)0)->member) }
#define RUN(member, kind) { "/provenance/runs/" #member, kind, offsetof(bf_run_record, member), sizeof(((bf_run_record *)0)->member) }

static const field result_fields[] = {
    RESULT("status", I8, status), RESULT("attempts", I32, attempts), RESULT("error", TEXT, error), RESULT("epochs_done", I64, epochs_done),
    RESULT("steps", I64, steps), RESULT("seconds", F64, seconds),
    RESULT("seconds_data", F64, times.seconds[BF_PHASE_DATA]), RESULT("seconds_forward", F64, times.seconds[BF_PHASE_FORWARD]),
    RESULT("seconds_backward", F64, times.seconds[BF_PHASE_BACKWARD]), RESULT("seconds_reduce", F64, times.seconds[BF_PHASE_REDUCE]),
    RESULT("seconds_update", F64, times.seconds[BF_PHASE_UPDATE]), RESULT("seconds_evaluation", F64, times.seconds[BF_PHASE_EVALUATION]),
    RESULT("seconds_files", F64, times.seconds[BF_PHASE_FILES]), RESULT("flops", F64, times.flops), RESULT("gflops", F64, gflops),
    RESULT("roof_share", F64, roof_share),
    RESULT("parameters", I64, parameters),
    RESULT("parent", ID, parent),
    { "/sweep/config_hash", TEXT, offsetof(bf_result, hash), 16 },
};
static const field run_fields[] = {
    RUN(start, TEXT), RUN(end, TEXT), RUN(job, TEXT), RUN(hosts, TEXT), RUN(ranks, INT), RUN(exit_code, INT),
};
#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

static bf_status put_scales(book *b)
{
    static const char splits[2][5] = { "train", "test" };
    BF_TRY(bf_h5_put_counting_scale(b->file, "/config", b->t->ids, b->configs, 0, &b->config));
    hid_t text = bf_h5_text_type(sizeof splits[0]);
    bf_status s = bf_h5_put_scale(b->file, "/split", text, 2, splits, &b->split);
    H5Tclose(text);
    if (s.code) return s;
    const bf_schema *schema = b->t->schema;
    if (schema->n_betas) BF_TRY(bf_h5_put_scale(b->file, "/beta_grid", H5T_IEEE_F64LE, (hsize_t)schema->n_betas, schema->betas, &b->beta));
    return bf_h5_put_counting_scale(b->file, "/epoch", NULL, b->epochs, 1, &b->epoch);
}

/* Local. One value per row, texts padded with zeros whatever stood behind their end. to has room for n * max(8, width) bytes. */
static void gather(const field *f, const char *rows, size_t stride, hsize_t n, void *to)
{
    for (hsize_t i = 0; i < n; i++) {
        const char *from = rows + i * stride + f->offset;
        char *text = (char *)to + i * (size_t)f->width;
        switch (f->kind) {
        case I8:  ((int8_t *)to)[i] = *(const int8_t *)from; break;
        case ID:  ((int32_t *)to)[i] = *(const int32_t *)(const void *)from; break;
        case I32: ((int64_t *)to)[i] = *(const int32_t *)(const void *)from; break;
        case INT: ((int64_t *)to)[i] = *(const int *)(const void *)from; break;
        case I64: ((int64_t *)to)[i] = *(const int64_t *)(const void *)from; break;
        case F64: ((double *)to)[i] = *(const double *)(const void *)from; break;
        case TEXT:
            memset(text, 0, (size_t)f->width);
            memcpy(text, from, strnlen(from, (size_t)f->width));
        }
    }
}

static hid_t kind_type(kind k, int width)
{
    return k == TEXT ? bf_h5_text_type((size_t)width) : H5Tcopy(k == I8 ? H5T_STD_I8LE : k == ID ? H5T_STD_I32LE : k == F64 ? H5T_IEEE_F64LE : H5T_STD_I64LE);
}

/* One column of `rows`, described by about. status_flags: what the numbers of /sweep/status mean. */
static bf_status put_field(hid_t file, hid_t scale, const char *dims, const field *f, const bf_column *about, const void *rows, size_t stride, hsize_t n)
{
    static const int8_t flags[] = { BF_PENDING, BF_RUNNING, BF_CONFIG_DONE, BF_DIVERGED, BF_CONFIG_FAILED, BF_STOPPED };
    hid_t id = H5I_INVALID_HID;
    void *values = malloc((size_t)(n + 1) * (size_t)(f->width > 8 ? f->width : 8));
    if (!values) return BF_FAIL(BF_E_MEMORY, "no memory for the column %s", f->path);
    gather(f, rows, stride, n, values);
    hid_t type = kind_type(f->kind, f->width);
    const bf_h5_dataset d = { .name = f->path, .type = type, .rank = 1, .shape = { n }, .dims = dims, .unit = about->unit,
                              .long_name = about->long_name, .definition = about->definition };
    bf_status s = bf_h5_put(file, &d, values, &id);
    if (!s.code) s = bf_h5_attach(id, scale, 0);
    if (!s.code && strcmp(f->path, "/sweep/status") == 0) {
        s = bf_h5_put_i8s(id, "flag_values", flags, COUNT(flags));
        if (!s.code) s = bf_h5_put_text(id, "flag_meanings", "pending running done diverged failed stopped");
    }
    if (id >= 0) H5Dclose(id);
    H5Tclose(type);
    free(values);
    return s;
}

static bf_status put_fields(hid_t file, hid_t scale, const char *dims, const field *f, int fields, const void *rows, size_t stride, hsize_t n)
{
    for (int i = 0; i < fields; i++) {
        const bf_object *o = bf_schema_find(f[i].path);
        const bf_column about = { .name = o->path, .unit = o->unit, .long_name = o->long_name, .definition = o->meaning };
        BF_TRY(put_field(file, scale, dims, &f[i], &about, rows, stride, n));
    }
    return BF_DONE;
}

static bf_status put_sweep(book *b)
{
    static const kind kinds[] = { [BF_COLUMN_I64] = I64, [BF_COLUMN_F64] = F64, [BF_COLUMN_I8] = I8, [BF_COLUMN_TEXT] = TEXT };
    for (int i = 0; i < b->t->n_sweep; i++) {
        const bf_sweep_column *c = &b->t->sweep[i];
        char path[128];
        snprintf(path, sizeof path, "/sweep/%s", c->about.name);
        const int width = c->type == BF_COLUMN_TEXT ? c->width : c->type == BF_COLUMN_I8 ? 1 : 8;
        const field f = { path, kinds[c->type], 0, width };
        BF_TRY(put_field(b->file, b->config, "config", &f, &c->about, c->values, (size_t)width, b->configs));
    }
    return put_fields(b->file, b->config, "config", result_fields, COUNT(result_fields), b->t->results, sizeof *b->t->results, b->configs);
}

/* One measure of every configuration (config, second axis). */
static bf_status put_table(book *b, const char *group, const bf_column *c, const char *dims, hid_t scale, hsize_t cols, const double *values)
{
    hid_t id = H5I_INVALID_HID;
    char path[128];
    snprintf(path, sizeof path, "/%s/%s", group, c->name);
    const bf_h5_dataset d = { .name = path, .type = H5T_IEEE_F64LE, .rank = 2, .shape = { b->configs, cols }, .dims = dims,
                              .unit = c->unit, .long_name = c->long_name, .definition = c->definition };
    BF_TRY(bf_h5_put(b->file, &d, values, &id));
    bf_status s = bf_h5_attach(id, b->config, 0);
    if (!s.code) s = bf_h5_attach(id, scale, 1);
    H5Dclose(id);
    return s;
}

static bf_status put_metrics(book *b, double *v)
{
    const bf_schema *schema = b->t->schema;
    for (int m = 0; m < schema->n_metrics; m++) {
        for (hsize_t c = 0; c < b->configs; c++) {
            const bf_result *r = &b->t->results[c];
            for (int split = 0; split < 2; split++)
                v[2 * c + (hsize_t)split] = r->metrics && r->n_metrics == schema->n_metrics ? r->metrics[split * r->n_metrics + m] : NAN;
        }
        BF_TRY(put_table(b, "metrics", &schema->metrics[m], "config split", b->split, 2, v));
    }
    return BF_DONE;
}

/* One measure of every configuration (config, beta, split). */
static bf_status put_by_beta_table(book *b, const bf_column *c, const double *values)
{
    hid_t id = H5I_INVALID_HID;
    char path[128];
    snprintf(path, sizeof path, "/metrics_by_beta/%s", c->name);
    const bf_h5_dataset d = { .name = path, .type = H5T_IEEE_F64LE, .rank = 3, .shape = { b->configs, (hsize_t)b->t->schema->n_betas, 2 },
                              .dims = "config beta_grid split", .unit = c->unit, .long_name = c->long_name, .definition = c->definition };
    BF_TRY(bf_h5_put(b->file, &d, values, &id));
    bf_status s = bf_h5_attach(id, b->config, 0);
    if (!s.code) s = bf_h5_attach(id, b->beta, 1);
    if (!s.code) s = bf_h5_attach(id, b->split, 2);
    H5Dclose(id);
    return s;
}

static bf_status put_by_beta(book *b)
{
    const bf_schema *schema = b->t->schema;
    const size_t points = 2 * (size_t)schema->n_betas;
    if (!points) return BF_DONE;
    double *v = malloc(((size_t)b->configs + 1) * points * sizeof *v);
    bf_status s = v ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for tables by beta");
    for (int m = 0; !s.code && m < schema->n_metrics; m++) {
        for (hsize_t c = 0; c < b->configs; c++) {
            const bf_result *r = &b->t->results[c];
            const bool there = r->by_beta && r->n_betas == schema->n_betas && r->n_metrics == schema->n_metrics;
            for (size_t p = 0; p < points; p++) v[c * points + p] = there ? r->by_beta[p * (size_t)r->n_metrics + (size_t)m] : NAN;
        }
        s = put_by_beta_table(b, &schema->metrics[m], v);
    }
    free(v);
    return s;
}

static bf_status put_history(book *b, double *v)
{
    const bf_schema *schema = b->t->schema;
    for (int h = 0; h < schema->n_history; h++) {
        for (hsize_t c = 0; c < b->configs; c++) {
            const bf_result *r = &b->t->results[c];
            const hsize_t rows = r->history && r->n_history == schema->n_history ? (hsize_t)r->epochs : 0;
            for (hsize_t e = 0; e < b->epochs; e++) v[c * b->epochs + e] = e < rows ? r->history[e * (hsize_t)r->n_history + (hsize_t)h] : NAN;
        }
        BF_TRY(put_table(b, "history", &schema->history[h], "config epoch", b->epoch, b->epochs, v));
    }
    return BF_DONE;
}

static bf_status put_tables(book *b)
{
    double *values = malloc((size_t)b->configs * (size_t)(b->epochs > 2 ? b->epochs : 2) * sizeof *values);
    if (!values) return BF_FAIL(BF_E_MEMORY, "no memory for a table of %llu x %llu", (unsigned long long)b->configs, (unsigned long long)b->epochs);
    bf_status s = put_metrics(b, values);
    if (!s.code) s = put_history(b, values);
    free(values);
    return s;
}

/* Relative targets, and the same path on both sides: the folder may move, and h5netcdf fails on other ways. */
static bf_status put_links(book *b)
{
    BF_TRY(bf_h5_group(b->file, "/configs"));
    for (hsize_t c = 0; c < b->configs; c++) {
        if (!bf_config_has_ended(b->t->results[c].status)) continue;
        char file[32], path[32];
        const int id = b->t->ids ? b->t->ids[c] : (int)c;
        snprintf(file, sizeof file, "configs/c%04d.h5", id);
        snprintf(path, sizeof path, "/configs/c%04d", id);
        if (H5Lcreate_external(file, path, b->file, path, H5P_DEFAULT, H5P_DEFAULT) < 0)
            return BF_H5_FAIL(BF_E_MEMORY, b->file, path, "cannot link");
    }
    return BF_DONE;
}

/* /data/labels/train -> data.h5:/train/label; a further data set k has both under a group set<k>. */
static bf_status put_data_links(hid_t file, const char *home, const char *prefix, const char *group, const char *member)
{
    static const char *const splits[] = { "train", "test" };
    for (int i = 0; i < 2; i++) {
        char path[96], target[96];
        snprintf(path, sizeof path, "%s/%s/%s", home, group, splits[i]);
        snprintf(target, sizeof target, "%s/%s/%s", prefix, splits[i], member);
        BF_TRY(bf_h5_parents(file, path));
        if (H5Lcreate_external("data.h5", target, file, path, H5P_DEFAULT, H5P_DEFAULT) < 0)
            return BF_H5_FAIL(BF_E_MEMORY, file, path, "cannot link");
    }
    return BF_DONE;
}

static bf_status put_attrs_at(hid_t file, const char *path, const bf_attr *attrs, int n)
{
    BF_TRY(bf_h5_group(file, path));
    hid_t group = H5Gopen2(file, path, H5P_DEFAULT);
    if (group < 0) return BF_H5_FAIL(BF_E_MEMORY, file, path, "cannot open group");
    bf_status s = bf_h5_put_attrs(group, attrs, n);
    H5Gclose(group);
    return s;
}

static bf_status put_data(book *b)
{
    for (int k = 0; k < b->t->n_data; k++) {
        const bf_study_data *d = &b->t->data[k];
        char home[32] = "/data", prefix[16] = "";
        if (k > 0) snprintf(home, sizeof home, "/data/set%d", k);
        if (k > 0) snprintf(prefix, sizeof prefix, "/set%d", k);
        BF_TRY(put_attrs_at(b->file, home, d->attrs, d->n_attrs));
        if (d->labels) BF_TRY(put_data_links(b->file, home, prefix, "labels", "label"));
        if (d->factors) BF_TRY(put_data_links(b->file, home, prefix, "factors", "factors"));
        if (d->clean) BF_TRY(put_data_links(b->file, home, prefix, "clean", "clean"));
    }
    return BF_DONE;
}

static bf_status put_input(hid_t file, const char *path, const char *text)
{
    const bf_object *o = bf_schema_find(path);
    if (!text) text = "";
    hid_t type = bf_h5_text_type(strlen(text));
    const bf_h5_dataset d = { .name = path, .type = type, .dims = "", .unit = o->unit, .long_name = o->long_name };
    bf_status s = bf_h5_put(file, &d, text, NULL);
    H5Tclose(type);
    return s;
}

static bf_status put_speeds(book *b, hid_t run)
{
    for (int c = 0; c < BF_RUN_SPEED_COLUMNS; c++) {
        char path[64];
        snprintf(path, sizeof path, "/provenance/runs/%s", bf_run_speed_columns[c].name);
        const field f = { path, F64, offsetof(bf_run_record, speed) + bf_run_speed_columns[c].offset, sizeof(double) };
        BF_TRY(put_fields(b->file, run, "run", &f, 1, b->t->runs, sizeof *b->t->runs, (hsize_t)b->t->n_runs));
    }
    return BF_DONE;
}

static bf_status put_provenance(book *b)
{
    const bf_study_tables *t = b->t;
    BF_TRY(put_attrs_at(b->file, "/provenance", t->provenance, t->n_provenance));
    BF_TRY(put_input(b->file, "/provenance/input", t->input));
    BF_TRY(put_input(b->file, "/provenance/effective_input", t->effective_input));
    if (t->n_runs < 1) return BF_DONE;
    hid_t run = H5I_INVALID_HID;
    BF_TRY(bf_h5_put_counting_scale(b->file, "/provenance/runs/run", NULL, (hsize_t)t->n_runs, 0, &run));
    bf_status s = put_fields(b->file, run, "run", run_fields, COUNT(run_fields), t->runs, sizeof *t->runs, (hsize_t)t->n_runs);
    if (!s.code) s = put_speeds(b, run);
    H5Dclose(run);
    return s;
}

static bf_status put_root(const book *b)
{
    BF_TRY(bf_h5_put_text(b->file, "Conventions", "CF-1.8"));
    BF_TRY(bf_h5_put_int(b->file, "schema_version", BF_SCHEMA_VERSION));
    BF_TRY(bf_h5_put_text(b->file, "study", b->t->study));
    BF_TRY(bf_h5_put_text(b->file, "study_uuid", b->t->uuid));
    BF_TRY(bf_h5_put_text(b->file, "created", b->t->created));
    return bf_h5_put_int(b->file, "complete", b->t->complete);
}

static bf_status put_all(book *b)
{
    BF_TRY(put_root(b));
    BF_TRY(put_scales(b));
    BF_TRY(put_sweep(b));
    BF_TRY(put_tables(b));
    BF_TRY(put_by_beta(b));
    BF_TRY(put_links(b));
    BF_TRY(put_data(b));
    return put_provenance(b);
}

static bf_status save(const bf_study_tables *t, const char *tmp)
{
    book b = { .config = H5I_INVALID_HID, .split = H5I_INVALID_HID, .epoch = H5I_INVALID_HID, .beta = H5I_INVALID_HID, .configs = (hsize_t)t->configs, .t = t };
    for (int i = 0; i < t->configs; i++)
        if ((hsize_t)t->results[i].epochs > b.epochs) b.epochs = (hsize_t)t->results[i].epochs;
    BF_TRY(bf_h5_memory(&b.file));
    bf_status s = put_all(&b);
    if (b.config >= 0) H5Dclose(b.config);
    if (b.split >= 0) H5Dclose(b.split);
    if (b.epoch >= 0) H5Dclose(b.epoch);
    if (b.beta >= 0) H5Dclose(b.beta);
    if (!s.code) s = bf_h5_save(b.file, tmp);
    bf_status closed = bf_h5_close(&b.file, "study.h5 in memory");
    return s.code ? s : closed;
}

bf_status bf_study_file_write(const bf_comm *comm, const bf_site *site, const bf_study_tables *t)
{
    char path[BF_PATH], tmp[BF_PATH];
    BF_TRY(bf_file_join(path, sizeof path, site->dir, "study.h5"));
    BF_TRY(bf_file_temporary(tmp, sizeof tmp, path, site->tag));
    bf_status s = bf_fault_at(comm, "study.write", BF_E_IO);
    if (!s.code) s = save(t, tmp);
    if (!s.code) s = bf_fault_at(comm, "study.fsync", BF_E_IO);
    if (!s.code) s = bf_fault_at(comm, "study.rename", BF_E_IO);
    if (!s.code) s = bf_site_check(site);       /* and tmp is there */
    if (!s.code) s = bf_file_publish(tmp, path);
    if (s.code) unlink(tmp);
    return s;
}
