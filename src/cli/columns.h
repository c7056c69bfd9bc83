/* The swept keys of a study as columns of a table that people read. */
#ifndef BF_CLI_COLUMNS_H
#define BF_CLI_COLUMNS_H
#include <stdbool.h>
#include "cli/text.h"
#include "study/study.h"

typedef struct bf_columns {
    const bf_study *study;          /* borrowed; NULL: no columns */
    const bf_key   *keys[BF_MAX_SWEPT];
    int             swept, shown;   /* all of them; those that fit */
    bool            brief;          /* headings are the last part of the path */
    bf_config      *config;
    char           *text;
} bf_columns;

/* Local. Chooses the columns that fit beside `fixed` characters of others. c belongs to the caller: bf_columns_close(). */
BF_MUST_USE bf_status bf_columns_open(const bf_study *s, int fixed, bf_columns *c);
void bf_columns_heading(const bf_columns *c, bf_table *t);
void bf_columns_row(const bf_columns *c, int index, bf_table *t);       /* index in sweep order */
void bf_columns_close(bf_columns *c);
#endif
