/* The split of a configuration's time as attributes: in its file, in its checkpoint, and back. */
#ifndef BF_STORE_TIMES_ATTRS_H
#define BF_STORE_TIMES_ATTRS_H
#include "base/times.h"
#include "store/schema.h"

#define BF_TIMES_ATTRS (BF_PHASES + 2)      /* seconds_data ... seconds_files, flops, gflops */
/* Local. Names and values. s NULL: names alone, to be filled by a reader. */
void bf_times_to_attrs(const bf_times *s, bf_attr out[BF_TIMES_ATTRS]);
/* Local. What was read may be nonsense: what is no time and no work counts as none. */
void bf_times_from_attrs(const bf_attr in[BF_TIMES_ATTRS], bf_times *s);
/* Local. For a configuration of which nothing is known: NaN throughout. */
bf_times bf_times_unknown(void);
#endif
