/* A file that may be gzipped, read forward in exact pieces. What a header claims is held against what the file holds before anyone
 * allocates for it: a plain file's size is known, a compressed one is read through once, never further than one byte past the claim. */
#ifndef BF_DATA_STREAM_H
#define BF_DATA_STREAM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

typedef struct bf_stream bf_stream;

/* Local. BF_E_INPUT when path is missing, unreadable or no regular file (a pipe would wait for ever). */
BF_MUST_USE bf_status bf_stream_check(const char *path);
/* Local. On success *out belongs to the caller: bf_stream_close(). */
BF_MUST_USE bf_status bf_stream_open(const char *path, bf_stream **out);
/* Local. Bytes at..at+n-1 of the content; *got < n when it ends earlier. Going back reads a compressed file again from its start. */
BF_MUST_USE bf_status bf_stream_read(bf_stream *s, int64_t at, void *out, int64_t n, int64_t *got);
/* Local. The content's size, or limit + 1 when it is larger. */
BF_MUST_USE bf_status bf_stream_size(bf_stream *s, int64_t limit, int64_t *size);
bool bf_stream_compressed(const bf_stream *s);
const char *bf_stream_name(const bf_stream *s);     /* the last part of its path, for errors */
void bf_stream_close(bf_stream **s);
const char *bf_path_name(const char *path);
#endif
