/* Dimension scales at a file's root: the axes its tables share. Private to the room; all Local. */
#ifndef BF_STORE_H5_SCALE_H
#define BF_STORE_H5_SCALE_H
#include "store/h5.h"

/* A dataset (n) that is the axis of that path, described by the schema's row. *out: H5Dclose(). */
BF_MUST_USE bf_status bf_h5_put_scale(hid_t file, const char *path, hid_t type, hsize_t n, const void *values, hid_t *out);
/* The same with int32 values ids (n), or first, first + 1, ... without ids. */
BF_MUST_USE bf_status bf_h5_put_counting_scale(hid_t file, const char *path, const int *ids, hsize_t n, int32_t first, hid_t *out);
BF_MUST_USE bf_status bf_h5_attach(hid_t dataset, hid_t scale, unsigned axis);
#endif
