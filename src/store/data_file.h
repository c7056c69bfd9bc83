/* HDF5 data files: /train/x, /test/x, /train/label, /train/factors, /train/clean ... What `betafield data` writes, `data.source: hdf5` reads,
 * and the study's data.h5 (labels, factors, clean) is. Trusts no size a file claims: shape times type must lie inside the file.
 * One gap is HDF5's own (1.10): where metadata carry no checksums (libver earlier than V18) and data are compressed, a forged chunk may make
 * the library read beyond its buffer. What this program writes has checksums and is not compressed. */
#ifndef BF_STORE_DATA_FILE_H
#define BF_STORE_DATA_FILE_H
#include <stdbool.h>
#include "base/array.h"
#include "store/schema.h"

/* Local. Writes arrays ("train/x", "test/label" ...) through a temporary name. */
BF_MUST_USE bf_status bf_data_file_write(const char *path, const char *tag, const bf_array *arrays, int n, const bf_attr *attrs, int n_attrs);
typedef struct bf_data_file bf_data_file;
BF_MUST_USE bf_status bf_data_file_open(const char *path, bf_data_file **out);
/* Local. Shape and type of a dataset; *found false when there is none. Types other than u8, i32/i64 (labels), f32, f64 are BF_E_FORMAT. */
BF_MUST_USE bf_status bf_data_file_describe(const bf_data_file *f, const char *name, bf_array *out, bool *found);
/* Local. Rows first .. first+n-1 of a described dataset, converted to type `as` (u8 -> u8, f64 -> f32, integers -> i64). */
BF_MUST_USE bf_status bf_data_file_rows(const bf_data_file *f, const char *name, bf_type as, int64_t first, int64_t n, void *out);
/* Local. The bytes against the dataset's checksum attribute, where there is one and they lie there as we write them (not compressed). */
BF_MUST_USE bf_status bf_data_file_check(const bf_data_file *f, const char *name);
void bf_data_file_close(bf_data_file **f);
#endif
