/* .npy files: an array (rows, ...) of uint8, float32 or float64 (kept as float32), labels as a vector of integers. data.path is one file,
 * two plain files (train, test), or files by role. */
#include "data/file_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/npy.h"
#include "data/roles.h"

typedef struct npy { bf_npy array[BF_ROLES]; bool has[BF_ROLES]; } npy;

static bf_status choose_paths(const bf_paths *p, const char *path[BF_ROLES])
{
    if (!bf_roles_plain(p))
        return bf_roles_of(p, path);
    if (p->count > 2)
        return BF_FAIL(BF_E_INPUT, "data.path: %d plain .npy files; name their roles: {train: a.npy, test: b.npy, labels: y.npy}", p->count);
    path[BF_ROLE_TRAIN] = p->path[0];
    path[BF_ROLE_TEST] = p->count > 1 ? p->path[1] : NULL;
    return BF_DONE;
}

static bf_status open_arrays(const bf_paths *p, npy *f)
{
    const char *path[BF_ROLES] = { NULL };
    BF_TRY(choose_paths(p, path));
    for (int r = 0; r < BF_ROLES; r++)
        if (path[r]) {
            BF_TRY(bf_npy_open(path[r], &f->array[r]));
            f->has[r] = true;
        }
    return BF_DONE;
}

static bf_status check_pixels(const npy *f)
{
    const bf_npy *train = &f->array[BF_ROLE_TRAIN], *test = &f->array[BF_ROLE_TEST];
    if (train->axes < 2)
        return BF_FAIL(BF_E_FORMAT, "%s: one axis; samples need (rows, ...)", train->name);
    if (train->type == BF_NPY_I32 || train->type == BF_NPY_I64)
        return BF_FAIL(BF_E_FORMAT, "%s: integers; samples are uint8, float32 or float64", train->name);
    if (f->has[BF_ROLE_TEST] && (test->axes != train->axes || test->type != train->type
                                 || memcmp(train->shape + 1, test->shape + 1, (size_t)(train->axes - 1) * sizeof *train->shape)))
        return BF_FAIL(BF_E_FORMAT, "%s: its samples have another shape or type than those of %s", test->name, train->name);
    return BF_DONE;
}

/* One file of labels for two arrays: first the training array's, then the test array's. */
static bool shared_labels(const npy *f)
{
    return f->has[BF_ROLE_TRAIN_LABELS] && f->has[BF_ROLE_TEST] && !f->has[BF_ROLE_TEST_LABELS];
}

static bf_status check_labels(const npy *f, bf_role samples, bf_role labels)
{
    const bf_npy *x = &f->array[samples], *y = &f->array[labels];
    if (!f->has[labels])
        return BF_DONE;
    if (!(y->axes == 1 || (y->axes == 2 && y->shape[1] == 1)) || y->type == BF_NPY_F32 || y->type == BF_NPY_F64)
        return BF_FAIL(BF_E_FORMAT, "%s: labels are a vector of uint8, int32 or int64", y->name);
    if (shared_labels(f))
        return bf_roles_count_labels(y->name, y->shape[0], x->shape[0], f->array[BF_ROLE_TEST].shape[0]);
    if (y->shape[0] != x->shape[0])
        return BF_FAIL(BF_E_FORMAT, "%s: %lld labels for the %lld samples of %s", y->name, (long long)y->shape[0], (long long)x->shape[0], x->name);
    return BF_DONE;
}

static bf_status describe_arrays(const npy *f, bf_held *held)
{
    const bf_npy *train = &f->array[BF_ROLE_TRAIN];
    BF_TRY(check_pixels(f));
    BF_TRY(check_labels(f, BF_ROLE_TRAIN, BF_ROLE_TRAIN_LABELS));
    BF_TRY(check_labels(f, BF_ROLE_TEST, BF_ROLE_TEST_LABELS));
    snprintf(held->name, sizeof held->name, "%s", train->name);
    held->info.stored = train->type == BF_NPY_U8 ? BF_STORED_U8 : BF_STORED_F32;
    held->info.labels = f->has[BF_ROLE_TRAIN_LABELS];
    held->info.rows[BF_TRAIN] = train->shape[0];
    held->info.rows[BF_TEST] = f->has[BF_ROLE_TEST] ? f->array[BF_ROLE_TEST].shape[0] : -1;
    return bf_info_shape(&held->info, train->name, train->axes - 1, train->shape + 1);
}

static void close_npy(void *state)
{
    npy *f = state;
    for (int r = 0; r < BF_ROLES; r++)
        if (f->has[r])
            bf_npy_close(&f->array[r]);
    free(f);
}

static bf_status open_npy(const bf_data_options *o, bf_held *held, void **state)
{
    npy *f = calloc(1, sizeof *f);
    if (!f)
        return BF_FAIL(BF_E_MEMORY, "no memory for data.path");
    bf_status s = open_arrays(&o->path, f);
    if (!s.code)
        s = describe_arrays(f, held);
    if (s.code)
        close_npy(f);
    else
        *state = f;
    return s;
}

enum { BLOCK = 1 << 13 };               /* numbers converted at a time */

static bf_status read_doubles(const bf_npy *a, int64_t first, int64_t count, float *out)
{
    double block[BLOCK];
    for (int64_t done = 0; done < count; done += BLOCK) {
        const int64_t n = count - done < BLOCK ? count - done : BLOCK;
        BF_TRY(bf_npy_rows(a, first + done, n, 1, block));
        for (int64_t i = 0; i < n; i++)
            out[done + i] = (float)block[i];
    }
    return BF_DONE;
}

static bf_status read_labels(const bf_npy *a, int64_t first, int64_t count, int32_t *out)
{
    union { int64_t i64[BLOCK]; int32_t i32[BLOCK]; uint8_t u8[BLOCK]; } block;
    for (int64_t done = 0; done < count; done += BLOCK) {
        const int64_t n = count - done < BLOCK ? count - done : BLOCK;
        BF_TRY(bf_npy_rows(a, first + done, n, 1, &block));
        for (int64_t i = 0; i < n; i++) {
            const int64_t label = a->type == BF_NPY_U8 ? block.u8[i] : a->type == BF_NPY_I32 ? block.i32[i] : block.i64[i];
            BF_TRY(bf_file_source_label(a->name, first + done + i, label, &out[done + i]));
        }
    }
    return BF_DONE;
}

static bf_status read(void *state, const bf_held *held, bf_split part, int64_t first, int64_t count, const bf_rows *to)
{
    const npy *f = state;
    const bf_npy *x = &f->array[BF_ROLE_TRAIN + part];
    const int64_t width = held->info.width;
    if (to->x && x->type == BF_NPY_F64)
        BF_TRY(read_doubles(x, first * width, count * width, to->x));
    else if (to->x)
        BF_TRY(bf_npy_rows(x, first, count, width, to->x));
    if (to->labels && part == BF_TEST && shared_labels(f))
        return read_labels(&f->array[BF_ROLE_TRAIN_LABELS], f->array[BF_ROLE_TRAIN].shape[0] + first, count, to->labels);
    if (to->labels)
        BF_TRY(read_labels(&f->array[BF_ROLE_TRAIN_LABELS + part], first, count, to->labels));
    return BF_DONE;
}

static const bf_format format = { .open = open_npy, .read = read, .close = close_npy };
BF_FILE_SOURCE(bf_source_npy, format, false, "npy", "NumPy arrays");
