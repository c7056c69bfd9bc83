/* How alike the latent dimensions of models are that differ in beta alone, as columns: what align.h5, the CSV file, the JSON object and the printed
 * tables are made from. */
#ifndef BF_CLI_ALIGN_SET_H
#define BF_CLI_ALIGN_SET_H
#include "cli/align_members.h"
#include "cli/table_columns.h"

enum {      /* /families: one row per family; means over its pairs of neighbours */
    BF_FAMILY_FOLDER, BF_FAMILY_STUDY, BF_FAMILY_LABEL, BF_FAMILY_MODELS, BF_FAMILY_PAIRS, BF_FAMILY_ALIGNMENT, BF_FAMILY_DIAGONAL, BF_FAMILY_PERMUTED,
    BF_FAMILY_SHIFT, BF_FAMILY_COLUMNS
};
enum {      /* /pairs: one row per pair, those of a family together, by falling beta_from, then beta_to */
    BF_PAIR_FAMILY, BF_PAIR_CONFIG_FROM, BF_PAIR_BETA_FROM, BF_PAIR_CONFIG_TO, BF_PAIR_BETA_TO, BF_PAIR_NEIGHBOURS, BF_PAIR_SAMPLES, BF_PAIR_ALIGNMENT,
    BF_PAIR_DIAGONAL, BF_PAIR_PERMUTED, BF_PAIR_UNITS, BF_PAIR_SHIFT, BF_PAIR_COLUMNS
};

typedef struct bf_align_set {           /* zero it; bf_align_set_free() */
    int             families, pairs;
    bf_table_column family[BF_FAMILY_COLUMNS], pair[BF_PAIR_COLUMNS];
} bf_align_set;

/* Local. Compares every model with the one of the next smaller beta, or with all of its family. Two posteriors are in memory at a time.
 * BF_E_FORMAT when a file is not what it should be. */
BF_MUST_USE bf_status bf_align_set_make(const bf_align_members *m, int split, bool all, bf_align_set *out);
void bf_align_set_free(bf_align_set *s);
#endif
