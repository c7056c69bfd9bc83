#include "nn/windows.h"

/* Measured: many windows of an image of few positions meet an edge; a tap of many channels makes several tiles, and is worth cutting from larger
 * images too, as long as a group of frames does not take too long to copy. */
enum { FEW = 64, MANY = 32, LARGE = 1 << 17 };          /* positions, channels, floats of a frame */
enum { LINE = 16, SETS = 64 };                          /* floats of a line of the first cache, and its sets of lines */

/* The next odd number of parts. */
static size_t odd_parts(size_t floats, size_t part) { return ((floats + part - 1) / part | 1) * part; }

/* What is read together, pixels of windows above each other and those at one position of several samples, is to lie apart in the caches: from one line of
 * windows to the next it is an odd number of the cache's lines where the stride allows it, and samples divide its sets among them. Images of few channels are
 * so small that they stay as they are. */
static frame frame_of(const bf_geometry *g)
{
    const size_t channels = (size_t)g->in_channels, wide = (size_t)g->in_width, tall = (size_t)g->in_height, stride = (size_t)g->stride;
    const size_t width = (size_t)(g->out_width - 1) * stride + (size_t)g->kernel;
    frame f = { .height = (size_t)(g->out_height - 1) * stride + (size_t)g->kernel };
    f.framed = g->pad_top > 0 || g->pad_left > 0 || f.height > tall || width > wide;
    f.line = (f.framed ? width : wide) * channels;
    f.sample = (f.framed ? f.height : tall) * f.line;
    if (!f.framed || channels < LINE) return f;
    f.line = odd_parts(f.line, LINE / less(stride & -stride, LINE));
    f.sample = (f.height * f.line / (SETS * LINE) + 1) * SETS * LINE + (SETS / TALL + 1) * LINE;
    return f;
}

static bool goes_in_groups(const bf_geometry *g, const frame *f)
{
    return bf_geometry_positions(g) <= FEW || (f->framed && g->in_channels >= MANY && f->sample <= LARGE);
}

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
static cuts cuts_of(const bf_geometry *g, bool y, bool grouped)
{
    cuts c = { 1, { { 0, 0, g->kernel } } };
    for (int i = 0; grouped && i < (y ? g->out_height : g->out_width); i++) {
        const bf_span s = span_at(g, i, y);
        if (s.last - s.first < g->kernel && cut_of(&c, s) == 0 && c.count < CUTS) c.span[c.count++] = s;
    }
    return c;
}

bf_windows bf_windows_of(const bf_geometry *g, size_t rows)
{
    const frame f = frame_of(g);
    const bool grouped = goes_in_groups(g, &f);
    const size_t positions = bf_geometry_positions(g), fit = BLOCK / positions / TALL * TALL, group = !grouped ? 1 : fit > TALL ? fit : TALL;
    return (bf_windows){ .g = g, .frame = f, .positions = positions, .entries = bf_geometry_entries(g), .group = group, .cells = BLOCK / group,
                         .most = less(group, rows), .y = cuts_of(g, true, grouped), .x = cuts_of(g, false, grouped) };
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

static size_t belows(const bf_windows *w) { return panels_of(w->entries) + 1; }

static size_t tables_floats(const bf_windows *w)
{
    const size_t windows = w->most * w->positions, numbers = w->y.count * w->x.count * (2 * w->entries + belows(w)) + 2 * windows + 2 * BLOCK;
    return padded((numbers * sizeof(size_t) + windows * sizeof(band)) / sizeof(float));
}

size_t bf_windows_bytes(const bf_windows *w)
{
    return (tables_floats(w) + (w->frame.framed ? padded(w->most * w->frame.sample) : 0)) * sizeof(float);
}

static whole_or_cut list_inside(const bf_windows *w, bf_span y, bf_span x, size_t *memory)
{
    const size_t kernel = (size_t)w->g->kernel, channels = (size_t)w->g->in_channels;
    size_t *at = memory, *number = at + w->entries, *below = number + w->entries, n = 0;
    for (size_t ky = (size_t)y.first; ky < (size_t)y.last; ky++)
        for (size_t i = (size_t)x.first * channels; i < (size_t)x.last * channels; i++, n++) {
            at[n] = ky * w->frame.line + i;
            number[n] = ky * kernel * channels + i;
        }
    for (size_t k = 0, i = 0; k < belows(w); k++) {
        while (i < n && number[i] < k * WIDE) i++;
        below[k] = i;
    }
    return (whole_or_cut){ { n, at, number }, below };
}

void bf_windows_place(bf_windows *w, void *memory)
{
    const size_t windows = w->most * w->positions;
    size_t *numbers = memory;
    for (size_t y = 0; y < w->y.count; y++)
        for (size_t x = 0; x < w->x.count; x++, numbers += 2 * w->entries + belows(w))
            w->inside[y * CUTS + x] = list_inside(w, w->y.span[y], w->x.span[x], numbers);
    w->start = numbers;
    w->place = w->start + windows;
    w->some = w->place + windows;
    w->band = (band *)(void *)(w->some + 2 * BLOCK);
    w->image = (float *)memory + tables_floats(w);
}

/* --- groups and blocks ------------------------------------------------------------------------------------------- */

/* Of a tile whose windows are at these positions and between them. */
static size_t cut_between(const bf_windows *w, size_t from, size_t to)
{
    const size_t width = (size_t)w->g->out_width;
    const size_t y = cut_of(&w->y, span_at(w->g, (int)(from / width), true)), x = cut_of(&w->x, span_at(w->g, (int)(from % width), false));
    return (from / width == to / width ? y : 0) * CUTS + (from == to ? x : 0);
}

/* The tables of a group: where its windows lie, and how they make tiles, block after block. */
static void take_group(bf_windows *w, size_t samples)
{
    const size_t width = (size_t)w->g->out_width, stride = (size_t)w->g->stride;
    if (samples == w->samples) return;
    w->samples = samples;
    for (size_t cell = 0, i = 0; cell < w->positions; cell++) {
        const size_t y = cell / width * stride, x = cell % width * stride;
        for (size_t s = 0; s < samples; s++, i++) {
            w->start[i] = s * w->frame.sample + y * w->frame.line + x * (size_t)w->g->in_channels;
            w->place[i] = (s * w->positions + cell) * (size_t)w->g->out_channels;
        }
    }
    for (size_t first = 0, end; first < samples * w->positions; first = end) {
        end = less(first + samples * w->cells, samples * w->positions);
        band *b = w->band + first;
        for (size_t i = first, tall; i < end; i += tall, b++) {
            tall = height(end - i);
            *b = (band){ i, tall, cut_between(w, i / samples, (i + tall - 1) / samples) };
        }
    }
}

block bf_windows_block(const bf_windows *w, size_t first)
{
    const size_t all = w->samples * w->positions, count = less(w->samples * w->cells, all - first);
    block b = { first, count, w->band + first, 0 };
    for (size_t i = 0; i < count; b.bands++) i += b.band[b.bands].tall;
    return b;
}

list bf_windows_with(const bf_windows *w, block b, int ky, int kx)
{
    const size_t width = (size_t)w->g->out_width;
    size_t *at = w->some, *number = at + BLOCK, n = 0;
    for (size_t i = 0; i < b.count; i += w->samples) {
        const size_t cell = (b.first + i) / w->samples;
        const bf_span y = span_at(w->g, (int)(cell / width), true), x = span_at(w->g, (int)(cell % width), false);
        if (ky < y.first || ky >= y.last || kx < x.first || kx >= x.last) continue;
        for (size_t s = 0; s < w->samples; s++, n++) {
            at[n] = w->start[b.first + i + s];
            number[n] = i + s;
        }
    }
    return (list){ n, at, number };
}

/* --- the frame --------------------------------------------------------------------------------------------------- */

/* A line of the image inside that of the frame: floats before it, of it, after it; floats of the image's line. */
typedef struct inset { size_t before, inside, after, line; } inset;

static inset inset_of(const bf_windows *w)
{
    const size_t channels = (size_t)w->g->in_channels, before = (size_t)w->g->pad_left * channels, line = (size_t)w->g->in_width * channels;
    const size_t inside = less(line, w->frame.line - before);
    return (inset){ before, inside, w->frame.line - before - inside, line };
}

const float *bf_windows_read(bf_windows *w, const float *in, size_t row, size_t rows)
{
    take_group(w, rows);
    const size_t top = (size_t)w->g->pad_top, tall = (size_t)w->g->in_height;
    const inset s = inset_of(w);
    in += row * tall * s.line;
    if (!w->frame.framed) return in;
    for (size_t r = 0; r < rows; r++, in += tall * s.line) {
        float *to = w->image + r * w->frame.sample;
        for (size_t y = 0; y < w->frame.height; y++, to += w->frame.line) {
            if (y < top || y >= top + tall) { memset(to, 0, w->frame.line * sizeof *to); continue; }
            memset(to, 0, s.before * sizeof *to);
            memcpy(to + s.before, in + (y - top) * s.line, s.inside * sizeof *to);
            memset(to + s.before + s.inside, 0, s.after * sizeof *to);
        }
    }
    return w->image;
}

/* Without frames what is there may be added to. */
float *bf_windows_gather(bf_windows *w, float *in, size_t row, size_t rows, bool adds)
{
    take_group(w, rows);
    float *at = w->frame.framed ? w->image : in + row * w->frame.sample;
    if (w->frame.framed || !adds) memset(at, 0, rows * w->frame.sample * sizeof *at);
    return at;
}

void bf_windows_give(const bf_windows *w, float *in, size_t row, bool adds)
{
    const size_t top = (size_t)w->g->pad_top, tall = (size_t)w->g->in_height;
    const inset s = inset_of(w);
    if (!w->frame.framed) return;
    in += row * tall * s.line;
    for (size_t r = 0; r < w->samples; r++)
        for (size_t y = 0; y < tall; y++, in += s.line) {
            const float *from = w->image + r * w->frame.sample + (y + top) * w->frame.line + s.before;
            const size_t inside = y + top < w->frame.height ? s.inside : 0;
            for (size_t i = 0; adds && i < inside; i++) in[i] += from[i];
            if (adds) continue;
            memcpy(in, from, inside * sizeof *in);
            memset(in + inside, 0, (s.line - inside) * sizeof *in);
        }
}
