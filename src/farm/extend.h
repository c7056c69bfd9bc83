/* More epochs for a finished configuration: allowed where its file kept the optimiser's state and no schedule depends on the total,
 * so that the longer training equals one that was never interrupted. */
#ifndef BF_FARM_EXTEND_H
#define BF_FARM_EXTEND_H
#include "store/result.h"
#include "study/study.h"
#include "train/trainer.h"

/* Local. Finds the configuration of `now` (not taken) that is old_index of `old` with more epochs; *found -1 when there is none.
 * BF_E_INPUT, with the reason, when there is one that cannot be continued. */
BF_MUST_USE bf_status bf_extend_find(const bf_study *old, int old_index, const bf_study *now, const bool *taken, int *found);
/* Local. Whether an ended configuration's result is c, started from the weights that origin says, with fewer epochs. */
bool bf_extend_serves(const bf_config *c, const char *origin, const bf_result *r);
/* Local. Fills `longer`, a fresh trainer of a configuration, with the state that its file kept after `epochs`; setup is longer's own. */
BF_MUST_USE bf_status bf_extend_load(const char *dir, int id, int64_t epochs, const bf_train_setup *setup, bf_trainer *longer);
#endif
