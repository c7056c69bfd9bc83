/* data.*: which samples a study trains on. One struct per concern; the study's table of keys points into it. */
#ifndef BF_DATA_OPTIONS_H
#define BF_DATA_OPTIONS_H
#include <stdbool.h>
#include <stdint.h>

#define BF_NAME 32
#define BF_MAX_PATHS 12
#define BF_MAX_EIGENVALUES 1024

typedef struct bf_paths {           /* data.path: folder, file, list, or mapping role -> file */
    int  count;
    char role[BF_MAX_PATHS][16];    /* "" for a plain path; train, test, labels, ... in a mapping */
    char path[BF_MAX_PATHS][512];
} bf_paths;

typedef struct bf_f64_list { int count; double at[BF_MAX_EIGENVALUES]; } bf_f64_list;

typedef struct bf_data_options {
    char     source[BF_NAME];       /* a row of the source table */
    int64_t  train, test;           /* -1: all; for one array without a test part: 10 % */
    uint64_t seed;
    bf_paths path;
    char     dataset[64];           /* name inside an HDF5 file ("x") */
    int64_t  label;                 /* 0: the data's own; k: the values of the k-th factor, counted from 1, are the classes */
    char     binarize[BF_NAME];     /* none, threshold, static */
    char     scale[BF_NAME];        /* auto, none, minmax, standardize */
    struct { int64_t side, basis; double noise; char sources[BF_NAME]; } patches;
    struct { bf_f64_list eigenvalues; bool rotate, whiten_sample; } gaussian;
    struct { int64_t dimension, ambient, depth, width; double noise; } manifold;
    struct { int64_t rank, ambient; double outliers, magnitude; } lowrank;
    struct { int64_t side; double variance; } bumps;
    struct { int64_t side, shapes, scales, rotations, positions; } sprites;
    struct { int64_t side; double jitter; bool colour; } digits;
} bf_data_options;
#endif
