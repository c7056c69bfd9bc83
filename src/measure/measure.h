/* The table of measures: numbers about a model, each with a definition. One file per row; columns of /metrics come from here. */
#ifndef BF_MEASURE_MEASURE_H
#define BF_MEASURE_MEASURE_H
#include "base/array.h"
#include "base/column.h"
#include "measure/evaluate.h"

#define BF_MAX_COLUMNS 16
typedef struct bf_measure_input {
    const bf_comm *team;
    const bf_vae_options *vae;
    const bf_measure_options *options;
    const bf_evaluation *evaluation;        /* of the split, rows kept */
    uint64_t seed;
    int width;                              /* entries of one sample */
    double unit;                            /* stored units per model unit: 255 for u8 data, 1 otherwise (bits per dim) */
    bool   integers;                        /* stored values are whole numbers: what has a density has a probability, too */
    /* The model itself, for measures that run it again; evaluator NULL: their values are NaN. */
    bf_evaluator *evaluator;
    const float  *theta;
    bf_split      split;
    /* Local. Takes a copy of what a measure leaves beside its columns: a->name is its path under the configuration's group. NULL: not wanted. */
    bf_status (*keep)(void *self, const bf_array *a);
    void *keep_self;
} bf_measure_input;

/* What a measure costs on a split, before anything is trained. */
typedef struct bf_measure_work {
    bf_vae_purpose plan;                    /* what it runs: DECODE, which the evaluator has, or a plan of its own that it holds meanwhile */
    double         rows;                    /* through that plan; 0: none */
    double         terms;                   /* that it sums besides: exponentials, and what takes about as long */
} bf_measure_work;

typedef struct bf_measure {
    const char *name, *help;                /* "rd" */
    bf_column column[BF_MAX_COLUMNS];       /* ends with a NULL name */
    /* Collective over team; values (columns) are the same on every rank, NaN where undefined. */
    bf_status (*take)(const bf_measure_input *in, double *values);
    /* Local. For a split of so many samples; NULL: next to nothing. */
    bf_measure_work (*work)(const bf_vae_options *vae, const bf_measure_options *o, int64_t samples);
    bool closed;                            /* next to nothing where the decoder is affine: it has a closed form there */
} bf_measure;

const bf_measure *bf_measure_find(const char *name);
const bf_measure *bf_measure_row(int i);    /* NULL past the end */
extern const char *const bf_measure_names[];
bool bf_measure_chosen(const bf_measure_options *o, const char *name);
/* Every column of the measures in `o`, in table order; returns how many. at (that many pointers) may be NULL. */
int bf_measure_columns(const bf_measure_options *o, const bf_column **at);
/* Collective. values (bf_measure_columns): takes every measure in `o` on one split. BF_E_STOPPED as bf_evaluator_on_block() has it. */
BF_MUST_USE bf_status bf_measure_take(const bf_measure_input *in, double *values);
/* Collective, for the rows. Hands the same array of every rank to in->keep. */
BF_MUST_USE bf_status bf_measure_keep(const bf_measure_input *in, const bf_array *a);
/* Collective. s (latent): singular values, descending, of the split's posterior draws Z over sqrt(n), not centred. The same on every rank. */
BF_MUST_USE bf_status bf_spectrum(const bf_measure_input *in, double *s);
#endif
