/* Sizes a file claims are bounded before memory is asked for. */
#include "store/study_read.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/h5_read.h"

enum { MOST_CONFIGS = 1 << 20 };

static bf_status open_study(const char *dir, hid_t *file)
{
    char path[BF_PATH];
    BF_TRY(bf_file_join(path, sizeof path, dir, "study.h5"));
    return bf_h5_open(path, false, MPI_COMM_NULL, file);
}

/* Opens a dataset of that class whose first axis has `rows` entries (rows 0: any number) and whose other axes hold `cols` in all. */
static bf_status open_table(hid_t file, const char *name, H5T_class_t class, hsize_t rows, hsize_t cols, hid_t *out, hsize_t *found)
{
    hsize_t shape[2] = { 0, 1 };
    *found = 0;
    *out = bf_h5_has(file, name) ? H5Dopen2(file, name, H5P_DEFAULT) : H5I_INVALID_HID;
    if (*out < 0) return BF_H5_FAIL(BF_E_FORMAT, file, name, "no such dataset");
    hid_t space = H5Dget_space(*out), type = H5Dget_type(*out);
    const int rank = H5Sget_simple_extent_ndims(space);
    bool fits = rank >= 1 && rank <= 2 && H5Sget_simple_extent_dims(space, shape, NULL) == rank && H5Tget_class(type) == class;
    fits = fits && shape[1] == cols && (rows ? shape[0] == rows : shape[0] > 0 && shape[0] <= MOST_CONFIGS);
    fits = fits && (class != H5T_STRING || H5Tis_variable_str(type) == 0);
    H5Tclose(type);
    H5Sclose(space);
    *found = shape[0];
    if (fits) return BF_DONE;
    H5Dclose(*out);
    return BF_H5_FAIL(BF_E_FORMAT, file, name, "has another type or shape");
}

static bf_status read_table(hid_t file, const char *name, H5T_class_t class, hsize_t rows, hsize_t cols, hid_t as, void *values)
{
    hid_t table;
    hsize_t found;
    bool present;
    BF_TRY(open_table(file, name, class, rows, cols, &table, &found));
    bf_status s = bf_h5_verify(table, &present);
    if (s.code) s = BF_FAIL(s.code, "study.h5: %.60s: %.120s", name, s.what);
    if (!s.code && H5Dread(table, as, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) s = BF_H5_FAIL(BF_E_FORMAT, file, name, "cannot read");
    H5Dclose(table);
    return s;
}

static bf_status count_configs(hid_t file, int *configs)
{
    hid_t table;
    hsize_t found;
    BF_TRY(open_table(file, "/sweep/status", H5T_INTEGER, 0, 1, &table, &found));
    H5Dclose(table);
    *configs = (int)found;
    return BF_DONE;
}

/* One column of whole numbers at a time, through the same room. */
static bf_status read_numbers(hid_t file, int n, int64_t *v, bf_result *rows)
{
    const hsize_t count = (hsize_t)n;
    BF_TRY(read_table(file, "/sweep/status", H5T_INTEGER, count, 1, H5T_NATIVE_INT64, v));
    for (int i = 0; i < n; i++) rows[i].status = (int8_t)(v[i] >= BF_PENDING && v[i] <= BF_STOPPED ? v[i] : BF_PENDING);
    BF_TRY(read_table(file, "/sweep/attempts", H5T_INTEGER, count, 1, H5T_NATIVE_INT64, v));
    for (int i = 0; i < n; i++) rows[i].attempts = (int32_t)v[i];
    BF_TRY(read_table(file, "/sweep/epochs_done", H5T_INTEGER, count, 1, H5T_NATIVE_INT64, v));
    for (int i = 0; i < n; i++) rows[i].epochs_done = v[i];
    BF_TRY(read_table(file, "/sweep/steps", H5T_INTEGER, count, 1, H5T_NATIVE_INT64, v));
    for (int i = 0; i < n; i++) rows[i].steps = v[i];
    BF_TRY(read_table(file, "/sweep/parameters", H5T_INTEGER, count, 1, H5T_NATIVE_INT64, v));
    for (int i = 0; i < n; i++) rows[i].parameters = v[i];
    if (!bf_h5_has(file, "/sweep/parent")) return BF_DONE;      /* an earlier version's: none */
    BF_TRY(read_table(file, "/sweep/parent", H5T_INTEGER, count, 1, H5T_NATIVE_INT64, v));
    for (int i = 0; i < n; i++) rows[i].parent = v[i] < -1 || v[i] > INT32_MAX ? INT32_MAX : (int32_t)v[i];
    return BF_DONE;
}

static bf_status read_reals(hid_t file, int n, const bf_schema *schema, double *v, bf_result *rows)
{
    char name[128];
    BF_TRY(read_table(file, "/sweep/seconds", H5T_FLOAT, (hsize_t)n, 1, H5T_NATIVE_DOUBLE, v));
    for (int i = 0; i < n; i++) rows[i].seconds = v[i];
    for (int m = 0; m < schema->n_metrics; m++) {
        snprintf(name, sizeof name, "/metrics/%.100s", schema->metrics[m].name);
        if (!bf_h5_has(file, name)) continue;       /* the study did not ask for this measure: NaN */
        BF_TRY(read_table(file, name, H5T_FLOAT, (hsize_t)n, 2, H5T_NATIVE_DOUBLE, v));
        for (int i = 0; i < n; i++)
            for (int split = 0; split < 2; split++) rows[i].metrics[split * schema->n_metrics + m] = v[2 * i + split];
    }
    return BF_DONE;
}

static bf_status read_errors(hid_t file, int n, bf_result *rows)
{
    const size_t size = sizeof rows->error;
    char *text = calloc((size_t)n, size);
    if (!text) return BF_FAIL(BF_E_MEMORY, "no memory for the errors of %d configurations", n);
    hid_t as = H5Tcopy(H5T_C_S1);
    H5Tset_size(as, size);
    H5Tset_cset(as, H5T_CSET_UTF8);
    bf_status s = read_table(file, "/sweep/error", H5T_STRING, (hsize_t)n, 1, as, text);
    for (int i = 0; !s.code && i < n; i++) {
        memcpy(rows[i].error, text + (size_t)i * size, size);
        rows[i].error[size - 1] = '\0';
    }
    H5Tclose(as);
    free(text);
    return s;
}

static bf_status read_all(hid_t file, const bf_schema *schema, int n, bf_result *rows)
{
    void *v = malloc((size_t)n * 2 * sizeof(double));
    bf_status s = v ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for the rows of %d configurations", n);
    for (int i = 0; !s.code && i < n; i++) {
        s = bf_result_create(&rows[i], schema->n_metrics, 0, 0);
        rows[i].id = i;
    }
    if (!s.code) s = read_numbers(file, n, v, rows);
    if (!s.code) s = read_reals(file, n, schema, v, rows);
    if (!s.code) s = read_errors(file, n, rows);
    free(v);
    return s;
}

bf_status bf_study_read_rows(const char *dir, const bf_schema *schema, int *configs, bf_result **rows)
{
    hid_t file;
    int n = 0;
    *configs = 0;
    *rows = NULL;
    BF_TRY(open_study(dir, &file));
    bf_status s = count_configs(file, &n);
    bf_result *r = s.code ? NULL : calloc((size_t)n, sizeof *r);
    if (!s.code && !r) s = BF_FAIL(BF_E_MEMORY, "no memory for the rows of %d configurations", n);
    if (!s.code) s = read_all(file, schema, n, r);
    bf_status closed = bf_h5_close(&file, "study.h5");
    if (!s.code) s = closed;
    if (s.code) bf_study_rows_free(n, &r);
    else *configs = n;
    *rows = r;
    return s;
}

void bf_study_rows_free(int configs, bf_result **rows)
{
    for (int i = 0; *rows && i < configs; i++) bf_result_free(&(*rows)[i]);
    free(*rows);
    *rows = NULL;
}
