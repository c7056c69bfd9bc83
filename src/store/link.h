/* Links of study.h5 to the study's other files, followed by hand: HDF5 would also look for configs/c0000.h5 and data.h5 in HDF5_EXT_PREFIX and in the
 * current folder, where another study has files of the same names. Private to the room; all Local. */
#ifndef BF_STORE_LINK_H
#define BF_STORE_LINK_H
#include "store/h5.h"

typedef struct bf_link {
    bool external;
    char file[64], object[192];         /* of an external one: where it leads */
} bf_link;

/* BF_E_FORMAT when there is none at that path, or one of a kind betafield does not write. */
BF_MUST_USE bf_status bf_link_read(hid_t at, const char *path, bf_link *out);

typedef struct bf_link_end { hid_t file, object; } bf_link_end;      /* file: the other one, H5I_INVALID_HID where there is none */

/* What the link at `path` of an open file leads to: a hard one in that file, an external one in the file `wanted` in the same folder, there to
 * `object` (NULL: any), and nowhere else. BF_E_FORMAT when it leads elsewhere or to nothing. On success *out belongs to the caller: bf_link_close(). */
BF_MUST_USE bf_status bf_link_open(hid_t file, const char *path, const char *wanted, const char *object, bf_link_end *out);
BF_MUST_USE bf_status bf_link_close(bf_link_end *end);
#endif
