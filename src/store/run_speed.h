/* What one run of the program achieved in the configurations it trained: columns of /provenance/runs. */
#ifndef BF_STORE_RUN_SPEED_H
#define BF_STORE_RUN_SPEED_H
#include <stddef.h>
#include "base/times.h"

typedef struct bf_run_speed {               /* NaN where the run trained nothing, or did not end */
    double seconds[BF_PHASES];              /* summed over configurations, by the clocks of their teams' leaders */
    double gflops, roof_gflops, roof_share;                             /* Gflop/s of one rank in training steps; of a large matrix product */
    double update_bandwidth, memory_bandwidth, memory_share;            /* GB/s of the optimiser; of vectors longer than any cache */
} bf_run_speed;

typedef struct bf_run_speed_column { const char *name; size_t offset; } bf_run_speed_column;    /* of a double in bf_run_speed */
#define BF_RUN_SPEED_COLUMNS (BF_PHASES + 6)
extern const bf_run_speed_column bf_run_speed_columns[BF_RUN_SPEED_COLUMNS];

bf_run_speed bf_run_speed_unknown(void);    /* NaN throughout */
#endif
