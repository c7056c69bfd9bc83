/* Reading files that may be truncated, flipped or hostile: nothing is allocated or read on the word of a file. Private to the room; all Local. */
#ifndef BF_STORE_H5_READ_H
#define BF_STORE_H5_READ_H
#include "store/h5.h"
#include "store/schema.h"

/* Scalar attributes. BF_E_FORMAT when the attribute is missing, of another class, or longer than out. */
BF_MUST_USE bf_status bf_h5_get_text(hid_t object, const char *name, char *out, size_t size);
BF_MUST_USE bf_status bf_h5_get_int(hid_t object, const char *name, int64_t *out);
BF_MUST_USE bf_status bf_h5_get_real(hid_t object, const char *name, double *out);
bool bf_h5_has(hid_t at, const char *path);             /* every link on the way is there */

/* Where a dataset's bytes lie: contiguous, as long as its shape says, inside its file. At most 32 axes. */
typedef struct bf_h5_span { int fd, rank; hsize_t shape[32]; int64_t offset, bytes; } bf_h5_span;
BF_MUST_USE bf_status bf_h5_locate(hid_t dataset, bf_h5_span *out);
/* The checksum of the bytes in the file, read past HDF5 in blocks. */
BF_MUST_USE bf_status bf_h5_checksum(hid_t dataset, uint64_t *out);
/* Compares it with the attribute; *present false and BF_OK when there is no such attribute. */
BF_MUST_USE bf_status bf_h5_verify(hid_t dataset, bool *present);
/* Opens `name` and checks that type and shape are exactly these. *out: H5Dclose(). */
BF_MUST_USE bf_status bf_h5_expect(hid_t at, const char *name, hid_t type, int rank, const hsize_t *shape, hid_t *out);
/* Type and shape as expected, the checksum right, then the values. */
BF_MUST_USE bf_status bf_h5_get(hid_t at, const char *name, hid_t type, int rank, const hsize_t *shape, void *values);
#endif
