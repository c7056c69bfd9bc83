#include "store/config_file.h"

#include "base/checksum.h"
#include "base/file.h"
#include "store/h5_read.h"
#include "store/times_attrs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The readers of configs/c0000.h5, apart from its writer: they trust nothing they find. */

static bf_status read_row(hid_t group, bf_result *r)
{
    int64_t status, attempts;
    BF_TRY(bf_h5_get_int(group, "status", &status));
    BF_TRY(bf_h5_get_int(group, "attempts", &attempts));
    BF_TRY(bf_h5_get_text(group, "error", r->error, sizeof r->error));
    BF_TRY(bf_h5_get_int(group, "epochs_done", &r->epochs_done));
    BF_TRY(bf_h5_get_int(group, "steps", &r->steps));
    BF_TRY(bf_h5_get_real(group, "seconds", &r->seconds));
    BF_TRY(bf_h5_get_int(group, "parameters", &r->parameters));
    BF_TRY(bf_h5_get_text(group, "config_hash", r->hash, sizeof r->hash));
    if (status < BF_PENDING || status > BF_STOPPED) return BF_FAIL(BF_E_FORMAT, "its status is %lld", (long long)status);
    if (attempts < 0 || attempts > INT32_MAX || r->epochs_done < 0 || r->steps < 0 || r->parameters < 0)
        return BF_FAIL(BF_E_FORMAT, "it says %lld attempts, %lld epochs, %lld steps, %lld parameters", (long long)attempts, (long long)r->epochs_done,
                       (long long)r->steps, (long long)r->parameters);
    r->status = (int8_t)status;
    r->attempts = (int32_t)attempts;
    return BF_DONE;
}

/* Files of earlier versions have none. */
static bf_status read_parent(hid_t group, bf_result *r)
{
    int64_t parent;
    if (H5Aexists(group, "parent") <= 0) return BF_DONE;
    BF_TRY(bf_h5_get_int(group, "parent", &parent));
    BF_TRY(bf_h5_get_text(group, "origin", r->origin, sizeof r->origin));
    if (parent < -1 || parent > INT32_MAX) return BF_FAIL(BF_E_FORMAT, "its parent is %lld", (long long)parent);
    r->parent = (int32_t)parent;
    return BF_DONE;
}

/* Files of earlier versions do not tell. */
static bf_status read_times(hid_t group, bf_result *r)
{
    bf_attr a[BF_TIMES_ATTRS];
    bf_times_to_attrs(NULL, a);
    if (H5Aexists(group, a[0].name) <= 0) return BF_DONE;
    for (int i = 0; i < BF_TIMES_ATTRS; i++) BF_TRY(bf_h5_get_real(group, a[i].name, &a[i].real));
    bf_times_from_attrs(a, &r->times);
    r->gflops = a[BF_TIMES_ATTRS - 1].real;
    return H5Aexists(group, "roof_share") > 0 ? bf_h5_get_real(group, "roof_share", &r->roof_share) : BF_DONE;
}

/* A column that is not there has no value in this configuration: the table is full of NaN already. */
static bf_status read_table(hid_t group, const char *name, const bf_column *columns, int n, int rank, const hsize_t *shape, double *table)
{
    const int64_t rows = (int64_t)(rank == 2 ? shape[0] * shape[1] : shape[0]);
    double *column = malloc(((size_t)rows + 1) * sizeof *column);
    hid_t at = H5Gopen2(group, name, H5P_DEFAULT);
    bf_status s = !column ? BF_FAIL(BF_E_MEMORY, "no memory for a column of %lld rows", (long long)rows)
                  : at < 0 ? BF_H5_FAIL(BF_E_FORMAT, group, name, "no such group") : BF_DONE;
    for (int c = 0; !s.code && c < n; c++) {
        if (!bf_h5_has(at, columns[c].name)) continue;
        s = bf_h5_get(at, columns[c].name, H5T_IEEE_F64LE, rank, shape, column);
        for (int64_t i = 0; !s.code && i < rows; i++) table[i * n + c] = column[i];
    }
    if (at >= 0) H5Gclose(at);
    free(column);
    return s;
}

/* As many epochs as the file can hold at most, so that nobody allocates on a flipped bit's word. */
static bf_status read_epochs(hid_t group, int64_t size, int64_t *epochs)
{
    hid_t at = H5Gopen2(group, "history", H5P_DEFAULT);
    if (at < 0) return BF_H5_FAIL(BF_E_FORMAT, group, "history", "no such group");
    bf_status s = bf_h5_get_int(at, "rows", epochs);
    H5Gclose(at);
    if (!s.code && (*epochs < 0 || *epochs > size / (int64_t)sizeof(double)))
        s = BF_FAIL(BF_E_FORMAT, "a history of %lld epochs in %lld bytes", (long long)*epochs, (long long)size);
    return s;
}

/* A reader whose schema has no grid leaves them alone. */
static bf_status read_by_beta(hid_t group, const bf_schema *schema, bf_result *out)
{
    const hsize_t shape[2] = { (hsize_t)schema->n_betas, 2 };
    if (!schema->n_betas || !bf_h5_has(group, "metrics_by_beta")) return BF_DONE;
    BF_TRY(bf_result_add_betas(out, schema->n_betas));
    return read_table(group, "metrics_by_beta", schema->metrics, schema->n_metrics, 2, shape, out->by_beta);
}

static bf_status read_result(hid_t group, const bf_schema *schema, int64_t size, bf_result *out)
{
    int64_t epochs;
    BF_TRY(read_epochs(group, size, &epochs));
    BF_TRY(bf_result_create(out, schema->n_metrics, schema->n_history, epochs));
    const hsize_t splits = 2, rows = (hsize_t)epochs;
    bf_status s = read_row(group, out);
    if (!s.code) s = read_times(group, out);
    if (!s.code) s = read_parent(group, out);
    if (!s.code) s = read_table(group, "metrics", schema->metrics, schema->n_metrics, 1, &splits, out->metrics);
    if (!s.code) s = read_table(group, "history", schema->history, schema->n_history, 1, &rows, out->history);
    if (!s.code) s = read_by_beta(group, schema, out);
    if (s.code) bf_result_free(out);
    return s;
}

static bf_status open_group(const char *path, int id, hid_t *file, hid_t *group)
{
    char home[24];
    *group = H5I_INVALID_HID;
    snprintf(home, sizeof home, "/configs/c%04d", id);
    BF_TRY(bf_h5_open(path, false, MPI_COMM_NULL, file));
    *group = H5Gopen2(*file, home, H5P_DEFAULT);
    return *group < 0 ? BF_H5_FAIL(BF_E_FORMAT, *file, home, "no such group") : BF_DONE;
}

bf_status bf_config_file_read_result(const char *dir, int id, const bf_schema *schema, bf_result *out)
{
    char path[BF_PATH], name[32];
    hid_t file = H5I_INVALID_HID, group = H5I_INVALID_HID;
    memset(out, 0, sizeof *out);
    snprintf(name, sizeof name, "configs/c%04d.h5", id);
    BF_TRY(bf_file_join(path, sizeof path, dir, name));
    bf_status s = open_group(path, id, &file, &group);
    if (!s.code) s = read_result(group, schema, bf_file_size(path), out);
    if (!s.code) out->id = id;
    if (group >= 0) H5Gclose(group);
    bf_status closed = bf_h5_close(&file, path);
    return s.code ? s : closed;
}

bf_status bf_config_file_read_kernels(const char *path, int id, char *out, size_t size)
{
    hid_t file = H5I_INVALID_HID, group = H5I_INVALID_HID;
    out[0] = '\0';
    bf_status s = open_group(path, id, &file, &group);
    if (!s.code && H5Aexists(group, "kernels") > 0) s = bf_h5_get_text(group, "kernels", out, size);
    if (group >= 0) H5Gclose(group);
    bf_status closed = bf_h5_close(&file, path);
    return s.code ? s : closed;
}

bf_status bf_config_file_read_array(const char *path, int id, const bf_array *a)
{
    hid_t file = H5I_INVALID_HID, group = H5I_INVALID_HID;
    hsize_t shape[4];
    if (bf_array_count(a) < 0) return BF_FAIL(BF_E_INTERNAL, "%s: an array of impossible shape", a->name);
    for (int i = 0; i < a->rank; i++) shape[i] = (hsize_t)a->shape[i];
    bf_status s = open_group(path, id, &file, &group);
    if (!s.code) s = bf_h5_get(group, a->name, bf_h5_type(a->type), a->rank, shape, a->data);
    if (group >= 0) H5Gclose(group);
    bf_status closed = bf_h5_close(&file, path);
    return s.code ? s : closed;
}

static bf_status read_attr(hid_t at, bf_attr *wanted, char text[64])
{
    switch (wanted->type) {
    case 'i': return bf_h5_get_int(at, wanted->name, &wanted->integer);
    case 'f': return bf_h5_get_real(at, wanted->name, &wanted->real);
    default: wanted->text = text; return bf_h5_get_text(at, wanted->name, text, 64);
    }
}

bf_status bf_config_file_read_attrs(const char *path, int id, const char *group, bf_attr *wanted, int n, char (*text)[64])
{
    hid_t file = H5I_INVALID_HID, home = H5I_INVALID_HID, at = H5I_INVALID_HID;
    bf_status s = open_group(path, id, &file, &home);
    if (!s.code) at = !group[0] ? H5Gopen2(home, ".", H5P_DEFAULT) : bf_h5_has(home, group) ? H5Gopen2(home, group, H5P_DEFAULT) : H5I_INVALID_HID;
    if (!s.code && at < 0) s = BF_FAIL(BF_E_FORMAT, "%s: c%04d has no %s", path, id, group);
    for (int i = 0; !s.code && i < n; i++) s = read_attr(at, &wanted[i], text[i]);
    if (at >= 0) H5Gclose(at);
    if (home >= 0) H5Gclose(home);
    bf_status closed = bf_h5_close(&file, path);
    return s.code ? s : closed;
}

/* What cannot be read as such a value is another one. */
static bf_status compare_attr(hid_t at, const bf_attr *a, bool *differs)
{
    int64_t integer = 0;
    double real = 0.0;
    *differs = false;
    if (H5Aexists(at, a->name) <= 0) return BF_DONE;
    if (a->type == 'i') *differs = bf_h5_get_int(at, a->name, &integer).code || integer != a->integer;
    else if (a->type == 'f') *differs = bf_h5_get_real(at, a->name, &real).code || real != a->real;
    else {
        const size_t size = strlen(a->text) + 1;
        char *text = malloc(size);
        if (!text) return BF_FAIL(BF_E_MEMORY, "no memory to compare the attribute %s", a->name);
        *differs = bf_h5_get_text(at, a->name, text, size).code || strcmp(text, a->text) != 0;
        free(text);
    }
    return BF_DONE;
}

bf_status bf_config_file_compare_attrs(const char *path, int id, const bf_attr *attrs, int n, bool *differs)
{
    hid_t file = H5I_INVALID_HID, group = H5I_INVALID_HID;
    bf_status s = open_group(path, id, &file, &group);
    for (int i = 0; !s.code && i < n; i++) s = compare_attr(group, &attrs[i], &differs[i]);
    if (group >= 0) H5Gclose(group);
    bf_status closed = bf_h5_close(&file, path);
    return s.code ? s : closed;
}

/* One name and one checksum after the other, each with what came before. */
static bf_status digest_group(hid_t at, char out[17])
{
    H5G_info_t info;
    char name[128], checksum[17], line[192] = "";
    if (H5Gget_info(at, &info) < 0) return BF_FAIL(BF_E_FORMAT, "it cannot be listed");
    snprintf(out, 17, "%016x", 0);
    for (hsize_t i = 0; i < info.nlinks; i++) {
        const ssize_t n = H5Lget_name_by_idx(at, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
        if (n < 0 || (size_t)n >= sizeof name) return BF_FAIL(BF_E_FORMAT, "a name that cannot be read");
        hid_t id = H5Dopen2(at, name, H5P_DEFAULT);
        bf_status s = id < 0 ? BF_FAIL(BF_E_FORMAT, "%s is no dataset", name) : bf_h5_get_text(id, "checksum", checksum, sizeof checksum);
        if (id >= 0) H5Dclose(id);
        if (s.code) return s;
        const int used = snprintf(line, sizeof line, "%s %s %s\n", out, name, checksum);
        snprintf(out, 17, "%016llx", (unsigned long long)bf_hash64(line, (size_t)used));
    }
    return BF_DONE;
}

bf_status bf_config_file_digest(const char *path, int id, const char *group, char out[17])
{
    hid_t file = H5I_INVALID_HID, home = H5I_INVALID_HID, at = H5I_INVALID_HID;
    bf_status s = open_group(path, id, &file, &home);
    if (!s.code) at = bf_h5_has(home, group) ? H5Gopen2(home, group, H5P_DEFAULT) : H5I_INVALID_HID;
    if (!s.code && at < 0) s = BF_FAIL(BF_E_FORMAT, "%s: c%04d has no %s", path, id, group);
    if (!s.code) s = digest_group(at, out);
    if (at >= 0) H5Gclose(at);
    if (home >= 0) H5Gclose(home);
    bf_status closed = bf_h5_close(&file, path);
    return s.code ? s : closed;
}
