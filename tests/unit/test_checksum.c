/* Checksums against XXH3's published value and their own definition. */
#include "base/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_checksum__is_xxh3_64(void **state)
{
    (void)state;
    assert_true(bf_hash64("", 0) == UINT64_C(0x2d06800538d394c2));         /* published: XXH3_64bits of nothing, seed 0 */
    assert_true(bf_checksum(NULL, 0) == UINT64_C(0x2d06800538d394c2));
    assert_true(bf_checksum_of_blocks(NULL, 0) == UINT64_C(0x2d06800538d394c2));
}

static void test_checksum__is_the_hash_of_the_blocks_hashes(void **state)
{
    (void)state;
    const size_t sizes[] = { 1, BF_CHECKSUM_BLOCK - 1, BF_CHECKSUM_BLOCK, BF_CHECKSUM_BLOCK + 1, 3 * BF_CHECKSUM_BLOCK + 5 };
    unsigned char *bytes = malloc(sizes[4]);
    assert_non_null(bytes);
    for (size_t i = 0; i < sizes[4]; i++)
        bytes[i] = (unsigned char)(i * 31 + i / 251);
    for (size_t s = 0; s < 5; s++) {
        uint64_t hash[4];
        unsigned char little[32];
        size_t blocks = 0;
        for (size_t at = 0; at < sizes[s]; at += BF_CHECKSUM_BLOCK, blocks++) {
            hash[blocks] = bf_hash64(bytes + at, sizes[s] - at < BF_CHECKSUM_BLOCK ? sizes[s] - at : BF_CHECKSUM_BLOCK);
            for (int k = 0; k < 8; k++)
                little[8 * blocks + (size_t)k] = (unsigned char)(hash[blocks] >> 8 * k);
        }
        assert_true(bf_checksum(bytes, sizes[s]) == bf_hash64(little, 8 * blocks));
        assert_true(bf_checksum(bytes, sizes[s]) == bf_checksum_of_blocks(hash, blocks));
        uint64_t before = bf_checksum(bytes, sizes[s]);
        bytes[sizes[s] / 2] ^= 1;
        assert_true(bf_checksum(bytes, sizes[s]) != before);
    }
    free(bytes);
}

static void test_checksum__does_not_depend_on_parts(void **state)
{
    (void)state;
    const size_t n = 3 * BF_CHECKSUM_BLOCK + 5, parts[] = { 1000003, BF_CHECKSUM_BLOCK, n };
    unsigned char *bytes = malloc(n);
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++) bytes[i] = (unsigned char)(i * 31 + i / 251);
    for (int k = 0; k < 3; k++) {
        bf_checksum_parts *p;
        assert_int_equal(bf_checksum_begin(&p).code, BF_OK);
        for (size_t at = 0; at < n; at += parts[k]) bf_checksum_add(p, bytes + at, n - at < parts[k] ? n - at : parts[k]);
        assert_true(bf_checksum_end(p) == bf_checksum(bytes, n));
        bf_checksum_free(&p);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksum__is_xxh3_64),
        cmocka_unit_test(test_checksum__is_the_hash_of_the_blocks_hashes),
        cmocka_unit_test(test_checksum__does_not_depend_on_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
