/* Datasets that are too large for one transfer, at the scale of a few bytes: every value is in one piece, none is too large, and what is written so
 * comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "store/h5_write.h"
#include "store/pieces.h"

/* How often each value is in a piece, which has to be once; a piece's values follow one another from the number that is told. */
static void expect_cover(const bf_pieces *p, const hsize_t *shape, size_t value, int64_t most)
{
    int64_t next = 0, total = 1;
    for (int i = 0; i < p->rank; i++) total *= (int64_t)shape[i];
    for (int64_t k = 0; k < p->count; k++) {
        hsize_t start[BF_PIECE_AXES], count[BF_PIECE_AXES];
        assert_int_equal(bf_pieces_at(p, k, start, count), next);
        int64_t values = 1, at = 0, last = 0;
        for (int i = 0; i < p->rank; i++) {
            assert_true(count[i] > 0 && start[i] + count[i] <= shape[i]);
            values *= (int64_t)count[i];
            at = at * (int64_t)shape[i] + (int64_t)start[i];
            last = last * (int64_t)shape[i] + (int64_t)(start[i] + count[i] - 1);
        }
        assert_int_equal(at, next);
        assert_int_equal(last - at + 1, values);        /* without a gap */
        assert_true(values == 1 || values * (int64_t)value <= most);
        next += values;
    }
    assert_int_equal(next, total);
}

static void test_pieces__cover_every_shape(void **state)
{
    static const struct { int rank; hsize_t shape[4]; } of[] = {
        { 0, { 0 } }, { 1, { 1 } }, { 1, { 100 } }, { 2, { 3, 50 } }, { 2, { 50, 3 } }, { 2, { 1, 97 } },
        { 3, { 4, 5, 6 } }, { 4, { 3, 2, 7, 5 } }, { 4, { 2, 1, 1, 9 } },
    };
    (void)state;
    for (size_t s = 0; s < sizeof of / sizeof *of; s++)
        for (size_t value = 1; value <= 8; value *= 2)
            for (int64_t most = 1; most < 1000; most += 1 + most / 16) {
                const bf_pieces p = bf_pieces_cut(of[s].rank, of[s].shape, value, most);
                expect_cover(&p, of[s].shape, value, most);
            }
}

static void test_pieces__are_as_large_as_they_may_be(void **state)
{
    const hsize_t rows[2] = { 10, 6 }, none[2] = { 0, 6 };
    (void)state;
    assert_int_equal(bf_pieces_cut(2, rows, 4, 240).count, 1);
    assert_int_equal(bf_pieces_cut(2, rows, 4, 239).count, 2);      /* nine rows and one */
    assert_int_equal(bf_pieces_cut(2, rows, 4, 47).count, 10);
    assert_int_equal(bf_pieces_cut(2, rows, 4, 23).count, 20);      /* five values and one, of every row */
    assert_int_equal(bf_pieces_cut(2, rows, 4, 1).count, 60);
    assert_int_equal(bf_pieces_cut(2, none, 4, 240).count, 0);
    assert_int_equal(bf_pieces_cut(0, NULL, 4, 1).count, 1);
}

/* An optimiser's two moments of 600 million parameters: no row of them fits, and no product may overflow. */
static void test_pieces__rows_of_gigabytes_are_cut(void **state)
{
    const hsize_t shape[2] = { 2, 600000000 };
    hsize_t start[2], count[2];
    (void)state;
    const bf_pieces p = bf_pieces_cut(2, shape, 4, BF_PIECE_BYTES);
    assert_int_equal(p.count, 6);
    assert_int_equal(bf_pieces_at(&p, 5, start, count), 600000000 + 2 * ((int64_t)1 << 28));
    assert_int_equal(start[0], 1);
    assert_int_equal(start[1], (int64_t)1 << 29);
    assert_int_equal(count[0], 1);
    assert_int_equal(count[1], 600000000 - ((int64_t)1 << 29));
    const bf_pieces many = bf_pieces_cut(2, (hsize_t[2]){ (hsize_t)1 << 40, 1024 }, 4, BF_PIECE_BYTES);
    assert_int_equal(many.count, (int64_t)1 << 22);
}

static void test_pieces__what_is_written_in_pieces_comes_back(void **state)
{
    const bf_h5_dataset d = { .name = "x", .type = H5T_IEEE_F32LE, .rank = 3, .shape = { 5, 4, 7 }, .dims = "a b c" };
    static float out[140], in[140];
    hid_t file, id;
    (void)state;
    for (int i = 0; i < 140; i++) out[i] = (float)(i + 1);
    for (int64_t most = 4; most <= 560; most += 4) {
        assert_int_equal(bf_h5_memory(&file).code, BF_OK);
        assert_int_equal(bf_h5_create(file, &d, &id).code, BF_OK);
        assert_int_equal(bf_h5_write_pieces(id, d.type, out, most).code, BF_OK);
        memset(in, 0, sizeof in);
        assert_true(H5Dread(id, d.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, in) >= 0);
        assert_memory_equal(in, out, sizeof in);
        H5Dclose(id);
        assert_int_equal(bf_h5_close(&file, "memory").code, BF_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces__cover_every_shape),
        cmocka_unit_test(test_pieces__are_as_large_as_they_may_be),
        cmocka_unit_test(test_pieces__rows_of_gigabytes_are_cut),
        cmocka_unit_test(test_pieces__what_is_written_in_pieces_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
