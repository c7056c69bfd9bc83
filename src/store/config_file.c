#include "store/config_file.h"

#include "base/checksum.h"
#include "base/file.h"
#include "store/h5_write.h"
#include "store/pieces.h"
#include "store/times_attrs.h"
#include "store/team_checksum.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BYTES_PER_OBJECT = 2048 };           /* of metadata, at most: about 1000 for a dataset with its attributes, less for the others */

struct bf_config_file {
    const bf_comm *team;
    bf_site        site;
    hid_t          file, group;             /* group: /configs/c0000 */
    char           path[BF_PATH], tmp[BF_PATH], home[24];
    int64_t        spent, reserved;         /* bytes written at most; bytes the file system has promised (rank 0) */
    bf_status      mine;                    /* this rank's first failure among calls that the others have gone through; told at the next agreement */
    bf_status      bad;                     /* the first failure, the same on every rank */
};

/* Collective. HDF5 calls that need every rank are only made after this said that no rank has failed. */
static bf_status agree(bf_config_file *f, bf_status mine)
{
    if (!f->bad.code) f->bad = bf_comm_agree(f->team, f->mine.code ? f->mine : mine);
    return f->bad;
}

static bool leads(const bf_config_file *f) { return bf_comm_rank(f->team) == 0; }

/* Local. Room for what will be written next. The sum is kept here because mpio does not tell how long a file has become. */
static bf_status reserve(bf_config_file *f, int64_t bytes)
{
    f->spent += bytes;
    if (!leads(f) || f->spent + BF_H5_SLACK <= f->reserved) return BF_DONE;
    f->reserved = f->spent + 2 * BF_H5_SLACK;
    return bf_h5_reserve(f->tmp, f->reserved);
}

/* Collective. What may fail on one rank before a collective write of `bytes` of data in so many datasets, groups and attributes. */
static bf_status begin_write(bf_config_file *f, bf_status local, int64_t bytes, int64_t objects)
{
    if (f->bad.code) return f->bad;
    if (!local.code) local = bf_fault_at(f->team, "config.write", BF_E_IO);
    if (!local.code) local = reserve(f, bytes + objects * BYTES_PER_OBJECT);
    return agree(f, local);
}

static bf_status prepare(bf_config_file *f, int id)
{
    char name[32];
    snprintf(name, sizeof name, "configs/c%04d.h5", id);
    snprintf(f->home, sizeof f->home, "/configs/c%04d", id);
    BF_TRY(bf_file_join(f->path, sizeof f->path, f->site.dir, name));
    BF_TRY(bf_file_temporary(f->tmp, sizeof f->tmp, f->path, f->site.tag));
    BF_TRY(bf_fault_at(f->team, "config.create", BF_E_IO));
    if (!leads(f)) return BF_DONE;
    char folder[BF_PATH];
    BF_TRY(bf_site_check(&f->site));
    BF_TRY(bf_file_join(folder, sizeof folder, f->site.dir, "configs"));
    BF_TRY(bf_file_mkdirs(folder));
    f->reserved = 2 * BF_H5_SLACK;
    return bf_h5_prepare(f->tmp, f->reserved);
}

static bf_status open_group(bf_config_file *f)
{
    BF_TRY(bf_h5_group(f->file, f->home));
    f->group = H5Gopen2(f->file, f->home, H5P_DEFAULT);
    return f->group < 0 ? BF_H5_FAIL(BF_E_IO, f->file, f->home, "cannot open group") : BF_DONE;
}

bf_status bf_config_file_create(const bf_comm *team, const bf_site *site, int id, bf_config_file **out)
{
    bf_config_file *f = *out = calloc(1, sizeof *f);
    bf_status s = bf_comm_agree(team, f ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for the file of configuration %d", id));
    if (s.code) {
        free(f);
        *out = NULL;
        return s;
    }
    *f = (bf_config_file){ .team = team, .site = *site, .file = H5I_INVALID_HID, .group = H5I_INVALID_HID };
    s = agree(f, prepare(f, id));
    if (!s.code) s = agree(f, bf_file_seen(f->tmp));        /* a rank that cannot open it leaves the others waiting inside MPI */
    if (!s.code) s = agree(f, bf_h5_open(f->tmp, true, bf_comm_mpi(team), &f->file));
    if (!s.code) s = agree(f, open_group(f));
    if (s.code) s = bf_config_file_close(out, false);
    return s;
}

/* Collective in HDF5 only. Rank 0 writes what every rank holds: for a small dataset a collective transfer costs more than the data. The others
 * do not hear at once that it could not, and make what comes next; so it does, too. */
static bf_status put(bf_config_file *f, hid_t at, const bf_h5_dataset *d, const void *values, uint64_t checksum, bool empty)
{
    hid_t id;
    BF_TRY(bf_h5_create(at, d, &id));
    bf_status wrote = bf_fault_at(f->team, "config.put", BF_E_IO);
    if (!wrote.code && leads(f) && !empty) wrote = bf_h5_write(id, d->type, values);
    if (wrote.code && !f->mine.code) f->mine = wrote;
    bf_status s = bf_h5_put_checksum(id, checksum);
    H5Dclose(id);
    return s;
}

/* The shape all columns of a table have, and room for one of them. */
typedef struct form { const char *dims; int rank; hsize_t shape[2]; double *column; } form;

/* One column of a table, left out when it has no value. */
static bf_status put_column(bf_config_file *f, hid_t at, const bf_column *c, const form *as, const double *from, int stride, int64_t n)
{
    double *to = as->column;
    bool any = false;
    for (int64_t i = 0; i < n; i++) {
        to[i] = from[i * stride];
        any = any || !isnan(to[i]);
    }
    if (!any) return BF_DONE;
    const bf_h5_dataset d = { .name = c->name, .type = H5T_IEEE_F64LE, .rank = as->rank, .shape = { as->shape[0], as->shape[1] }, .dims = as->dims,
                              .unit = c->unit, .long_name = c->long_name, .definition = c->definition };
    return put(f, at, &d, to, bf_checksum(to, (size_t)n * sizeof *to), n == 0);
}

static bf_status put_table(bf_config_file *f, const char *name, const form *as, const bf_column *columns, int n, const double *values)
{
    const int64_t rows = (int64_t)(as->rank == 2 ? as->shape[0] * as->shape[1] : as->shape[0]);
    bf_status s = bf_h5_group(f->group, name);
    hid_t at = s.code ? H5I_INVALID_HID : H5Gopen2(f->group, name, H5P_DEFAULT);
    if (!s.code) s = bf_h5_put_int(at, "rows", (int64_t)as->shape[0]);
    for (int c = 0; !s.code && c < n; c++) s = put_column(f, at, &columns[c], as, values + c, n, rows);
    if (at >= 0) H5Gclose(at);
    return s;
}

static bf_status put_row(bf_config_file *f, const bf_result *r)
{
    const int8_t status = r->status;
    BF_TRY(bf_h5_put_i8s(f->group, "status", &status, 0));
    BF_TRY(bf_h5_put_int(f->group, "attempts", r->attempts));
    BF_TRY(bf_h5_put_text(f->group, "error", r->error));
    BF_TRY(bf_h5_put_int(f->group, "epochs_done", r->epochs_done));
    BF_TRY(bf_h5_put_int(f->group, "steps", r->steps));
    BF_TRY(bf_h5_put_real(f->group, "seconds", r->seconds));
    BF_TRY(bf_h5_put_int(f->group, "parameters", r->parameters));
    BF_TRY(bf_h5_put_text(f->group, "config_hash", r->hash));
    BF_TRY(bf_h5_put_int(f->group, "parent", r->parent));
    BF_TRY(bf_h5_put_text(f->group, "origin", r->origin));
    BF_TRY(bf_h5_put_real(f->group, "roof_share", r->roof_share));
    bf_attr times[BF_TIMES_ATTRS];
    bf_times_to_attrs(&r->times, times);
    return bf_h5_put_attrs(f->group, times, BF_TIMES_ATTRS);
}

/* Collective. Clocks differ, so ranks may hold different results; HDF5 needs the same metadata from all of them. */
static bf_status share_result(bf_config_file *f, const bf_result *mine, bf_result *out)
{
    void *bytes = NULL;
    size_t n = 0;
    bf_status s = leads(f) ? bf_result_pack(mine, &bytes, &n) : BF_DONE;
    bf_comm_bcast(f->team, &n, sizeof n, 0);
    if (!leads(f) && n) bytes = malloc(n);
    if (!s.code && !bytes) s = BF_FAIL(BF_E_MEMORY, "no memory for a result of %zu bytes", n);
    s = agree(f, s);
    if (!s.code) {
        bf_comm_bcast(f->team, bytes, n, 0);
        s = agree(f, bf_result_unpack(bytes, n, out));
    }
    free(bytes);
    return s;
}

/* The scale first: a packed file finds it before what stands on it. */
static bf_status put_by_beta(bf_config_file *f, const bf_schema *schema, const bf_result *r, double *column)
{
    if (!r->n_betas) return BF_DONE;
    const form as = { "beta_grid split", 2, { (hsize_t)r->n_betas, 2 }, column };
    const bf_h5_dataset grid = { .name = "beta_grid", .type = H5T_IEEE_F64LE, .rank = 1, .shape = { (hsize_t)r->n_betas }, .dims = "beta_grid",
                                 .unit = "1", .long_name = "beta that this model was told" };
    BF_TRY(put(f, f->group, &grid, schema->betas, bf_checksum(schema->betas, (size_t)r->n_betas * sizeof *schema->betas), false));
    return put_table(f, "metrics_by_beta", &as, schema->metrics, schema->n_metrics, r->by_beta);
}

static bf_status check_result(const bf_schema *schema, const bf_result *r)
{
    if (r->n_metrics != schema->n_metrics || r->n_history != schema->n_history)
        return BF_FAIL(BF_E_INTERNAL, "a result of %d + %d columns for a schema of %d + %d", r->n_metrics, r->n_history, schema->n_metrics,
                       schema->n_history);
    if (r->n_betas && r->n_betas != schema->n_betas)
        return BF_FAIL(BF_E_INTERNAL, "a result of %d values of beta for a schema of %d", r->n_betas, schema->n_betas);
    if (r->status < BF_PENDING || r->status > BF_STOPPED) return BF_FAIL(BF_E_INTERNAL, "a result of status %d", r->status);
    return BF_DONE;
}

static bf_status put_result(bf_config_file *f, const bf_schema *schema, const bf_result *r, const bf_attr *attrs, int n_attrs, double *column)
{
    const form metrics = { "split", 1, { 2 }, column }, history = { "epoch", 1, { (hsize_t)r->epochs }, column };
    BF_TRY(put_row(f, r));
    BF_TRY(bf_h5_put_attrs(f->group, attrs, n_attrs));
    BF_TRY(put_table(f, "metrics", &metrics, schema->metrics, schema->n_metrics, r->metrics));
    BF_TRY(put_table(f, "history", &history, schema->history, schema->n_history, r->history));
    return put_by_beta(f, schema, r, column);
}

/* Collective. *column: room for the longest column, the caller's to free() in any case; got before anything that the others would wait in. */
static bf_status begin_result(bf_config_file *f, const bf_schema *schema, const bf_result *r, int n_attrs, double **column)
{
    const int64_t metrics = 2 * (int64_t)r->n_metrics, values = metrics + r->epochs * r->n_history + r->n_betas * (metrics + 1),
                  objects = (r->n_betas ? 2 : 1) * r->n_metrics + r->n_history + n_attrs + BF_TIMES_ATTRS + 20;
    const size_t rows = (size_t)(r->epochs > 2 * (int64_t)r->n_betas ? r->epochs : 2 * (int64_t)r->n_betas) + 2;
    *column = malloc(rows * sizeof **column);
    bf_status s = *column ? check_result(schema, r) : BF_FAIL(BF_E_MEMORY, "no memory for a column of %zu rows", rows);
    return begin_write(f, s, values * (int64_t)sizeof(double), objects);
}

bf_status bf_config_file_result(bf_config_file *f, const bf_schema *schema, const bf_result *r, const bf_attr *attrs, int n_attrs)
{
    bf_result row = { 0 };
    double *column = NULL;
    if (f->bad.code) return f->bad;
    bf_status s = share_result(f, r, &row);
    if (!s.code) s = begin_result(f, schema, &row, n_attrs, &column);
    if (!s.code) s = agree(f, put_result(f, schema, &row, attrs, n_attrs, column));
    free(column);
    bf_result_free(&row);
    return s;
}

bf_status bf_config_file_attrs(bf_config_file *f, const char *group, const bf_attr *attrs, int n_attrs)
{
    BF_TRY(begin_write(f, BF_DONE, 0, n_attrs + 4));
    bf_status s = bf_h5_group(f->group, group);
    hid_t at = s.code ? H5I_INVALID_HID : H5Gopen2(f->group, group, H5P_DEFAULT);
    if (!s.code) s = bf_h5_put_attrs(at, attrs, n_attrs);
    if (at >= 0) H5Gclose(at);
    return agree(f, s);
}

/* Without a text of the caller's the schema's row describes the dataset. */
static void describe(const bf_config_file *f, const char *name, const bf_dataset_text *text, bf_h5_dataset *d)
{
    char full[128];
    snprintf(full, sizeof full, "%s/%s", f->home, name);
    const bf_object *o = text ? NULL : bf_schema_find(full);
    d->name = name;
    d->dims = text ? text->dims : o ? o->dims : NULL;
    d->unit = text ? text->unit : o ? o->unit : NULL;
    d->long_name = text ? text->long_name : o ? o->long_name : NULL;
}

bf_status bf_config_file_array(bf_config_file *f, const bf_array *a, const bf_dataset_text *text)
{
    const int64_t count = bf_array_count(a), bytes = count * (int64_t)bf_type_size(a->type);
    bf_status s = count < 0 ? BF_FAIL(BF_E_INTERNAL, "%s: an array of impossible shape", a->name) : BF_DONE;
    BF_TRY(begin_write(f, s, bytes, 4));
    bf_h5_dataset d = { .type = bf_h5_type(a->type), .rank = a->rank };
    for (int i = 0; i < a->rank; i++) d.shape[i] = (hsize_t)a->shape[i];
    describe(f, a->name, text, &d);
    uint64_t checksum = leads(f) ? bf_checksum(a->data, (size_t)bytes) : 0;
    bf_comm_bcast(f->team, &checksum, sizeof checksum, 0);
    return agree(f, put(f, f->group, &d, a->data, checksum, bytes == 0));
}

/* Collective. As many writes as the rank with the most pieces needs. */
static bf_status write_rows(bf_config_file *f, hid_t id, int64_t cols, int64_t first, int64_t n, const float *rows)
{
    const bf_pieces p = bf_pieces_cut(2, (hsize_t[2]){ (hsize_t)n, (hsize_t)cols }, sizeof *rows, BF_PIECE_BYTES);
    const int64_t rounds = bf_comm_max(f->team, p.count);
    hid_t list = H5Pcreate(H5P_DATASET_XFER), space = H5Dget_space(id);
    H5Pset_dxpl_mpio(list, H5FD_MPIO_COLLECTIVE);
    bf_status s = BF_DONE;
    for (int64_t k = 0; k < rounds; k++) {
        hsize_t start[2] = { 0, 0 }, count[2] = { 0, (hsize_t)cols };
        const float *from = k < p.count ? rows + bf_pieces_at(&p, k, start, count) : rows;
        hid_t memory = H5Screate_simple(2, count, NULL);
        start[0] += (hsize_t)first;
        if (k < p.count) H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
        else H5Sselect_none(space);
        /* After a failure the rank still takes part: the others are in the same call. */
        if (H5Dwrite(id, H5T_IEEE_F32LE, memory, space, list, from) < 0 && !s.code) s = BF_H5_FAIL(BF_E_IO, id, "", "cannot write");
        H5Sclose(memory);
    }
    H5Sclose(space);
    H5Pclose(list);
    return s;
}

static bf_status check_rows(const char *name, int64_t total, int64_t cols, int64_t first, int64_t n, int64_t *bytes)
{
    *bytes = 0;
    bool sane = total >= 0 && cols > 0 && first >= 0 && n >= 0 && first <= total && n <= total - first
                && !__builtin_mul_overflow(total, cols, bytes) && !__builtin_mul_overflow(*bytes, (int64_t)sizeof(float), bytes);
    if (sane) return BF_DONE;
    return BF_FAIL(BF_E_INTERNAL, "%s: rows %lld + %lld of %lld x %lld", name, (long long)first, (long long)n, (long long)total, (long long)cols);
}

bf_status bf_config_file_rows(bf_config_file *f, const char *name, int64_t total, int64_t cols, int64_t first, int64_t n,
                              const float *rows, const bf_dataset_text *text)
{
    int64_t bytes;
    uint64_t checksum = 0;
    hid_t id = H5I_INVALID_HID;
    bf_status s = check_rows(name, total, cols, first, n, &bytes);
    BF_TRY(begin_write(f, s, bytes, 4));
    const int64_t width = cols * (int64_t)sizeof *rows;
    BF_TRY(agree(f, bf_team_checksum(f->team, rows, first * width, n * width, bytes, &checksum)));
    bf_h5_dataset d = { .type = H5T_IEEE_F32LE, .rank = 2, .shape = { (hsize_t)total, (hsize_t)cols } };
    describe(f, name, text, &d);
    s = bf_h5_create(f->group, &d, &id);
    if (!s.code) s = bf_h5_put_checksum(id, checksum);
    s = agree(f, s);
    if (!s.code && bytes) s = agree(f, write_rows(f, id, cols, first, n, rows));
    if (id >= 0) H5Dclose(id);
    return s;
}

/* Local, rank 0. Rows first .. first+n-1 of the first axis, no more than one transfer takes. */
static bf_status write_few(hid_t id, const bf_h5_dataset *d, int64_t first, int64_t n, const void *rows)
{
    const hsize_t start[4] = { (hsize_t)first, 0, 0, 0 };
    hsize_t count[4];
    memcpy(count, d->shape, sizeof count);
    count[0] = (hsize_t)n;
    hid_t memory = H5Screate_simple(d->rank, count, NULL), space = H5Dget_space(id);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
    bf_status s = H5Dwrite(id, d->type, memory, space, H5P_DEFAULT, rows) >= 0 ? BF_DONE : BF_H5_FAIL(BF_E_IO, id, "", "cannot write");
    H5Sclose(space);
    H5Sclose(memory);
    return s;
}

/* Local, rank 0. The same of any number; a row is `width` bytes. */
static bf_status write_piece(hid_t id, const bf_h5_dataset *d, size_t width, int64_t first, int64_t n, const char *rows)
{
    const int64_t most = BF_PIECE_BYTES / (int64_t)width, few = most > 0 ? most : 1;
    for (int64_t k = 0; k < n; k += few)
        BF_TRY(write_few(id, d, first + k, n - k < few ? n - k : few, rows + (size_t)k * width));
    return BF_DONE;
}

/* Collective as far as making is. sum: rank 0's. */
static bf_status put_pieces(bf_config_file *f, hid_t id, const bf_h5_dataset *d, const bf_config_rows *rows, bf_checksum_parts *sum)
{
    const int64_t total = (int64_t)d->shape[0];
    size_t width = sizeof(float);
    for (int i = 1; i < d->rank; i++) width *= (size_t)d->shape[i];
    for (int64_t first = 0; first < total; first += rows->piece) {
        const int64_t n = total - first < rows->piece ? total - first : rows->piece;
        BF_TRY(rows->make(rows->self, first, n));
        if (!leads(f)) continue;
        bf_checksum_add(sum, rows->room, (size_t)n * width);
        const bf_status wrote = write_piece(id, d, width, first, n, (const char *)rows->room);
        if (wrote.code && !f->mine.code) f->mine = wrote;
    }
    return BF_DONE;
}

bf_status bf_config_file_made(bf_config_file *f, const bf_array *a, const bf_config_rows *rows, const bf_dataset_text *text)
{
    const int64_t count = bf_array_count(a);
    const bool sane = count >= 0 && a->type == BF_TYPE_F32 && a->rank > 0 && rows->piece > 0;
    bf_checksum_parts *sum = NULL;
    uint64_t checksum = 0;
    hid_t id = H5I_INVALID_HID;
    bf_h5_dataset d = { .type = H5T_IEEE_F32LE, .rank = a->rank };
    bf_status s = sane ? BF_DONE : BF_FAIL(BF_E_INTERNAL, "%s: rows of an impossible shape", a->name);
    if (!s.code && leads(f)) s = bf_checksum_begin(&sum);
    BF_TRY_DONE(begin_write(f, s, count * (int64_t)sizeof(float), 4));
    for (int i = 0; i < a->rank; i++) d.shape[i] = (hsize_t)a->shape[i];
    describe(f, a->name, text, &d);
    BF_TRY_DONE(agree(f, bf_h5_create(f->group, &d, &id)));
    BF_TRY_DONE(put_pieces(f, id, &d, rows, sum));
    if (leads(f)) checksum = bf_checksum_end(sum);
    bf_comm_bcast(f->team, &checksum, sizeof checksum, 0);
    s = agree(f, bf_h5_put_checksum(id, checksum));
done:
    if (id >= 0) H5Dclose(id);
    bf_checksum_free(&sum);
    return s;
}

bf_status bf_config_file_hard_link(bf_config_file *f, const char *existing, const char *name)
{
    BF_TRY(begin_write(f, BF_DONE, 0, 4));
    bf_status s = bf_h5_parents(f->group, name);
    if (!s.code && H5Lcreate_hard(f->group, existing, f->group, name, H5P_DEFAULT, H5P_DEFAULT) < 0)
        s = BF_H5_FAIL(BF_E_IO, f->group, name, "cannot link");
    return agree(f, s);
}

/* Collective. Under mpio H5Fflush syncs every rank's own pages, which rank 0's fsync alone would not on several nodes. */
static void close_file(bf_config_file *f)
{
    if (f->group >= 0) H5Gclose(f->group);
    if (f->file < 0) return;
    if (!f->bad.code) agree(f, bf_fault_at(f->team, "config.close", BF_E_IO));
    bf_status s = !f->bad.code && H5Fflush(f->file, H5F_SCOPE_GLOBAL) < 0 ? BF_H5_FAIL(BF_E_IO, f->file, f->home, "cannot flush") : BF_DONE;
    bf_status closed = bf_h5_close(&f->file, f->tmp);
    agree(f, s.code ? s : closed);
}

/* Local. */
static bf_status move_into_place(const bf_config_file *f)
{
    if (!leads(f)) return BF_DONE;
    BF_TRY(bf_site_check(&f->site));        /* and tmp is there */
    BF_TRY(bf_h5_settle(f->tmp));
    return bf_file_publish(f->tmp, f->path);
}

static void publish(bf_config_file *f)
{
    if (!f->bad.code) agree(f, bf_fault_at(f->team, "config.fsync", BF_E_IO));
    if (!f->bad.code) agree(f, bf_fault_at(f->team, "config.rename", BF_E_IO));
    if (!f->bad.code) agree(f, move_into_place(f));
}

bf_status bf_config_file_close(bf_config_file **f, bool publish_it)
{
    if (!*f) return BF_DONE;
    close_file(*f);
    if (publish_it) publish(*f);
    bf_status s = (*f)->bad;
    if (leads(*f) && (s.code || !publish_it) && (*f)->reserved) unlink((*f)->tmp);
    free(*f);
    *f = NULL;
    return s;
}
