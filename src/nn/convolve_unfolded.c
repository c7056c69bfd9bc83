/* For products of a library: the windows of a block of positions are unfolded into the rows of a matrix, (positions, kernel x kernel x
 * channels), which is multiplied. Blocks bound the memory and depend on the geometry alone, since products change bits with the number of
 * rows in a call. In NHWC a window is `kernel` pieces of adjacent memory, so unfolding copies whole pieces. */
#include "nn/convolve_ways.h"
#include "nn/gemm.h"
#include <string.h>

enum { BLOCK_ENTRIES = 1 << 17, LEAST_BLOCK = 128, MOST_BLOCK = 4096 };

static size_t size_min(size_t a, size_t b) { return a < b ? a : b; }
static size_t size_max(size_t a, size_t b) { return a > b ? a : b; }
static size_t positions_of(const bf_geometry *g, int rows) { return (size_t)rows * bf_geometry_positions(g); }
static size_t weight_entries(const bf_geometry *g) { return bf_geometry_entries(g) * (size_t)g->out_channels; }

/* A window is one position: the input is the matrix. */
static bool is_pointwise(const bf_geometry *g) { return g->kernel == 1 && g->stride == 1 && g->pad_top == 0 && g->pad_left == 0; }

/* Positions whose windows stay in the cache together, but enough of them that weights are not read too often. */
static size_t block_of(const bf_geometry *g, int rows)
{
    const size_t fit = BLOCK_ENTRIES / bf_geometry_entries(g), block = fit < LEAST_BLOCK ? LEAST_BLOCK : size_min(fit, MOST_BLOCK);
    return size_min(block, positions_of(g, rows));
}

/* (out_channels, kernel, kernel, in_channels); (block, window entries); what products want. */
typedef struct scratch { float *weight, *windows; void *product; } scratch;

static size_t padded(size_t floats) { return (floats + 15u) & ~(size_t)15u; }

static size_t windows_size(const bf_geometry *g, int rows) { return is_pointwise(g) ? 0 : padded(block_of(g, rows) * bf_geometry_entries(g)); }

static scratch scratch_of(const bf_geometry *g, int rows, void *work)
{
    float *weight = work, *windows = weight + padded(weight_entries(g));
    return (scratch){ weight, windows, windows + windows_size(g, rows) };
}

/* Of the three products over a block of that many positions. */
static size_t product_work(const bf_geometry *g, size_t positions)
{
    const int p = (int)positions, entries = (int)bf_geometry_entries(g), channels = g->out_channels;
    return size_max(bf_gemm_work(p, channels, entries), size_max(bf_gemm_work(p, entries, channels), bf_gemm_work(channels, entries, p)));
}

static size_t work_bytes(const bf_geometry *g, int rows)
{
    const size_t block = block_of(g, rows), rest = positions_of(g, rows) % block;
    return (padded(weight_entries(g)) + windows_size(g, rows)) * sizeof(float) +
           size_max(product_work(g, block), rest == 0 ? 0 : product_work(g, rest));
}

/* --- windows ----------------------------------------------------------------------------------------------------- */

typedef struct place { size_t row; bf_span y, x; } place;

static place place_of(const bf_geometry *g, size_t position)
{
    const size_t width = (size_t)g->out_width, height = (size_t)g->out_height;
    const int x = (int)(position % width), y = (int)(position / width % height);
    return (place){ position / (width * height), bf_span_of(y * g->stride - g->pad_top, g->kernel, g->in_height),
                    bf_span_of(x * g->stride - g->pad_left, g->kernel, g->in_width) };
}

/* Where the piece of window line ky that lies inside starts in the input. */
static size_t piece_of(const bf_geometry *g, const place *at, int ky)
{
    const size_t line = at->row * (size_t)g->in_height + (size_t)(at->y.origin + ky);
    return (line * (size_t)g->in_width + (size_t)(at->x.origin + at->x.first)) * (size_t)g->in_channels;
}

static void unfold(const bf_geometry *g, const float *in, size_t first, size_t count, float *windows)
{
    const size_t channels = (size_t)g->in_channels, line = (size_t)g->kernel * channels;
    for (size_t p = first; p < first + count; p++) {
        const place at = place_of(g, p);
        const size_t before = (size_t)at.x.first * channels, inside = (size_t)(at.x.last - at.x.first) * channels;
        for (int ky = 0; ky < g->kernel; ky++, windows += line) {
            if (ky < at.y.first || ky >= at.y.last || inside == 0) { memset(windows, 0, line * sizeof *windows); continue; }
            memset(windows, 0, before * sizeof *windows);
            memcpy(windows + before, in + piece_of(g, &at, ky), inside * sizeof *windows);
            memset(windows + before + inside, 0, (line - before - inside) * sizeof *windows);
        }
    }
}

/* The adjoint: windows are added to where they came from, in the order of positions. */
static void fold(const bf_geometry *g, const float *windows, size_t first, size_t count, float *in)
{
    const size_t channels = (size_t)g->in_channels, line = (size_t)g->kernel * channels;
    for (size_t p = first; p < first + count; p++, windows += bf_geometry_entries(g)) {
        const place at = place_of(g, p);
        const size_t before = (size_t)at.x.first * channels, inside = (size_t)(at.x.last - at.x.first) * channels;
        for (int ky = at.y.first; inside > 0 && ky < at.y.last; ky++) {
            const float *restrict from = windows + (size_t)ky * line + before;
            float *restrict to = in + piece_of(g, &at, ky);
            for (size_t i = 0; i < inside; i++) to[i] += from[i];
        }
    }
}

/* --- products ---------------------------------------------------------------------------------------------------- */

static const float *windows_at(const bf_geometry *g, const float *in, size_t first, size_t count, float *windows)
{
    if (is_pointwise(g)) return in + first * bf_geometry_entries(g);
    unfold(g, in, first, count, windows);
    return windows;
}

/* (rows, cols) as it lies in memory, and turned. */
static bf_operand plain(const float *at, size_t cols) { return (bf_operand){ at, cols, 1 }; }
static bf_operand turned(const float *at, size_t cols) { return (bf_operand){ at, 1, cols }; }

static void forward(const bf_geometry *g, int rows, const float *in, const float *weight, float *out, bool adds, void *work)
{
    const scratch s = scratch_of(g, rows, work);
    const size_t positions = positions_of(g, rows), block = block_of(g, rows), entries = bf_geometry_entries(g), channels = (size_t)g->out_channels;
    const float *w = bf_weight_by_position(g, weight, s.weight);
    for (size_t p = 0; p < positions; p += block) {
        const size_t count = size_min(block, positions - p);
        const float *windows = windows_at(g, in, p, count, s.windows);
        bf_gemm((int)count, (int)channels, (int)entries, plain(windows, entries), turned(w, entries), adds, out + p * channels, s.product);
    }
}

static void back(const bf_geometry *g, int rows, const float *out, const float *weight, float *in, bool adds, void *work)
{
    const scratch s = scratch_of(g, rows, work);
    const size_t positions = positions_of(g, rows), block = block_of(g, rows), entries = bf_geometry_entries(g), channels = (size_t)g->out_channels;
    const float *w = bf_weight_by_position(g, weight, s.weight);
    const bool direct = is_pointwise(g);
    if (!adds && !direct) memset(in, 0, (size_t)rows * (size_t)g->in_height * (size_t)g->in_width * (size_t)g->in_channels * sizeof *in);
    for (size_t p = 0; p < positions; p += block) {
        const size_t count = size_min(block, positions - p);
        float *windows = direct ? in + p * entries : s.windows;
        bf_gemm((int)count, (int)entries, (int)channels, plain(out + p * channels, channels), plain(w, entries), direct && adds, windows, s.product);
        if (!direct) fold(g, windows, p, count, in);
    }
}

static void weight_gradient(const bf_geometry *g, int rows, const float *in, const float *out, float *weight, bool adds, void *work)
{
    const scratch s = scratch_of(g, rows, work);
    const size_t positions = positions_of(g, rows), block = block_of(g, rows), entries = bf_geometry_entries(g), channels = (size_t)g->out_channels;
    for (size_t p = 0; p < positions; p += block) {
        const size_t count = size_min(block, positions - p);
        const float *windows = windows_at(g, in, p, count, s.windows);
        bf_gemm((int)channels, (int)entries, (int)count, turned(out + p * channels, channels), plain(windows, entries), p > 0, s.weight, s.product);
    }
    bf_weight_by_channel(g, s.weight, adds, weight);
}

const bf_convolve_way bf_convolve_unfolded = { work_bytes, forward, back, weight_gradient };
