/* The sweep: axes in the order written, each a list of assignments to one key or to keys that move together. */
#ifndef BF_STUDY_SWEEP_H
#define BF_STUDY_SWEEP_H
#include "study/key.h"
#include "study/study.h"
#include "study/yaml_tree.h"

typedef struct bf_place { int line, column; } bf_place;

typedef struct bf_axis {
    char          name[64];             /* the key, or "pairs" */
    int           n_keys;
    const bf_key *key[BF_MAX_SWEPT];
    int           count;                /* values */
    size_t        stride;               /* bytes of one value: its keys' fields, one after the other */
    unsigned char *values;              /* (count, stride) */
    bf_place      *places;              /* (count) where each was written */
    bf_place      place;                /* of the axis itself */
    bool          from_set;             /* written by --set */
    bool           good;                /* all its values were understood */
} bf_axis;

typedef struct bf_sweep { int n_axes, count; bf_axis axis[BF_MAX_SWEPT]; } bf_sweep;    /* count: configurations, 1 without axes */

/* Local. Reads one entry of sweep: (a key's list or grid, or pairs) into a new axis; an axis of that name is replaced in its place when
 * replace is true. label: the problems' key. scratch is overwritten with the values it tries. Problems say what is wrong. */
void bf_sweep_add(bf_sweep *s, const char *name, const bf_yaml *y, int node, bf_place place, bool replace, const char *label,
                  bf_config *scratch, bf_problems *problems);
/* Local. Counts the configurations; a problem when they or their keys are too many (then there are none) or a key stands in two axes. */
void bf_sweep_finish(bf_sweep *s, bf_problems *problems);
/* Local. Puts the values of configuration index (last axis fastest) into cfg. */
void bf_sweep_assign(const bf_sweep *s, int index, bf_config *cfg);
/* The value of an axis that configuration index has. */
int bf_sweep_digit(const bf_sweep *s, int axis, int index);
/* The axis that sweeps a key, -1 when it is not swept. */
int bf_sweep_find(const bf_sweep *s, const bf_key *k);
void bf_sweep_clear(bf_sweep *s);
#endif
