/* Which rows of an array become the training and the test part: row limits, and one array cut in two by a permutation of data.seed. */
#ifndef BF_DATA_PICK_H
#define BF_DATA_PICK_H
#include "data/dataset.h"

typedef struct bf_pick { int64_t *row[BF_SPLITS]; } bf_pick;    /* (rows) ascending; NULL: the first rows of the part's own array */

/* Local. held: rows there are; held[BF_TEST] < 0 when one array serves both parts. what names the source in errors. */
BF_MUST_USE bf_status bf_pick_count(const bf_data_options *o, const char *what, const int64_t held[BF_SPLITS], int64_t rows[BF_SPLITS]);
/* Local. The test part is the permutation's head, the training part what follows; both keep the order of the array. */
BF_MUST_USE bf_status bf_pick_open(const bf_data_options *o, const int64_t held[BF_SPLITS], const int64_t rows[BF_SPLITS], bf_pick *out);
void bf_pick_close(bf_pick *p);
#endif
