/* What a run achieved, beside what this machine could have given. */
#ifndef BF_FARM_SPEED_H
#define BF_FARM_SPEED_H
#include "base/times.h"
#include "store/run_speed.h"
#include "train/options.h"

/* Local. times: summed over the configurations trained in this run; train: how the study trains. Measures the roofs, which takes about 50 ms, when there are any steps;
 * else, and where memory is short, what cannot be told is NaN. */
bf_run_speed bf_speed_of(const bf_times *times, const bf_train_options *train);
#endif
