/* One strict reader of command lines. A command declares its options in a table; the table reads argv and prints the help. */
#ifndef BF_CLI_ARGS_H
#define BF_CLI_ARGS_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/status.h"

#define BF_MAX_TEXTS 256
typedef struct bf_texts { int count; const char *at[BF_MAX_TEXTS]; } bf_texts;      /* borrowed from argv */

typedef enum bf_option_type {
    BF_OPTION_FLAG,         /* bool                                         */
    BF_OPTION_TEXT,         /* const char *                                 */
    BF_OPTION_TEXTS,        /* bf_texts: may be repeated                    */
    BF_OPTION_INT,          /* int64_t, at least `least`                    */
    BF_OPTION_REAL,         /* double, finite                               */
    BF_OPTION_PLACE,        /* const char *: a positional argument          */
    BF_OPTION_PLACE_MAY,    /* the same, may be left out                    */
    BF_OPTION_PLACES        /* bf_texts: one or more, after all others      */
} bf_option_type;

typedef struct bf_option {
    const char    *name;    /* "--ranks", "-o"; a place's name is its value's: "INPUT.yaml". NULL ends the table */
    const char    *value;   /* what the help calls its value: "N"; NULL for flags and places */
    bf_option_type type;
    size_t         offset;  /* where it goes in the command's own struct, which holds the defaults before */
    int64_t        least;
    const char    *help;
} bf_option;

/* Local. Reads argv[1..argc) into `to`: --name VALUE, --name=VALUE, places in the table's order, `--` before places that begin with a dash.
 * BF_E_USAGE names what is wrong and, for an unknown option, the nearest one. */
BF_MUST_USE bf_status bf_args_read(const bf_option *options, int argc, char **argv, void *to);
/* The table as aligned lines. */
void bf_args_help(const bf_option *options, FILE *to);
#endif
