/* The description every table of study.h5 and configs/ shares; outputs/README.md is printed from the same rows. */
#ifndef BF_STORE_SCHEMA_H
#define BF_STORE_SCHEMA_H
#include "base/column.h"
#include "store/result.h"

#define BF_SCHEMA_VERSION 1

/* An attribute: exactly one of text (type 's'), real ('f') or integer ('i') counts. */
typedef struct bf_attr { char name[64]; char type; const char *text; double real; int64_t integer; } bf_attr;

typedef struct bf_schema {                  /* what the tables' columns are; the same for all configurations of a study */
    int n_metrics, n_history;
    const bf_column *metrics, *history;
} bf_schema;
#endif
