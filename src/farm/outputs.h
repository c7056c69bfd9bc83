/* What an ended configuration leaves in configs/c0000.h5: which datasets, from where, under which names. */
#ifndef BF_FARM_OUTPUTS_H
#define BF_FARM_OUTPUTS_H
#include "farm/run_config.h"

enum { BF_TRAVERSED_AT_ONCE = 4 * BF_EVAL_ROWS };       /* images of output.traversals in memory */

/* Collective over the team. Writes and publishes the file; for a configuration that is not `done` only its rows. The rows come last, and
 * r->times gains what the rest of the file took. spent gains the whole: files, and at output.betas passes over the data. */
BF_MUST_USE bf_status bf_outputs_write(const bf_job *job, bf_result *r, bf_times *spent);
#endif
