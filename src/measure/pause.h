/* Between two batches of long work: what else this rank has to answer, and whether its team is to leave the work. The ranks of a team are busy with
 * shares of their own then, so that they meet only where these are done. Local work that is long asks; whoever started it ends it, at the place where
 * ranks would share what they have. An evaluator NULL is never stopped. */
#ifndef BF_MEASURE_PAUSE_H
#define BF_MEASURE_PAUSE_H
#include "measure/evaluate.h"

/* Local. True: leave; what was made so far is worth nothing. */
bool bf_pause(bf_evaluator *e);
/* Collective over team. BF_E_STOPPED on every rank when one of them was asked to stop (bf_evaluator_on_block). */
BF_MUST_USE bf_status bf_pause_end(bf_evaluator *e);
#endif
