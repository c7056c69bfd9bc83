/* Columns of the tables that commands make: what HDF5, CSV and JSON files and the printed tables are written from. */
#ifndef BF_CLI_TABLE_COLUMNS_H
#define BF_CLI_TABLE_COLUMNS_H
#include <stdbool.h>
#include <stdio.h>

#include "store/table_file.h"

typedef struct bf_column_kind { const char *name; bf_column_type type; } bf_column_kind;

/* Local. n columns of `rows` zeros; texts have `width` bytes with their NUL. What is made belongs to the caller, also when it fails. */
BF_MUST_USE bf_status bf_table_columns_make(const bf_column_kind *kinds, int n, int rows, int width, bf_table_column *out);
void bf_table_columns_free(bf_table_column *c, int n);

static inline double  *bf_column_reals(const bf_table_column *c) { return (double *)c->values; }
static inline int64_t *bf_column_integers(const bf_table_column *c) { return (int64_t *)c->values; }
static inline int8_t  *bf_column_flags(const bf_table_column *c) { return (int8_t *)c->values; }
/* text fits the column's width with its NUL. */
void bf_column_put_text(const bf_table_column *c, int row, const char *text);

static inline double      bf_column_real(const bf_table_column *c, int row) { return bf_column_reals(c)[row]; }
static inline long long   bf_column_integer(const bf_table_column *c, int row) { return bf_column_integers(c)[row]; }
static inline bool        bf_column_flag(const bf_table_column *c, int row) { return bf_column_flags(c)[row] != 0; }
static inline const char *bf_column_text(const bf_table_column *c, int row) { return (const char *)c->values + (size_t)row * (size_t)c->width; }

/* `"name": [{"column": value, ...}, ...]`: an object for every row; what is not finite is null. */
void bf_table_json(const char *name, const bf_table_column *c, int n, int rows, FILE *to);
/* A head and `rows` lines of a table's n columns, behind the first `names` columns of the group that a row belongs to, by its column `of`. What is not
 * finite is empty. */
void bf_table_csv(const bf_table_column *group, int names, const bf_table_column *c, int n, int of, int rows, FILE *to);
#endif
