/* From sums over a split to nats: which variance a distortion is charged with, and what it is then. */
#ifndef BF_MEASURE_ACCOUNTING_H
#define BF_MEASURE_ACCOUNTING_H
#include <stdbool.h>
#include "measure/evaluator.h"

/* The log-variance of a pass: the one given, or the one theta holds; NaN: it has to be refitted to this very pass. */
double bf_accounting_log_variance(const bf_evaluator *e, const float *theta, bf_split split, double given);
/* Fills rate, distortion, its error, its values under other variances, mse, variance, counts and the refitted log_variance of `out`, whose samples and
 * log_variance are set, from the record `total`. exact: the fit is an expectation, not a draw. draws: per sample. */
void bf_accounting_fill(const bf_evaluator *e, const double *total, bool exact, bf_evaluation *out);
#endif
