#include "farm/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/build.h"
#include "base/clock.h"
#include "base/machine.h"
#include "farm/libraries.h"
#include "nn/backend.h"
#include "nn/kernels_info.h"
#include "store/data_file.h"

#define BF_PROVENANCE_ATTRS 24
#define BF_DATA_ATTRS 20
#define BF_LIST_WIDTH 256       /* a swept list as YAML text */
#define BF_TEXT_WIDTH 64

struct bf_tables {
    bf_study_tables  t;
    const bf_ledger *ledger;
    bf_sweep_column *sweep;
    char           (*sweep_name)[64];
    void           **values;
    bf_study_data   *data;
    bf_attr        (*data_attrs)[BF_DATA_ATTRS];
    char           (*data_text)[2][32];     /* hash and shape of every data set */
    bf_attr          provenance[BF_PROVENANCE_ATTRS];
    char             text[BF_PROVENANCE_ATTRS][384];
    bf_library       library[BF_LIBRARIES];
};

/* --- /sweep ------------------------------------------------------------------------------------------------------- */

static bf_column_type column_type(const bf_key *k, int *width)
{
    *width = 0;
    switch (k->type) {
    case BF_KEY_INT: return BF_COLUMN_I64;
    case BF_KEY_REAL: case BF_KEY_WEIGHT: return BF_COLUMN_F64;
    case BF_KEY_BOOL: return BF_COLUMN_I8;
    case BF_KEY_TEXT: case BF_KEY_CHOICE: case BF_KEY_CHOICES: *width = BF_TEXT_WIDTH; return BF_COLUMN_TEXT;
    default: *width = BF_LIST_WIDTH; return BF_COLUMN_TEXT;
    }
}

static void put_value(const bf_key *k, const bf_config *c, bf_column_type type, int width, void *values, int row)
{
    const char *at = (const char *)c + k->offset;
    if ((k->flags & BF_KEY_STRICT) && !bf_key_applies(k, c)) {      /* not applicable: -1, NaN, '' */
        if (type == BF_COLUMN_I64) ((int64_t *)values)[row] = -1;
        if (type == BF_COLUMN_F64) ((double *)values)[row] = NAN;
        if (type == BF_COLUMN_I8) ((int8_t *)values)[row] = -1;
        return;                                 /* a text is empty as it is */
    }
    switch (type) {
    case BF_COLUMN_I64: memcpy((int64_t *)values + row, at, sizeof(int64_t)); break;
    case BF_COLUMN_F64: memcpy((double *)values + row, at, sizeof(double)); break;
    case BF_COLUMN_I8: ((int8_t *)values)[row] = (int8_t)*(const bool *)at; break;
    case BF_COLUMN_TEXT:
        if (k->type == BF_KEY_CHOICE || k->type == BF_KEY_TEXT) snprintf((char *)values + (size_t)row * (size_t)width, (size_t)width, "%s", at);
        else bf_key_print(k, c, (char *)values + (size_t)row * (size_t)width, (size_t)width);
        break;
    }
}

static size_t value_size(bf_column_type type, int width)
{
    return type == BF_COLUMN_TEXT ? (size_t)width : type == BF_COLUMN_I8 ? 1 : 8;
}

/* The swept keys in order, then those every study has. */
static int sweep_keys(const bf_study *s, const bf_key **keys)
{
    static const char *const always[] = { "objective.beta", "model.latent", "seed" };
    int n = bf_study_swept(s, keys);
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        const bf_key *k = bf_key_find(always[i]);
        bool there = false;
        for (int j = 0; j < n; j++) there |= keys[j] == k;
        if (k && !there) keys[n++] = k;
    }
    return n;
}

static bf_status make_sweep(bf_tables *t)
{
    const bf_ledger *l = t->ledger;
    const bf_key *keys[BF_MAX_SWEPT + 3];
    int n = sweep_keys(l->study, keys);
    t->sweep = calloc((size_t)n, sizeof *t->sweep);
    t->sweep_name = calloc((size_t)n, sizeof *t->sweep_name);
    t->values = calloc((size_t)n, sizeof *t->values);
    bf_config *c = malloc(sizeof *c);
    bool short_of_memory = !t->sweep || !t->sweep_name || !t->values || !c;
    for (int i = 0; !short_of_memory && i < n; i++) {
        bf_sweep_column *column = &t->sweep[i];
        column->type = column_type(keys[i], &column->width);
        t->values[i] = calloc((size_t)l->count, value_size(column->type, column->width));
        short_of_memory = !t->values[i];
        snprintf(t->sweep_name[i], sizeof t->sweep_name[i], "%s", keys[i]->path);
        for (char *p = t->sweep_name[i]; *p; p++)
            if (*p == '.') *p = '_';
        column->about = (bf_column){ t->sweep_name[i], keys[i]->unit ? keys[i]->unit : "1", keys[i]->help, NULL };
        column->values = t->values[i];
        t->t.n_sweep = i + 1;
    }
    for (int id = 0; !short_of_memory && id < l->count; id++) {
        bf_study_config(l->study, l->order[id], c);
        for (int i = 0; i < n; i++) put_value(keys[i], c, t->sweep[i].type, t->sweep[i].width, t->values[i], id);
    }
    free(c);
    t->t.sweep = t->sweep;
    return short_of_memory ? BF_FAIL(BF_E_MEMORY, "no memory for the sweep's columns") : BF_DONE;
}

/* --- /data and /provenance ------------------------------------------------------------------------------------------ */

static bf_attr text_attr(const char *name, const char *value)
{
    bf_attr a = { .type = 's', .text = value };
    snprintf(a.name, sizeof a.name, "%s", name);
    return a;
}

static bf_attr real_attr(const char *name, double value)
{
    bf_attr a = { .type = 'f', .real = value };
    snprintf(a.name, sizeof a.name, "%s", name);
    return a;
}

static bf_attr integer_attr(const char *name, int64_t value)
{
    bf_attr a = { .type = 'i', .integer = value };
    snprintf(a.name, sizeof a.name, "%s", name);
    return a;
}

static void describe_data(bf_tables *t, const bf_study_data_sets *d, int i)
{
    const bf_data_info *info = &d->info[i];
    bf_attr *a = t->data_attrs[i];
    int n = 0;
    char *hash = t->data_text[i][0], *shape = t->data_text[i][1];
    snprintf(hash, sizeof t->data_text[i][0], "%016llx", (unsigned long long)info->hash);
    if (info->dims == 1) snprintf(shape, sizeof t->data_text[i][1], "%d", info->shape[0]);
    else if (info->dims == 2) snprintf(shape, sizeof t->data_text[i][1], "%d %d", info->shape[0], info->shape[1]);
    else snprintf(shape, sizeof t->data_text[i][1], "%d %d %d", info->shape[0], info->shape[1], info->shape[2]);
    a[n++] = text_attr("source", d->options[i].source);
    a[n++] = text_attr("hash", hash);
    a[n++] = text_attr("shape", shape);
    a[n++] = integer_attr("width", info->width);
    a[n++] = integer_attr("train", info->rows[BF_TRAIN]);
    a[n++] = integer_attr("test", info->rows[BF_TEST]);
    a[n++] = text_attr("stored", info->stored == BF_STORED_U8 ? "u8" : "f32");
    a[n++] = real_attr("minimum", info->minimum);
    a[n++] = real_attr("maximum", info->maximum);
    a[n++] = real_attr("variance", info->variance);
    a[n++] = real_attr("scale", info->scale);
    a[n++] = real_attr("shift", info->shift);
    a[n++] = integer_attr("classes", info->labels);
    t->data[i] = (bf_study_data){ .attrs = a, .n_attrs = n, .labels = info->labels > 0, .factors = info->factors > 0, .clean = info->clean };
}

static bf_status make_data(bf_tables *t, const bf_study_data_sets *d)
{
    size_t n = (size_t)d->count;
    t->data = calloc(n, sizeof *t->data);
    t->data_attrs = calloc(n, sizeof *t->data_attrs);
    t->data_text = calloc(n, sizeof *t->data_text);
    if (!t->data || !t->data_attrs || !t->data_text) return BF_FAIL(BF_E_MEMORY, "no memory to describe %d data sets", d->count);
    for (int i = 0; i < d->count; i++) describe_data(t, d, i);
    t->t.data = t->data;
    t->t.n_data = d->count;
    return BF_DONE;
}

static void make_provenance(bf_tables *t, const bf_farm_options *o)
{
    const bf_build *b = bf_build_info();
    const bf_config *base = bf_study_base(t->ledger->study);
    bf_machine machine;
    bf_attr *a = t->provenance;
    int n = 0;
    bf_machine_read(&machine);
    bf_libraries(t->library);
    a[n++] = text_attr("software", "betafield");
    a[n++] = text_attr("version", b->version);
    a[n++] = text_attr("git", b->git);
    a[n++] = text_attr("compiler", b->compiler);
    a[n++] = text_attr("flags", b->flags);
    a[n++] = text_attr("libraries_at_build", b->libraries);
    for (int i = 0; i < BF_LIBRARIES; i++) {
        snprintf(t->text[n], sizeof t->text[n], "library_%d", i);
        a[n] = text_attr(t->text[n], t->library[i].name_version);
        n++;
    }
    snprintf(t->text[n], sizeof t->text[n], "%s (%s)", machine.cpu, machine.features);
    a[n] = text_attr("cpu", t->text[n]);
    n++;
    bf_kernel_identity(bf_backend_find(base->train.backend), t->text[n], sizeof t->text[n]);
    a[n] = text_attr("kernels", t->text[n]);
    n++;
    a[n++] = text_attr("precision", base->train.precision);
    a[n++] = text_attr("determinism", strcmp(base->parallel.kernels, "any") == 0 ? "statistical" : "bitwise");
    a[n++] = text_attr("command_line", o->command_line);
    t->t.provenance = a;
    t->t.n_provenance = n;
}

bf_status bf_tables_create(const bf_ledger *l, const bf_schema *schema, const bf_study_data_sets *data, const bf_farm_options *o, bf_tables **out)
{
    bf_tables *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t) return BF_FAIL(BF_E_MEMORY, "no memory for the tables");
    t->ledger = l;
    t->t = (bf_study_tables){ .study = bf_study_base(l->study)->study, .uuid = l->uuid, .created = l->created, .configs = l->count,
                              .results = l->results, .schema = schema, .input = o->input_text, .effective_input = l->effective };
    bf_status s = make_sweep(t);
    if (!s.code) s = make_data(t, data);
    if (s.code) {
        bf_tables_destroy(&t);
        return s;
    }
    make_provenance(t, o);
    *out = t;
    return BF_DONE;
}

bf_status bf_tables_publish(bf_tables *t, const bf_comm *world)
{
    const bf_ledger *l = t->ledger;
    t->t.complete = bf_ledger_tally(l, BF_CONFIG_DONE) == l->count;
    t->t.runs = l->runs;
    t->t.n_runs = l->n_runs;
    return bf_study_file_write(world, &l->site, &t->t);
}

void bf_tables_destroy(bf_tables **tables)
{
    bf_tables *t = *tables;
    if (!t) return;
    for (int i = 0; t->values && i < t->t.n_sweep; i++) free(t->values[i]);
    free(t->values);
    free(t->sweep);
    free(t->sweep_name);
    free(t->data);
    free(t->data_attrs);
    free(t->data_text);
    free(t);
    *tables = NULL;
}

/* --- data.h5 --------------------------------------------------------------------------------------------------------- */

/* The first data set's arrays stand at the root, the others' under set1, set2, ... */
static int collect_arrays(const bf_study_data_sets *d, int i, bf_array *out)
{
    static const char *const part[] = { "train", "test" };
    const bf_dataset *ds = d->set[i];
    const bf_data_info *info = bf_dataset_info(ds);
    char prefix[24] = "";
    int n = 0;
    if (i > 0) snprintf(prefix, sizeof prefix, "set%d/", i);
    for (int split = 0; split < BF_SPLITS; split++) {
        int64_t rows = info->rows[split];
        const void *labels = bf_dataset_labels(ds, (bf_split)split), *factors = bf_dataset_factors(ds, (bf_split)split),
                   *clean = bf_dataset_clean(ds, (bf_split)split);
        if (labels) out[n++] = (bf_array){ .type = BF_TYPE_I32, .rank = 1, .shape = { rows }, .data = (void *)labels };
        if (labels) snprintf(out[n - 1].name, sizeof out->name, "%s%s/label", prefix, part[split]);
        if (factors) out[n++] = (bf_array){ .type = BF_TYPE_F32, .rank = 2, .shape = { rows, info->factors }, .data = (void *)factors };
        if (factors) snprintf(out[n - 1].name, sizeof out->name, "%s%s/factors", prefix, part[split]);
        if (clean) out[n++] = (bf_array){ .type = BF_TYPE_F32, .rank = 2, .shape = { rows, info->width }, .data = (void *)clean };
        if (clean) snprintf(out[n - 1].name, sizeof out->name, "%s%s/clean", prefix, part[split]);
    }
    return n;
}

bf_status bf_tables_publish_data(const bf_ledger *l, const bf_study_data_sets *data)
{
    char path[BF_PATH];
    int n = 0;
    BF_TRY(bf_site_check(&l->site));
    BF_TRY(bf_file_join(path, sizeof path, l->dir, "data.h5"));
    bf_array *arrays = calloc((size_t)data->count * 6, sizeof *arrays);
    if (!arrays) return BF_FAIL(BF_E_MEMORY, "no memory to describe %d data sets", data->count);
    for (int i = 0; i < data->count; i++) n += collect_arrays(data, i, arrays + n);
    bf_status s = n > 0 ? bf_data_file_write(path, l->tag, arrays, n, NULL, 0) : BF_DONE;
    free(arrays);
    return s;
}
