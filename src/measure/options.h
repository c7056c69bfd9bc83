/* measure.*: which numbers are taken of a trained model. */
#ifndef BF_MEASURE_OPTIONS_H
#define BF_MEASURE_OPTIONS_H
#include "data/options.h"
#define BF_MAX_MEASURES 16
typedef struct bf_measure_options {
    int     count;
    char    name[BF_MAX_MEASURES][BF_NAME];     /* rows of the measure table, in table order */
    int64_t rd_samples;                         /* posterior draws per sample for the distortion */
    int64_t nll_samples, nll_rows;              /* importance samples per data sample; data samples of each split, -1: all */
    int64_t traversal_bases;                    /* posterior means from which every latent is swept */
} bf_measure_options;
#endif
