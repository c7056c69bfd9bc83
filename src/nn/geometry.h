/* How the windows of a convolution lie: one description for a convolution and for the transposed one that is its adjoint. */
#ifndef BF_NN_GEOMETRY_H
#define BF_NN_GEOMETRY_H
#include "nn/layers.h"

/* The convolution from in to out; of a transposed convolution: of its adjoint, so `out` is what it reads and `in` what it makes. */
typedef struct bf_geometry {
    int in_height, in_width, in_channels, out_height, out_width, out_channels, kernel, stride, pad_top, pad_left;
} bf_geometry;

/* Local. BF_E_INPUT, with a sentence that names the layer, when the window does not fit. */
BF_MUST_USE bf_status bf_geometry_conv(const bf_conv_spec *w, bf_shape in, int channels, const char *name, bf_geometry *out);
BF_MUST_USE bf_status bf_geometry_deconv(const bf_conv_spec *w, bf_shape in, int channels, const char *name, bf_geometry *out);
/* Of a node that bf_conv or bf_deconv added. */
bf_geometry bf_geometry_of(const bf_plan *p, const bf_node *n);
#endif
