/* checkpoints/c0000.h5 and c0000.prev.h5: restart state of an unfinished configuration. Written by one rank, serial driver:
 * temporary name, checksum per array, close, fsync, the old one becomes .prev, rename. A checkpoint serves whole or not at all: it is chosen once, and
 * everything that is then read, attributes and arrays, is of that one. */
#ifndef BF_STORE_CHECKPOINT_H
#define BF_STORE_CHECKPOINT_H
#include <stdbool.h>
#include "base/array.h"
#include "comm/comm.h"
#include "store/schema.h"
#include "store/site.h"

/* Local. comm is only for its fault plan. */
BF_MUST_USE bf_status bf_checkpoint_write(const bf_comm *comm, const bf_site *site, int id, const bf_array *arrays, int n,
                                          const bf_attr *attrs, int n_attrs);
typedef struct bf_checkpoint bf_checkpoint;
/* Local. Opens the newer one of the two that is whole: whose attributes can be read and whose every array has the checksum that was recorded. Without
 * `whole` arrays are not looked at: for attributes that are of interest whether it will serve or not. *out belongs to the caller and is NULL when there
 * is none that serves. `note` (size) gets a sentence when there is one that does not. BF_E_IO when the system refuses to read what there is. */
BF_MUST_USE bf_status bf_checkpoint_open(const char *dir, int id, bool whole, bf_checkpoint **out, char *note, size_t size);
/* Local. wanted: attributes by name and type, filled in; a text belongs to the caller (free()) and is NULL after a failure. BF_E_FORMAT when one of them is
 * missing or of another type. */
BF_MUST_USE bf_status bf_checkpoint_attrs(const bf_checkpoint *c, bf_attr *wanted, int n);
/* Local. Fills arrays by name. BF_E_FORMAT, and they are as they were, when types and shapes are not the checkpoint's. */
BF_MUST_USE bf_status bf_checkpoint_arrays(const bf_checkpoint *c, bf_array *arrays, int n);
void bf_checkpoint_close(bf_checkpoint **c);            /* Accepts NULL; leaves NULL. */
void bf_checkpoint_remove(const bf_site *site, int id);     /* Local. Both of them. */
#endif
