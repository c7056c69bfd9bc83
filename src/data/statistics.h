/* What is known once a data set is filled: range, mean, variance about the mean image, hash. Every sum has one fixed order: ranks of a node
 * divide columns, not rows, and a column's sum runs over all rows; so the bits do not depend on the number of ranks. */
#ifndef BF_DATA_STATISTICS_H
#define BF_DATA_STATISTICS_H
#include "data/source.h"

typedef struct bf_statistics {          /* of stored values */
    double minimum[BF_SPLITS], maximum[BF_SPLITS];      /* of a part; 0 and 0 when it is empty */
    double mean, variance;              /* training part: over all entries; per entry about the mean image */
    double spread;                      /* training part: variance of all entries about their one mean */
} bf_statistics;

/* Collective over node. parts[split] covers the whole part. */
BF_MUST_USE bf_status bf_statistics_take(const bf_comm *node, const bf_data_info *info, const bf_rows parts[BF_SPLITS], bf_statistics *out);
/* Collective over node. The checksums of all arrays and their shapes, hashed. */
BF_MUST_USE bf_status bf_statistics_hash(const bf_comm *node, const bf_data_info *info, const bf_rows parts[BF_SPLITS], uint64_t *hash);
#endif
