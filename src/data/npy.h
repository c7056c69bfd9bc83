/* NumPy's .npy files: one array each, C order, little endian, versions 1 to 3. */
#ifndef BF_DATA_NPY_H
#define BF_DATA_NPY_H
#include <stdint.h>
#include "base/status.h"

typedef enum bf_npy_type { BF_NPY_U8, BF_NPY_I32, BF_NPY_I64, BF_NPY_F32, BF_NPY_F64 } bf_npy_type;

typedef struct bf_npy {
    int         fd;
    char        name[96];
    bf_npy_type type;
    int         axes;
    int64_t     shape[4];
    int64_t     start;              /* of the first byte of data */
} bf_npy;

/* Local. The header's shape and type are checked against the file's size. On failure nothing is held. */
BF_MUST_USE bf_status bf_npy_open(const char *path, bf_npy *out);
int bf_npy_size(bf_npy_type t);
/* Local. Rows first .. first+count-1 as they are stored, each of `width` entries. */
BF_MUST_USE bf_status bf_npy_rows(const bf_npy *a, int64_t first, int64_t count, int64_t width, void *out);
void bf_npy_close(bf_npy *a);
#endif
