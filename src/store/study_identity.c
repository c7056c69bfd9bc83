#include "store/study_file.h"

#include "base/file.h"
#include "store/h5_read.h"
#include "store/h5_write.h"

#include <stdlib.h>
#include <string.h>

/* What a restart reads back of study.h5, apart from its writer. The tables come from configs/. */

static bf_status read_texts(hid_t runs, const char *name, hsize_t n, size_t width, char *to)
{
    hid_t type = bf_h5_text_type(width);
    bf_status s = bf_h5_get(runs, name, type, 1, &n, to);
    H5Tclose(type);
    return s;
}

/* Columns that a study.h5 of an earlier version lacks stay NaN. */
static bf_status read_speeds(hid_t at, hsize_t n, hsize_t keep, double *room, bf_run_record *runs)
{
    for (int c = 0; c < BF_RUN_SPEED_COLUMNS; c++) {
        const bf_run_speed_column *column = &bf_run_speed_columns[c];
        if (!bf_h5_has(at, column->name)) continue;
        BF_TRY(bf_h5_get(at, column->name, H5T_IEEE_F64LE, 1, &n, room));
        for (hsize_t i = 0; i < keep; i++) memcpy((char *)&runs[i].speed + column->offset, &room[n - keep + i], sizeof *room);
    }
    return BF_DONE;
}

/* Reads each column whole and keeps the last `keep` rows. */
static bf_status read_columns(hid_t at, hsize_t n, hsize_t keep, void *room, bf_run_record *runs)
{
    const hsize_t skip = n - keep;
    const struct { const char *name; size_t width, offset; } texts[] = {
        { "start", sizeof runs->start, offsetof(bf_run_record, start) }, { "end", sizeof runs->end, offsetof(bf_run_record, end) },
        { "job", sizeof runs->job, offsetof(bf_run_record, job) }, { "hosts", sizeof runs->hosts, offsetof(bf_run_record, hosts) },
    };
    memset(runs, 0, (size_t)keep * sizeof *runs);
    for (hsize_t i = 0; i < keep; i++) runs[i].speed = bf_run_speed_unknown();
    for (int c = 0; c < 4; c++) {
        BF_TRY(read_texts(at, texts[c].name, n, texts[c].width, room));
        for (hsize_t i = 0; i < keep; i++)
            memcpy((char *)&runs[i] + texts[c].offset, (char *)room + (skip + i) * texts[c].width, texts[c].width - 1);
    }
    const int64_t *v = room;
    BF_TRY(bf_h5_get(at, "ranks", H5T_STD_I64LE, 1, &n, room));
    for (hsize_t i = 0; i < keep; i++) runs[i].ranks = (int)v[skip + i];
    BF_TRY(bf_h5_get(at, "exit_code", H5T_STD_I64LE, 1, &n, room));
    for (hsize_t i = 0; i < keep; i++) runs[i].exit_code = (int)v[skip + i];
    return read_speeds(at, n, keep, room, runs);
}

static bf_status count_runs(hid_t at, hsize_t *n)
{
    bf_h5_span span;
    hid_t id = H5Dopen2(at, "run", H5P_DEFAULT);
    if (id < 0) return BF_H5_FAIL(BF_E_FORMAT, at, "run", "no such dataset");
    bf_status s = bf_h5_locate(id, &span);
    H5Dclose(id);
    if (!s.code && span.rank != 1) s = BF_H5_FAIL(BF_E_FORMAT, at, "run", "has another shape");
    *n = s.code ? 0 : span.shape[0];
    return s;
}

static bf_status read_runs(hid_t file, bf_run_record *runs, int capacity, int *n_runs)
{
    hsize_t n = 0;
    if (!bf_h5_has(file, "/provenance/runs/run")) return BF_DONE;
    hid_t at = H5Gopen2(file, "/provenance/runs", H5P_DEFAULT);
    if (at < 0) return BF_H5_FAIL(BF_E_FORMAT, file, "/provenance/runs", "no such group");
    bf_status s = count_runs(at, &n);
    const hsize_t keep = n < (hsize_t)capacity ? n : (hsize_t)capacity;
    void *room = malloc((size_t)(n + 1) * sizeof runs->hosts);      /* n values lie in the file: it is small */
    if (!s.code && !room) s = BF_FAIL(BF_E_MEMORY, "no memory for %llu runs", (unsigned long long)n);
    if (!s.code) s = read_columns(at, n, keep, room, runs);
    if (!s.code) *n_runs = (int)keep;
    free(room);
    H5Gclose(at);
    return s;
}

static bf_status read_identity(hid_t file, char uuid[37], char created[32], bf_run_record *runs, int capacity, int *n_runs)
{
    int64_t version;
    BF_TRY(bf_h5_get_int(file, "schema_version", &version));
    if (version != BF_SCHEMA_VERSION) return BF_FAIL(BF_E_FORMAT, "study.h5 has schema version %lld", (long long)version);
    BF_TRY(bf_h5_get_text(file, "study_uuid", uuid, 37));
    BF_TRY(bf_h5_get_text(file, "created", created, 32));
    return read_runs(file, runs, capacity, n_runs);
}

bf_status bf_study_file_identity(const char *dir, char uuid[37], char created[32], bf_run_record *runs, int capacity, int *n_runs, bool *found)
{
    char path[BF_PATH];
    hid_t file = H5I_INVALID_HID;
    *found = false;
    *n_runs = 0;
    BF_TRY(bf_file_join(path, sizeof path, dir, "study.h5"));
    if (!bf_file_exists(path)) return BF_DONE;
    bf_status s = bf_h5_open(path, false, MPI_COMM_NULL, &file);
    if (!s.code) s = read_identity(file, uuid, created, runs, capacity, n_runs);
    bf_status closed = bf_h5_close(&file, path);
    *found = !s.code && !closed.code;       /* an index that cannot be read is rebuilt */
    if (!*found) *n_runs = 0;
    return s.code == BF_E_MEMORY ? s : BF_DONE;
}
