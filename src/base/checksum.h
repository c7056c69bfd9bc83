/* XXH3-64, and the checksum of the files: the XXH3-64 over the XXH3-64s (8 bytes each, little endian) of 1 MiB blocks. */
#ifndef BF_BASE_CHECKSUM_H
#define BF_BASE_CHECKSUM_H
#include <stddef.h>
#include <stdint.h>
#define BF_CHECKSUM_BLOCK ((size_t)1 << 20)
uint64_t bf_hash64(const void *bytes, size_t n);
uint64_t bf_checksum(const void *bytes, size_t n);
uint64_t bf_checksum_of_blocks(const uint64_t *block_hashes, size_t blocks);
#endif
