/* Where a number lives. Philox4x32-10 maps (key, counter) to four 32-bit words: a block. The key is the seed, the counter is
 *
 *      word 0, 1   sample, with the high part of the block index (block >> 16) in its upper 24 bits, by exclusive or
 *      word 2, 3   bits 0..15 block, 16..27 use, 28..63 step
 *
 * so two addresses with sample < 2^40, step < 2^36, use < 2^12 and block < 2^40 never meet. Samples that are hashes (initial
 * weights) fill all 64 bits; there two tensors can only meet when both have more than 2^18 elements and their hashes agree in
 * 40 bits. The layout enters every result: it must never change. */
#include "base/rng.h"
#include "base/philox.h"
#include "base/vector_math.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <Random123/philox.h>

typedef struct bf_block { uint32_t word[4]; } bf_block;

static inline bf_block counter_at(const bf_draw *d, uint64_t index)
{
    assert(d->step < (uint64_t)1 << 36 && d->use < 1u << 12 && index < (uint64_t)1 << 40);
    const uint64_t low = d->sample ^ (index >> 16 << 40), high = d->step << 28 | (uint64_t)d->use << 16 | (index & 0xffff);
    return (bf_block){ { (uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32) } };
}

static inline bf_block block_at(const bf_draw *d, uint64_t index)
{
    const bf_block at = counter_at(d, index);
    const philox4x32_ctr_t counter = { { at.word[0], at.word[1], at.word[2], at.word[3] } };
    const philox4x32_key_t key = { { (uint32_t)d->seed, (uint32_t)(d->seed >> 32) } };
    const philox4x32_ctr_t r = philox4x32_R(10, counter, key);
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

/* Box-Muller: a pair of words becomes a pair of normals. The radius takes all 32 bits: the smallest u is 2^-33, so normals reach
 * 6.8 standard deviations. */
static inline void normal_pair(uint32_t first, uint32_t second, float *z)
{
    const float u = ((float)first + 0.5f) * 0x1p-32f;       /* may round to 1: a radius of 0 */
    const float radius = sqrtf(-2.0f * bf_log(u));
    float sine, cosine;
    bf_sincos_turns(open_unit(second), &sine, &cosine);
    z[0] = radius * cosine;
    z[1] = radius * sine;
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

/* Blocks are gathered so that the arithmetic behind their counters runs over vectors. */
enum { CHUNK = 64, WORDS = 4 };
typedef struct bf_blocks { uint32_t word[4][CHUNK]; } bf_blocks;

static inline void put_counter(const bf_draw *d, uint64_t index, bf_blocks *b, size_t i)
{
    const bf_block at = counter_at(d, index);
    for (int w = 0; w < WORDS; w++) b->word[w][i] = at.word[w];
}

/* Counters become words, and those four normals a block. */
static void normals_of(uint64_t seed, size_t blocks, bf_blocks *b, float *restrict z)
{
    for (size_t i = 0; i < blocks; i += BF_PHILOX_LANES) bf_philox(seed, b->word[0] + i, b->word[1] + i, b->word[2] + i, b->word[3] + i);
    for (size_t i = 0; i < blocks; i++) {
        normal_pair(b->word[0][i], b->word[1][i], z + 4 * i);
        normal_pair(b->word[2][i], b->word[3][i], z + 4 * i + 2);
    }
}

void bf_rng_normal(const bf_draw *d, float *restrict out, size_t n)
{
    bf_blocks b = { { { 0 } } };
    float z[4 * CHUNK];
    for (size_t first = 0; first < n; first += 4 * CHUNK) {
        const size_t count = smaller(4 * CHUNK, n - first), blocks = (count + 3) / 4;
        for (size_t k = 0; k < blocks; k++) put_counter(d, first / 4 + k, &b, k);
        normals_of(d->seed, blocks, &b, z);
        memcpy(out + first, z, count * sizeof *out);
    }
}

/* Rows of one block or a few share a chunk. */
static void short_rows(const bf_draw *d, const int64_t *samples, size_t rows, size_t n, float *restrict out)
{
    bf_blocks b = { { { 0 } } };
    float z[4 * CHUNK];
    bf_draw row = *d;
    const size_t blocks = (n + 3) / 4, at_once = CHUNK / blocks;
    for (size_t first = 0; first < rows; first += at_once) {
        const size_t count = smaller(at_once, rows - first);
        for (size_t i = 0; i < count; i++) {
            row.sample = (uint64_t)samples[first + i];
            for (size_t k = 0; k < blocks; k++) put_counter(&row, k, &b, i * blocks + k);
        }
        normals_of(d->seed, count * blocks, &b, z);
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
