#include "store/study_by_beta.h"

#include "base/file.h"
#include "store/h5_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BETAS = 1 << 16 };

/* The grid's length; its values lie in the file, so it is no longer than that. */
static bf_status count_betas(hid_t file, int *betas)
{
    bf_h5_span span;
    hid_t id = H5Dopen2(file, "/beta_grid", H5P_DEFAULT);
    if (id < 0) return BF_H5_FAIL(BF_E_FORMAT, file, "/beta_grid", "no such dataset");
    bf_status s = bf_h5_locate(id, &span);
    H5Dclose(id);
    if (!s.code && (span.rank != 1 || span.shape[0] > MOST_BETAS)) s = BF_H5_FAIL(BF_E_FORMAT, file, "/beta_grid", "has another shape");
    *betas = s.code ? 0 : (int)span.shape[0];
    return s;
}

/* (config, beta, split), and in the file whole. */
static bf_status open_table(hid_t file, const char *name, const bf_by_beta *b, hid_t *out)
{
    const hsize_t shape[3] = { (hsize_t)b->configs, (hsize_t)b->betas, 2 };
    *out = H5I_INVALID_HID;
    return bf_h5_has(file, name) ? bf_h5_expect(file, name, H5T_IEEE_F64LE, 3, shape, out) : BF_DONE;
}

/* Whether there is any: what is allocated afterwards is then no larger than the file times the number of names. */
static bf_status find_tables(hid_t file, char (*path)[128], const bf_by_beta *b, bool *any)
{
    *any = false;
    for (int i = 0; i < b->names; i++) {
        hid_t table;
        BF_TRY(open_table(file, path[i], b, &table));
        if (table < 0) continue;
        *any = true;
        H5Dclose(table);
    }
    return BF_DONE;
}

static bf_status read_tables(hid_t file, char (*path)[128], bf_by_beta *b)
{
    const hsize_t shape[3] = { (hsize_t)b->configs, (hsize_t)b->betas, 2 };
    const size_t table = (size_t)b->configs * (size_t)b->betas * 2;
    b->grid = malloc(((size_t)b->betas + 1) * sizeof *b->grid);
    b->values = malloc(((size_t)b->names * table + 1) * sizeof *b->values);
    if (!b->grid || !b->values) return BF_FAIL(BF_E_MEMORY, "no memory for %d configurations at %d values of beta", b->configs, b->betas);
    BF_TRY(bf_h5_get(file, "/beta_grid", H5T_IEEE_F64LE, 1, &shape[1], b->grid));
    for (int n = 0; n < b->names; n++) {
        double *to = b->values + (size_t)n * table;
        for (size_t i = 0; i < table; i++) to[i] = NAN;
        if (bf_h5_has(file, path[n])) BF_TRY(bf_h5_get(file, path[n], H5T_IEEE_F64LE, 3, shape, to));
    }
    return BF_DONE;
}

static bf_status read_all(hid_t file, const char *const *name, bf_by_beta *b)
{
    char path[BF_MOST_BY_BETA][128];
    bool any;
    for (int i = 0; i < b->names; i++) snprintf(path[i], sizeof path[i], "/metrics_by_beta/%.100s", name[i]);
    BF_TRY(count_betas(file, &b->betas));
    BF_TRY(find_tables(file, path, b, &any));
    if (any) return read_tables(file, path, b);
    b->betas = 0;
    return BF_DONE;
}

bf_status bf_study_read_by_beta(const char *dir, int configs, const char *const *name, int names, bf_by_beta *out)
{
    char path[BF_PATH];
    hid_t file = H5I_INVALID_HID;
    *out = (bf_by_beta){ .configs = configs, .names = names };
    if (names > BF_MOST_BY_BETA) return BF_FAIL(BF_E_INTERNAL, "%d tables by beta are asked for", names);
    BF_TRY(bf_file_join(path, sizeof path, dir, "study.h5"));
    BF_TRY(bf_h5_open(path, false, MPI_COMM_NULL, &file));
    bf_status s = bf_h5_has(file, "/metrics_by_beta") ? read_all(file, name, out) : BF_DONE;
    bf_status closed = bf_h5_close(&file, path);
    if (!s.code) s = closed;
    if (s.code) bf_by_beta_free(out);
    return s;
}

void bf_by_beta_free(bf_by_beta *b)
{
    free(b->grid);
    free(b->values);
    memset(b, 0, sizeof *b);
}
