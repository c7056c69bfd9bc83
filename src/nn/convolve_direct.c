/* Convolutions by our own products, whose tiles read windows where they lie. With a frame of zeros around the image every window is whole, and
 * entry e of a window lies at start + offset[e]: so windows are a matrix without being copied, and what of them lies in the frame is left out.
 * A block of windows after the other, so that what a block touches stays in the second cache. Sums of a sample do not depend on the others. */
#include "nn/convolve_ways.h"
#include "nn/gemm_tile.h"

enum { BLOCK = 33 * TALL, DEEP = 256 };     /* windows of a block; entries of a panel, which stays in the first cache */
enum { LONGEST = (int)BLOCK > (int)DEEP ? (int)BLOCK : (int)DEEP };
enum { SMALL = 64 };                        /* positions of an image many of whose windows meet an edge */
enum { CUTS = 5 };                          /* ways in which edges cut the windows along one side, "not at all" being the first */

/* An image with its frame: where windows begin in memory. `framed` is false where the image itself will do. */
typedef struct frame { size_t height, width, line, sample; bool framed; } frame;

static frame frame_of(const bf_geometry *g)
{
    const size_t channels = (size_t)g->in_channels, wide = (size_t)g->in_width, tall = (size_t)g->in_height;
    frame f = { .height = (size_t)(g->out_height - 1) * (size_t)g->stride + (size_t)g->kernel,
                .width = (size_t)(g->out_width - 1) * (size_t)g->stride + (size_t)g->kernel };
    f.framed = g->pad_top > 0 || g->pad_left > 0 || f.height > tall || f.width > wide;
    f.line = (f.framed ? f.width : wide) * channels;
    f.sample = (f.framed ? f.height : tall) * f.line;
    return f;
}

/* Some entries of windows, or some windows: where they lie, and which rows of a panel are theirs. */
typedef struct list { size_t count; const size_t *at, *number; } list;

/* Entries that an edge leaves of a window, and how many of them have a number below 0, WIDE, 2 WIDE, ... */
typedef struct whole_or_cut { list all; const size_t *below; } whole_or_cut;

/* The spans that edges leave of windows along one side, and which one every position has. */
typedef struct cuts { size_t count; bf_span span[CUTS]; } cuts;

/* A tile: `tall` windows from `first` of the block on, of one cut or of several, which then count as whole. */
typedef struct band { size_t first, tall, cut; } band;

/* One convolution over some rows. Samples of small images go in groups, and the windows at one position of a group's samples stand one after the
 * other, so that those of a tile are cut alike. In large ones edges are short, and windows count as whole. */
typedef struct job {
    const bf_geometry *g;
    frame  frame;
    size_t rows, positions, entries, channels;      /* of a sample, of a window, of the output */
    size_t group, cells;                    /* samples; positions of a block */
    cuts   y, x;
    whole_or_cut inside[CUTS * CUTS];             /* (cut along y, cut along x) */
    size_t samples;                         /* what follows is about a group of so many; all (group, positions) */
    size_t *start, *place;                  /* of a window in the image, in the output */
    band   *band;
    size_t *self, *some;                    /* (LONGEST) 0, 1, 2, ...; (2, BLOCK) windows of a block */
    float  *weight, *panels, *image;        /* (channels, entries) either way round; whichever operand is packed; (group, frame) */
} job;

static bf_span span_at(const bf_geometry *g, int position, bool y)
{
    return bf_span_of(position * g->stride - (y ? g->pad_top : g->pad_left), g->kernel, y ? g->in_height : g->in_width);
}

static size_t cut_of(const cuts *c, bf_span s)
{
    for (size_t i = 1; i < c->count; i++)
        if (s.first == c->span[i].first && s.last == c->span[i].last) return i;
    return 0;
}

/* What does not fit counts as whole: the frame makes it right. */
static cuts cuts_of(const bf_geometry *g, bool y, bool small)
{
    cuts c = { 1, { { 0, 0, g->kernel } } };
    for (int i = 0; small && i < (y ? g->out_height : g->out_width); i++) {
        const bf_span s = span_at(g, i, y);
        if (s.last - s.first < g->kernel && cut_of(&c, s) == 0 && c.count < CUTS) c.span[c.count++] = s;
    }
    return c;
}

static job job_of(const bf_geometry *g, int rows)
{
    const size_t positions = bf_window_positions(g), fit = BLOCK / positions / TALL * TALL;
    const bool small = positions <= SMALL;
    const size_t group = !small ? 1 : fit > TALL ? fit : TALL;
    return (job){ .g = g, .frame = frame_of(g), .rows = (size_t)rows, .positions = positions, .entries = bf_window_entries(g),
                  .channels = (size_t)g->out_channels, .group = group, .cells = BLOCK / group, .y = cuts_of(g, true, small), .x = cuts_of(g, false, small) };
}

static size_t belows(const job *j) { return panels_of(j->entries) + 1; }

static size_t tables_floats(const job *j)
{
    const size_t windows = j->group * j->positions, numbers = j->y.count * j->x.count * (2 * j->entries + belows(j)) + 2 * windows + 2 * BLOCK + LONGEST;
    return padded((numbers * sizeof(size_t) + windows * sizeof(band)) / sizeof(float));
}

static size_t weight_floats(const job *j) { return padded(j->entries * j->channels); }
static size_t image_floats(const job *j) { return j->frame.framed ? j->group * j->frame.sample : 0; }

/* Of the weights either way round, or of a block of outputs; a turned weight takes their place. */
static size_t panels_floats(const job *j)
{
    const size_t across = panels_of(j->channels) * WIDE, along = panels_of(j->entries) * WIDE;
    const size_t there = j->entries * across, back = j->channels * along, outs = BLOCK * across, most = there > back ? there : back;
    return padded(most > outs ? most : outs);
}

static size_t work_bytes(const bf_geometry *g, int rows)
{
    const job j = job_of(g, rows);
    return (tables_floats(&j) + weight_floats(&j) + panels_floats(&j) + image_floats(&j)) * sizeof(float);
}

/* --- tables ------------------------------------------------------------------------------------------------------ */

static whole_or_cut list_inside(const job *j, bf_span y, bf_span x, size_t *memory)
{
    const size_t kernel = (size_t)j->g->kernel, channels = (size_t)j->g->in_channels;
    size_t *at = memory, *number = at + j->entries, *below = number + j->entries, n = 0;
    for (size_t ky = (size_t)y.first; ky < (size_t)y.last; ky++)
        for (size_t i = (size_t)x.first * channels; i < (size_t)x.last * channels; i++, n++) {
            at[n] = ky * j->frame.line + i;
            number[n] = ky * kernel * channels + i;
        }
    for (size_t k = 0, i = 0; k < belows(j); k++) {
        while (i < n && number[i] < k * WIDE) i++;
        below[k] = i;
    }
    return (whole_or_cut){ { n, at, number }, below };
}

/* Those numbered from `first` on, a multiple of WIDE, up to and without `end`, such a multiple or the end of the window. */
static list part_of(const whole_or_cut *all, size_t first, size_t end)
{
    const size_t from = all->below[first / WIDE], to = all->below[(end + WIDE - 1) / WIDE];
    return (list){ to - from, all->all.at + from, all->all.number + from };
}

static job start_job(const bf_geometry *g, int rows, void *work)
{
    job j = job_of(g, rows);
    const size_t windows = j.group * j.positions;
    size_t *numbers = work;
    for (size_t y = 0; y < j.y.count; y++)
        for (size_t x = 0; x < j.x.count; x++, numbers += 2 * j.entries + belows(&j))
            j.inside[y * CUTS + x] = list_inside(&j, j.y.span[y], j.x.span[x], numbers);
    j.start = numbers;
    j.place = j.start + windows;
    j.self = j.place + windows;
    j.some = j.self + LONGEST;
    for (size_t i = 0; i < LONGEST; i++) j.self[i] = i;
    j.band = (band *)(void *)(j.some + 2 * BLOCK);
    j.weight = (float *)work + tables_floats(&j);
    j.panels = j.weight + weight_floats(&j);
    j.image = j.panels + panels_floats(&j);
    return j;
}

/* --- blocks ------------------------------------------------------------------------------------------------------ */

/* Windows of a group, from `first` on, which are so many tiles. */
typedef struct block { size_t first, count; const band *band; size_t bands; } block;

/* Of a tile whose windows are at these positions and between them. */
static size_t cut_between(const job *j, size_t from, size_t to)
{
    const size_t width = (size_t)j->g->out_width;
    const size_t y = cut_of(&j->y, span_at(j->g, (int)(from / width), true)), x = cut_of(&j->x, span_at(j->g, (int)(from % width), false));
    return (from / width == to / width ? y : 0) * CUTS + (from == to ? x : 0);
}

/* The tables of a group: where its windows lie, and how they make tiles, block after block. */
static void gather(job *j, size_t samples)
{
    const size_t width = (size_t)j->g->out_width, stride = (size_t)j->g->stride;
    if (samples == j->samples) return;
    j->samples = samples;
    for (size_t cell = 0, i = 0; cell < j->positions; cell++) {
        const size_t y = cell / width * stride, x = cell % width * stride;
        for (size_t s = 0; s < samples; s++, i++) {
            j->start[i] = s * j->frame.sample + y * j->frame.line + x * (size_t)j->g->in_channels;
            j->place[i] = (s * j->positions + cell) * j->channels;
        }
    }
    for (size_t first = 0, end; first < samples * j->positions; first = end) {
        end = less(first + samples * j->cells, samples * j->positions);
        band *b = j->band + first;
        for (size_t i = first, tall; i < end; i += tall, b++) {
            tall = height(end - i);
            *b = (band){ i, tall, cut_between(j, i / samples, (i + tall - 1) / samples) };
        }
    }
}

static block block_at(const job *j, size_t first)
{
    const size_t all = j->samples * j->positions, count = less(j->samples * j->cells, all - first);
    block b = { first, count, j->band + first, 0 };
    for (size_t i = 0; i < count; b.bands++) i += b.band[b.bands].tall;
    return b;
}

/* --- the frame --------------------------------------------------------------------------------------------------- */

/* A line of the image inside that of the frame: floats before it, of it, after it; floats of the image's line. */
typedef struct inset { size_t before, inside, after, line; } inset;

static inset inset_of(const job *j)
{
    const size_t channels = (size_t)j->g->in_channels, before = (size_t)j->g->pad_left * channels, line = (size_t)j->g->in_width * channels;
    const size_t inside = less(line, j->frame.line - before);
    return (inset){ before, inside, j->frame.line - before - inside, line };
}

/* The images of some rows with their frames. */
static const float *framed(const job *j, const float *in, size_t row, size_t rows)
{
    const size_t top = (size_t)j->g->pad_top, tall = (size_t)j->g->in_height;
    const inset s = inset_of(j);
    float *to = j->image;
    in += row * tall * s.line;
    if (!j->frame.framed) return in;
    for (size_t r = 0; r < rows; r++, in += tall * s.line)
        for (size_t y = 0; y < j->frame.height; y++, to += j->frame.line) {
            if (y < top || y >= top + tall) { memset(to, 0, j->frame.line * sizeof *to); continue; }
            memset(to, 0, s.before * sizeof *to);
            memcpy(to + s.before, in + (y - top) * s.line, s.inside * sizeof *to);
            memset(to + s.before + s.inside, 0, s.after * sizeof *to);
        }
    return j->image;
}

/* Where gradients of some rows' images are gathered, beginning with zeros; without frames what is there may be added to. */
static float *gathered(const job *j, float *in, size_t row, size_t rows, bool adds)
{
    float *at = j->frame.framed ? j->image : in + row * j->frame.sample;
    if (j->frame.framed || !adds) memset(at, 0, rows * j->frame.sample * sizeof *at);
    return at;
}

/* What no window reached has no gradient. */
static void take_out(const job *j, float *in, size_t row, size_t rows, bool adds)
{
    const size_t top = (size_t)j->g->pad_top, tall = (size_t)j->g->in_height;
    const inset s = inset_of(j);
    if (!j->frame.framed) return;
    in += row * tall * s.line;
    for (size_t r = 0; r < rows; r++)
        for (size_t y = 0; y < tall; y++, in += s.line) {
            const float *from = j->image + r * j->frame.sample + (y + top) * j->frame.line + s.before;
            const size_t inside = y + top < j->frame.height ? s.inside : 0;
            for (size_t i = 0; adds && i < inside; i++) in[i] += from[i];
            if (adds) continue;
            memcpy(in, from, inside * sizeof *in);
            memset(in + inside, 0, (s.line - inside) * sizeof *in);
        }
}

/* --- tiles ------------------------------------------------------------------------------------------------------- */

/* Rows of a matrix whose entry (i, p) lies at `at` + row[i] + col.at[p], to be multiplied by row col.number[p] of a panel. */
typedef struct lattice { const float *at; const size_t *row; list col; } lattice;

BF_INLINED void sum_lattice(size_t tall, bool half, lattice a, const float *panel, vector *left, vector *right)
{
    const float *row[TALL];
    for (size_t i = 0; i < tall; i++) row[i] = a.at + a.row[i];
    for (size_t i = 0; i < tall; i++) left[i] = right[i] = (vector){ 0.0f };
#pragma GCC unroll 4
    for (size_t p = 0; p < a.col.count; p++) {
        const size_t at = a.col.at[p];
        const float *b = panel + a.col.number[p] * WIDE;
        const vector b0 = *(const vector *)b, b1 = *(const vector *)(b + VECTOR);
        for (size_t i = 0; i < tall; i++) {
            const vector x = row[i][at] - (vector){ 0.0f };
            left[i] += x * b0;
            if (!half) right[i] += x * b1;
        }
    }
}

/* Row i of the tile goes to columns at c + row[i]. */
BF_INLINED void lattice_tile_of(size_t tall, bool half, size_t width, lattice a, const float *panel, bool adds, float *c, const size_t *row)
{
    vector left[TALL], right[TALL];
    for (size_t i = 0; adds && i < tall; i++) __builtin_prefetch(c + row[i]);
    sum_lattice(tall, half, a, panel, left, right);
    for (size_t i = 0; i < tall; i++) put_row(left[i], right[i], width, adds, c + row[i]);
}

#define LATTICE_TILE(tall) lattice_tile_of(tall, false, width, a, panel, adds, c, row)
#define LATTICE_HALF(tall) lattice_tile_of(tall, true, width, a, panel, adds, c, row)

static void lattice_tile(size_t tall, size_t width, lattice a, const float *panel, bool adds, float *c, const size_t *row)
{
    if (width > VECTOR)
        switch (tall) { EACH_HEIGHT(LATTICE_TILE); }
    else
        switch (tall) { EACH_HEIGHT(LATTICE_HALF); }
}

/* Entries of a window that lie one after the other: `count` columns of a panel, from `first` on, at `offset`. */
typedef struct run { size_t first, count, offset; } run;
typedef struct runs { size_t count; run run[WIDE]; } runs;

static runs runs_of(const size_t *offset, size_t width)
{
    runs r = { 0 };
    for (size_t i = 0; i < width; i++) {
        run *last = &r.run[r.count - (r.count > 0)];
        if (r.count > 0 && offset[i] == last->offset + last->count) last->count++;
        else r.run[r.count++] = (run){ i, 1, offset[i] };
    }
    return r;
}

/* Products are added to windows. Those of a tile never meet: they are the same entries of different windows. */
BF_INLINED void window_tile_of(size_t tall, bool half, lattice a, const float *panel, float *image, const size_t *start, const runs *r)
{
    vector left[TALL], right[TALL];
    for (size_t i = 0; i < tall; i++) __builtin_prefetch(image + start[i] + r->run->offset);
    sum_lattice(tall, half, a, panel, left, right);
    for (size_t i = 0; i < tall; i++) {
        float *c = image + start[i];
        if (r->count == 1) { put_row(left[i], right[i], r->run->count, true, c + r->run->offset); continue; }
        const vector sums[2] = { left[i], right[i] };
        for (size_t k = 0; k < r->count; k++) put_part((const float *)sums + r->run[k].first, r->run[k].count, true, c + r->run[k].offset);
    }
}

#define WINDOW_TILE(tall) window_tile_of(tall, false, a, panel, image, start, r)
#define WINDOW_HALF(tall) window_tile_of(tall, true, a, panel, image, start, r)

static void window_tile(size_t tall, size_t width, lattice a, const float *panel, float *image, const size_t *start, const runs *r)
{
    if (width > VECTOR)
        switch (tall) { EACH_HEIGHT(WINDOW_TILE); }
    else
        switch (tall) { EACH_HEIGHT(WINDOW_HALF); }
}

/* --- forward ----------------------------------------------------------------------------------------------------- */

/* Even parts of a sum that are no longer than a panel, of whole vectors. */
static size_t deep_of(size_t k)
{
    const size_t parts = (k + DEEP - 1) / DEEP, deep = (k + parts - 1) / parts;
    return panels_of(deep) * WIDE;
}

/* All panels of b (k, n), those of one part of k after those of the other. */
static void pack_all(size_t k, size_t n, bf_operand b, float *to)
{
    for (size_t p = 0, deep = deep_of(k), some; p < k; p += some) {
        some = less(deep, k - p);
        for (size_t j = 0; j < n; j += WIDE, to += some * WIDE) pack_panel((bf_operand){ b.at + p * b.row, b.row, b.col }, j, n, some, to);
    }
}

/* out (rows, channels) of a block's windows. */
static void forward_block(const job *j, const float *image, block b, bool adds, float *out)
{
    const float *panel = j->panels;
    for (size_t p = 0, deep = deep_of(j->entries), some; p < j->entries; p += some) {
        some = less(deep, j->entries - p);
        for (size_t c = 0; c < j->channels; c += WIDE, panel += some * WIDE)
            for (size_t i = 0; i < b.bands; i++) {
                const band t = b.band[i];
                const list part = part_of(&j->inside[t.cut], p, p + some);
                const bool before = part.at > j->inside[t.cut].all.at;
                if (part.count == 0) continue;
                lattice_tile(t.tall, j->channels - c, (lattice){ image, j->start + t.first, part }, panel - p * WIDE, adds || before, out + c,
                             j->place + t.first);
            }
    }
}

static void forward(const bf_geometry *g, int rows, const float *in, const float *weight, float *out, bool adds, void *work)
{
    job j = start_job(g, rows, work);
    pack_all(j.entries, j.channels, (bf_operand){ bf_weight_by_position(g, weight, j.weight), 1, j.entries }, j.panels);
    for (size_t row = 0, some; row < j.rows; row += some) {
        some = less(j.group, j.rows - row);
        gather(&j, some);
        const float *image = framed(&j, in, row, some);
        for (size_t i = 0; i < some * j.positions; i += some * j.cells)
            forward_block(&j, image, block_at(&j, i), adds, out + row * j.positions * j.channels);
    }
}

/* --- back to the input ------------------------------------------------------------------------------------------- */

/* A block's windows are added to the image, in the order of their entries. */
static void back_block(const job *j, float *image, block b, const float *out)
{
    const float *panel = j->panels;
    for (size_t p = 0, deep = deep_of(j->channels), some; p < j->channels; p += some) {
        some = less(deep, j->channels - p);
        const list channels = { some, j->self, j->self };
        for (size_t e = 0; e < j->entries; e += WIDE, panel += some * WIDE) {
            const size_t width = less(j->entries - e, WIDE);
            const runs r = runs_of(j->inside[0].all.at + e, width);
            for (size_t i = 0; i < b.bands; i++) {
                const band t = b.band[i];
                if (part_of(&j->inside[t.cut], e, e + width).count == 0) continue;
                window_tile(t.tall, width, (lattice){ out + p, j->place + t.first, channels }, panel, image, j->start + t.first, &r);
            }
        }
    }
}

static void back(const bf_geometry *g, int rows, const float *out, const float *weight, float *in, bool adds, void *work)
{
    job j = start_job(g, rows, work);
    pack_all(j.channels, j.entries, (bf_operand){ bf_weight_by_position(g, weight, j.weight), j.entries, 1 }, j.panels);
    for (size_t row = 0, some; row < j.rows; row += some) {
        some = less(j.group, j.rows - row);
        gather(&j, some);
        float *image = gathered(&j, in, row, some, adds);
        for (size_t i = 0; i < some * j.positions; i += some * j.cells)
            back_block(&j, image, block_at(&j, i), out + row * j.positions * j.channels);
        take_out(&j, in, row, some, adds);
    }
}

/* --- to the weight ----------------------------------------------------------------------------------------------- */

/* The windows of a block that have tap (ky, kx) inside. */
static list windows_with(const job *j, block b, int ky, int kx)
{
    const size_t width = (size_t)j->g->out_width;
    size_t *at = j->some, *number = at + BLOCK, n = 0;
    for (size_t i = 0; i < b.count; i += j->samples) {
        const size_t cell = (b.first + i) / j->samples;
        const bf_span y = span_at(j->g, (int)(cell / width), true), x = span_at(j->g, (int)(cell % width), false);
        if (ky < y.first || ky >= y.last || kx < x.first || kx >= x.last) continue;
        for (size_t s = 0; s < j->samples; s++, n++) {
            at[n] = j->start[b.first + i + s];
            number[n] = i + s;
        }
    }
    return (list){ n, at, number };
}

/* sums (entries, channels) of some entries of windows, turned, times their outputs. Few entries of all windows stay in the first cache, where they
 * meet all outputs. */
static void some_entries(const job *j, size_t first, size_t count, const float *image, list windows, size_t deep, float *sums)
{
    for (size_t i = first, tall; i < first + count; i += tall) {
        tall = height(first + count - i);
        size_t row[TALL];
        for (size_t k = 0; k < tall; k++) row[k] = (i + k) * j->channels;
        for (size_t c = 0; c < j->channels; c += WIDE)
            lattice_tile(tall, j->channels - c, (lattice){ image, j->inside[0].all.at + i, windows }, j->panels + c * deep, true, sums + c, row);
    }
}

static void pack_outputs(const job *j, block b, const float *out)
{
    float *to = j->panels;
    for (size_t c = 0; c < j->channels; c += WIDE)
        for (size_t i = 0; i < b.count; i++, to += WIDE) {
            const bf_operand row = { out + j->place[b.first + i], 0, 1 };
            pack_panel(row, c, j->channels, 1, to);
        }
}

/* Taps of few channels are taken together: a tile has more rows than they. */
static void weight_block(const job *j, const float *image, block b, const float *out, float *sums)
{
    const size_t channels = (size_t)j->g->in_channels;
    pack_outputs(j, b, out);
    if (j->group == 1 || channels < TALL) {
        some_entries(j, 0, j->entries, image, (list){ b.count, j->start + b.first, j->self }, b.count, sums);
        return;
    }
    for (int ky = 0, tap = 0; ky < j->g->kernel; ky++)
        for (int kx = 0; kx < j->g->kernel; kx++, tap++)
            some_entries(j, (size_t)tap * channels, channels, image, windows_with(j, b, ky, kx), b.count, sums);
}

static void weight_gradient(const bf_geometry *g, int rows, const float *in, const float *out, float *weight, bool adds, void *work)
{
    job j = start_job(g, rows, work);
    memset(j.weight, 0, j.entries * j.channels * sizeof *j.weight);
    for (size_t row = 0, some; row < j.rows; row += some) {
        some = less(j.group, j.rows - row);
        gather(&j, some);
        const float *image = framed(&j, in, row, some);
        for (size_t i = 0; i < some * j.positions; i += some * j.cells)
            weight_block(&j, image, block_at(&j, i), out + row * j.positions * j.channels, j.weight);
    }
    turn_all(j.weight, j.channels, j.channels, j.entries, j.panels, j.entries);
    bf_weight_by_channel(g, j.panels, adds, weight);
}

const bf_convolve_way bf_convolve_direct = { work_bytes, forward, back, weight_gradient };
