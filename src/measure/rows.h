/* The table's rows, one file each. */
#ifndef BF_MEASURE_ROWS_H
#define BF_MEASURE_ROWS_H
#include "measure/measure.h"
extern const bf_measure bf_measure_rd, bf_measure_active, bf_measure_mmd, bf_measure_spectrum, bf_measure_decomposition, bf_measure_nll,
                        bf_measure_collapse, bf_measure_traversal, bf_measure_alignment;
#endif
