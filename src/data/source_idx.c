/* IDX files, the MNIST family's format, gzipped or not: two zero bytes, a type (8: unsigned byte, the only one taken), the number of axes,
 * one big-endian 32-bit size per axis, the bytes. data.path is a folder with the family's names, files by role, or up to four plain files
 * in any order: those with one axis are labels, the first of each kind is the training part's. */
#include "data/file_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "data/roles.h"
#include "data/stream.h"

enum { MAX_AXES = 4 };

typedef struct idx_array { bf_stream *stream; int axes; int64_t shape[MAX_AXES], start; } idx_array;
typedef struct idx { idx_array array[BF_ROLES]; } idx;

static int64_t row_bytes(const idx_array *a)
{
    int64_t n = 1;
    for (int i = 1; i < a->axes; i++)
        n *= a->shape[i];               /* read_header kept it, rows and all, below 2^50 */
    return n;
}

static void shape_text(const idx_array *a, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%lld %s", (long long)a->shape[0], a->axes == 1 ? "labels" : "images of ");
    for (int i = 1; i < a->axes && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%lld", i > 1 ? "x" : "", (long long)a->shape[i]);
}

static bf_status check_size(idx_array *a)
{
    char claim[96];
    const int64_t each = row_bytes(a), want = a->start + a->shape[0] * each;
    int64_t size;
    BF_TRY(bf_stream_size(a->stream, want, &size));
    if (size == want)
        return BF_DONE;
    shape_text(a, claim, sizeof claim);
    if (size > want)
        return BF_FAIL(BF_E_FORMAT, "%s: header says %s but the file goes on after them", bf_stream_name(a->stream), claim);
    return BF_FAIL(BF_E_FORMAT, "%s: header says %s but the file ends after %lld %s", bf_stream_name(a->stream), claim,
                   (long long)(size > a->start ? (size - a->start) / each : 0), a->axes == 1 ? "labels" : "images");
}

static bf_status read_header(const char *path, idx_array *a)
{
    uint8_t h[4 + 4 * MAX_AXES];
    int64_t got, total = 1;
    BF_TRY(bf_stream_open(path, &a->stream));
    const char *name = bf_stream_name(a->stream);
    BF_TRY(bf_stream_read(a->stream, 0, h, 4, &got));
    if (got < 4 || h[0] || h[1])
        return BF_FAIL(BF_E_FORMAT, "%s: not an IDX file", name);
    if (h[2] != 8)
        return BF_FAIL(BF_E_FORMAT, "%s: IDX type 0x%02x; only unsigned bytes (0x08) can be read", name, h[2]);
    a->axes = h[3];
    if (a->axes < 1 || a->axes > MAX_AXES)
        return BF_FAIL(BF_E_FORMAT, "%s: header says %d axes; 1 to %d are possible", name, a->axes, MAX_AXES);
    a->start = 4 + 4 * a->axes;
    BF_TRY(bf_stream_read(a->stream, 4, h + 4, 4 * a->axes, &got));
    if (got < 4 * a->axes)
        return BF_FAIL(BF_E_FORMAT, "%s: ends inside its header", name);
    for (int i = 0; i < a->axes; i++) {
        const uint8_t *b = h + 4 + 4 * i;
        a->shape[i] = (int64_t)b[0] << 24 | (int64_t)b[1] << 16 | (int64_t)b[2] << 8 | b[3];
        if (a->shape[i] < 1 || __builtin_mul_overflow(total, a->shape[i], &total) || total > (int64_t)1 << 50)
            return BF_FAIL(BF_E_FORMAT, "%s: header says %lld along axis %d", name, (long long)a->shape[i], i);
    }
    return BF_DONE;
}

/* The family's names with both separators, with and without .gz. False when the folder has none of them. */
static bool find_in_folder(const char *folder, const char *stem, int axes, char *out, size_t size)
{
    static const char *const separator[] = { "-", "." }, *const ending[] = { "", ".gz" };
    for (int i = 0; i < 4; i++) {
        const int n = snprintf(out, size, "%s/%s%sidx%d-ubyte%s", folder, stem, separator[i / 2], axes, ending[i % 2]);
        if (n > 0 && (size_t)n < size && bf_file_exists(out))
            return true;
    }
    return false;
}

/* The folder is the whole data set: images of both parts, and the labels of both or of none. */
static bf_status open_folder(const char *folder, idx *f)
{
    static const struct { const char *stem; int axes; } usual[BF_ROLES] = {
        { "train-images", 3 }, { "t10k-images", 3 }, { "train-labels", 1 }, { "t10k-labels", 1 } };
    char path[BF_ROLES][1024];
    bool found[BF_ROLES];
    for (int r = 0; r < BF_ROLES; r++)
        found[r] = find_in_folder(folder, usual[r].stem, usual[r].axes, path[r], sizeof path[r]);
    const bool labelled = found[BF_ROLE_TRAIN_LABELS] || found[BF_ROLE_TEST_LABELS];
    for (int r = 0; r < BF_ROLES; r++) {
        const bool image = r == BF_ROLE_TRAIN || r == BF_ROLE_TEST;
        if (!found[r] && (image || labelled))
            return BF_FAIL(BF_E_INPUT, "%.120s holds no %s-idx%d-ubyte (or .gz); fewer files are taken by name", folder, usual[r].stem, usual[r].axes);
        if (found[r])
            BF_TRY(read_header(path[r], &f->array[r]));
    }
    return BF_DONE;
}

static bf_status open_plain(const bf_paths *p, idx *f)
{
    if (p->count > BF_ROLES)
        return BF_FAIL(BF_E_INPUT, "data.path: %d files; idx takes up to four (images and labels of two parts)", p->count);
    for (int i = 0; i < p->count; i++) {
        idx_array a = { .stream = NULL };
        bf_status s = read_header(p->path[i], &a);
        const int first = !s.code && a.axes == 1 ? BF_ROLE_TRAIN_LABELS : BF_ROLE_TRAIN;
        idx_array *to = f->array[first].stream ? &f->array[first + 1] : &f->array[first];
        if (!s.code && to->stream)
            s = BF_FAIL(BF_E_INPUT, "data.path: %s is the third file of its kind", bf_stream_name(a.stream));
        if (s.code) {
            bf_stream_close(&a.stream);
            return s;
        }
        *to = a;
    }
    return BF_DONE;
}

static bf_status open_roles(const bf_paths *p, idx *f)
{
    const char *path[BF_ROLES];
    BF_TRY(bf_roles_of(p, path));
    for (int r = 0; r < BF_ROLES; r++)
        if (path[r])
            BF_TRY(read_header(path[r], &f->array[r]));
    return BF_DONE;
}

static bf_status open_arrays(const bf_paths *p, idx *f)
{
    struct stat st;
    if (!bf_roles_plain(p))
        return open_roles(p, f);
    if (p->count == 1 && stat(p->path[0], &st) == 0 && S_ISDIR(st.st_mode))
        return open_folder(p->path[0], f);
    return open_plain(p, f);
}

/* One file of labels for two files of images: first the training part's, then the test part's. */
static bool shared_labels(const idx *f)
{
    return f->array[BF_ROLE_TRAIN_LABELS].stream && f->array[BF_ROLE_TEST].stream && !f->array[BF_ROLE_TEST_LABELS].stream;
}

static bf_status check_labels(const idx *f, bf_role images, bf_role labels)
{
    const idx_array *x = &f->array[images], *y = &f->array[labels];
    if (!y->stream)
        return BF_DONE;
    if (!x->stream)
        return BF_FAIL(BF_E_INPUT, "data.path: %s has labels for images that are not given", bf_stream_name(y->stream));
    if (y->axes != 1)
        return BF_FAIL(BF_E_FORMAT, "%s: %d axes; labels have one", bf_stream_name(y->stream), y->axes);
    if (shared_labels(f))
        return bf_roles_count_labels(bf_stream_name(y->stream), y->shape[0], x->shape[0], f->array[BF_ROLE_TEST].shape[0]);
    if (y->shape[0] != x->shape[0])
        return BF_FAIL(BF_E_FORMAT, "%s: %lld labels for the %lld images of %s", bf_stream_name(y->stream), (long long)y->shape[0],
                       (long long)x->shape[0], bf_stream_name(x->stream));
    return BF_DONE;
}

static bf_status describe_arrays(const idx *f, bf_held *held)
{
    const idx_array *train = &f->array[BF_ROLE_TRAIN], *test = &f->array[BF_ROLE_TEST];
    if (!train->stream)
        return BF_FAIL(BF_E_INPUT, "data.path: no images, labels only");
    snprintf(held->name, sizeof held->name, "%s", bf_stream_name(train->stream));
    if (train->axes < 2)
        return BF_FAIL(BF_E_FORMAT, "%s: one axis; images have two to four", held->name);
    if (test->stream && (test->axes != train->axes || memcmp(train->shape + 1, test->shape + 1, (size_t)(train->axes - 1) * sizeof *train->shape)))
        return BF_FAIL(BF_E_FORMAT, "%s: its images have another shape than those of %s", bf_stream_name(test->stream), held->name);
    BF_TRY(check_labels(f, BF_ROLE_TRAIN, BF_ROLE_TRAIN_LABELS));
    BF_TRY(check_labels(f, BF_ROLE_TEST, BF_ROLE_TEST_LABELS));
    if (f->array[BF_ROLE_TEST_LABELS].stream && !f->array[BF_ROLE_TRAIN_LABELS].stream)
        return BF_FAIL(BF_E_INPUT, "data.path: only one of %s and %s has labels", held->name, bf_stream_name(test->stream));
    held->info.stored = BF_STORED_U8;
    held->info.labels = f->array[BF_ROLE_TRAIN_LABELS].stream != NULL;
    held->info.rows[BF_TRAIN] = train->shape[0];
    held->info.rows[BF_TEST] = test->stream ? test->shape[0] : -1;
    return bf_info_shape(&held->info, held->name, train->axes - 1, train->shape + 1);
}

static void close_idx(void *state)
{
    idx *f = state;
    for (int r = 0; r < BF_ROLES; r++)
        bf_stream_close(&f->array[r].stream);
    free(f);
}

static bf_status open_idx(const bf_data_options *o, bf_held *held, void **state)
{
    idx *f = calloc(1, sizeof *f);
    if (!f)
        return BF_FAIL(BF_E_MEMORY, "no memory for data.path");
    bf_status s = open_arrays(&o->path, f);
    if (!s.code)
        s = describe_arrays(f, held);
    if (s.code)
        close_idx(f);
    else
        *state = f;
    return s;
}

static bf_status check(void *state, const bf_held *held)
{
    idx *f = state;
    (void)held;
    for (int r = 0; r < BF_ROLES; r++)
        if (f->array[r].stream)
            BF_TRY(check_size(&f->array[r]));
    return BF_DONE;
}

static bf_status read_bytes(idx_array *a, int64_t first, int64_t count, uint8_t *out)
{
    const int64_t each = row_bytes(a);
    int64_t got;
    BF_TRY(bf_stream_read(a->stream, a->start + first * each, out, count * each, &got));
    if (got < count * each)
        return BF_FAIL(BF_E_FORMAT, "%s: ends after row %lld", bf_stream_name(a->stream), (long long)(first + got / each));
    return BF_DONE;
}

static bf_status read_labels(idx_array *a, int64_t first, int64_t count, int32_t *out)
{
    uint8_t block[4096];
    for (int64_t done = 0; done < count; done += (int64_t)sizeof block) {
        const int64_t n = count - done < (int64_t)sizeof block ? count - done : (int64_t)sizeof block;
        BF_TRY(read_bytes(a, first + done, n, block));
        for (int64_t i = 0; i < n; i++)
            out[done + i] = block[i];
    }
    return BF_DONE;
}

static bf_status read(void *state, const bf_held *held, bf_split part, int64_t first, int64_t count, const bf_rows *to)
{
    idx *f = state;
    (void)held;
    if (to->x)
        BF_TRY(read_bytes(&f->array[BF_ROLE_TRAIN + part], first, count, to->x));
    if (to->labels && part == BF_TEST && shared_labels(f))
        return read_labels(&f->array[BF_ROLE_TRAIN_LABELS], f->array[BF_ROLE_TRAIN].shape[0] + first, count, to->labels);
    if (to->labels)
        BF_TRY(read_labels(&f->array[BF_ROLE_TRAIN_LABELS + part], first, count, to->labels));
    return BF_DONE;
}

static const bf_format format = { .open = open_idx, .check = check, .read = read, .close = close_idx };
BF_FILE_SOURCE(bf_source_idx, format, false, "idx", "IDX files (MNIST family), gzipped or not");
