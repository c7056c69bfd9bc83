/* The checksum of bytes that lie on several ranks, as they will follow one another in a file: the same for any number of ranks. Private to the room. */
#ifndef BF_STORE_TEAM_CHECKSUM_H
#define BF_STORE_TEAM_CHECKSUM_H
#include "comm/comm.h"

/* Collective over team. This rank holds bytes first .. first+n-1 of `total`; shares follow one another in rank order and cover everything,
 * else BF_E_INTERNAL on every rank. *out is the same on every rank. */
BF_MUST_USE bf_status bf_team_checksum(const bf_comm *team, const void *mine, int64_t first, int64_t n, int64_t total, uint64_t *out);
#endif
