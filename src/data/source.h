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
    /* Local. Shape, rows, type; reads headers only. */
    bf_status (*describe)(const bf_data_options *o, bf_data_info *info);
    /* Local. What all samples share (bases, weights, an open and checked file); *state belongs to the caller: close(). */
    bf_status (*open)(const bf_data_options *o, const bf_data_info *info, void **state);
    bf_status (*fill)(void *state, const bf_data_options *o, const bf_data_info *info, const bf_rows *rows);
    void (*close)(void *state);
} bf_source;

const bf_source *bf_source_find(const char *name);          /* NULL when there is none */
const bf_source *const *bf_source_table(int *count);
extern const char *const bf_source_names[];                 /* NULL-terminated, for the table of keys */
#endif
