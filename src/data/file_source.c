#include "data/file_source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/pick.h"

enum { SCAN = 4096 };

typedef struct opened {
    const bf_format *format;
    void            *state;
    bf_held          held;
    bf_pick          pick;
} opened;

static bf_status open_format(const bf_format *f, const bf_data_options *o, opened *out)
{
    memset(out, 0, sizeof *out);
    out->format = f;
    if (o->path.count < 1)
        return BF_FAIL(BF_E_INPUT, "data.path: needed for data.source %s", o->source);
    return f->open(o, &out->held, &out->state);
}

static void close_opened(opened *f)
{
    bf_pick_close(&f->pick);
    if (f->state)
        f->format->close(f->state);
    f->state = NULL;
}

bf_status bf_file_source_label(const char *name, int64_t row, int64_t label, int32_t *out)
{
    if (label < 0 || label >= BF_MAX_CLASSES)
        return BF_FAIL(BF_E_FORMAT, "%s: row %lld has label %lld; 0 to %d are possible", name, (long long)row, (long long)label, BF_MAX_CLASSES - 1);
    *out = (int32_t)label;
    return BF_DONE;
}

/* Since they were counted the file may have changed. */
static bf_status check_labels(const char *name, const int32_t *labels, int64_t first, int64_t n, int classes)
{
    for (int64_t i = 0; i < n; i++)
        if (labels[i] < 0 || labels[i] >= classes)
            return BF_FAIL(BF_E_FORMAT, "%s: row %lld has label %ld; 0 to %d are possible", name, (long long)(first + i), (long)labels[i], classes - 1);
    return BF_DONE;
}

/* Labels are few bytes, so the number of classes is their largest plus one, over all rows there are. */
static bf_status count_classes(const opened *f, int *classes)
{
    int32_t labels[SCAN];
    *classes = 0;
    for (int part = 0; part < BF_SPLITS; part++) {
        const int64_t rows = f->held.info.rows[part];
        for (int64_t first = 0; first < rows; first += SCAN) {
            const int64_t n = rows - first < SCAN ? rows - first : SCAN;
            const bf_rows to = { .split = (bf_split)part, .first = first, .count = n, .labels = labels };
            BF_TRY(f->format->read(f->state, &f->held, (bf_split)part, first, n, &to));
            for (int64_t i = 0; i < n; i++)
                if (labels[i] >= *classes)
                    *classes = labels[i] + 1;
        }
    }
    return BF_DONE;
}

bf_status bf_file_source_describe(const bf_format *f, const bf_data_options *o, bf_data_info *info)
{
    opened a;
    bf_status s = BF_DONE;
    BF_TRY_DONE(open_format(f, o, &a));
    if (f->check)
        BF_TRY_DONE(f->check(a.state, &a.held));
    *info = a.held.info;
    if (info->labels)
        BF_TRY_DONE(count_classes(&a, &info->labels));
    BF_TRY_DONE(bf_pick_count(o, a.held.name, a.held.info.rows, info->rows));
done:
    close_opened(&a);
    return s;
}

/* Between describe and open a file may have changed, and on another node it may be another file. */
static bool same_kind(const bf_data_info *a, const bf_data_info *b)
{
    return a->dims == b->dims && !memcmp(a->shape, b->shape, sizeof a->shape) && a->stored == b->stored
        && !a->labels == !b->labels && a->factors == b->factors && a->clean == b->clean;
}

bf_status bf_file_source_open(const bf_format *f, const bf_data_options *o, const bf_data_info *info, void **state)
{
    int64_t rows[BF_SPLITS];
    bf_status s = BF_DONE;
    opened *a = malloc(sizeof *a);
    if (!a)
        return BF_FAIL(BF_E_MEMORY, "no memory for data.path");
    BF_TRY_DONE(open_format(f, o, a));
    BF_TRY_DONE(bf_pick_count(o, a->held.name, a->held.info.rows, rows));
    if (!same_kind(&a->held.info, info) || memcmp(rows, info->rows, sizeof rows)) {
        s = BF_FAIL(BF_E_FORMAT, "%s: not the file that was described; has it changed, or does another node see another one?", a->held.name);
        goto done;
    }
    BF_TRY_DONE(bf_pick_open(o, a->held.info.rows, info->rows, &a->pick));
    *state = a;
    return s;
done:
    bf_file_source_close(a);
    return s;
}

void bf_file_source_close(void *state)
{
    if (state)
        close_opened(state);
    free(state);
}

static bf_status check_finite(const char *name, const float *x, int64_t first, int64_t rows, size_t width)
{
    for (int64_t i = 0; i < rows; i++) {
        bool finite = true;
        for (size_t j = 0; j < width; j++)
            finite &= isfinite(x[(size_t)i * width + j]) != 0;
        if (!finite)
            return BF_FAIL(BF_E_FORMAT, "%s: row %lld holds a number that is not finite", name, (long long)(first + i));
    }
    return BF_DONE;
}

static bf_status read_run(opened *f, const bf_data_info *info, bf_split part, int64_t first, int64_t n, const bf_rows *to)
{
    const char *name = f->held.name;
    BF_TRY(f->format->read(f->state, &f->held, part, first, n, to));
    if (info->stored == BF_STORED_F32)
        BF_TRY(check_finite(name, to->x, first, n, (size_t)info->width));
    if (to->labels)
        BF_TRY(check_labels(name, to->labels, first, n, info->labels));
    if (to->factors)
        BF_TRY(check_finite(name, to->factors, first, n, (size_t)info->factors));
    if (to->clean)
        BF_TRY(check_finite(name, to->clean, first, n, (size_t)info->width));
    return BF_DONE;
}

bf_status bf_file_source_fill(void *state, const bf_data_info *info, const bf_rows *rows)
{
    opened *f = state;
    const int64_t *row = f->pick.row[rows->split];
    if (!row)
        return read_run(f, info, rows->split, rows->first, rows->count, rows);
    row += rows->first;
    for (int64_t done = 0, n; done < rows->count; done += n) {
        for (n = 1; done + n < rows->count && row[done + n] == row[done] + n; n++)
            ;
        const bf_rows to = bf_rows_part(info, rows, done, n);
        BF_TRY(read_run(f, info, BF_TRAIN, row[done], n, &to));
    }
    return BF_DONE;
}
