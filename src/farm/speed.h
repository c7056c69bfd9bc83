/* What a run achieved, beside what this machine could have given. */
#ifndef BF_FARM_SPEED_H
#define BF_FARM_SPEED_H
#include "base/times.h"
#include "nn/plan.h"
#include "store/run_speed.h"
#include "train/options.h"

/* Roofs that a rank knows: a sweep may go over backends and precisions, and each has its own. */
enum { BF_MAX_ROOFS = 8 };
typedef struct bf_roofs {
    struct { const bf_backend *backend; bool narrow; double flops; } known[BF_MAX_ROOFS];
    int count;
} bf_roofs;

/* Local. Floating-point operations per second of a large matrix product as that training multiplies, on this rank: measured in about 20 ms when
 * it is asked for first. NaN where memory is short. */
double bf_roof_of(bf_roofs *r, const bf_train_options *train);
/* Local. times: summed over the configurations trained in this run. Measures the memory, which takes about 30 ms, when there are any steps;
 * else, and where memory is short, what cannot be told is NaN. */
bf_run_speed bf_speed_of(const bf_times *times);
#endif
