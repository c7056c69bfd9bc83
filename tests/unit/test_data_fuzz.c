/* Files that somebody damaged, by chance or by design: every mutation ends in a data set or in a status, never in a crash, a hang or an
 * allocation that a header talked us into. The mutations are a fixed sequence, so a failure can be repeated by its number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "close.h"
#include "data_rig.h"
#include "store/data_file.h"

enum { MAX_FILE = 1 << 16, ROUNDS = 400 };

static const bf_comm *world, *node;
static data_rig rig;
static char path[160];

static uint32_t word(int round, int what)
{
    const bf_draw d = { .seed = 99, .step = (uint64_t)what, .sample = (uint64_t)round, .use = BF_USE_MEASURE };
    double u;
    bf_rng_uniform64(&d, &u, 1);
    return (uint32_t)(u * 4294967296.0);
}

/* Headers are short and matter most: half of the places lie in the first 64 bytes. */
static size_t place(int round, int what, size_t n)
{
    const uint32_t w = word(round, what);
    return w % 2 && n > 64 ? (w >> 1) % 64 : (w >> 1) % n;
}

static size_t mutate(int round, uint8_t *b, size_t n)
{
    static const uint8_t extreme[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, '9', '-', '(' };
    const int hits = 1 + (int)(word(round, 1) % 4);
    for (int h = 0; h < hits && n > 0; h++) {
        const size_t at = place(round, 10 + h, n);
        const uint32_t w = word(round, 20 + h);
        switch (w % 5) {
        case 0: b[at] ^= (uint8_t)(1u << (w >> 8) % 8); break;
        case 1: b[at] = extreme[(w >> 8) % sizeof extreme]; break;
        case 2: memset(b + at, (w >> 8) % 2 ? 0xff : 0, n - at < 4 ? n - at : 4); break;
        case 3: n = at; break;
        default: memmove(b + at / 2, b + at, n - at); n -= at - at / 2; break;
        }
    }
    return n;
}

/* Opens what lies at path; whatever happens is a status of the user's kind. */
static void open_it(const char *source, int round)
{
    bf_data_options o;
    bf_data_info info;
    bf_dataset *ds = NULL;
    data_rig_options(&o, source);
    data_rig_path(&o, "", path);
    bf_status s = bf_dataset_inspect(&o, &info);
    if (!s.code) {
        s = bf_dataset_open(world, node, &o, &ds);
        bf_dataset_close(&ds);
    }
    if (s.code != BF_OK && s.code != BF_E_FORMAT && s.code != BF_E_INPUT && s.code != BF_E_IO)
        fail_msg("%s, mutation %d: %s: %s", source, round, bf_code_name(s.code), s.what);
}

static void fuzz(const char *source, const uint8_t *good, size_t n, int rounds)
{
    uint8_t *bytes = malloc(MAX_FILE);
    for (int round = 0; round < rounds; round++) {
        memcpy(bytes, good, n);
        data_rig_write(data_rig_file(&rig, "fuzz", path), bytes, mutate(round, bytes, n));
        open_it(source, round);
    }
    free(bytes);
}

static size_t good_idx(uint8_t *b)
{
    const size_t head = data_rig_idx(b, 3, (uint32_t[]){ 30, 5, 4 });
    for (size_t i = 0; i < 600; i++) b[head + i] = (uint8_t)(i * 31);
    return head + 600;
}

static void test_data_fuzz__idx(void **state)
{
    uint8_t b[1024];
    (void)state;
    fuzz("idx", b, good_idx(b), ROUNDS);
}

/* The damage is done to the compressed bytes, and to the content before it is compressed. */
static void test_data_fuzz__gzipped_idx(void **state)
{
    uint8_t b[1024], bytes[1024], packed[4096];
    const size_t n = good_idx(b);
    (void)state;
    data_rig_write_gz(data_rig_file(&rig, "fuzz", path), b, n);
    fuzz("idx", packed, data_rig_read(path, packed, sizeof packed), ROUNDS);
    for (int round = 0; round < ROUNDS; round++) {
        memcpy(bytes, b, n);
        data_rig_write_gz(path, bytes, mutate(round, bytes, n));
        open_it("idx", round);
    }
}

static void test_data_fuzz__npy(void **state)
{
    uint8_t b[1024];
    const size_t head = data_rig_npy(b, "<f4", "(20, 3, 2)");
    (void)state;
    memset(b + head, 0x3f, 480);
    fuzz("npy", b, head + 480, 2 * ROUNDS);
}

static void test_data_fuzz__cifar10(void **state)
{
    uint8_t *b = calloc(10, 3073);
    (void)state;
    fuzz("cifar10", b, 10 * 3073, ROUNDS);
    free(b);
}

/* Metadata written with libver V18 and later carry checksums, so flips end at HDF5's door; contents are held against ours. */
static void test_data_fuzz__hdf5(void **state)
{
    uint8_t *b = malloc(MAX_FILE), x[400];
    int32_t label[40] = { 0 };
    (void)state;
    memset(x, 7, sizeof x);
    const bf_array a[] = {
        { .name = "train/x", .type = BF_TYPE_U8, .rank = 2, .shape = { 40, 10 }, .data = x },
        { .name = "train/label", .type = BF_TYPE_I32, .rank = 1, .shape = { 40 }, .data = label } };
    assert_int_equal(bf_data_file_write(data_rig_file(&rig, "fuzz", path), "tag", a, 2, NULL, 0).code, BF_OK);
    const size_t n = data_rig_read(path, b, MAX_FILE);
    assert_true(n < MAX_FILE);
    fuzz("hdf5", b, n, ROUNDS);
    free(b);
}

static int start(void **state) { (void)state; data_rig_open(&rig); return 0; }
static int finish(void **state) { (void)state; data_rig_close(&rig); return 0; }

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_data_fuzz__##name, start, finish)
    const struct CMUnitTest tests[] = { TEST(idx), TEST(gzipped_idx), TEST(npy), TEST(cifar10), TEST(hdf5) };
    bf_comm *all = NULL, *shared = NULL;
    if (bf_comm_init(&argc, &argv, NULL, &all).code || bf_comm_node(all, &shared).code) return 1;
    world = all;
    node = shared;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bf_comm_free(&shared);
    bf_comm_finalize(&all);
    return failed;
}
