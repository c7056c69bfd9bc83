/* Addressed random numbers: a draw is a pure function of what it is for (Philox4x32-10, key = seed), so ranks,
 * batch splits and restarts cannot change it. Nothing is ever consumed. */
#ifndef BF_BASE_RNG_H
#define BF_BASE_RNG_H
#include <stddef.h>
#include <stdint.h>

typedef enum bf_use {       /* append only: the values enter every result */
    BF_USE_INIT = 1,        /* initial weights; sample = hash of the tensor's name                  */
    BF_USE_SHUFFLE = 2,     /* an epoch's permutation; step = epoch                                 */
    BF_USE_EPS = 3,         /* posterior noise in training; step = training step                   */
    BF_USE_EPS_EVAL = 4,    /* posterior noise in evaluation; step = draw; + 16 * split             */
    BF_USE_PRIOR = 5,       /* samples from the prior                                               */
    BF_USE_SPLIT = 6,       /* which samples of one array are the test part                         */
    BF_USE_DATA = 7,        /* generators: what is shared by all samples (bases, rotations, weights) */
    BF_USE_DATA_SAMPLE = 8, /* generators: one sample; + 16 * split                                 */
    BF_USE_BINARIZE = 9,    /* static binarisation                                                  */
    BF_USE_MEASURE = 10,    /* reference draws of measures; step = a measure's own number           */
    BF_USE_NLL = 11,        /* importance samples of a likelihood; step = draw; + 16 * split        */
    BF_USE_BETA = 12,       /* the beta a sample is trained with; step = training step             */
    BF_USE_LABEL = 13       /* the training sample whose class a generated one has                  */
} bf_use;

/* Addresses are distinct for sample < 2^40 (or a hash), step < 2^36, use < 2^12; rng.c says how they are packed. Floats and doubles
 * of one address are made of the same bits: take one kind. */
typedef struct bf_draw { uint64_t seed; uint64_t step; uint64_t sample; uint32_t use; } bf_draw;

/* Local. out (n): entry j depends on the draw and j only. Uniforms lie in (0, 1), normals come from Box-Muller pairs. */
void bf_rng_normal(const bf_draw *d, float *restrict out, size_t n);
/* Local. The same for many samples: row i of out (rows, n) is the draw with .sample = samples[i]. */
void bf_rng_normal_rows(const bf_draw *d, const int64_t *samples, size_t rows, size_t n, float *restrict out);
void bf_rng_uniform(const bf_draw *d, float *restrict out, size_t n);
void bf_rng_normal64(const bf_draw *d, double *restrict out, size_t n);
void bf_rng_uniform64(const bf_draw *d, double *restrict out, size_t n);
/* Local. A permutation of 0..n-1 (Fisher-Yates on addressed 64-bit words). */
void bf_rng_permutation(const bf_draw *d, int64_t *out, int64_t n);
#endif
