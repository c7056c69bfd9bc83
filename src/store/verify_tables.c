#include "store/inspection.h"

#include "store/h5_read.h"
#include "store/h5_write.h"
#include "store/link.h"
#include "store/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* study.h5 is an index of configs/: what it says about a configuration has to be what the configuration's own group says. */

/* "metrics/rate": the path under / and under a configuration. shape: of one configuration's part. */
typedef struct table { char name[160]; int rank; hsize_t shape[2], cols; double *values; } table;

typedef struct index_of {
    hsize_t  configs;
    int32_t *ids;
    int8_t  *status;
    char    *hash;              /* (configs, 16) */
    int32_t *parent;            /* (configs); NULL in files of earlier versions */
    table   *tables;
    int      n_tables;
    hsize_t  n_grid;
    double  *grid;              /* (n_grid) values of beta; NULL where no configuration covers a range */
} index_of;

static const char *const kinds[] = { "metrics", "history", "metrics_by_beta" };
enum { KINDS = sizeof kinds / sizeof *kinds };

/* How long the axis of all configurations is; its values lie in the file, so it is no longer than that. */
static bf_status count_configs(hid_t file, hsize_t *n)
{
    bf_h5_span span;
    hid_t id = H5Dopen2(file, "/config", H5P_DEFAULT);
    if (id < 0) return BF_H5_FAIL(BF_E_FORMAT, H5I_INVALID_HID, "/config", "no such dataset");
    bf_status s = bf_h5_locate(id, &span);
    H5Dclose(id);
    if (!s.code && (span.rank != 1 || span.bytes != (int64_t)span.shape[0] * 4)) s = BF_FAIL(BF_E_FORMAT, "/config has another type or shape");
    *n = s.code ? 0 : span.shape[0];
    return s;
}

static bf_status read_columns(hid_t file, index_of *x)
{
    BF_TRY(count_configs(file, &x->configs));
    x->ids = malloc((x->configs + 1) * sizeof *x->ids);
    x->status = malloc(x->configs + 1);
    x->hash = malloc((x->configs + 1) * 16);
    if (!x->ids || !x->status || !x->hash) return BF_FAIL(BF_E_MEMORY, "no memory for %llu configurations", (unsigned long long)x->configs);
    BF_TRY(bf_h5_get(file, "/config", H5T_STD_I32LE, 1, &x->configs, x->ids));
    BF_TRY(bf_h5_get(file, "/sweep/status", H5T_STD_I8LE, 1, &x->configs, x->status));
    hid_t text = bf_h5_text_type(16);
    bf_status s = bf_h5_get(file, "/sweep/config_hash", text, 1, &x->configs, x->hash);
    H5Tclose(text);
    if (s.code || !bf_h5_has(file, "/sweep/parent")) return s;
    x->parent = malloc((x->configs + 1) * sizeof *x->parent);
    if (!x->parent) return BF_FAIL(BF_E_MEMORY, "no memory for %llu configurations", (unsigned long long)x->configs);
    return bf_h5_get(file, "/sweep/parent", H5T_STD_I32LE, 1, &x->configs, x->parent);
}

static bf_status read_table(hid_t file, const index_of *x, const char *group, const char *name, table *t)
{
    bf_h5_span span;
    snprintf(t->name, sizeof t->name, "%s/%s", group, name);
    hid_t id = H5Dopen2(file, t->name, H5P_DEFAULT);
    if (id < 0) return BF_H5_FAIL(BF_E_FORMAT, H5I_INVALID_HID, t->name, "no such dataset");
    bf_status s = bf_h5_locate(id, &span);
    H5Dclose(id);
    if (s.code) return s;
    if (span.rank < 2 || span.rank > 3 || span.shape[0] != x->configs) return BF_FAIL(BF_E_FORMAT, "%s has another shape", t->name);
    t->rank = span.rank - 1;
    t->shape[0] = span.shape[1];
    t->shape[1] = t->rank == 2 ? span.shape[2] : 1;
    t->cols = t->shape[0] * t->shape[1];
    t->values = malloc((size_t)span.bytes + 1);
    if (!t->values) return BF_FAIL(BF_E_MEMORY, "no memory for %s", t->name);
    return bf_h5_get(file, t->name, H5T_IEEE_F64LE, span.rank, span.shape, t->values);
}

static bf_status read_grid(hid_t file, index_of *x)
{
    bf_h5_span span;
    if (!bf_h5_has(file, "/beta_grid")) return BF_DONE;
    hid_t id = H5Dopen2(file, "/beta_grid", H5P_DEFAULT);
    if (id < 0) return BF_H5_FAIL(BF_E_FORMAT, H5I_INVALID_HID, "/beta_grid", "cannot be opened");
    bf_status s = bf_h5_locate(id, &span);
    H5Dclose(id);
    if (s.code) return s;
    if (span.rank != 1 || span.bytes != (int64_t)span.shape[0] * 8) return BF_FAIL(BF_E_FORMAT, "/beta_grid has another type or shape");
    x->n_grid = span.shape[0];
    x->grid = malloc((size_t)span.bytes + 1);
    if (!x->grid) return BF_FAIL(BF_E_MEMORY, "no memory for /beta_grid");
    return bf_h5_get(file, "/beta_grid", H5T_IEEE_F64LE, 1, &x->n_grid, x->grid);
}

static bf_status read_tables(hid_t file, index_of *x, const char *group)
{
    H5G_info_t info;
    char name[128];
    if (strcmp(group, "metrics_by_beta") == 0 && !bf_h5_has(file, group)) return BF_DONE;      /* no configuration covers a range */
    hid_t at = H5Gopen2(file, group, H5P_DEFAULT);
    if (at < 0) return BF_H5_FAIL(BF_E_FORMAT, H5I_INVALID_HID, group, "no such group");
    bf_status s = H5Gget_info(at, &info) < 0 ? BF_H5_FAIL(BF_E_FORMAT, H5I_INVALID_HID, group, "cannot be listed") : BF_DONE;
    for (hsize_t i = 0; !s.code && i < info.nlinks; i++) {
        table *more = realloc(x->tables, (size_t)(x->n_tables + 1) * sizeof *more);
        if (!more) s = BF_FAIL(BF_E_MEMORY, "no memory for the tables of %s", group);
        else x->tables = more;
        ssize_t n = s.code ? 0 : H5Lget_name_by_idx(at, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
        if (!s.code && (n < 0 || (size_t)n >= sizeof name)) s = BF_FAIL(BF_E_FORMAT, "%s: a name that cannot be read", group);
        if (s.code) break;
        x->tables[x->n_tables] = (table){ .cols = 0 };
        s = read_table(file, x, group, name, &x->tables[x->n_tables++]);
    }
    H5Gclose(at);
    return s;
}

/* A configuration's own column into own (t->cols); *have: how many values it has, which its first axis may cut short. */
static bf_status read_own(hid_t group, const table *t, double *own, hsize_t *have)
{
    bf_h5_span span = { .rank = 0 };
    *have = 0;
    if (!bf_h5_has(group, t->name)) return BF_DONE;
    hid_t id = H5Dopen2(group, t->name, H5P_DEFAULT);
    bf_status s = id < 0 ? BF_H5_FAIL(BF_E_FORMAT, H5I_INVALID_HID, t->name, "cannot be opened") : bf_h5_locate(id, &span);
    if (id >= 0) H5Dclose(id);
    if (s.code) return s;
    if (span.rank != t->rank || span.shape[0] > t->shape[0] || (span.rank == 2 && span.shape[1] != t->shape[1]))
        return BF_FAIL(BF_E_FORMAT, "%s has another shape", t->name);
    *have = span.shape[0] * t->shape[1];
    return bf_h5_get(group, t->name, H5T_IEEE_F64LE, span.rank, span.shape, own);
}

/* A row of the table equals the configuration's own column; what that does not have, or no longer has, is NaN. */
static bf_status compare_table(hid_t group, const table *t, const double *row)
{
    double *own = malloc((size_t)(t->cols + 1) * sizeof *own);
    hsize_t have = 0;
    bf_status s = own ? read_own(group, t, own, &have) : BF_FAIL(BF_E_MEMORY, "no memory for %s", t->name);
    for (hsize_t i = 0; !s.code && i < t->cols; i++) {
        const bool absent = i >= have || isnan(own[i]);
        if (absent ? !isnan(row[i]) : !(row[i] == own[i]))
            s = BF_FAIL(BF_E_FORMAT, "%s: the table has %.17g where the configuration has %.17g", t->name, row[i], absent ? NAN : own[i]);
    }
    free(own);
    return s;
}

static bool in_index(const index_of *x, const char *name)
{
    for (int t = 0; t < x->n_tables; t++)
        if (strcmp(x->tables[t].name, name) == 0) return true;
    return false;
}

/* A column that the configuration has and the index lacks: what the index does not hold cannot differ. */
static bf_status find_columns(hid_t group, const index_of *x, const char *part)
{
    H5G_info_t info;
    char name[128], path[160];
    if (!bf_h5_has(group, part)) return BF_DONE;
    hid_t at = H5Gopen2(group, part, H5P_DEFAULT);
    bf_status s = at < 0 || H5Gget_info(at, &info) < 0 ? BF_FAIL(BF_E_FORMAT, "%s: cannot be listed", part) : BF_DONE;
    for (hsize_t i = 0; !s.code && i < info.nlinks; i++) {
        const ssize_t n = H5Lget_name_by_idx(at, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
        if (n < 0 || (size_t)n >= sizeof name) s = BF_FAIL(BF_E_FORMAT, "%s: a name that cannot be read", part);
        if (s.code) break;
        snprintf(path, sizeof path, "%s/%s", part, name);
        if (!in_index(x, path)) s = BF_FAIL(BF_E_FORMAT, "%s: the configuration has it, the tables do not", path);
    }
    if (at >= 0) H5Gclose(at);
    return s;
}

/* What a configuration's part of /metrics_by_beta stands on is the study's grid. */
static bf_status compare_grid(hid_t group, const index_of *x)
{
    double *own = NULL;
    if (!bf_h5_has(group, "beta_grid")) return BF_DONE;
    if (!x->grid) return BF_FAIL(BF_E_FORMAT, "beta_grid: the configuration has it, the tables do not");
    own = malloc((x->n_grid + 1) * sizeof *own);
    bf_status s = own ? bf_h5_get(group, "beta_grid", H5T_IEEE_F64LE, 1, &x->n_grid, own) : BF_FAIL(BF_E_MEMORY, "no memory for beta_grid");
    if (!s.code && memcmp(own, x->grid, x->n_grid * sizeof *own) != 0) s = BF_FAIL(BF_E_FORMAT, "beta_grid: the table has other values than the configuration");
    free(own);
    return s;
}

static bf_status compare_parent(hid_t group, const index_of *x, hsize_t row)
{
    int64_t parent;
    if (!x->parent || H5Aexists(group, "parent") <= 0) return BF_DONE;
    BF_TRY(bf_h5_get_int(group, "parent", &parent));
    if (parent == x->parent[row]) return BF_DONE;
    return BF_FAIL(BF_E_FORMAT, "parent %d in the table, %lld in the configuration", (int)x->parent[row], (long long)parent);
}

static bf_status compare_config(hid_t group, const index_of *x, hsize_t row)
{
    int64_t status;
    char hash[17];
    BF_TRY(bf_h5_get_int(group, "status", &status));
    BF_TRY(bf_h5_get_text(group, "config_hash", hash, sizeof hash));
    if (status != x->status[row]) return BF_FAIL(BF_E_FORMAT, "status %d in the table, %lld in the configuration", x->status[row], (long long)status);
    if (strncmp(hash, x->hash + row * 16, 16) != 0) return BF_FAIL(BF_E_FORMAT, "config_hash %.16s in the table, %s in the configuration", x->hash + row * 16, hash);
    BF_TRY(compare_parent(group, x, row));
    for (int t = 0; t < x->n_tables; t++)
        BF_TRY(compare_table(group, &x->tables[t], x->tables[t].values + row * x->tables[t].cols));
    BF_TRY(compare_grid(group, x));
    for (int k = 0; k < KINDS; k++) BF_TRY(find_columns(group, x, kinds[k]));
    return BF_DONE;
}

static void inspect_row(bf_inspection *v, hid_t file, const char *name, const index_of *x, hsize_t row)
{
    char path[32], own[40];
    bf_link_end end;
    snprintf(path, sizeof path, "/configs/c%04d", x->ids[row]);
    snprintf(own, sizeof own, "configs/c%04d.h5", x->ids[row]);
    const bool ended = bf_config_has_ended(x->status[row]);
    if (!ended) return;
    v->report->configurations++;
    bf_status s = bf_link_open(file, path, own, path, &end);
    if (s.code) s = BF_FAIL(s.code, "%s: %s", path, s.what);
    if (!s.code) s = compare_config(end.object, x, row);
    bf_status closed = bf_link_close(&end);
    if (!s.code) s = closed;
    if (s.code == BF_E_IO || s.code == BF_E_MEMORY) v->unreadable = true;
    if (s.code) bf_inspection_find(v, name, "configuration %d: %s", x->ids[row], s.what);
}

void bf_inspect_tables(bf_inspection *v, hid_t file, const char *name)
{
    index_of x = { .configs = 0 };
    int64_t version = 0;
    char uuid[37];
    bf_status s = bf_h5_get_int(file, "schema_version", &version);
    if (!s.code && version > BF_SCHEMA_VERSION) s = BF_FAIL(BF_E_FORMAT, "schema version %lld is newer than this program", (long long)version);
    if (!s.code) s = bf_h5_get_text(file, "study_uuid", uuid, sizeof uuid);
    if (!s.code) s = read_columns(file, &x);
    if (!s.code) s = read_grid(file, &x);
    for (int k = 0; !s.code && k < KINDS; k++) s = read_tables(file, &x, kinds[k]);
    if (s.code) bf_inspection_fail(v, name, &s);
    else for (hsize_t row = 0; row < x.configs; row++) inspect_row(v, file, name, &x, row);
    for (int t = 0; t < x.n_tables; t++) free(x.tables[t].values);
    free(x.tables);
    free(x.grid);
    free(x.parent);
    free(x.hash);
    free(x.status);
    free(x.ids);
}
