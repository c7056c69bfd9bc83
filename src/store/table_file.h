/* A file of a few tables, a dataset for every column: curve.h5, align.h5. Written like study.h5: built in memory, published by rename, every
 * dataset with its meaning and checksum; the schema describes the columns. */
#ifndef BF_STORE_TABLE_FILE_H
#define BF_STORE_TABLE_FILE_H
#include "store/study_file.h"

typedef struct bf_table_column {
    const char    *name;            /* of a dataset that the schema describes */
    bf_column_type type;
    int            width;           /* TEXT: fixed length */
    void          *values;          /* (rows) int64_t, double, int8_t or char[width] */
} bf_table_column;

typedef struct bf_stored_table {
    const char *axis, *group;       /* "/curve", the scale that counts its rows; "curves": columns are /curves/<name> */
    int         rows;
    const bf_table_column *column; int n;
} bf_stored_table;

/* Local. Writes path through a temporary name that tag makes unique; attrs are the root's. */
BF_MUST_USE bf_status bf_table_file_write(const char *path, const char *tag, const bf_attr *attrs, int n_attrs, const bf_stored_table *tables, int n);
#endif
