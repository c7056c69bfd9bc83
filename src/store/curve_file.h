/* curve.h5: rate-distortion curves as two tables, one row per curve and one per point. Written like study.h5: built in memory, published
 * by rename, every dataset with its meaning and checksum; the schema describes the columns. */
#ifndef BF_STORE_CURVE_FILE_H
#define BF_STORE_CURVE_FILE_H
#include "store/study_file.h"

typedef struct bf_curve_column {
    const char    *name;            /* of a dataset that the schema describes */
    bf_column_type type;
    int            width;           /* TEXT: fixed length */
    void          *values;          /* (rows) int64_t, double, int8_t or char[width] */
} bf_curve_column;

typedef struct bf_curve_tables {
    const bf_attr *attrs; int n_attrs;                      /* of the root */
    int curves, points;                                     /* rows */
    const bf_curve_column *curve; int n_curve;              /* /curves/<name> */
    const bf_curve_column *point; int n_point;              /* /points/<name> */
} bf_curve_tables;

/* Local. Writes path through a temporary name that tag makes unique. */
BF_MUST_USE bf_status bf_curve_file_write(const char *path, const char *tag, const bf_curve_tables *t);
#endif
