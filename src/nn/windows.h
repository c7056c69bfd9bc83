/* Where the windows of a convolution lie in memory. With a frame of zeros around the image every window is whole, and entry e of a window lies at
 * start + offset[e]: so windows are a matrix without being copied. Of windows that an edge cuts is known what lies inside. Private to
 * convolve_direct.c. */
#ifndef BF_NN_WINDOWS_H
#define BF_NN_WINDOWS_H
#include "nn/convolve_ways.h"
#include "nn/gemm_tile.h"

enum { BLOCK = 33 * TALL };                 /* windows of a block, so few that what they touch stays near */
enum { CUTS = 5 };                          /* ways in which edges cut the windows along one side, "not at all" being the first */

/* An image with its frame, in memory: lines of it, floats from one to the next and from a sample to the next. `framed` is false where the image itself will do. */
typedef struct frame { size_t height, line, sample; bool framed; } frame;

/* Some entries of windows, or some windows: where they lie, and which rows of a panel are theirs. */
typedef struct list { size_t count; const size_t *at, *number; } list;

/* Entries that an edge leaves of a window, and how many of them have a number below 0, WIDE, 2 WIDE, ... */
typedef struct whole_or_cut { list all; const size_t *below; } whole_or_cut;

/* The spans that edges leave of windows along one side. */
typedef struct cuts { size_t count; bf_span span[CUTS]; } cuts;

/* A tile: `tall` windows from `first` of the group on, of one cut or of several, which then count as whole. */
typedef struct band { size_t first, tall, cut; } band;

/* Windows of a group, from `first` on, which are so many tiles. */
typedef struct block { size_t first, count; const band *band; size_t bands; } block;

/* Samples go in groups, and the windows at one position of a group's samples stand one after the other, so that those of a tile are cut alike. Where that
 * does not pay a sample is a group, and windows count as whole. */
typedef struct bf_windows {
    const bf_geometry *g;
    frame  frame;
    size_t positions, entries;              /* of a sample, of a window */
    size_t group, cells;                    /* samples of a group, positions of a block: they depend on the geometry alone, */
    size_t most;                            /* samples of a group that there are */
    cuts   y, x;
    whole_or_cut inside[CUTS * CUTS];       /* (cut along y, cut along x) */
    size_t samples;                         /* what follows is about a group of so many; all (most, positions) */
    size_t *start, *place;                  /* of a window in the image, in the output */
    band   *band;
    size_t *some;                           /* (2, BLOCK) windows of a block */
    float  *image;                          /* (most, frame) */
} bf_windows;

/* Without memory yet; bf_windows_bytes() of it, 64-byte aligned, make it ready. */
bf_windows bf_windows_of(const bf_geometry *g, size_t rows);
size_t bf_windows_bytes(const bf_windows *w);
void bf_windows_place(bf_windows *w, void *memory);

/* Entries of a cut numbered from `first` on, a multiple of WIDE, up to and without `end`, such a multiple or the end of the window. */
static inline list bf_windows_part(const bf_windows *w, size_t cut, size_t first, size_t end)
{
    const whole_or_cut *c = &w->inside[cut];
    const size_t from = c->below[first / WIDE], to = c->below[(end + WIDE - 1) / WIDE];
    return (list){ to - from, c->all.at + from, c->all.number + from };
}

/* The windows of `samples` samples from row `row` of `in` on, with their frames; of what is to be added to windows, where it is gathered. */
const float *bf_windows_read(bf_windows *w, const float *in, size_t row, size_t samples);
float *bf_windows_gather(bf_windows *w, float *in, size_t row, size_t samples, bool adds);
/* What was gathered goes to `in`. What no window reached is 0. */
void bf_windows_give(const bf_windows *w, float *in, size_t row, bool adds);

/* The blocks of such a group: the first window of the next one is `first` + w->samples * w->cells. */
block bf_windows_block(const bf_windows *w, size_t first);
/* The windows of a block that have tap (ky, kx) inside; valid until the next call. */
list bf_windows_with(const bf_windows *w, block b, int ky, int kx);
#endif
