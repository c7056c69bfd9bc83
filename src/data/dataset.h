/* The samples of one data set: a training and a test part, one copy per node in their stored type, converted row by row. */
#ifndef BF_DATA_DATASET_H
#define BF_DATA_DATASET_H
#include <stddef.h>
#include <stdint.h>
#include "comm/comm.h"
#include "data/options.h"

typedef enum bf_split { BF_TRAIN, BF_TEST, BF_SPLITS } bf_split;
typedef enum bf_stored { BF_STORED_U8, BF_STORED_F32 } bf_stored;

typedef struct bf_data_info {
    int64_t   rows[BF_SPLITS];
    int       dims, shape[3];           /* of one sample: (width) or (height, width) or (height, width, channels) */
    int       width;                    /* product of shape: what a model sees */
    bf_stored stored;
    int       labels;                   /* number of classes, 0 without labels */
    int       factors;                  /* columns of factors, 0 without */
    bool      clean;                    /* a clean part of every sample is kept (lowrank) */
    /* known once the data set is open: */
    double    minimum, maximum;         /* in model units, over both parts */
    double    variance;                 /* per-entry variance of the training part about its mean image, model units */
    double    scale, shift;             /* model units = stored * scale + shift */
    uint64_t  hash;                     /* of stored bytes, labels and factors */
} bf_data_info;

typedef struct bf_dataset bf_dataset;

/* Local. Sizes, types and readability from headers alone; trusts no size a file claims beyond what the file holds. */
BF_MUST_USE bf_status bf_dataset_inspect(const bf_data_options *o, bf_data_info *out);
/* Collective over world. node: the ranks of world that share memory. On success *out belongs to the caller: bf_dataset_close(). */
BF_MUST_USE bf_status bf_dataset_open(const bf_comm *world, const bf_comm *node, const bf_data_options *o, bf_dataset **out);
const bf_data_info *bf_dataset_info(const bf_dataset *ds);
/* Local. Copies rows idx[0..n) in model units into x (n, width). */
void bf_dataset_rows(const bf_dataset *ds, bf_split split, const int64_t *idx, int n, float *restrict x);
/* Local. Rows first .. first+n-1. */
void bf_dataset_block(const bf_dataset *ds, bf_split split, int64_t first, int n, float *restrict x);
const void    *bf_dataset_stored(const bf_dataset *ds, bf_split split);     /* (rows, width) in the stored type */
const int32_t *bf_dataset_labels(const bf_dataset *ds, bf_split split);     /* (rows) or NULL */
const float   *bf_dataset_factors(const bf_dataset *ds, bf_split split);    /* (rows, factors) or NULL */
const float   *bf_dataset_clean(const bf_dataset *ds, bf_split split);      /* (rows, width) or NULL */
void bf_dataset_close(bf_dataset **ds);             /* Collective over node. */
#endif
