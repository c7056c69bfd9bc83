/* The table of measures: numbers about a model, each with a definition. One file per row; columns of /metrics come from here. */
#ifndef BF_MEASURE_MEASURE_H
#define BF_MEASURE_MEASURE_H
#include "base/column.h"
#include "measure/evaluate.h"

#define BF_MAX_COLUMNS 12
typedef struct bf_measure_input {
    const bf_comm *team;
    const bf_vae_options *vae;
    const bf_measure_options *options;
    const bf_evaluation *evaluation;        /* of the split, rows kept */
    uint64_t seed;
    int width;                              /* entries of one sample */
    double unit;                            /* stored units per model unit: 255 for u8 data, 1 otherwise (bits per dim) */
} bf_measure_input;

typedef struct bf_measure {
    const char *name, *help;                /* "rd" */
    bf_column column[BF_MAX_COLUMNS];       /* ends with a NULL name */
    /* Collective over team; values (columns) are the same on every rank, NaN where undefined. */
    bf_status (*take)(const bf_measure_input *in, double *values);
} bf_measure;

const bf_measure *bf_measure_find(const char *name);
const bf_measure *bf_measure_row(int i);    /* NULL past the end */
extern const char *const bf_measure_names[];
/* Every column of the measures in `o`, in table order; returns how many. at (that many pointers) may be NULL. */
int bf_measure_columns(const bf_measure_options *o, const bf_column **at);
/* Collective. values (bf_measure_columns): takes every measure in `o` on one split. */
BF_MUST_USE bf_status bf_measure_take(const bf_measure_input *in, double *values);
/* Collective. s (latent): singular values, descending, of the split's posterior draws Z over sqrt(n), not centred. The same on every rank. */
BF_MUST_USE bf_status bf_spectrum(const bf_measure_input *in, double *s);
#endif
