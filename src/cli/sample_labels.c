#include "cli/sample_labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "farm/class_values.h"

enum { MOST_FACTORS = 1 << 16 };        /* as data.label has it */

static bool is_whole(bf_type t) { return t == BF_TYPE_U8 || t == BF_TYPE_I32 || t == BF_TYPE_I64; }

/* --- where they stand ----------------------------------------------------------------------------------------------- */

/* "train/label" for train/x */
static bf_status describe_beside(bf_sample_labels *l, const char *path, const bf_array *samples, const char *leaf)
{
    bool found = false;
    char name[sizeof l->from.name];
    const long long id = l->encoder->id, factor = l->encoder->config.data.label;
    const char *slash = strrchr(samples->name, '/');
    const int n = snprintf(name, sizeof name, "%.*s%s", slash ? (int)(slash - samples->name) + 1 : 0, samples->name, leaf);
    if (n < 0 || (size_t)n >= sizeof name) return BF_FAIL(BF_E_INPUT, "%s: the name %s is too long", path, samples->name);
    BF_TRY(bf_data_file_describe(l->file, name, &l->from, &found));
    if (found) return BF_DONE;
    if (factor == 0) return BF_FAIL(BF_E_INPUT, "--label is missing: c%04lld is told every sample's class, and %s has no %s", id, path, name);
    return BF_FAIL(BF_E_INPUT, "--label is missing: c%04lld is told every sample's class, which is the value of factor %lld, and %s has no %s", id, factor,
                   path, name);
}

static bf_status open_labels(bf_sample_labels *l, const char *path, const bf_array *samples)
{
    BF_TRY(describe_beside(l, path, samples, "label"));
    if (l->from.rank != 1 || l->from.shape[0] != samples->shape[0] || !is_whole(l->from.type))
        return BF_FAIL(BF_E_INPUT, "%s: %s is no list of %lld whole numbers, one for every sample", path, l->from.name, (long long)samples->shape[0]);
    return BF_DONE;
}

static bf_status read_values(bf_sample_labels *l)
{
    const bf_encoder *e = l->encoder;
    l->value = malloc((size_t)e->classes * sizeof *l->value);
    if (!l->value) return BF_FAIL(BF_E_MEMORY, "no memory for the values of %d classes", e->classes);
    const bf_status s = bf_class_values_read(e->path, (int)e->id, e->classes, l->value);
    if (s.code != BF_E_FORMAT) return s;
    return BF_FAIL(BF_E_INPUT, "--label is missing: the values of factor %lld that are c%04lld's classes cannot be read: %.120s",
                   (long long)e->config.data.label, (long long)e->id, s.what);
}

static bf_status open_factors(bf_sample_labels *l, const char *path, const bf_array *samples)
{
    const int64_t factor = l->encoder->config.data.label;
    BF_TRY(describe_beside(l, path, samples, "factors"));
    const bf_array *f = &l->from;
    if (f->rank != 2 || f->shape[0] != samples->shape[0] || f->shape[1] < factor || f->shape[1] > MOST_FACTORS || is_whole(f->type))
        return BF_FAIL(BF_E_INPUT, "%s: %s is no table of %lld samples with a factor number %lld", path, f->name, (long long)samples->shape[0], (long long)factor);
    l->column = (int)factor - 1;
    l->block = malloc((size_t)l->encoder->rows * (size_t)f->shape[1] * sizeof *l->block);
    return l->block ? read_values(l) : BF_FAIL(BF_E_MEMORY, "no memory for a block of factors");
}

bf_status bf_sample_labels_open(const bf_encoder *e, const bf_data_file *file, const char *path, const bf_array *samples, bf_sample_labels *out)
{
    *out = (bf_sample_labels){ .encoder = e, .file = file };
    return e->config.data.label > 0 ? open_factors(out, path, samples) : open_labels(out, path, samples);
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

static bf_status read_labels(const bf_sample_labels *l, int64_t first, int n, int32_t *labels)
{
    const bf_encoder *e = l->encoder;
    BF_TRY(bf_data_file_rows(l->file, l->from.name, BF_TYPE_I32, first, n, labels));
    for (int i = 0; i < n; i++)
        if (labels[i] < 0 || labels[i] >= e->classes)
            return BF_FAIL(BF_E_INPUT, "%s: sample %lld is of class %ld; c%04lld has learned 0 to %d", l->from.name, (long long)(first + i), (long)labels[i],
                           (long long)e->id, e->classes - 1);
    return BF_DONE;
}

/* -1: none of them. */
static int32_t class_of(const bf_sample_labels *l, float v)
{
    for (int c = 0; c < l->encoder->classes; c++)
        if (l->value[c] == v) return c;
    return -1;
}

static bf_status read_factors(const bf_sample_labels *l, int64_t first, int n, int32_t *labels)
{
    BF_TRY(bf_data_file_rows(l->file, l->from.name, BF_TYPE_F32, first, n, l->block));
    for (int i = 0; i < n; i++) {
        const float v = l->block[(size_t)i * (size_t)l->from.shape[1] + (size_t)l->column];
        labels[i] = class_of(l, v);
        if (labels[i] < 0)
            return BF_FAIL(BF_E_INPUT, "%s: factor %d of sample %lld is %g, of which c%04lld has learned no class", l->from.name, l->column + 1,
                           (long long)(first + i), (double)v, (long long)l->encoder->id);
    }
    return BF_DONE;
}

bf_status bf_sample_labels_read(const bf_sample_labels *l, int64_t first, int n, int32_t *labels)
{
    return l->value ? read_factors(l, first, n, labels) : read_labels(l, first, n, labels);
}

void bf_sample_labels_close(bf_sample_labels *l)
{
    free(l->value);
    free(l->block);
    memset(l, 0, sizeof *l);
}
