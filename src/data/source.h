/* The table of data sources: a row describes what it would give and fills ranges of samples. One file per row. */
#ifndef BF_DATA_SOURCE_H
#define BF_DATA_SOURCE_H
#include "data/dataset.h"

typedef struct bf_rows {        /* where a source writes samples first .. first+count-1 of one part */
    bf_split split;
    int64_t  first, count;
    void    *x;                 /* (count, width), stored type */
    int32_t *labels;            /* (count) or NULL */
    float   *factors;           /* (count, factors) or NULL */
    float   *clean;             /* (count, width) or NULL */
} bf_rows;

typedef struct bf_source {
    const char *name, *help;
    bool generator;             /* needs no file: data.train and data.test default to numbers, not to "all" */
    bool unbounded;             /* values may lie anywhere: known before they are made */
    bool by_factor;             /* data.label: values of a factor may be its classes */
    /* Local. Shape, rows, type; reads headers only (and through what is compressed, whose size nothing else tells). */
    bf_status (*describe)(const bf_data_options *o, bf_data_info *info);
    /* Local. What all samples share (bases, weights, an open and checked file); *state belongs to the caller: close(). */
    bf_status (*open)(const bf_data_options *o, const bf_data_info *info, void **state);
    bf_status (*fill)(void *state, const bf_data_options *o, const bf_data_info *info, const bf_rows *rows);
    void (*close)(void *state);
} bf_source;

/* One file per row of the table. */
extern const bf_source bf_source_patches, bf_source_gaussian, bf_source_manifold, bf_source_lowrank, bf_source_bumps,
                       bf_source_sprites, bf_source_digits, bf_source_idx, bf_source_cifar10, bf_source_npy, bf_source_hdf5;

const bf_source *bf_source_find(const char *name);          /* NULL when there is none */
const bf_source *const *bf_source_table(int *count);
extern const char *const bf_source_names[];                 /* NULL-terminated, for the table of keys */

size_t bf_stored_size(bf_stored stored);
/* Local. Sets dims, shape and width; BF_E_FORMAT (naming `what`) when a side is not positive or a sample has more than 2^24 entries. */
BF_MUST_USE bf_status bf_info_shape(bf_data_info *info, const char *what, int dims, const int64_t *shape);
/* Local. The destinations of rows skip .. skip+count-1 of r. */
bf_rows bf_rows_part(const bf_data_info *info, const bf_rows *r, int64_t skip, int64_t count);
#endif
