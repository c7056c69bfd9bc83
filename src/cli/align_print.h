/* Alignments as tables for people, as JSON and as CSV. */
#ifndef BF_CLI_ALIGN_PRINT_H
#define BF_CLI_ALIGN_PRINT_H
#include <stdio.h>
#include "cli/align_set.h"

BF_MUST_USE bf_status bf_align_print_text(const bf_align_members *m, const bf_align_set *s, int split, FILE *to);
/* One object: split, families and pairs, a member per column. */
void bf_align_print_json(const bf_align_set *s, int split, FILE *to);
/* A row per pair: the family's folder, study and label, then every column of the pair. What is absent is empty. */
void bf_align_print_csv(const bf_align_set *s, FILE *to);
#endif
