#include "base/checksum.h"

#include <endian.h>
#include <stdlib.h>
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

struct bf_checksum_parts {
    XXH3_state_t block, all;
    size_t       held;          /* bytes in block */
};

bf_status bf_checksum_begin(bf_checksum_parts **out)
{
    bf_checksum_parts *p = *out = aligned_alloc(_Alignof(bf_checksum_parts), sizeof *p);
    if (!p) return BF_FAIL(BF_E_MEMORY, "no memory for a checksum");
    XXH3_64bits_reset(&p->block);
    XXH3_64bits_reset(&p->all);
    p->held = 0;
    return BF_DONE;
}

static void end_block(bf_checksum_parts *p)
{
    add_block(&p->all, XXH3_64bits_digest(&p->block));
    XXH3_64bits_reset(&p->block);
    p->held = 0;
}

void bf_checksum_add(bf_checksum_parts *p, const void *bytes, size_t n)
{
    for (const char *at = bytes; n > 0;) {
        const size_t room = BF_CHECKSUM_BLOCK - p->held, take = n < room ? n : room;
        XXH3_64bits_update(&p->block, at, take);
        p->held += take;
        at += take;
        n -= take;
        if (p->held == BF_CHECKSUM_BLOCK) end_block(p);
    }
}

uint64_t bf_checksum_end(bf_checksum_parts *p)
{
    if (p->held > 0) end_block(p);
    return XXH3_64bits_digest(&p->all);
}

void bf_checksum_free(bf_checksum_parts **p)
{
    free(*p);
    *p = NULL;
}
