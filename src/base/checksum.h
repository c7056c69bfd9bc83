/* XXH3-64, and the checksum of the files: the XXH3-64 over the XXH3-64s (8 bytes each, little endian) of 1 MiB blocks. */
#ifndef BF_BASE_CHECKSUM_H
#define BF_BASE_CHECKSUM_H
#include <stddef.h>
#include <stdint.h>
#include "base/status.h"
#define BF_CHECKSUM_BLOCK ((size_t)1 << 20)
uint64_t bf_hash64(const void *bytes, size_t n);
uint64_t bf_checksum(const void *bytes, size_t n);
uint64_t bf_checksum_of_blocks(const uint64_t *block_hashes, size_t blocks);

/* The checksum of bytes that come in parts, whatever they are cut into. *out: bf_checksum_free(). */
typedef struct bf_checksum_parts bf_checksum_parts;
BF_MUST_USE bf_status bf_checksum_begin(bf_checksum_parts **out);
void bf_checksum_add(bf_checksum_parts *p, const void *bytes, size_t n);
uint64_t bf_checksum_end(bf_checksum_parts *p);
void bf_checksum_free(bf_checksum_parts **p);       /* accepts NULL in *p */
#endif
