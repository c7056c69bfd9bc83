/* Whether a study's results are what study.yaml asks for: their keys, parents as warm_start makes them, and the hashes of the weights that were handed on. */
#ifndef BF_FARM_LINEAGE_CHECK_H
#define BF_FARM_LINEAGE_CHECK_H
#include <stdint.h>
#include <stdio.h>
#include "base/status.h"
#include "study/study.h"

/* Local. study: DIR/study.yaml, which lists configurations by id. Prints one line per finding to `to` and adds their number to *found; "note: ..." where
 * weights outside the folder have changed since. Files that cannot be read are passed over: that they cannot is for others to find. */
BF_MUST_USE bf_status bf_lineage_check(const bf_study *study, const char *dir, FILE *to, int64_t *found);
#endif
