/* The matrix and the constant of an affine decoder, found by decoding: whatever layers it is made of, and with what it is told of beta just then. */
#ifndef BF_MEASURE_AFFINE_H
#define BF_MEASURE_AFFINE_H
#include "measure/evaluator.h"

/* Local. Hands over every column j of the matrix (width, latent), in order; column (width) is the caller's and is reused. */
void bf_affine_columns(bf_evaluator *e, const float *theta, double *column, void (*take)(void *self, int j, const double *column), void *self);
/* Local. centre (width): what z = 0 is decoded to, with a class where the model is told one. */
void bf_affine_centre(bf_evaluator *e, const float *theta, int label, double *centre);
#endif
