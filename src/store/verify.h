/* `betafield verify`: checksums, schema, completeness of a study's folder, a packed file, or a single configuration's file. */
#ifndef BF_STORE_VERIFY_H
#define BF_STORE_VERIFY_H
#include <stdint.h>
#include <stdio.h>
#include "base/status.h"
typedef struct bf_verify_report { int64_t configurations, datasets, checksums, bad; } bf_verify_report;
/* Local. Prints one line per finding to `to`, "note: ..." for what is no damage. BF_E_FORMAT when something is damaged, BF_E_INPUT when path is
 * nothing of ours, BF_E_IO when it could not be read. Files may be truncated or flipped. */
BF_MUST_USE bf_status bf_verify(const char *path, FILE *to, bf_verify_report *out);
#endif
