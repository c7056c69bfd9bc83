/* configs/c0000.h5: bulk results of one ended configuration, written once by its team with parallel HDF5 and renamed into place.
 * The objects stand under /configs/c0000/, where study.h5 links to them. Every bulk dataset carries checksum, long_name, units, dims. */
#ifndef BF_STORE_CONFIG_FILE_H
#define BF_STORE_CONFIG_FILE_H
#include "base/array.h"
#include "comm/comm.h"
#include "store/schema.h"
#include "store/site.h"

typedef struct bf_config_file bf_config_file;
typedef struct bf_dataset_text { const char *dims, *unit, *long_name; } bf_dataset_text;    /* dims "sample latent" */

/* Collective over team. site: the study's folder; what it refers to is borrowed until the file is closed, and rank 0's is compared then. On failure
 * *out is NULL and nothing is left. Later the first failure of any rank is every rank's answer, and stays it; bf_config_file_close() is owed in any
 * case. */
BF_MUST_USE bf_status bf_config_file_create(const bf_comm *team, const bf_site *site, int id, bf_config_file **out);
/* Collective. The result's rows and status (rank 0's are taken), and the configuration's effective keys as attributes, the same on every rank. */
BF_MUST_USE bf_status bf_config_file_result(bf_config_file *f, const bf_schema *schema, const bf_result *r, const bf_attr *attrs, int n_attrs);
/* Collective. Attributes of a subgroup ("weights"), made when missing. */
BF_MUST_USE bf_status bf_config_file_attrs(bf_config_file *f, const char *group, const bf_attr *attrs, int n_attrs);
/* text may be NULL in the next ones: the schema's row for that name is used.
 * Collective. A small array that every rank holds; a->name is the path under the configuration's group ("weights/encoder.0.weight"). */
BF_MUST_USE bf_status bf_config_file_array(bf_config_file *f, const bf_array *a, const bf_dataset_text *text);
/* Collective. A dataset of `total` rows of `cols` f32; this rank gives rows first .. first+n-1 (n may be 0); the shares
 * follow one another in rank order. Collective writes of at most 1 GiB per rank. */
BF_MUST_USE bf_status bf_config_file_rows(bf_config_file *f, const char *name, int64_t total, int64_t cols, int64_t first, int64_t n,
                                          const float *rows, const bf_dataset_text *text);
/* Rows of a first axis that are made while they are written, so that there may be more of them than memory. make() is collective over the team: it leaves
 * rows first .. first+n-1, n at most `piece`, in room, on rank 0 at least. */
typedef struct bf_config_rows { int64_t piece; float *room; bf_status (*make)(void *self, int64_t first, int64_t n); void *self; } bf_config_rows;
/* Collective. A dataset of f32 like an array's, whose a->data is not looked at. What make() fails with is the answer. */
BF_MUST_USE bf_status bf_config_file_made(bf_config_file *f, const bf_array *a, const bf_config_rows *rows, const bf_dataset_text *text);
BF_MUST_USE bf_status bf_config_file_hard_link(bf_config_file *f, const char *existing, const char *name);
/* Collective. publish: flush, close, fsync, rename. Not publishing removes the temporary file. Frees f in any case. */
BF_MUST_USE bf_status bf_config_file_close(bf_config_file **f, bool publish);

/* Local readers. */
/* The result inside a configuration's file, checked: for rebuilding study.h5 on restart. BF_E_FORMAT when the file is not whole. */
BF_MUST_USE bf_status bf_config_file_read_result(const char *dir, int id, const bf_schema *schema, bf_result *out);
/* Fills the values of attributes by name and wanted type; texts land in text[i]. group is a path under the configuration's ("weights"), "" for that itself.
 * BF_E_FORMAT when one is missing or of another type. */
BF_MUST_USE bf_status bf_config_file_read_attrs(const char *path, int id, const char *group, bf_attr *wanted, int n, char (*text)[64]);
/* differs (n): which of these attributes the configuration's group has with another value. One that it, of an earlier version, has not is none. */
BF_MUST_USE bf_status bf_config_file_compare_attrs(const char *path, int id, const bf_attr *attrs, int n, bool *differs);
/* The kernels that made it; "" when the file, of an earlier version, does not tell. */
BF_MUST_USE bf_status bf_config_file_read_kernels(const char *path, int id, char *out, size_t size);
/* 16 hex digits that change with any dataset of a group of the configuration's: of their names and checksums. Reads no values. */
BF_MUST_USE bf_status bf_config_file_digest(const char *path, int id, const char *group, char out[17]);
/* Fills a->data (allocated by the caller from type and shape, which must match what the file holds) and verifies its checksum. */
BF_MUST_USE bf_status bf_config_file_read_array(const char *path, int id, const bf_array *a);
#endif
