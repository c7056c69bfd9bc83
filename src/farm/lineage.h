/* Where every configuration's training starts, and the config_hash that says so: a warm-started configuration hashes its parent's hash too, one with
 * train.init_from a digest of the weights it names. So the same keys from other weights are another result. */
#ifndef BF_FARM_LINEAGE_H
#define BF_FARM_LINEAGE_H
#include "base/status.h"
#include "study/study.h"

#define BF_LINEAGE_UNREADABLE "unreadable"     /* the digest of weights that cannot be read */

typedef struct bf_lineage {         /* zero it; bf_lineage_free() */
    int    count;
    int   *parent, *child;          /* (count) -1: none; a configuration is the parent of one at most */
    char (*origin)[17];             /* (count) what the hash covers beside the keys; "" where the first weights are drawn */
    char (*hash)[17];               /* (count) */
} bf_lineage;

/* Local. In sweep order. Reads the digests of the files that train.init_from names; weights that cannot be read have one of their own: whether
 * they can be is not decided here. */
BF_MUST_USE bf_status bf_lineage_trace(const bf_study *s, bf_lineage *out);
/* Local. By id: order (count) holds the sweep index of every id. */
BF_MUST_USE bf_status bf_lineage_renumber(bf_lineage *l, const int *order);
void bf_lineage_free(bf_lineage *l);
#endif
