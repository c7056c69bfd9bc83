/* The shape of a value: rows of NHWC blocks; a dense feature vector is (rows, 1, 1, channels). */
#ifndef BF_NN_SHAPE_H
#define BF_NN_SHAPE_H
#include <stddef.h>
typedef struct bf_shape { int rows, height, width, channels; } bf_shape;
static inline bf_shape bf_shape_flat(int rows, int cols) { return (bf_shape){ rows, 1, 1, cols }; }
static inline size_t bf_shape_cols(bf_shape s) { return (size_t)s.height * (size_t)s.width * (size_t)s.channels; }
static inline size_t bf_shape_count(bf_shape s) { return (size_t)s.rows * bf_shape_cols(s); }
#endif
