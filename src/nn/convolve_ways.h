/* The ways a convolution's products are made, and what they share. Private to convolve*.c. */
#ifndef BF_NN_CONVOLVE_WAYS_H
#define BF_NN_CONVOLVE_WAYS_H
#include "nn/convolve.h"

/* As convolve.h describes them. */
typedef struct bf_convolve_way {
    size_t (*work)(const bf_geometry *g, int rows);
    void (*forward)(const bf_geometry *g, int rows, const float *in, const float *weight, float *out, bool adds, void *work);
    void (*back)(const bf_geometry *g, int rows, const float *out, const float *weight, float *in, bool adds, void *work);
    void (*weight)(const bf_geometry *g, int rows, const float *in, const float *out, float *weight, bool adds, void *work);
} bf_convolve_way;
extern const bf_convolve_way bf_convolve_direct, bf_convolve_unfolded;

/* Of a sample; of a window, (kernel, kernel, in_channels). */
static inline size_t bf_geometry_positions(const bf_geometry *g) { return (size_t)g->out_height * (size_t)g->out_width; }
static inline size_t bf_geometry_entries(const bf_geometry *g) { return (size_t)g->kernel * (size_t)g->kernel * (size_t)g->in_channels; }

/* The taps [first, last) of a window that starts at `origin` and lie inside a side. */
typedef struct bf_span { int origin, first, last; } bf_span;
bf_span bf_span_of(int origin, int kernel, int side);

/* Windows have channels innermost, weights in PyTorch's order outermost. Returns the weight itself where that is the same. */
const float *bf_weight_by_position(const bf_geometry *g, const float *weight, float *to);
void bf_weight_by_channel(const bf_geometry *g, const float *from, bool adds, float *weight);
#endif
