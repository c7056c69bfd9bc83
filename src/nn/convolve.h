/* The three products of one convolution, f32: forward, back to its input, and to its weight. A convolution and the transposed one
 * that is its adjoint are made of the same three. */
#ifndef BF_NN_CONVOLVE_H
#define BF_NN_CONVOLVE_H
#include "nn/geometry.h"

/* In all of them: in (rows, in_height, in_width, in_channels); out (rows, out_height, out_width, out_channels); weight (out_channels,
 * in_channels, kernel, kernel); what is made is added to what is there, or written. work: bf_convolve_work() bytes. Nothing overlaps. */
void bf_convolve(const bf_geometry *g, int rows, const float *in, const float *weight, float *out, bool adds, void *work);
void bf_convolve_back(const bf_geometry *g, int rows, const float *out, const float *weight, float *in, bool adds, void *work);
void bf_convolve_weight(const bf_geometry *g, int rows, const float *in, const float *out, float *weight, bool adds, void *work);
size_t bf_convolve_work(const bf_geometry *g, int rows);
/* Multiply-adds of each, for all rows: the entries of windows that lie inside. */
double bf_convolve_products(const bf_geometry *g, int rows);
#endif
