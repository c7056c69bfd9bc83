/* Data sets for tests: options with the product's defaults, and files as other programs write them, in a folder that vanishes. */
#ifndef BF_TESTS_DATA_RIG_H
#define BF_TESTS_DATA_RIG_H
#include <stddef.h>
#include <stdint.h>
#include "data/dataset.h"
#include "data/source.h"

/* Everything `betafield keys` gives as default, for one source; paths may be added with data_rig_path. */
void data_rig_options(bf_data_options *o, const char *source);
void data_rig_path(bf_data_options *o, const char *role, const char *path);

/* A folder under /tmp; *path of a file in it is built by data_rig_file. */
typedef struct data_rig { char folder[64]; } data_rig;
void data_rig_open(data_rig *r);
void data_rig_close(data_rig *r);                       /* removes it with its files */
const char *data_rig_file(const data_rig *r, const char *name, char out[160]);

void data_rig_write(const char *path, const void *bytes, size_t n);
void data_rig_write_gz(const char *path, const void *bytes, size_t n);
size_t data_rig_read(const char *path, void *bytes, size_t capacity);
/* The header of an IDX file of bytes; returns its length. */
size_t data_rig_idx(uint8_t *out, int axes, const uint32_t *shape);
/* The header of a version 1 .npy file; returns its length. */
size_t data_rig_npy(uint8_t *out, const char *descr, const char *shape);
#endif
