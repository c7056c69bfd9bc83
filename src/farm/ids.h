/* Sets of configuration ids as people write them: "0-7,12,31". */
#ifndef BF_FARM_IDS_H
#define BF_FARM_IDS_H
#include <stdbool.h>
#include "base/status.h"
/* Local. Marks chosen[0..n) ; NULL text chooses all. BF_E_USAGE names what is not an id, BF_E_INPUT an id the study does not have. */
BF_MUST_USE bf_status bf_ids_parse(const char *text, int n, bool *chosen);
#endif
