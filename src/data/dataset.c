/* Opens a data set: one rank describes it, every node makes room for one copy, the ranks fill it, all agree after every step that can fail. */
#include "data/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comm/window.h"
#include "data/binarize.h"
#include "data/source.h"
#include "data/statistics.h"

struct bf_dataset {
    bf_data_info info;
    bf_window   *window;
    bf_rows      part[BF_SPLITS];       /* all rows of a part, in the window */
};

static bf_status find_source(const bf_data_options *o, const bf_source **out)
{
    *out = bf_source_find(o->source);
    return *out ? BF_DONE : BF_FAIL(BF_E_INPUT, "data.source: there is no source '%s'", o->source);
}

bf_status bf_dataset_inspect(const bf_data_options *o, bf_data_info *out)
{
    const bf_source *source;
    memset(out, 0, sizeof *out);        /* padding too: it travels as bytes */
    BF_TRY(find_source(o, &source));
    if (o->label > 0 && !source->by_factor)
        return BF_FAIL(BF_E_INPUT, "data.label: %s has no factors whose values are classes", source->name);
    BF_TRY(source->describe(o, out));
    out->scale = out->stored == BF_STORED_U8 && !strcmp(o->scale, "auto") ? 1.0 / 255.0 : 1.0;
    return BF_DONE;
}

/* --- opening --------------------------------------------------------------------------------------------------------- */

/* Hands out count * size bytes at a 64-byte boundary after *used; false when the sum is no size. */
static bool reserve(size_t *used, int64_t count, size_t width, size_t size, size_t *at)
{
    size_t n;
    *at = *used;
    return !__builtin_mul_overflow((size_t)count, width, &n) && !__builtin_mul_overflow(n, size, &n)
        && !__builtin_add_overflow(*used, n, used) && !__builtin_add_overflow(*used, (size_t)63, used) && ((*used &= ~(size_t)63), true);
}

/* Where everything lies: with base NULL only *bytes is of use. */
static bf_status lay_out(bf_dataset *ds, char *base, size_t *bytes)
{
    const bf_data_info *i = &ds->info;
    const size_t width = (size_t)i->width;
    size_t at[4];
    *bytes = 0;
    for (int s = 0; s < BF_SPLITS; s++) {
        const int64_t n = i->rows[s];
        if (!reserve(bytes, n, width, bf_stored_size(i->stored), &at[0]) || !reserve(bytes, n, i->labels > 0, sizeof(int32_t), &at[1])
            || !reserve(bytes, n, (size_t)i->factors, sizeof(float), &at[2]) || !reserve(bytes, n, i->clean ? width : 0, sizeof(float), &at[3]))
            return BF_FAIL(BF_E_INPUT, "data: %lld samples of %d entries are more than any memory", (long long)n, i->width);
        if (!base)
            continue;
        ds->part[s] = (bf_rows){ .split = (bf_split)s, .count = n, .x = base + at[0] };
        ds->part[s].labels  = i->labels ? (int32_t *)(void *)(base + at[1]) : NULL;
        ds->part[s].factors = i->factors ? (float *)(void *)(base + at[2]) : NULL;
        ds->part[s].clean   = i->clean ? (float *)(void *)(base + at[3]) : NULL;
    }
    return BF_DONE;
}

/* Collective over world. Rank 0 looks at the source: one reader of headers per job. */
static bf_status describe(const bf_comm *world, const bf_data_options *o, bf_data_info *info)
{
    bf_status s = bf_fault_at(world, "data.open", BF_E_INPUT);
    if (!s.code && bf_comm_rank(world) == 0)
        s = bf_dataset_inspect(o, info);
    BF_TRY(bf_comm_agree(world, s));
    bf_comm_bcast(world, info, sizeof *info, 0);
    return BF_DONE;
}

/* Collective over world. */
static bf_status make_room(bf_dataset *ds, const bf_comm *world, const bf_comm *node)
{
    size_t bytes;
    bf_status s = bf_fault_at(world, "data.window", BF_E_MEMORY);
    if (!s.code)
        s = lay_out(ds, NULL, &bytes);
    BF_TRY(bf_comm_agree(world, s));
    BF_TRY(bf_comm_agree(world, bf_window_create(node, bytes, &ds->window)));
    return lay_out(ds, bf_window_base(ds->window), &bytes);
}

/* Which rows this rank makes. A copy of its own: all. A node's copy: an equal share of what is generated; files are read by one rank,
 * in one go. */
static bf_rows my_rows(const bf_dataset *ds, const bf_source *source, const bf_comm *node, bf_split split)
{
    const int64_t rows = ds->info.rows[split], rank = bf_comm_rank(node), size = bf_comm_size(node);
    if (!bf_window_shared(ds->window))
        return ds->part[split];
    if (!source->generator)
        return bf_rows_part(&ds->info, &ds->part[split], 0, rank == 0 ? rows : 0);
    const int64_t first = rows / size * rank + (rows % size < rank ? rows % size : rank);
    return bf_rows_part(&ds->info, &ds->part[split], first, rows / size + (rank < rows % size));
}

/* Local. */
static bf_status fill(bf_dataset *ds, const bf_comm *world, const bf_comm *node, const bf_data_options *o)
{
    const bf_source *source;
    void *state = NULL;
    BF_TRY(find_source(o, &source));
    BF_TRY(bf_fault_at(world, "data.fill", BF_E_INPUT));
    if (!source->generator && bf_window_shared(ds->window) && bf_comm_rank(node) != 0)
        return BF_DONE;
    BF_TRY(source->open(o, &ds->info, &state));
    bf_status s = BF_DONE;
    for (int split = 0; !s.code && split < BF_SPLITS; split++) {
        const bf_rows rows = my_rows(ds, source, node, (bf_split)split);
        if (rows.count == 0)
            continue;
        s = source->fill(state, o, &ds->info, &rows);
        if (!s.code)
            s = bf_binarize(o, &ds->info, &rows);
    }
    source->close(state);
    return s;
}

/* One affine map for all entries, from the training part: minmax sends its least and largest value to 0 and 1, standardize its mean to 0 and
 * the variance of all its entries to 1. */
static bf_status choose_scale(const bf_data_options *o, const bf_statistics *t, bf_data_info *info)
{
    const bool minmax = !strcmp(o->scale, "minmax"), standardize = !strcmp(o->scale, "standardize");
    if (!minmax && !standardize)
        return BF_DONE;
    const double unit = minmax ? t->maximum[BF_TRAIN] - t->minimum[BF_TRAIN] : sqrt(t->spread);
    if (!(unit > 0.0))
        return BF_FAIL(BF_E_INPUT, "data.scale: %s needs training data that vary; all entries are %g", o->scale, t->mean);
    info->scale = 1.0 / unit;
    info->shift = -(minmax ? t->minimum[BF_TRAIN] : t->mean) / unit;
    return BF_DONE;
}

/* Collective over world: every node takes its own numbers and they have to agree. */
static bf_status take_numbers(bf_dataset *ds, const bf_comm *world, const bf_comm *node, const bf_data_options *o)
{
    bf_statistics t;
    bf_data_info *i = &ds->info;
    bf_status s = bf_statistics_take(node, i, ds->part, &t);
    if (!s.code)
        s = bf_statistics_hash(node, i, ds->part, &i->hash);
    if (!s.code)
        s = choose_scale(o, &t, i);
    BF_TRY(bf_comm_agree(world, s));
    uint64_t first = i->hash;
    bf_comm_bcast(world, &first, sizeof first, 0);
    if (first != i->hash)
        s = bf_source_find(o->source)->generator
            ? BF_FAIL(BF_E_INPUT, "data.source: this node makes other bytes than rank 0; do their processors or C libraries differ?")
            : BF_FAIL(BF_E_INPUT, "data.path: this node reads other bytes than rank 0; does it see another file?");
    BF_TRY(bf_comm_agree(world, s));
    const bool test = i->rows[BF_TEST] > 0;
    const double low = test && t.minimum[BF_TEST] < t.minimum[BF_TRAIN] ? t.minimum[BF_TEST] : t.minimum[BF_TRAIN];
    const double high = test && t.maximum[BF_TEST] > t.maximum[BF_TRAIN] ? t.maximum[BF_TEST] : t.maximum[BF_TRAIN];
    i->minimum = low * i->scale + i->shift;
    i->maximum = high * i->scale + i->shift;
    i->variance = t.variance * i->scale * i->scale;
    return BF_DONE;
}

bf_status bf_dataset_open(const bf_comm *world, const bf_comm *node, const bf_data_options *o, bf_dataset **out)
{
    *out = NULL;
    bf_dataset *ds = calloc(1, sizeof *ds);
    bf_status s = bf_comm_agree(world, ds ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a data set"));
    if (s.code)
        goto done;
    BF_TRY_DONE(describe(world, o, &ds->info));
    BF_TRY_DONE(make_room(ds, world, node));
    s = fill(ds, world, node, o);
    bf_window_fence(ds->window);
    BF_TRY_DONE(bf_comm_agree(world, s));
    BF_TRY_DONE(take_numbers(ds, world, node, o));
    *out = ds;
    return s;
done:
    bf_dataset_close(&ds);
    return s;
}

void bf_dataset_close(bf_dataset **ds)
{
    if (!*ds)
        return;
    bf_window_free(&(*ds)->window);
    free(*ds);
    *ds = NULL;
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

/* Written as one multiply and one add per entry, which compilers turn into vector code. Once for each row of a batch, by the rank that trains:
 * 0.6 % of a step of a 784-512-256 network was measured, less than a helper thread would cost that has to be waited for and needs a core
 * that could train another configuration. A narrow plan rounds these floats once for all layers; likelihoods read them as they are. */
static void convert_u8(const uint8_t *restrict from, float *restrict x, size_t n, const bf_data_info *i)
{
    const float scale = (float)i->scale, shift = (float)i->shift;
    for (size_t j = 0; j < n; j++)
        x[j] = (float)from[j] * scale + shift;
}

/* In double: where the mean is large against the deviations, the subtraction would lose digits. */
static void convert_f32(const float *restrict from, float *restrict x, size_t n, const bf_data_info *i)
{
    const double scale = i->scale, shift = i->shift;
    for (size_t j = 0; j < n; j++)
        x[j] = (float)((double)from[j] * scale + shift);
}

static void convert(const bf_dataset *ds, bf_split split, int64_t row, int64_t rows, float *restrict x)
{
    const bf_data_info *i = &ds->info;
    const size_t at = (size_t)row * (size_t)i->width, n = (size_t)rows * (size_t)i->width;
    const void *stored = ds->part[split].x;
    if (i->stored == BF_STORED_U8)
        convert_u8((const uint8_t *)stored + at, x, n, i);
    else if (i->scale == 1.0 && i->shift == 0.0)
        memcpy(x, (const float *)stored + at, n * sizeof *x);
    else
        convert_f32((const float *)stored + at, x, n, i);
}

/* Rows come from anywhere: short ones are over before the next arrives, unless it was asked for long before. */
static void ask_for(const bf_dataset *ds, bf_split split, int64_t row)
{
    const size_t bytes = (size_t)ds->info.width * (ds->info.stored == BF_STORED_U8 ? 1 : sizeof(float));
    const char *at = (const char *)ds->part[split].x + (size_t)row * bytes;
    for (size_t line = 0; line < bytes && line < 4 * 64; line += 64) __builtin_prefetch(at + line);
    __builtin_prefetch(at + bytes - 1);
}

void bf_dataset_rows(const bf_dataset *ds, bf_split split, const int64_t *idx, int n, float *restrict x)
{
    enum { AHEAD = 8 };
    for (int b = 0; b < n; b++) {
        if (n - b > AHEAD) ask_for(ds, split, idx[b + AHEAD]);
        convert(ds, split, idx[b], 1, x + (size_t)b * (size_t)ds->info.width);
    }
}

void bf_dataset_block(const bf_dataset *ds, bf_split split, int64_t first, int n, float *restrict x)
{
    convert(ds, split, first, n, x);
}

const bf_data_info *bf_dataset_info(const bf_dataset *ds) { return &ds->info; }
const void *bf_dataset_stored(const bf_dataset *ds, bf_split split) { return ds->part[split].x; }
const int32_t *bf_dataset_labels(const bf_dataset *ds, bf_split split) { return ds->part[split].labels; }
const float *bf_dataset_factors(const bf_dataset *ds, bf_split split) { return ds->part[split].factors; }
const float *bf_dataset_clean(const bf_dataset *ds, bf_split split) { return ds->part[split].clean; }
