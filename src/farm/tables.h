/* From the ledger to study.h5: the columns of /sweep, the data sets, where it all came from. */
#ifndef BF_FARM_TABLES_H
#define BF_FARM_TABLES_H
#include "farm/ledger.h"
#include "farm/study_data.h"

typedef struct bf_tables bf_tables;
/* Local, rank 0. Everything but the results is gathered once. Borrowed: ledger, schema, data. */
BF_MUST_USE bf_status bf_tables_create(const bf_ledger *l, const bf_schema *schema, const bf_study_data_sets *data, const bf_farm_options *o, bf_tables **out);
/* Local. Writes study.h5 from the ledger as it is now. */
BF_MUST_USE bf_status bf_tables_publish(bf_tables *t, const bf_comm *world);
/* Local. data.h5: labels, factors and clean parts, when there are any. */
BF_MUST_USE bf_status bf_tables_publish_data(const bf_ledger *l, const bf_study_data_sets *data);
void bf_tables_destroy(bf_tables **t);
#endif
