/* Files that survive: temporary name, close, fsync, rename, fsync the folder. */
#ifndef BF_BASE_FILE_H
#define BF_BASE_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

BF_MUST_USE bf_status bf_file_mkdirs(const char *path);
/* Local. fsyncs tmp, renames it to path, fsyncs the folder. */
BF_MUST_USE bf_status bf_file_publish(const char *tmp, const char *path);
/* Local. The one way temporary files are named: path.tag.tmp, so that stale ones are recognised. BF_E_IO where path is there and no
 * regular file: what is written there does not replace folders, devices or pipes. */
BF_MUST_USE bf_status bf_file_temporary(char *out, size_t size, const char *path, const char *tag);
/* Local. Writes bytes to path through a temporary name and bf_file_publish. tag makes the temporary name unique (the run's uuid). */
BF_MUST_USE bf_status bf_file_write(const char *path, const char *tag, const void *bytes, size_t n);
/* Local. Reads a whole regular file of at most limit bytes; *text is NUL-terminated and belongs to the caller: free(). n may be NULL.
 * BF_E_INPUT: missing, no regular file, too large. BF_E_IO: the reading itself failed. */
BF_MUST_USE bf_status bf_file_read(const char *path, size_t limit, char **text, size_t *n);
bool bf_file_exists(const char *path);
int64_t bf_file_size(const char *path);                 /* -1 when there is none */
/* Bytes an unprivileged user may still write to the file system that holds path; -1 unknown. */
int64_t bf_file_free_space(const char *path);
/* Local. BF_E_IO when this node does not see path: where nodes share no disk, ranks of one job write to several. */
BF_MUST_USE bf_status bf_file_seen(const char *path);
/* Local. dir + "/" + name into out; BF_E_INPUT when it does not fit. */
BF_MUST_USE bf_status bf_file_join(char *out, size_t size, const char *dir, const char *name);
/* The run's id: 36 characters and NUL, from the system's random pool. */
void bf_uuid(char out[37]);
#define BF_PATH 1024
#endif
