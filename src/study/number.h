/* Numbers as the strict subset of YAML writes them: no leading zeros, no nan or inf, nothing behind them. */
#ifndef BF_STUDY_NUMBER_H
#define BF_STUDY_NUMBER_H
#include <stdbool.h>
#include <stdint.h>
bool bf_parse_int(const char *text, int64_t *v);
/* Any decimal form, with or without exponent; false when a double cannot hold it. */
bool bf_parse_real(const char *text, double *v);
#endif
