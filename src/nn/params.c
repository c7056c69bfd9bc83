/* Slots of one flat vector. Offsets never change once given, so plans may keep them while other plans add slots. */
#include "nn/params.h"
#include "base/checksum.h"
#include "base/rng.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 16        /* elements: a slot of floats starts on a cache line */

struct bf_params {
    bf_slot *slot;
    int      slots, capacity;
    size_t   size;
};

bf_params *bf_params_create(void) { return calloc(1, sizeof(bf_params)); }

void bf_params_destroy(bf_params **p)
{
    if (*p == NULL) return;
    free((*p)->slot);
    free(*p);
    *p = NULL;
}

int bf_params_find(const bf_params *p, const char *name)
{
    for (int i = 0; i < p->slots; i++)
        if (strcmp(p->slot[i].name, name) == 0) return i;
    return -1;
}

/* Elements of a shape, and the flat vector's size after them; false when that is more than memory can hold. */
static bool measure(size_t before, int rank, const int64_t *shape, size_t *count, size_t *after)
{
    size_t n = 1, bytes;
    for (int i = 0; i < rank; i++)
        if (shape[i] <= 0 || __builtin_mul_overflow(n, (size_t)shape[i], &n)) return false;
    if (__builtin_add_overflow(before, n, after) || __builtin_add_overflow(*after, (size_t)(ALIGN - 1), after)) return false;
    *after -= *after % ALIGN;
    *count = n;
    return !__builtin_mul_overflow(*after, sizeof(double), &bytes);
}

int bf_params_slot(bf_params *p, const char *name, int rank, const int64_t *shape, bf_init init, bool decays)
{
    assert(rank >= 1 && rank <= 4 && strlen(name) < sizeof p->slot->name);
    int known = bf_params_find(p, name);
    if (known >= 0) {
        assert(p->slot[known].rank == rank && memcmp(p->slot[known].shape, shape, (size_t)rank * sizeof *shape) == 0);
        return known;
    }
    size_t count, after;
    if (!measure(p->size, rank, shape, &count, &after)) return -1;
    if (p->slots == p->capacity) {
        int capacity = p->capacity == 0 ? 16 : 2 * p->capacity;
        bf_slot *more = realloc(p->slot, (size_t)capacity * sizeof *more);
        if (more == NULL) return -1;
        p->slot = more;
        p->capacity = capacity;
    }
    bf_slot *s = &p->slot[p->slots];
    *s = (bf_slot){ .offset = p->size, .count = count, .rank = rank, .init = init, .decays = decays };
    strncpy(s->name, name, sizeof s->name - 1);
    memcpy(s->shape, shape, (size_t)rank * sizeof *shape);
    p->size = after;
    return p->slots++;
}

int bf_params_slots(const bf_params *p) { return p->slots; }
const bf_slot *bf_params_at(const bf_params *p, int slot) { return &p->slot[slot]; }
size_t bf_params_size(const bf_params *p) { return p->size; }

int64_t bf_params_count(const bf_params *p)
{
    int64_t sum = 0;
    for (int i = 0; i < p->slots; i++) sum += p->slot[i].average ? 0 : (int64_t)p->slot[i].count;
    return sum;
}

void bf_params_average(bf_params *p, int slot) { p->slot[slot].average = true; }

static void init_slot(const bf_slot *s, uint64_t seed, float *theta)
{
    if (s->init.kind == BF_INIT_CONST) {
        for (size_t i = 0; i < s->count; i++) theta[i] = (float)s->init.value;
        return;
    }
    const bf_draw d = { .seed = seed, .step = 0, .sample = bf_hash64(s->name, strlen(s->name)), .use = BF_USE_INIT };
    const float deviation = (float)s->init.value;
    bf_rng_normal(&d, theta, s->count);
    for (size_t i = 0; i < s->count; i++) theta[i] *= deviation;
}

void bf_params_init(const bf_params *p, uint64_t seed, float *theta)
{
    memset(theta, 0, p->size * sizeof *theta);
    for (int i = 0; i < p->slots; i++) init_slot(&p->slot[i], seed, theta + p->slot[i].offset);
}

const bf_slot *bf_params_owner(const bf_params *p, size_t i)
{
    for (int k = 0; k < p->slots; k++)
        if (i >= p->slot[k].offset && i - p->slot[k].offset < p->slot[k].count) return &p->slot[k];
    return NULL;
}

void bf_params_spatial(bf_params *p, int slot, int axis, int height, int width, int channels)
{
    bf_slot *s = &p->slot[slot];
    assert((axis == 0 || axis == 1) && axis < s->rank && s->shape[axis] == (int64_t)height * width * channels);
    s->spatial[axis].height = height;
    s->spatial[axis].width = width;
    s->spatial[axis].channels = channels;
}

/* Index in (height, width, channels) order to that in (channels, height, width) order. */
static size_t channels_first(const bf_slot *s, int axis, size_t i)
{
    const size_t positions = (size_t)s->spatial[axis].height * (size_t)s->spatial[axis].width, channels = (size_t)s->spatial[axis].channels;
    return channels == 0 ? i : i % channels * positions + i / channels;
}

/* Calls for every element: `inside` of the flat vector, `file` as files hold it. */
#define FOR_ELEMENTS(s, inside, file, what)                                                                     \
    const size_t rows = (size_t)(s)->shape[0], cols = (s)->count / rows;                                       \
    for (size_t r = 0; r < rows; r++)                                                                          \
        for (size_t c = 0; c < cols; c++) {                                                                    \
            const size_t inside = r * cols + c, file = channels_first(s, 0, r) * cols + channels_first(s, 1, c); \
            what;                                                                                              \
        }

void bf_params_export(const bf_slot *s, const float *from, float *to) { FOR_ELEMENTS(s, inside, file, to[file] = from[inside]) }
void bf_params_import(const bf_slot *s, const float *from, float *to) { FOR_ELEMENTS(s, inside, file, to[inside] = from[file]) }
