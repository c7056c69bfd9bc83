/* What people read: aligned tables, bytes and counts with units. */
#ifndef BF_CLI_TEXT_H
#define BF_CLI_TEXT_H
#include <stdint.h>
#include <stdio.h>
#include "base/status.h"

#define BF_TABLE_COLUMNS 64
#define BF_TABLE_CELL 28            /* bytes of a cell with its NUL; longer texts end in ... */
#define BF_TEXT_COLUMNS 100         /* a line is at most this wide */

typedef struct bf_table bf_table;
/* NULL when memory is short. align holds a letter per column: 'l' or 'r'. The table belongs to the caller: bf_table_destroy(). */
bf_table *bf_table_create(const char *align);
/* Appends a cell, row by row. A failed allocation is told by bf_table_print(). */
void bf_table_cell(bf_table *t, const char *format, ...) BF_PRINTF(2, 3);
/* Appends a number in a format for one; "-" when it is not finite. */
void bf_table_number(bf_table *t, const char *format, double v);
/* Prints columns padded to their widest cell, two blanks apart, indented by two. The first row is the heading. */
BF_MUST_USE bf_status bf_table_print(const bf_table *t, FILE *to);
void bf_table_destroy(bf_table **t);

/* "12.3 MiB", "1.9 M": at most 10 characters. */
void bf_human_bytes(double bytes, char out[24]);
void bf_human_count(double n, char out[24]);
/* Prints text in lines of at most BF_TEXT_COLUMNS, broken at blanks, each indented. */
void bf_print_wrapped(const char *text, int indent, FILE *to);
/* text in quotes, escaped, as JSON. */
void bf_json_text(const char *text, FILE *to);
#endif
