/* data.binarize: entries become 0 or 1 (0 or 255 in u8), once, when they are stored. */
#ifndef BF_DATA_BINARIZE_H
#define BF_DATA_BINARIZE_H
#include "data/source.h"

/* Local. threshold: 1 where the entry is at least 1/2; static: 1 with the entry's probability, a draw addressed by (data.seed, part,
 * row, entry). BF_E_INPUT names the row of an entry outside [0, 1]. */
BF_MUST_USE bf_status bf_binarize(const bf_data_options *o, const bf_data_info *info, const bf_rows *rows);
#endif
