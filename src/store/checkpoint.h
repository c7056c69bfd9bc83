/* checkpoints/c0000.h5 and c0000.prev.h5: restart state of an unfinished configuration. Written by one rank, serial driver:
 * temporary name, checksum per array, close, fsync, the old one becomes .prev, rename. */
#ifndef BF_STORE_CHECKPOINT_H
#define BF_STORE_CHECKPOINT_H
#include "base/array.h"
#include "comm/comm.h"
#include "store/schema.h"

/* Local. comm is only for its fault plan. */
BF_MUST_USE bf_status bf_checkpoint_write(const bf_comm *comm, const char *dir, int id, const char *tag,
                                          const bf_array *arrays, int n, const bf_attr *attrs, int n_attrs);
/* Local. Takes the newest valid of the two; names, types and shapes must match. *found false when there is none: then the arrays are as they were.
 * `note` (size) gets a sentence when the newer one cannot be used. BF_E_IO when the system refuses to read what there is.
 * wanted: attributes by name and type, filled in; a text belongs to the caller (free()) and is NULL when nothing was found. */
BF_MUST_USE bf_status bf_checkpoint_read(const char *dir, int id, bf_array *arrays, int n,
                                         bf_attr *wanted, int n_wanted, bool *found, char *note, size_t size);
void bf_checkpoint_remove(const char *dir, int id);     /* Local. Both of them. */
#endif
