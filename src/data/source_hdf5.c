/* HDF5 data files: /train/<data.dataset> and, when there, /test/<data.dataset>, with label, factors and clean beside them; else one array
 * /<data.dataset> for both parts. What `betafield data` writes comes back byte for byte. */
#include "data/file_source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/factor_classes.h"
#include "data/stream.h"
#include "store/data_file.h"

typedef struct part_of_file {
    char     name[4][96];               /* in the file, one per kind; "" when there is none */
    bf_array array[4];
} part_of_file;

typedef struct hdf5 {
    bf_data_file *file;
    part_of_file  part[BF_SPLITS];
    int64_t       by_factor;            /* data.label: 0, or which factor tells classes, counted from 1 */
    bf_factor_classes classes;          /* of that one */
} hdf5;

enum { SAMPLES, LABEL, FACTORS, CLEAN, KINDS };
enum { MOST = 1 << 20 };                /* numbers of factors that are read at once */

static bf_status find(hdf5 *f, part_of_file *p, int kind, const char *folder, const char *leaf)
{
    bool found = false;
    char name[96];
    const int n = snprintf(name, sizeof name, "%s%s", folder, leaf);
    if (n < 0 || (size_t)n >= sizeof name)
        return BF_FAIL(BF_E_INPUT, "data.dataset: the name is too long");
    BF_TRY(bf_data_file_describe(f->file, name, &p->array[kind], &found));
    if (found)
        memcpy(p->name[kind], name, (size_t)n + 1);
    return BF_DONE;
}

static bf_status find_part(hdf5 *f, part_of_file *p, const char *folder, const char *dataset)
{
    static const char *const leaf[KINDS] = { NULL, "label", "factors", "clean" };
    BF_TRY(find(f, p, SAMPLES, folder, dataset));
    for (int kind = LABEL; p->name[SAMPLES][0] && kind < KINDS; kind++)
        if (strcmp(leaf[kind], dataset))
            BF_TRY(find(f, p, kind, folder, leaf[kind]));
    return BF_DONE;
}

static bool real(bf_type t)
{
    return t == BF_TYPE_F32 || t == BF_TYPE_F64;
}

static bf_status check_part(const part_of_file *p)
{
    const bf_array *x = &p->array[SAMPLES];
    if (x->rank < 2)
        return BF_FAIL(BF_E_FORMAT, "%s: %d axes; samples need (rows, ...)", x->name, x->rank);
    if (x->type != BF_TYPE_U8 && !real(x->type))
        return BF_FAIL(BF_E_FORMAT, "%s: integers; samples are uint8, float32 or float64", x->name);
    if (x->shape[0] < 1)
        return BF_FAIL(BF_E_FORMAT, "%s: no rows", x->name);
    for (int kind = LABEL; kind < KINDS; kind++) {
        const bf_array *a = &p->array[kind];
        if (!p->name[kind][0])
            continue;
        if (a->rank < 1 || a->shape[0] != x->shape[0])
            return BF_FAIL(BF_E_FORMAT, "%s: %lld rows for the %lld samples of %s", a->name, (long long)(a->rank ? a->shape[0] : 0),
                           (long long)x->shape[0], x->name);
        const bool right = kind == LABEL ? a->rank == 1 && !real(a->type) : real(a->type);
        const bool shaped = kind == FACTORS ? a->rank == 2 && a->shape[1] >= 1 && a->shape[1] <= 1 << 16
                          : kind == CLEAN ? bf_array_count(a) == bf_array_count(x) : true;
        if (!right || !shaped)
            return BF_FAIL(BF_E_FORMAT, "%s: type or shape does not fit %s", a->name, x->name);
    }
    return BF_DONE;
}

static bf_status check_same(const part_of_file *a, const part_of_file *b)
{
    for (int kind = 0; kind < KINDS; kind++) {
        const bf_array *x = &a->array[kind], *y = &b->array[kind];
        if (!a->name[kind][0] != !b->name[kind][0])
            return BF_FAIL(BF_E_FORMAT, "%s: only one part has it", a->name[kind][0] ? x->name : y->name);
        if (a->name[kind][0] && kind != LABEL && (x->rank != y->rank || (kind == SAMPLES && x->type != y->type)
                || memcmp(x->shape + 1, y->shape + 1, (size_t)(x->rank - 1) * sizeof *x->shape)))
            return BF_FAIL(BF_E_FORMAT, "%s: another shape or type than %s", y->name, x->name);
    }
    return BF_DONE;
}

static bf_status check_parts(const hdf5 *f)
{
    BF_TRY(check_part(&f->part[BF_TRAIN]));
    if (!f->part[BF_TEST].name[SAMPLES][0])
        return BF_DONE;
    BF_TRY(check_part(&f->part[BF_TEST]));
    return check_same(&f->part[BF_TRAIN], &f->part[BF_TEST]);
}

static bf_status find_parts(const bf_data_options *o, hdf5 *f)
{
    BF_TRY(find_part(f, &f->part[BF_TRAIN], "train/", o->dataset));
    if (f->part[BF_TRAIN].name[SAMPLES][0])
        BF_TRY(find_part(f, &f->part[BF_TEST], "test/", o->dataset));
    else
        BF_TRY(find_part(f, &f->part[BF_TRAIN], "", o->dataset));
    if (!f->part[BF_TRAIN].name[SAMPLES][0])
        return BF_FAIL(BF_E_INPUT, "%s: neither /train/%s nor /%s is there", bf_path_name(o->path.path[0]), o->dataset, o->dataset);
    const bf_status s = check_parts(f);
    return s.code ? BF_FAIL(s.code, "%s: /%s", bf_path_name(o->path.path[0]), s.what) : s;
}

static bf_status describe_parts(const hdf5 *f, bf_held *held)
{
    const part_of_file *train = &f->part[BF_TRAIN], *test = &f->part[BF_TEST];
    const bf_array *x = &train->array[SAMPLES];
    held->info.stored = x->type == BF_TYPE_U8 ? BF_STORED_U8 : BF_STORED_F32;
    held->info.labels = train->name[LABEL][0] != '\0' || f->by_factor > 0;
    held->info.factors = train->name[FACTORS][0] ? (int)train->array[FACTORS].shape[1] : 0;
    held->info.clean = train->name[CLEAN][0] != '\0';
    held->info.rows[BF_TRAIN] = x->shape[0];
    held->info.rows[BF_TEST] = test->name[SAMPLES][0] ? test->array[SAMPLES].shape[0] : -1;
    return bf_info_shape(&held->info, held->name, x->rank - 1, x->shape + 1);
}

/* --- classes out of factors ------------------------------------------------------------------------------------------ */

static int64_t factor_rows(const part_of_file *p)
{
    const int64_t columns = p->array[FACTORS].shape[1];
    return columns < MOST ? MOST / columns : 1;
}

/* Calls take with the factor that tells classes, of every row first .. first+count-1 of a part. */
static bf_status each_factor(const hdf5 *f, const part_of_file *p, int64_t first, int64_t count, bf_status (*take)(void *self, int64_t row, float v), void *self)
{
    const int64_t columns = p->array[FACTORS].shape[1], most = factor_rows(p);
    bf_status s = BF_DONE;
    float *v = malloc((size_t)(most < count ? most : count) * (size_t)columns * sizeof *v);
    if (!v)
        return BF_FAIL(BF_E_MEMORY, "no memory for factors");
    for (int64_t done = 0; !s.code && done < count; done += most) {
        const int64_t n = count - done < most ? count - done : most;
        s = bf_data_file_rows(f->file, p->name[FACTORS], BF_TYPE_F32, first + done, n, v);
        for (int64_t i = 0; !s.code && i < n; i++)
            s = take(self, done + i, v[i * columns + f->by_factor - 1]);
    }
    free(v);
    return s;
}

static bf_status add_class(void *self, int64_t row, float v)
{
    hdf5 *f = self;
    if (!isfinite(v))
        return BF_FAIL(BF_E_FORMAT, "data.label: factor %lld of row %lld is not finite", (long long)f->by_factor, (long long)row);
    return bf_factor_classes_add(&f->classes, v) ? BF_DONE
        : BF_FAIL(BF_E_INPUT, "data.label: factor %lld has more than %d values; classes are few", (long long)f->by_factor, BF_MAX_FACTOR_CLASSES);
}

typedef struct classed { const hdf5 *f; int32_t *labels; } classed;

static bf_status put_class(void *self, int64_t row, float v)
{
    const classed *c = self;
    c->labels[row] = bf_factor_classes_find(&c->f->classes, v);
    return BF_DONE;
}

/* Over both parts, all rows there are: a class has the same number whatever data.train and data.test take of them. */
static bf_status find_classes(hdf5 *f)
{
    for (int part = 0; f->by_factor > 0 && part < BF_SPLITS; part++) {
        const part_of_file *p = &f->part[part];
        if (!p->name[SAMPLES][0])
            continue;
        const int64_t factors = p->name[FACTORS][0] ? p->array[FACTORS].shape[1] : 0;
        if (f->by_factor > factors)
            return BF_FAIL(BF_E_INPUT, "data.label: %lld; these data have %lld factors", (long long)f->by_factor, (long long)factors);
        BF_TRY(each_factor(f, p, 0, p->array[FACTORS].shape[0], add_class, f));
    }
    return BF_DONE;
}

/* --- the format ------------------------------------------------------------------------------------------------------ */

static void close_hdf5(void *state)
{
    hdf5 *f = state;
    bf_data_file_close(&f->file);
    free(f);
}

static bf_status open_hdf5(const bf_data_options *o, bf_held *held, void **state)
{
    if (o->path.count != 1 || o->path.role[0][0])
        return BF_FAIL(BF_E_INPUT, "data.path: one HDF5 file, both parts inside");
    BF_TRY(bf_stream_check(o->path.path[0]));
    hdf5 *f = calloc(1, sizeof *f);
    if (!f)
        return BF_FAIL(BF_E_MEMORY, "no memory for data.path");
    f->by_factor = o->label;
    snprintf(held->name, sizeof held->name, "%.95s", bf_path_name(o->path.path[0]));
    bf_status s = bf_data_file_open(o->path.path[0], &f->file);
    if (!s.code)
        s = find_parts(o, f);
    if (!s.code)
        s = find_classes(f);
    if (!s.code)
        s = describe_parts(f, held);
    if (s.code)
        close_hdf5(f);
    else
        *state = f;
    return s;
}

static bf_status check(void *state, const bf_held *held)
{
    const hdf5 *f = state;
    (void)held;
    for (int part = 0; part < BF_SPLITS; part++)
        for (int kind = 0; kind < KINDS; kind++)
            if (f->part[part].name[kind][0])
                BF_TRY(bf_data_file_check(f->file, f->part[part].name[kind]));
    return BF_DONE;
}

static bf_status read_labels(const hdf5 *f, const part_of_file *p, const char *name, int64_t first, int64_t count, int32_t *out)
{
    int64_t block[4096];
    const int64_t most = sizeof block / sizeof block[0];
    for (int64_t done = 0; done < count; done += most) {
        const int64_t n = count - done < most ? count - done : most;
        BF_TRY(bf_data_file_rows(f->file, p->name[LABEL], BF_TYPE_I64, first + done, n, block));
        for (int64_t i = 0; i < n; i++)
            BF_TRY(bf_file_source_label(name, first + done + i, block[i], &out[done + i]));
    }
    return BF_DONE;
}

static bf_status read(void *state, const bf_held *held, bf_split part, int64_t first, int64_t count, const bf_rows *to)
{
    const hdf5 *f = state;
    const part_of_file *p = &f->part[part];
    const bf_type stored = held->info.stored == BF_STORED_U8 ? BF_TYPE_U8 : BF_TYPE_F32;
    if (to->x)
        BF_TRY(bf_data_file_rows(f->file, p->name[SAMPLES], stored, first, count, to->x));
    if (to->labels && f->by_factor > 0)
        BF_TRY(each_factor(f, p, first, count, put_class, &(classed){ f, to->labels }));
    else if (to->labels)
        BF_TRY(read_labels(f, p, held->name, first, count, to->labels));
    if (to->factors)
        BF_TRY(bf_data_file_rows(f->file, p->name[FACTORS], BF_TYPE_F32, first, count, to->factors));
    return to->clean ? bf_data_file_rows(f->file, p->name[CLEAN], BF_TYPE_F32, first, count, to->clean) : BF_DONE;
}

static const bf_format format = { .open = open_hdf5, .check = check, .read = read, .close = close_hdf5 };
BF_FILE_SOURCE(bf_source_hdf5, format, true, "hdf5", "HDF5 data files");
