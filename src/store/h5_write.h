/* Groups, attributes, datasets and dimension scales as this project writes them. Private to the room; collective over the file's team
 * when it has one: every rank calls with the same values. */
#ifndef BF_STORE_H5_WRITE_H
#define BF_STORE_H5_WRITE_H
#include "store/h5.h"
#include "store/schema.h"

typedef struct bf_h5_dataset {
    const char *name;           /* a path under `at`; groups on the way are made */
    hid_t       type;           /* as stored and in memory */
    int         rank;
    hsize_t     shape[4];
    const char *dims;           /* "config split": one word per axis; "" for a scalar */
    const char *unit, *long_name, *definition;      /* definition may be NULL */
} bf_h5_dataset;

/* Tracked creation order on every group of the path; what exists stays. */
BF_MUST_USE bf_status bf_h5_group(hid_t at, const char *path);
BF_MUST_USE bf_status bf_h5_parents(hid_t at, const char *name);        /* the groups on the way to name */

BF_MUST_USE bf_status bf_h5_put_text(hid_t object, const char *name, const char *text);
BF_MUST_USE bf_status bf_h5_put_int(hid_t object, const char *name, int64_t value);
BF_MUST_USE bf_status bf_h5_put_real(hid_t object, const char *name, double value);
BF_MUST_USE bf_status bf_h5_put_i8s(hid_t object, const char *name, const int8_t *values, hsize_t n);
BF_MUST_USE bf_status bf_h5_put_attrs(hid_t object, const bf_attr *attrs, int n);
/* The 16 hex digits of a checksum as the attribute `checksum`. */
BF_MUST_USE bf_status bf_h5_put_checksum(hid_t dataset, uint64_t checksum);

/* A fixed-length string of `width` bytes, padded with zeros, UTF-8; H5Tclose() it. */
hid_t bf_h5_text_type(size_t width);
/* Contiguous, allocated at once and never filled; dims, units, long_name and definition become attributes. *out: H5Dclose(). */
BF_MUST_USE bf_status bf_h5_create(hid_t at, const bf_h5_dataset *d, hid_t *out);
BF_MUST_USE bf_status bf_h5_create_bare(hid_t at, const bf_h5_dataset *d, hid_t *out);     /* the same without attributes */
BF_MUST_USE bf_status bf_h5_write(hid_t dataset, hid_t type, const void *values);      /* Local: independent */
BF_MUST_USE bf_status bf_h5_write_pieces(hid_t dataset, hid_t type, const void *values, int64_t most);      /* the same, at most so many bytes at once */
/* Local file only. Creates, writes and adds the checksum. *out may be NULL; else H5Dclose(). */
BF_MUST_USE bf_status bf_h5_put(hid_t at, const bf_h5_dataset *d, const void *values, hid_t *out);
BF_MUST_USE bf_status bf_h5_put_array(hid_t at, const bf_array *a, const char *dims, const char *unit, const char *long_name);
#endif
