/* What an ended configuration left is not made again: keys under output that have changed since then are said rather than obeyed. */
#ifndef BF_FARM_STALE_OUTPUTS_H
#define BF_FARM_STALE_OUTPUTS_H
#include "farm/ledger.h"

/* Local, rank 0. One warning when chosen configurations that were done before have files of other outputs than the study now asks for. Opens each
 * of those files once more. */
BF_MUST_USE bf_status bf_stale_outputs_warn(const bf_ledger *l, bf_logger *log);
#endif
