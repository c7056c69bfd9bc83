/* CIFAR-10's binary batches: records of one label byte and 3072 bytes, three planes of 32 x 32; stored as (32, 32, 3). data.path is the
 * folder (data_batch_1.bin .. data_batch_5.bin, test_batch.bin), plain training batches, or files by role. */
#include "data/file_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "data/stream.h"

enum { SIDE = 32, PLANE = SIDE * SIDE, PIXELS = 3 * PLANE, RECORD = 1 + PIXELS, CLASSES = 10, BATCH = 64 };

typedef struct cifar {
    int        count[BF_SPLITS];
    bf_stream *batch[BF_SPLITS][BF_MAX_PATHS];
    int64_t    rows[BF_SPLITS][BF_MAX_PATHS];
} cifar;

static bf_status add_batch(cifar *f, bf_split part, const char *path)
{
    const int k = f->count[part];
    bf_stream **b = &f->batch[part][k];
    int64_t size;
    if (k == BF_MAX_PATHS)
        return BF_FAIL(BF_E_INPUT, "data.path: more than %d files", BF_MAX_PATHS);
    BF_TRY(bf_stream_open(path, b));
    f->count[part]++;
    if (bf_stream_compressed(*b))
        return BF_FAIL(BF_E_INPUT, "%s is compressed; its size tells the number of records, so unpack it", bf_stream_name(*b));
    BF_TRY(bf_stream_size(*b, INT64_MAX - 1, &size));
    if (size == 0 || size % RECORD)
        return BF_FAIL(BF_E_FORMAT, "%s: %lld bytes are no whole number of records of %d", bf_stream_name(*b), (long long)size, RECORD);
    f->rows[part][k] = size / RECORD;
    return BF_DONE;
}

/* The folder is the whole data set: without one of its files it would be a smaller one, or one cut elsewhere. */
static bf_status open_folder(const char *folder, cifar *f)
{
    static const char *const names[] = { "data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch" };
    enum { FILES = sizeof names / sizeof *names };
    char path[1024];
    for (int i = 0; i < FILES; i++) {
        const int n = snprintf(path, sizeof path, "%s/%s.bin", folder, names[i]);
        if (n < 0 || (size_t)n >= sizeof path || !bf_file_exists(path))
            return BF_FAIL(BF_E_INPUT, "%.120s holds no %s.bin; fewer batches are taken by name", folder, names[i]);
        BF_TRY(add_batch(f, i == FILES - 1 ? BF_TEST : BF_TRAIN, path));
    }
    return BF_DONE;
}

static bf_status open_batches(const bf_paths *p, cifar *f)
{
    struct stat st;
    if (p->count == 1 && !p->role[0][0] && stat(p->path[0], &st) == 0 && S_ISDIR(st.st_mode))
        return open_folder(p->path[0], f);
    for (int i = 0; i < p->count; i++) {
        const bool test = !strcmp(p->role[i], "test");
        if (!test && p->role[i][0] && strcmp(p->role[i], "train"))
            return BF_FAIL(BF_E_INPUT, "data.path: '%s' is no role of cifar10; train and test are (its files hold the labels)", p->role[i]);
        BF_TRY(add_batch(f, test ? BF_TEST : BF_TRAIN, p->path[i]));
    }
    if (!f->count[BF_TRAIN])
        return BF_FAIL(BF_E_INPUT, "data.path: no file for train");
    return BF_DONE;
}

static void close_cifar(void *state)
{
    cifar *f = state;
    for (int part = 0; part < BF_SPLITS; part++)
        for (int k = 0; k < BF_MAX_PATHS; k++)
            bf_stream_close(&f->batch[part][k]);
    free(f);
}

static bf_status open_cifar(const bf_data_options *o, bf_held *held, void **state)
{
    static const int64_t shape[3] = { SIDE, SIDE, 3 };
    cifar *f = calloc(1, sizeof *f);
    if (!f)
        return BF_FAIL(BF_E_MEMORY, "no memory for data.path");
    bf_status s = open_batches(&o->path, f);
    if (!s.code)
        s = bf_info_shape(&held->info, "cifar10", 3, shape);
    if (s.code) {
        close_cifar(f);
        return s;
    }
    snprintf(held->name, sizeof held->name, "%s", bf_stream_name(f->batch[BF_TRAIN][0]));
    held->info.stored = BF_STORED_U8;
    held->info.labels = 1;
    for (int part = 0; part < BF_SPLITS; part++)
        for (int k = 0; k < f->count[part]; k++)
            held->info.rows[part] += f->rows[part][k];
    if (!f->count[BF_TEST])
        held->info.rows[BF_TEST] = -1;
    *state = f;
    return BF_DONE;
}

static void store_record(const uint8_t *record, const bf_rows *to, int64_t at)
{
    if (to->labels)
        to->labels[at] = record[0];
    if (!to->x)
        return;
    uint8_t *x = (uint8_t *)to->x + (size_t)at * PIXELS;
    for (int i = 0; i < PLANE; i++)
        for (int c = 0; c < 3; c++)
            x[3 * i + c] = record[1 + c * PLANE + i];
}

/* Rows first .. first+count-1 of one batch into rows at.. of `to`. */
static bf_status read_batch(bf_stream *s, int64_t first, int64_t count, const bf_rows *to, int64_t at, uint8_t *records)
{
    for (int64_t done = 0; done < count; done += BATCH) {
        const int64_t n = count - done < BATCH ? count - done : BATCH;
        int64_t got;
        BF_TRY(bf_stream_read(s, (first + done) * RECORD, records, n * RECORD, &got));
        if (got < n * RECORD)
            return BF_FAIL(BF_E_FORMAT, "%s: ends inside record %lld", bf_stream_name(s), (long long)(first + done + got / RECORD));
        for (int64_t i = 0; i < n; i++) {
            const uint8_t *record = records + (size_t)i * RECORD;
            if (record[0] >= CLASSES)
                return BF_FAIL(BF_E_FORMAT, "%s: record %lld has label %d; CIFAR-10 has 0 to 9", bf_stream_name(s),
                               (long long)(first + done + i), record[0]);
            store_record(record, to, at + done + i);
        }
    }
    return BF_DONE;
}

static bf_status read(void *state, const bf_held *held, bf_split part, int64_t first, int64_t count, const bf_rows *to)
{
    cifar *f = state;
    uint8_t *records = malloc((size_t)BATCH * RECORD);
    bf_status s = records ? BF_DONE : BF_FAIL(BF_E_MEMORY, "%s: no memory to read it", held->name);
    int64_t at = 0;
    for (int k = 0; !s.code && k < f->count[part] && at < count; first -= f->rows[part][k++]) {
        if (first >= f->rows[part][k])
            continue;
        const int64_t left = f->rows[part][k] - first, n = count - at < left ? count - at : left;
        s = read_batch(f->batch[part][k], first, n, to, at, records);
        at += n;
        first += n;
    }
    free(records);
    return s;
}

static const bf_format format = { .open = open_cifar, .read = read, .close = close_cifar };
BF_FILE_SOURCE(bf_source_cifar10, format, false, "cifar10", "CIFAR-10's binary batches");
