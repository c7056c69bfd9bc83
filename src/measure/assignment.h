/* The best way to pair two sets: every row of a matrix of weights with a column of its own, so that the sum of the weights is greatest. */
#ifndef BF_MEASURE_ASSIGNMENT_H
#define BF_MEASURE_ASSIGNMENT_H
#include "base/status.h"

/* Local. weight (rows, cols), finite, rows <= cols. of_row (rows): the column of each row. */
BF_MUST_USE bf_status bf_assignment_best(const double *weight, int rows, int cols, int *of_row);
#endif
