/* A number with a definition: one row describes one column of the log, of study.h5 and of the manual. */
#ifndef BF_BASE_COLUMN_H
#define BF_BASE_COLUMN_H
typedef struct bf_column {
    const char *name;           /* "rate": the dataset's name                          */
    const char *unit;           /* "nat", "1", "s"                                     */
    const char *long_name;      /* "KL of posterior from prior"                        */
    const char *definition;     /* formula, for measures; NULL for plain columns       */
} bf_column;
#endif
