/* The description every table of study.h5 and configs/ shares; outputs/README.md is printed from the same rows. */
#ifndef BF_STORE_SCHEMA_H
#define BF_STORE_SCHEMA_H
#include <stdio.h>

#include "base/column.h"
#include "store/result.h"

#define BF_SCHEMA_VERSION 1

/* An attribute: exactly one of text (type 's'), real ('f') or integer ('i') counts. */
typedef struct bf_attr { char name[64]; char type; const char *text; double real; int64_t integer; } bf_attr;

typedef struct bf_schema {                  /* what the tables' columns are; the same for all configurations of a study */
    int n_metrics, n_history;
    const bf_column *metrics, *history;
    int n_betas;                            /* of /beta_grid; 0: no configuration is conditioned on beta */
    const double *betas;
} bf_schema;

/* One object, or all that a pattern ('*' stands for one name) describes. */
typedef struct bf_object {
    const char *path;           /* "/sweep/status", or a pattern such as "/data/labels/ *" without its blank */
    const char *dims;           /* "sample latent"; "" for a scalar, NULL for groups and links */
    const char *type;           /* "f32", "S208", "group", "link" */
    const char *unit, *long_name;
    const char *meaning;        /* longer, for the manual; may be NULL */
} bf_object;
/* The row that describes path; NULL when there is none. */
const bf_object *bf_schema_find(const char *path);
/* Every object as a Markdown page; outputs/README.md is its output. metrics and history come from the schema. */
void bf_schema_print(const bf_schema *schema, FILE *to);
#endif
