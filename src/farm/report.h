/* What a person reads: the header, one line per ended configuration, progress with ETA, the table at the end. */
#ifndef BF_FARM_REPORT_H
#define BF_FARM_REPORT_H
#include "base/log.h"
#include "farm/layout.h"
#include "farm/ledger.h"
#include "farm/progress.h"

void bf_report_start(bf_logger *log, const bf_ledger *l, const bf_layout *layout, const bf_study_data_sets *data);
void bf_report_row(bf_logger *log, const bf_ledger *l, const bf_schema *schema, int id);
/* On a terminal the live line, elsewhere a line of its own. */
void bf_report_progress(bf_logger *log, const bf_progress *p);
void bf_report_end(bf_logger *log, const bf_ledger *l, const bf_schema *schema, const bf_run_speed *speed, const bf_status *outcome,
                   double seconds);
#endif
