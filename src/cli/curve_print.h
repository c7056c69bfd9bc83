/* Rate-distortion curves as tables for people, as JSON and as CSV. */
#ifndef BF_CLI_CURVE_PRINT_H
#define BF_CLI_CURVE_PRINT_H
#include <stdio.h>
#include "cli/curve_set.h"

typedef struct bf_curve_about { const char *split, *distortion; } bf_curve_about;

BF_MUST_USE bf_status bf_curve_print_text(const bf_curve_points *p, const bf_curve_set *s, const bf_curve_about *about, FILE *to);
/* One object: split, distortion, corner, curves and points, a member per column. */
void bf_curve_print_json(const bf_curve_set *s, const bf_curve_about *about, FILE *to);
/* A row per point: the curve's folder, study and label, then every column of the point. What is absent is empty. */
void bf_curve_print_csv(const bf_curve_set *s, FILE *to);
#endif
