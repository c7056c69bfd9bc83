/* Which way a convolution goes, and what the ways share. */
#include "nn/convolve_ways.h"
#include "nn/gemm.h"
#include "nn/gemm_tile.h"

/* Our own products where they are the fastest, a library's elsewhere. Windows that miss the image altogether would have to be made up. */
static const bf_convolve_way *way_of(const bf_geometry *g)
{
    return bf_gemm_beats_blas() && g->pad_top < g->kernel && g->pad_left < g->kernel ? &bf_convolve_direct : &bf_convolve_unfolded;
}

size_t bf_convolve_work(const bf_geometry *g, int rows) { return way_of(g)->work(g, rows); }

void bf_convolve(const bf_geometry *g, int rows, const float *in, const float *weight, float *out, bool adds, void *work)
{
    way_of(g)->forward(g, rows, in, weight, out, adds, work);
}

void bf_convolve_back(const bf_geometry *g, int rows, const float *out, const float *weight, float *in, bool adds, void *work)
{
    way_of(g)->back(g, rows, out, weight, in, adds, work);
}

void bf_convolve_weight(const bf_geometry *g, int rows, const float *in, const float *out, float *weight, bool adds, void *work)
{
    way_of(g)->weight(g, rows, in, out, weight, adds, work);
}

/* --- the order of weights ---------------------------------------------------------------------------------------- */

static size_t taps(const bf_geometry *g) { return (size_t)g->kernel * (size_t)g->kernel; }
static bool orders_agree(const bf_geometry *g) { return taps(g) == 1 || g->in_channels == 1; }

const float *bf_weight_by_position(const bf_geometry *g, const float *weight, float *to)
{
    const size_t channels = (size_t)g->in_channels, many = taps(g), entries = bf_geometry_entries(g);
    if (orders_agree(g)) return weight;
    for (size_t o = 0; o < (size_t)g->out_channels; o++) turn_all(weight + o * entries, many, many, channels, to + o * entries, channels);
    return to;
}

static void add_by_channel(size_t channels, size_t many, const float *from, float *to)
{
    for (size_t c = 0; c < channels; c++)
        for (size_t t = 0; t < many; t++) to[c * many + t] += from[t * channels + c];
}

void bf_weight_by_channel(const bf_geometry *g, const float *from, bool adds, float *weight)
{
    const size_t channels = (size_t)g->in_channels, many = taps(g), entries = bf_geometry_entries(g);
    for (size_t o = 0; o < (size_t)g->out_channels; o++, weight += entries, from += entries)
        if (adds) add_by_channel(channels, many, from, weight);
        else turn_all(from, channels, channels, many, weight, many);
}

/* --- windows ----------------------------------------------------------------------------------------------------- */

bf_span bf_span_of(int origin, int kernel, int side)
{
    const int first = origin >= 0 ? 0 : -origin < kernel ? -origin : kernel, last = side - origin < kernel ? side - origin : kernel;
    return (bf_span){ origin, first, last < first ? first : last };
}

static double taps_inside(int in, int out, int kernel, int stride, int pad)
{
    double sum = 0.0;
    for (int o = 0; o < out; o++) {
        const bf_span s = bf_span_of(o * stride - pad, kernel, in);
        sum += s.last - s.first;
    }
    return sum;
}

double bf_convolve_products(const bf_geometry *g, int rows)
{
    return taps_inside(g->in_height, g->out_height, g->kernel, g->stride, g->pad_top) *
           taps_inside(g->in_width, g->out_width, g->kernel, g->stride, g->pad_left) * rows * g->in_channels * g->out_channels;
}
