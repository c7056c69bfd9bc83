/* Convolutions by our own products, whose tiles read windows where they lie and leave out what lies outside the image. A block of windows after the
 * other; sums of a sample do not depend on the others. */
#include "nn/windows.h"

enum { DEEP = 256 };                        /* entries of a panel, which stays in the first cache */
enum { LONGEST = (int)BLOCK > (int)DEEP ? (int)BLOCK : (int)DEEP };

/* One convolution over some rows. */
typedef struct job {
    bf_windows w;
    size_t rows, channels;                  /* of the output */
    size_t part;                            /* entries, or on the way back channels, of a panel */
    size_t *self;                           /* (LONGEST) 0, 1, 2, ... */
    float  *weight, *panels;                /* (channels, entries) either way round; whichever operand is packed */
} job;

static job job_of(const bf_geometry *g, int rows)
{
    return (job){ .w = bf_windows_of(g, (size_t)rows), .rows = (size_t)rows, .channels = (size_t)g->out_channels };
}

static size_t self_floats(void) { return padded(LONGEST * sizeof(size_t) / sizeof(float)); }
static size_t weight_floats(const job *j) { return padded(j->w.entries * j->channels); }

/* Of the weights either way round, or of a block of outputs; a turned weight takes their place. */
static size_t panels_floats(const job *j)
{
    const size_t across = panels_of(j->channels) * WIDE, along = panels_of(j->w.entries) * WIDE;
    const size_t there = j->w.entries * across, back = j->channels * along, outs = BLOCK * across, most = there > back ? there : back;
    return padded(most > outs ? most : outs);
}

static size_t work_bytes(const bf_geometry *g, int rows)
{
    const job j = job_of(g, rows);
    return (self_floats() + weight_floats(&j) + panels_floats(&j)) * sizeof(float) + bf_windows_bytes(&j.w);
}

static job start_job(const bf_geometry *g, int rows, void *work)
{
    job j = job_of(g, rows);
    j.self = work;
    for (size_t i = 0; i < LONGEST; i++) j.self[i] = i;
    j.weight = (float *)work + self_floats();
    j.panels = j.weight + weight_floats(&j);
    bf_windows_place(&j.w, j.panels + panels_floats(&j));
    return j;
}

/* --- tiles ------------------------------------------------------------------------------------------------------- */

/* Rows of a matrix whose entry (i, p) lies at `at` + row[i] + col.at[p], to be multiplied by row col.number[p] of a panel. */
typedef struct lattice { const float *at; const size_t *row; list col; } lattice;

/* Added to what left and right begin with. */
BF_INLINED void sum_lattice(size_t tall, bool half, lattice a, const float *panel, vector *left, vector *right)
{
    const float *row[TALL];
    for (size_t i = 0; i < tall; i++) row[i] = a.at + a.row[i];
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
    for (size_t i = 0; i < tall; i++) left[i] = right[i] = (vector){ 0.0f };
    sum_lattice(tall, half, a, panel, left, right);
    for (size_t i = 0; i < tall; i++) put_row(left[i], right[i], width, adds, c + row[i]);
}

#define LATTICE_TILE(tall) lattice_tile_of(tall, false, width, a, panel, adds, c, row)
#define LATTICE_HALF(tall) lattice_tile_of(tall, true, width, a, panel, adds, c, row)

BF_INLINED void lattice_tile(size_t tall, size_t width, lattice a, const float *panel, bool adds, float *c, const size_t *row)
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

/* Products are added to windows, one row after the other: windows of one sample may share pixels, whose sums then have the order of rows. */
BF_INLINED void window_tile_of(size_t tall, bool half, lattice a, const float *panel, float *image, const size_t *start, const runs *r)
{
    vector left[TALL], right[TALL];
    for (size_t i = 0; i < tall; i++) __builtin_prefetch(image + start[i] + r->run->offset);
    for (size_t i = 0; i < tall; i++) left[i] = right[i] = (vector){ 0.0f };
    sum_lattice(tall, half, a, panel, left, right);
    for (size_t i = 0; i < tall; i++) {
        float *c = image + start[i];
        if (r->count == 1) { put_row(left[i], right[i], r->run->count, true, c + r->run->offset); continue; }
        const vector sums[2] = { left[i], right[i] };
        for (size_t k = 0; k < r->count; k++) put_part((const float *)sums + r->run[k].first, r->run[k].count, true, c + r->run[k].offset);
    }
}

/* No two windows share a pixel of this panel, which is whole and of one tap: pixels can begin the sums. */
BF_INLINED void pixel_tile_of(size_t tall, lattice a, const float *panel, float *pixels, const size_t *start)
{
    vector left[TALL], right[TALL];
    for (size_t i = 0; i < tall; i++) {
        left[i] = *(const loose *)(pixels + start[i]);
        right[i] = *(const loose *)(pixels + start[i] + VECTOR);
    }
    sum_lattice(tall, false, a, panel, left, right);
    for (size_t i = 0; i < tall; i++) put_row(left[i], right[i], WIDE, false, pixels + start[i]);
}

#define PIXEL_TILE(tall) pixel_tile_of(tall, a, panel, image + r->run->offset, start)
#define WINDOW_TILE(tall) window_tile_of(tall, false, a, panel, image, start, r)
#define WINDOW_HALF(tall) window_tile_of(tall, true, a, panel, image, start, r)

BF_INLINED void window_tile(size_t tall, size_t width, bool one_tap, lattice a, const float *panel, float *image, const size_t *start, const runs *r)
{
    if (one_tap)
        switch (tall) { EACH_HEIGHT(PIXEL_TILE); }
    else if (width > VECTOR)
        switch (tall) { EACH_HEIGHT(WINDOW_TILE); }
    else
        switch (tall) { EACH_HEIGHT(WINDOW_HALF); }
}

/* --- forward ----------------------------------------------------------------------------------------------------- */

/* Entries from `first` to `end` of a block's windows, and the panel of some channels. */
BF_NOT_INLINED void forward_panel(const job *j, const float *image, block b, size_t first, size_t end, const float *panel, size_t width, bool adds,
                                  float *out)
{
    for (size_t i = 0; i < b.bands; i++) {
        const band t = b.band[i];
        const list part = bf_windows_part(&j->w, t.cut, first, end);
        const bool before = part.at > j->w.inside[t.cut].all.at;
        if (part.count == 0) continue;
        lattice_tile(t.tall, width, (lattice){ image, j->w.start + t.first, part }, panel - first * WIDE, adds || before, out, j->w.place + t.first);
    }
}

/* out (rows, channels) of a block's windows. */
static void forward_block(const job *j, const float *image, block b, bool adds, float *out)
{
    const float *panel = j->panels;
    for (size_t p = 0, some; p < j->w.entries; p += some) {
        some = less(j->part, j->w.entries - p);
        for (size_t c = 0; c < j->channels; c += WIDE, panel += some * WIDE)
            forward_panel(j, image, b, p, p + some, panel, j->channels - c, adds, out + c);
    }
}

static void forward(const bf_geometry *g, int rows, const float *in, const float *weight, float *out, bool adds, void *work)
{
    job j = start_job(g, rows, work);
    const bf_operand b = { bf_weight_by_position(g, weight, j.weight), 1, j.w.entries };
    j.part = even_part(j.w.entries, DEEP);
    pack_all(j.w.entries, j.part, j.channels, b, j.panels);
    for (size_t row = 0, some; row < j.rows; row += some) {
        some = less(j.w.group, j.rows - row);
        const float *image = bf_windows_read(&j.w, in, row, some);
        for (size_t i = 0; i < some * j.w.positions; i += some * j.w.cells)
            forward_block(&j, image, bf_windows_block(&j.w, i), adds, out + row * j.w.positions * j.channels);
    }
}

/* --- back to the input ------------------------------------------------------------------------------------------- */

/* Entries from `first` to `end` of a block's windows, whose panel this is, of some channels. */
BF_NOT_INLINED void back_panel(const job *j, float *image, block b, size_t first, size_t end, const float *panel, list channels, const float *out)
{
    const runs r = runs_of(j->w.inside[0].all.at + first, end - first);
    const bool one_tap = j->w.g->in_channels % WIDE == 0;
    for (size_t i = 0; i < b.bands; i++) {
        const band t = b.band[i];
        if (bf_windows_part(&j->w, t.cut, first, end).count == 0) continue;
        window_tile(t.tall, end - first, one_tap, (lattice){ out, j->w.place + t.first, channels }, panel, image, j->w.start + t.first, &r);
    }
}

/* A block's windows are added to the image, in the order of their entries. */
static void back_block(const job *j, float *image, block b, const float *out)
{
    const float *panel = j->panels;
    for (size_t p = 0, some; p < j->channels; p += some) {
        some = less(j->part, j->channels - p);
        for (size_t e = 0; e < j->w.entries; e += WIDE, panel += some * WIDE)
            back_panel(j, image, b, e, e + less(j->w.entries - e, WIDE), panel, (list){ some, j->self, j->self }, out + p);
    }
}

static void back(const bf_geometry *g, int rows, const float *out, const float *weight, float *in, bool adds, void *work)
{
    job j = start_job(g, rows, work);
    const bf_operand b = { bf_weight_by_position(g, weight, j.weight), j.w.entries, 1 };
    j.part = even_part(j.channels, DEEP);
    pack_all(j.channels, j.part, j.w.entries, b, j.panels);
    for (size_t row = 0, some; row < j.rows; row += some) {
        some = less(j.w.group, j.rows - row);
        float *image = bf_windows_gather(&j.w, in, row, some, adds);
        for (size_t i = 0; i < some * j.w.positions; i += some * j.w.cells)
            back_block(&j, image, bf_windows_block(&j.w, i), out + row * j.w.positions * j.channels);
        bf_windows_give(&j.w, in, row, adds);
    }
}

/* --- to the weight ----------------------------------------------------------------------------------------------- */

/* sums (entries, channels) of some entries of windows, turned, times their outputs. Few entries of all windows stay in the first cache, where they
 * meet all outputs. */
BF_NOT_INLINED void some_entries(const job *j, size_t first, size_t count, const float *image, list windows, size_t deep, float *sums)
{
    for (size_t i = first, tall; i < first + count; i += tall) {
        tall = height(first + count - i);
        size_t row[TALL];
        for (size_t k = 0; k < tall; k++) row[k] = (i + k) * j->channels;
        for (size_t c = 0; c < j->channels; c += WIDE)
            lattice_tile(tall, j->channels - c, (lattice){ image, j->w.inside[0].all.at + i, windows }, j->panels + c * deep, true, sums + c, row);
    }
}

static void pack_outputs(const job *j, block b, const float *out)
{
    float *to = j->panels;
    for (size_t c = 0; c < j->channels; c += WIDE)
        for (size_t i = 0; i < b.count; i++, to += WIDE) {
            const bf_operand row = { out + j->w.place[b.first + i], 0, 1 };
            pack_panel(row, c, j->channels, 1, to);
        }
}

/* Taps of few channels are taken together: a tile has more rows than they. */
static void weight_block(const job *j, const float *image, block b, const float *out, float *sums)
{
    const bf_geometry *g = j->w.g;
    const size_t channels = (size_t)g->in_channels;
    pack_outputs(j, b, out);
    if (j->w.group == 1 || channels < TALL) {
        some_entries(j, 0, j->w.entries, image, (list){ b.count, j->w.start + b.first, j->self }, b.count, sums);
        return;
    }
    for (int ky = 0, tap = 0; ky < g->kernel; ky++)
        for (int kx = 0; kx < g->kernel; kx++, tap++)
            some_entries(j, (size_t)tap * channels, channels, image, bf_windows_with(&j->w, b, ky, kx), b.count, sums);
}

static void weight_gradient(const bf_geometry *g, int rows, const float *in, const float *out, float *weight, bool adds, void *work)
{
    job j = start_job(g, rows, work);
    memset(j.weight, 0, j.w.entries * j.channels * sizeof *j.weight);
    for (size_t row = 0, some; row < j.rows; row += some) {
        some = less(j.w.group, j.rows - row);
        const float *image = bf_windows_read(&j.w, in, row, some);
        for (size_t i = 0; i < some * j.w.positions; i += some * j.w.cells)
            weight_block(&j, image, bf_windows_block(&j.w, i), out + row * j.w.positions * j.channels, j.weight);
    }
    turn_all(j.weight, j.channels, j.channels, j.w.entries, j.panels, j.w.entries);
    bf_weight_by_channel(g, j.panels, adds, weight);
}

const bf_convolve_way bf_convolve_direct = { work_bytes, forward, back, weight_gradient };
