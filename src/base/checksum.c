#include "base/checksum.h"

#include <endian.h>
#define XXH_STATIC_LINKING_ONLY     /* the state may live on the stack: a checksum cannot fail */
#include <xxhash.h>

uint64_t bf_hash64(const void *bytes, size_t n)
{
    return XXH3_64bits(bytes, n);
}

static void add_block(XXH3_state_t *state, uint64_t hash)
{
    uint64_t little = htole64(hash);
    XXH3_64bits_update(state, &little, sizeof little);
}

uint64_t bf_checksum(const void *bytes, size_t n)
{
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (size_t at = 0; at < n; at += BF_CHECKSUM_BLOCK) {
        size_t left = n - at;
        add_block(&state, bf_hash64((const char *)bytes + at, left < BF_CHECKSUM_BLOCK ? left : BF_CHECKSUM_BLOCK));
    }
    return XXH3_64bits_digest(&state);
}

uint64_t bf_checksum_of_blocks(const uint64_t *block_hashes, size_t blocks)
{
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (size_t i = 0; i < blocks; i++)
        add_block(&state, block_hashes[i]);
    return XXH3_64bits_digest(&state);
}
