#include "store/run_speed.h"

#include <math.h>
#include <string.h>

#define COLUMN(name, member) { name, offsetof(bf_run_speed, member) }
const bf_run_speed_column bf_run_speed_columns[BF_RUN_SPEED_COLUMNS] = {
    COLUMN("seconds_data", seconds[BF_PHASE_DATA]), COLUMN("seconds_forward", seconds[BF_PHASE_FORWARD]),
    COLUMN("seconds_backward", seconds[BF_PHASE_BACKWARD]), COLUMN("seconds_reduce", seconds[BF_PHASE_REDUCE]),
    COLUMN("seconds_update", seconds[BF_PHASE_UPDATE]), COLUMN("seconds_evaluation", seconds[BF_PHASE_EVALUATION]),
    COLUMN("seconds_files", seconds[BF_PHASE_FILES]),
    COLUMN("gflops", gflops), COLUMN("roof_gflops", roof_gflops), COLUMN("roof_share", roof_share),
    COLUMN("update_bandwidth", update_bandwidth), COLUMN("memory_bandwidth", memory_bandwidth), COLUMN("memory_share", memory_share),
};

bf_run_speed bf_run_speed_unknown(void)
{
    bf_run_speed s;
    for (int c = 0; c < BF_RUN_SPEED_COLUMNS; c++) memcpy((char *)&s + bf_run_speed_columns[c].offset, &(double){ NAN }, sizeof(double));
    return s;
}
