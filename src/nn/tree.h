/* The fixed order of every sum over lanes: ((0+1)+(2+3))+... ; counts are powers of two. */
#ifndef BF_NN_TREE_H
#define BF_NN_TREE_H
#include <stddef.h>
/* v (lanes, n): the result lands in the first row; the others are overwritten (those added on the way). */
void bf_tree_f32(float *v, int lanes, size_t n);
void bf_tree_f64(double *v, int lanes, size_t n);
/* The same sum of one number per lane, v[0], v[stride], ..., which stay as they are. */
double bf_tree_strided(const double *v, size_t stride, int lanes);
#endif
