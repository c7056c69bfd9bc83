/* study.h5 for readers: the row of every configuration as it stands. */
#ifndef BF_STORE_STUDY_READ_H
#define BF_STORE_STUDY_READ_H
#include "store/schema.h"

/* Local. The rows of all configurations with the metrics that schema names (NaN where the study has none) and without history.
 * *rows belongs to the caller: bf_study_rows_free(). Trusts no size in the file. */
BF_MUST_USE bf_status bf_study_read_rows(const char *dir, const bf_schema *schema, int *configs, bf_result **rows);
void bf_study_rows_free(int configs, bf_result **rows);
#endif
