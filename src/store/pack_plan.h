/* What `pack` copies: rank 0 makes the packed file's whole structure, every rank then moves bytes. Private to the room. */
#ifndef BF_STORE_PACK_PLAN_H
#define BF_STORE_PACK_PLAN_H
#include "store/h5.h"

typedef struct bf_pack_item {       /* one dataset; plain bytes, so a plan can be broadcast */
    char    source[40];             /* file under the study's folder: "configs/c0000.h5" */
    char    from[200], to[200];     /* its path there and in the packed file */
    int64_t bytes;
} bf_pack_item;

typedef struct bf_pack_plan { int64_t count; bf_pack_item *items; } bf_pack_plan;      /* items belong to the holder: free() */

/* Local. Fills the prepared file at path with groups, attributes, scales and empty datasets of everything study.h5 holds or links to.
 * BF_E_FORMAT when a source is damaged or links elsewhere. On failure the plan is empty. */
BF_MUST_USE bf_status bf_pack_skeleton(const char *dir, const char *path, bf_pack_plan *plan);
/* Local. Attaches a scale to every axis of a dataset by its `dims`. Scales of a configuration live in its group, those of /data there, the
 * tables' at the root; one that is missing is made, as a dimension without values. */
BF_MUST_USE bf_status bf_pack_scales(hid_t file, hid_t dataset, const char *to);
#endif
