/* Where a number lives. Philox4x32-10 maps (key, counter) to four 32-bit words: a block. The key is the seed, the counter is
 *
 *      word 0, 1   sample, with the high part of the block index (block >> 16) in its upper 24 bits, by exclusive or
 *      word 2, 3   bits 0..15 block, 16..27 use, 28..63 step
 *
 * so two addresses with sample < 2^40, step < 2^36, use < 2^12 and block < 2^40 never meet. Samples that are hashes (initial
 * weights) fill all 64 bits; there two tensors can only meet when both have more than 2^18 elements and their hashes agree in
 * 40 bits. The layout enters every result: it must never change. */
#include "base/rng.h"
#include "base/vector_math.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <Random123/philox.h>

typedef struct bf_block { uint32_t word[4]; } bf_block;

static inline bf_block block_at(const bf_draw *d, uint64_t index)
{
    assert(d->step < (uint64_t)1 << 36 && d->use < 1u << 12 && index < (uint64_t)1 << 40);
    uint64_t low = d->sample ^ (index >> 16 << 40);
    uint64_t high = d->step << 28 | (uint64_t)d->use << 16 | (index & 0xffff);
    philox4x32_ctr_t counter = { { (uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32) } };
    philox4x32_key_t key = { { (uint32_t)d->seed, (uint32_t)(d->seed >> 32) } };
    philox4x32_ctr_t r = philox4x32_R(10, counter, key);
    return (bf_block){ { r.v[0], r.v[1], r.v[2], r.v[3] } };
}

/* 23 bits and a half: exact in a float's 24-bit mantissa, from 2^-24 to 1 - 2^-24. */
static inline float open_unit(uint32_t w)
{
    return ((float)(w >> 9) + 0.5f) * 0x1p-23f;
}

/* 52 bits and a half, the same in a double. */
static inline double open_unit64(uint32_t high, uint32_t low)
{
    uint64_t w = (uint64_t)high << 32 | low;
    return ((double)(w >> 12) + 0.5) * 0x1p-52;
}

/* Box-Muller: every pair of words becomes a pair of normals. The radius takes all 32 bits: the smallest u is 2^-33, so normals reach
 * 6.8 standard deviations. */
static void normals_of(const uint32_t *restrict words, float *restrict z, size_t pairs)
{
    for (size_t i = 0; i < pairs; i++) {
        const float u = ((float)words[2 * i] + 0.5f) * 0x1p-32f;     /* may round to 1: a radius of 0 */
        const float radius = sqrtf(-2.0f * bf_log(u));
        float sine, cosine;
        bf_sincos_turns(open_unit(words[2 * i + 1]), &sine, &cosine);
        z[2 * i] = radius * cosine;
        z[2 * i + 1] = radius * sine;
    }
}

static inline void normal_pair64(const bf_block *b, double z[2])
{
    double radius = sqrt(-2.0 * log(open_unit64(b->word[0], b->word[1])));
    double sine, cosine;
    sincos(6.283185307179586 * open_unit64(b->word[2], b->word[3]), &sine, &cosine);
    z[0] = radius * cosine;
    z[1] = radius * sine;
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Blocks are gathered so that the arithmetic behind them runs over long vectors. */
enum { CHUNK = 64 };

void bf_rng_normal(const bf_draw *d, float *restrict out, size_t n)
{
    uint32_t words[4 * CHUNK];
    float z[4 * CHUNK];
    for (size_t first = 0; first < n; first += 4 * CHUNK) {
        const size_t count = smaller(4 * CHUNK, n - first), blocks = (count + 3) / 4;
        for (size_t k = 0; k < blocks; k++) {
            const bf_block b = block_at(d, first / 4 + k);
            memcpy(words + 4 * k, b.word, sizeof b.word);
        }
        normals_of(words, z, 2 * blocks);
        memcpy(out + first, z, count * sizeof *out);
    }
}

/* Rows of one block or a few share a chunk. */
static void short_rows(const bf_draw *d, const int64_t *samples, size_t rows, size_t n, float *restrict out)
{
    uint32_t words[4 * CHUNK];
    float z[4 * CHUNK];
    bf_draw row = *d;
    const size_t blocks = (n + 3) / 4, at_once = CHUNK / blocks;
    for (size_t first = 0; first < rows; first += at_once) {
        const size_t count = smaller(at_once, rows - first);
        for (size_t i = 0; i < count; i++) {
            row.sample = (uint64_t)samples[first + i];
            for (size_t k = 0; k < blocks; k++) {
                const bf_block b = block_at(&row, k);
                memcpy(words + 4 * (i * blocks + k), b.word, sizeof b.word);
            }
        }
        normals_of(words, z, 2 * count * blocks);
        for (size_t i = 0; i < count; i++) memcpy(out + (first + i) * n, z + 4 * i * blocks, n * sizeof *out);
    }
}

void bf_rng_normal_rows(const bf_draw *d, const int64_t *samples, size_t rows, size_t n, float *restrict out)
{
    bf_draw row = *d;
    if (n > 0 && n <= 4 * CHUNK) {
        short_rows(d, samples, rows, n, out);
        return;
    }
    for (size_t i = 0; i < rows; i++) {
        row.sample = (uint64_t)samples[i];
        bf_rng_normal(&row, out + i * n, n);
    }
}

void bf_rng_uniform(const bf_draw *d, float *restrict out, size_t n)
{
    for (size_t j = 0; j < n; j += 4) {
        bf_block b = block_at(d, j / 4);
        for (size_t k = 0; k < smaller(4, n - j); k++)
            out[j + k] = open_unit(b.word[k]);
    }
}

void bf_rng_normal64(const bf_draw *d, double *restrict out, size_t n)
{
    for (size_t j = 0; j < n; j += 2) {
        bf_block b = block_at(d, j / 2);
        double z[2];
        normal_pair64(&b, z);
        memcpy(out + j, z, smaller(2, n - j) * sizeof *out);
    }
}

void bf_rng_uniform64(const bf_draw *d, double *restrict out, size_t n)
{
    for (size_t j = 0; j < n; j += 2) {
        bf_block b = block_at(d, j / 2);
        for (size_t k = 0; k < smaller(2, n - j); k++)
            out[j + k] = open_unit64(b.word[2 * k], b.word[2 * k + 1]);
    }
}

/* floor(word * n / 2^64): uniform over 0..n-1 up to n / 2^64, which no experiment can see. */
static inline int64_t below(uint64_t word, uint64_t n)
{
    __extension__ typedef unsigned __int128 wide;
    return (int64_t)(uint64_t)((wide)word * n >> 64);
}

void bf_rng_permutation(const bf_draw *d, int64_t *out, int64_t n)
{
    bf_block b = { { 0 } };
    for (int64_t i = 0; i < n; i++) {       /* Fisher-Yates, inside out: i takes a random place, who was there moves to the end */
        if (i % 2 == 0)
            b = block_at(d, (uint64_t)i / 2);
        const uint32_t *w = b.word + i % 2 * 2;
        int64_t j = below((uint64_t)w[0] << 32 | w[1], (uint64_t)i + 1);
        if (j != i)
            out[i] = out[j];
        out[j] = i;
    }
}
