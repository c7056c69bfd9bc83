#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scratch.h"
#include "store/checkpoint.h"

enum { N = 5000, ATTRS = 13 };       /* of so many attributes HDF5 makes a heap and a tree */
static float weights[N];
static double history[12];
static int64_t step[1];

static bool refuse_reads;

/* The C library's, for this program: the weights cannot be read while that is so. HDF5 reads no more than its own headers before they are checked. */
ssize_t pread(int fd, void *to, size_t n, off_t at)
{
    if (refuse_reads && n >= sizeof weights) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pread64, fd, to, n, at);
}

static char dir[128];
static bf_site site;
static bf_fault_plan faults;
static bf_comm *world;

static int setup(void **state)
{
    (void)state;
    scratch_make(dir);
    assert_int_equal(bf_site_open(dir, "tag", &site).code, BF_OK);
    faults.count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bf_site_close(&site);
    scratch_remove(dir);
    return 0;
}

static void arrays(bf_array a[3])
{
    a[0] = (bf_array){ "weights", BF_TYPE_F32, 2, { 50, N / 50 }, weights };
    a[1] = (bf_array){ "history/loss", BF_TYPE_F64, 1, { 12 }, history };
    a[2] = (bf_array){ "step", BF_TYPE_I64, 0, { 0 }, step };
}

static bf_status save(int at)
{
    bf_array a[3];
    bf_attr attrs[ATTRS] = { { "kernels", 's', "portable avx2", 0, 0 }, { "lr_scale", 'f', NULL, 0.1 * at, 0 }, { "attempt", 'i', NULL, 0, at } };
    for (int i = 3; i < ATTRS; i++) {
        attrs[i] = (bf_attr){ .type = 'f', .real = at };
        snprintf(attrs[i].name, sizeof attrs[i].name, "seconds_%d", i);
    }
    arrays(a);
    for (int i = 0; i < N; i++) weights[i] = (float)(at * N + i);
    for (int i = 0; i < 12; i++) history[i] = at + 0.5 * i;
    step[0] = at;
    return bf_checkpoint_write(world, &site, 3, a, 3, attrs, ATTRS);
}

/* The step that was found, -1 for none. Everything read has to belong together. */
static int64_t load(char note[256])
{
    bf_array a[3];
    bf_checkpoint *c;
    bf_attr wanted[] = { { "kernels", 's', NULL, 0, 0 }, { "attempt", 'i', NULL, 0, 0 }, { "lr_scale", 'f', NULL, 0, 0 } };
    arrays(a);
    memset(weights, 0, sizeof weights);
    assert_int_equal(bf_checkpoint_open(dir, 3, true, &c, note, 256).code, BF_OK);
    if (!c) return -1;
    assert_int_equal(bf_checkpoint_attrs(c, wanted, 3).code, BF_OK);
    assert_int_equal(bf_checkpoint_arrays(c, a, 3).code, BF_OK);
    bf_checkpoint_close(&c);
    assert_null(c);
    assert_string_equal(wanted[0].text, "portable avx2");
    assert_int_equal(wanted[1].integer, step[0]);
    assert_true(wanted[2].real == 0.1 * (double)step[0]);
    for (int i = 0; i < N; i++) assert_true(weights[i] == (float)(step[0] * N + i));
    for (int i = 0; i < 12; i++) assert_true(history[i] == (double)step[0] + 0.5 * i);
    free((void *)wanted[0].text);
    return step[0];
}

static void flip(const char *name, size_t at)
{
    unsigned char *bytes;
    size_t n = scratch_read(dir, name, &bytes);
    bytes[at % n] ^= 0x10;
    scratch_write(dir, name, bytes, n);
    free(bytes);
}

static void test_checkpoint__none_is_no_failure(void **state)
{
    (void)state;
    char note[256];
    assert_int_equal(load(note), -1);
    assert_string_equal(note, "");
}

static void test_checkpoint__the_newest_comes_back_and_the_one_before_is_kept(void **state)
{
    (void)state;
    char note[256];
    for (int at = 1; at <= 3; at++) assert_int_equal(save(at).code, BF_OK);
    assert_int_equal(load(note), 3);
    assert_string_equal(note, "");
    assert_int_equal(scratch_count(dir, "checkpoints", ""), 2);
    bf_checkpoint_remove(&site, 3);
    assert_int_equal(scratch_count(dir, "checkpoints", ""), 0);
    assert_int_equal(load(note), -1);
}

static void test_checkpoint__a_damaged_one_gives_way_to_the_one_before(void **state)
{
    (void)state;
    char note[256];
    unsigned char *good;
    for (int at = 1; at <= 2; at++) assert_int_equal(save(at).code, BF_OK);
    size_t n = scratch_read(dir, "checkpoints/c0003.h5", &good);
    for (size_t at = 3; at < n; at += n / 97) {         /* any flipped bit either does no harm or is noticed; load() checks every value */
        flip("checkpoints/c0003.h5", at);
        int64_t found = load(note);
        assert_true(found == 2 || (found == 1 && strstr(note, "the one before serves")));
        scratch_write(dir, "checkpoints/c0003.h5", good, n);
    }
    for (size_t length = 0; length < n; length += n / 11) {
        scratch_write(dir, "checkpoints/c0003.h5", good, length);
        assert_int_equal(load(note), 1);
    }
    scratch_write(dir, "checkpoints/c0003.prev.h5", good, n / 2);
    assert_int_equal(load(note), -1);
    assert_non_null(strstr(note, "no checkpoint can be used"));
    free(good);
}

/* On a node of its own disk it would be where nobody looks for it. */
static void test_checkpoint__does_not_make_the_study_s_folder(void **state)
{
    (void)state;
    char missing[160];
    bf_array a[3];
    arrays(a);
    snprintf(missing, sizeof missing, "%s/missing", dir);
    bf_status s = bf_checkpoint_write(world, &(bf_site){ missing, "tag", -1 }, 3, a, 3, NULL, 0);
    assert_int_equal(s.code, BF_E_IO);
    assert_non_null(strstr(s.what, "missing: No such file or directory on "));
    assert_int_equal(scratch_count(dir, ".", "missing"), 0);
}

/* Hours of training may be in it. */
static void test_checkpoint__one_that_cannot_be_read_is_no_reason_to_start_afresh(void **state)
{
    (void)state;
    char note[256];
    for (int at = 1; at <= 2; at++) assert_int_equal(save(at).code, BF_OK);
    for (int damaged = 0; damaged < 2; damaged++) {
        bf_checkpoint *c;
        if (damaged) flip("checkpoints/c0003.h5", 3);
        refuse_reads = true;
        bf_status s = bf_checkpoint_open(dir, 3, true, &c, note, sizeof note);
        refuse_reads = false;
        assert_int_equal(s.code, BF_E_IO);
        assert_null(c);
        assert_non_null(strstr(s.what, damaged ? "c0003.prev.h5: weights: cannot read: " : "c0003.h5: weights: cannot read: "));
        assert_int_equal(load(note), damaged ? 1 : 2);
    }
}

static void test_checkpoint__another_shape_is_not_ours(void **state)
{
    (void)state;
    char note[256];
    bf_checkpoint *c;
    bf_array a[3];
    assert_int_equal(save(1).code, BF_OK);
    arrays(a);
    a[1].shape[0] = 11;
    memset(weights, 0, sizeof weights);
    assert_int_equal(bf_checkpoint_open(dir, 3, true, &c, note, sizeof note).code, BF_OK);
    const bf_status s = bf_checkpoint_arrays(c, a, 3);
    assert_int_equal(s.code, BF_E_FORMAT);
    assert_non_null(strstr(s.what, "loss: has another type or shape"));
    assert_true(weights[1] == 0.0f);
    bf_checkpoint_close(&c);
}

/* Who reads attributes first and arrays when there is room for them reads one checkpoint, not the best of two. */
static void test_checkpoint__serves_whole_or_not_at_all(void **state)
{
    (void)state;
    char note[256];
    bf_checkpoint *c;
    bf_attr attempt = { "attempt", 'i', NULL, 0, 0 }, missing[] = { { "kernels", 's', NULL, 0, 0 }, { "none", 'i', NULL, 0, 0 } };
    unsigned char *newest;
    for (int at = 1; at <= 2; at++) assert_int_equal(save(at).code, BF_OK);
    const size_t n = scratch_read(dir, "checkpoints/c0003.h5", &newest);
    const float value = 2.0f * N + 17;
    unsigned char *there = memmem(newest, n, &value, sizeof value);
    assert_non_null(there);
    there[0] ^= 1;
    scratch_write(dir, "checkpoints/c0003.h5", newest, n);
    assert_int_equal(bf_checkpoint_open(dir, 3, true, &c, note, sizeof note).code, BF_OK);
    assert_int_equal(bf_checkpoint_attrs(c, &attempt, 1).code, BF_OK);
    assert_int_equal(attempt.integer, 1);
    assert_non_null(strstr(note, "the one before serves"));
    assert_non_null(strstr(note, "weights: its checksum is"));
    assert_int_equal(bf_checkpoint_attrs(c, missing, 2).code, BF_E_FORMAT);
    assert_null(missing[0].text);
    bf_checkpoint_close(&c);
    assert_int_equal(bf_checkpoint_open(dir, 3, false, &c, note, sizeof note).code, BF_OK);        /* its attributes alone are not damaged */
    assert_int_equal(bf_checkpoint_attrs(c, &attempt, 1).code, BF_OK);
    assert_int_equal(attempt.integer, 2);
    assert_string_equal(note, "");
    bf_checkpoint_close(&c);
    assert_int_equal(load(note), 1);
    free(newest);
}

/* Somebody removed the folder, and another run made one of the same name: nothing of ours is left there, and nothing of theirs is touched. */
static void test_checkpoint__leaves_nothing_in_a_folder_of_somebody_else(void **state)
{
    (void)state;
    char kept[160], note[256], theirs[256];
    assert_int_equal(save(1).code, BF_OK);
    snprintf(kept, sizeof kept, "%s-kept", dir);
    snprintf(theirs, sizeof theirs, "%s/checkpoints", dir);
    assert_true(rename(dir, kept) == 0 && mkdir(dir, 0777) == 0 && mkdir(theirs, 0777) == 0);
    scratch_write(dir, "checkpoints/c0003.h5", "theirs", 6);
    const bf_status s = save(2);
    assert_int_equal(s.code, BF_E_IO);
    assert_non_null(strstr(s.what, "was removed, moved or replaced while this run was writing there"));
    bf_checkpoint_remove(&site, 3);
    assert_int_equal(scratch_count(dir, "checkpoints", ""), 1);
    scratch_remove(dir);
    assert_int_equal(rename(kept, dir), 0);
    assert_int_equal(load(note), 1);
}

static void test_checkpoint__a_fault_anywhere_leaves_a_good_one(void **state)
{
    (void)state;
    static const char *const points[] = { "checkpoint.write", "checkpoint.fsync", "checkpoint.rename_prev", "checkpoint.rename" };
    char note[256];
    for (int i = 0; i < 4; i++) {
        faults.count = 0;
        assert_int_equal(save(1).code, BF_OK);
        assert_int_equal(save(2).code, BF_OK);
        faults = (bf_fault_plan){ 1, { { .rank = 0, .nth = 1, .action = BF_FAULT_FAIL } } };
        strcpy(faults.fault[0].point, points[i]);
        bf_status s = save(3);
        assert_int_equal(s.code, BF_E_IO);
        assert_non_null(strstr(s.what, points[i]));
        assert_int_equal(scratch_count(dir, "checkpoints", "tmp"), 0);
        assert_int_equal(load(note), 2);
    }
}

static void test_checkpoint__a_kill_between_the_renames_leaves_the_one_before(void **state)
{
    (void)state;
    char note[256], from[256], to[256];
    assert_int_equal(save(4).code, BF_OK);
    snprintf(from, sizeof from, "%s/checkpoints/c0003.h5", dir);
    snprintf(to, sizeof to, "%s/checkpoints/c0003.prev.h5", dir);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(load(note), 4);
    assert_int_equal(save(5).code, BF_OK);
    assert_int_equal(load(note), 5);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_checkpoint__none_is_no_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint__the_newest_comes_back_and_the_one_before_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint__a_damaged_one_gives_way_to_the_one_before, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint__does_not_make_the_study_s_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint__one_that_cannot_be_read_is_no_reason_to_start_afresh, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint__another_shape_is_not_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint__serves_whole_or_not_at_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint__leaves_nothing_in_a_folder_of_somebody_else, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint__a_fault_anywhere_leaves_a_good_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint__a_kill_between_the_renames_leaves_the_one_before, setup, teardown),
    };
    if (bf_comm_init(&argc, &argv, &faults, &world).code) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bf_comm_finalize(&world);
    return failed;
}
