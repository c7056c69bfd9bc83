#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "sample_study.h"
#include "scratch.h"
#include "store/h5_read.h"

static char dir[128];
static bf_fault_plan faults;
static bf_comm *world;

static int setup(void **state)
{
    (void)state;
    scratch_make(dir);
    faults.count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

static hid_t open_study(void)
{
    char path[256];
    hid_t file;
    snprintf(path, sizeof path, "%s/study.h5", dir);
    assert_int_equal(bf_h5_open(path, false, MPI_COMM_NULL, &file).code, BF_OK);
    return file;
}

static void test_study_file__holds_every_table(void **state)
{
    (void)state;
    sample_study s;
    double metric[5][2], history[5][4];
    int8_t status[5];
    assert_int_equal(sample_study_open(5, &s).code, BF_OK);
    assert_int_equal(sample_study_tables(&s, world, dir, "tag").code, BF_OK);
    hid_t file = open_study();
    assert_int_equal(bf_h5_get(file, "/sweep/status", H5T_STD_I8LE, 1, (hsize_t[]){ 5 }, status).code, BF_OK);
    assert_int_equal(bf_h5_get(file, "/metrics/rate", H5T_IEEE_F64LE, 2, (hsize_t[]){ 5, 2 }, metric).code, BF_OK);
    assert_int_equal(bf_h5_get(file, "/history/loss", H5T_IEEE_F64LE, 2, (hsize_t[]){ 5, 4 }, history).code, BF_OK);
    for (int c = 0; c < 5; c++) {
        const bf_result *r = &s.results[c];
        assert_int_equal(status[c], r->status);
        for (int i = 0; i < 2; i++) assert_true(metric[c][i] == r->metrics[i * 4] || (isnan(metric[c][i]) && isnan(r->metrics[i * 4])));
        for (int e = 0; e < 4; e++) assert_true(e < r->epochs ? history[c][e] == r->history[e * 3] : isnan(history[c][e]));
    }
    assert_true(isnan(metric[4][0]) && metric[0][0] == 5.0);
    assert_true(bf_h5_has(file, "/provenance/runs/hosts"));
    assert_int_equal(H5Lexists(file, "/configs/c0003", H5P_DEFAULT), 1);
    assert_int_equal(H5Lexists(file, "/configs/c0004", H5P_DEFAULT), 0);
    assert_int_equal(H5Fclose(file), 0);
    sample_study_close(&s);
}

static void test_study_file__tells_a_restart_who_it_is(void **state)
{
    (void)state;
    sample_study s;
    char uuid[37], created[32];
    bf_run_record runs[4];
    int n;
    bool found;
    assert_int_equal(bf_study_file_identity(dir, uuid, created, runs, 4, &n, &found).code, BF_OK);
    assert_false(found);
    assert_int_equal(sample_study_open(2, &s).code, BF_OK);
    assert_int_equal(sample_study_tables(&s, world, dir, "tag").code, BF_OK);
    assert_int_equal(bf_study_file_identity(dir, uuid, created, runs, 4, &n, &found).code, BF_OK);
    assert_true(found);
    assert_string_equal(uuid, "01234567-89ab-4cde-8f01-23456789abcd");
    assert_string_equal(created, "2026-03-01T12:00:00Z");
    assert_int_equal(n, 2);
    assert_string_equal(runs[1].hosts, "node1,node2");
    assert_string_equal(runs[0].end, "2026-03-01T12:01:00Z");
    assert_int_equal(runs[1].ranks, 8);
    assert_int_equal(runs[0].exit_code, 75);
    assert_true(runs[0].speed.seconds[BF_PHASE_FILES] == 0.125 * BF_PHASES && runs[0].speed.memory_share == 0.5);
    assert_true(isnan(runs[0].speed.gflops) && isnan(runs[1].speed.seconds[0]));
    assert_int_equal(bf_study_file_identity(dir, uuid, created, runs, 1, &n, &found).code, BF_OK);
    assert_true(found && n == 1);
    assert_string_equal(runs[0].job, "18");             /* the last ones are kept */
    sample_study_close(&s);
}

static void test_study_file__a_damaged_index_counts_as_none(void **state)
{
    (void)state;
    sample_study s;
    char uuid[37], created[32];
    unsigned char *good;
    bf_run_record runs[4];
    int n;
    bool found;
    assert_int_equal(sample_study_open(5, &s).code, BF_OK);
    assert_int_equal(sample_study_tables(&s, world, dir, "tag").code, BF_OK);
    size_t size = scratch_read(dir, "study.h5", &good);
    for (size_t length = 0; length < size; length += size / 7) {
        scratch_write(dir, "study.h5", good, length);
        assert_int_equal(bf_study_file_identity(dir, uuid, created, runs, 4, &n, &found).code, BF_OK);
        assert_false(found);
        assert_int_equal(n, 0);
    }
    free(good);
    sample_study_close(&s);
}

static void test_study_file__a_fault_leaves_the_old_one(void **state)
{
    (void)state;
    static const char *const points[] = { "study.write", "study.fsync", "study.rename" };
    sample_study s;
    unsigned char *before, *after;
    assert_int_equal(sample_study_open(5, &s).code, BF_OK);
    assert_int_equal(sample_study_tables(&s, world, dir, "tag").code, BF_OK);
    size_t n = scratch_read(dir, "study.h5", &before);
    s.results[0].seconds = 99.0;
    for (int i = 0; i < 3; i++) {
        faults = (bf_fault_plan){ 1, { { .rank = 0, .nth = 1, .action = BF_FAULT_FAIL } } };
        strcpy(faults.fault[0].point, points[i]);
        assert_int_equal(sample_study_tables(&s, world, dir, "tag").code, BF_E_IO);
        assert_int_equal(scratch_read(dir, "study.h5", &after), n);
        assert_memory_equal(after, before, n);
        assert_int_equal(scratch_count(dir, ".", "tmp"), 0);
        free(after);
    }
    free(before);
    sample_study_close(&s);
}

static void test_study_file__equal_tables_give_equal_bytes(void **state)
{
    (void)state;
    sample_study s;
    unsigned char *one, *two;
    assert_int_equal(sample_study_open(5, &s).code, BF_OK);
    assert_int_equal(sample_study_tables(&s, world, dir, "tag").code, BF_OK);
    size_t n = scratch_read(dir, "study.h5", &one);
    assert_int_equal(sample_study_tables(&s, world, dir, "other").code, BF_OK);
    assert_int_equal(scratch_read(dir, "study.h5", &two), n);
    assert_memory_equal(one, two, n);
    free(one);
    free(two);
    sample_study_close(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_study_file__holds_every_table, setup, teardown),
        cmocka_unit_test_setup_teardown(test_study_file__tells_a_restart_who_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(test_study_file__a_damaged_index_counts_as_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_study_file__a_fault_leaves_the_old_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_study_file__equal_tables_give_equal_bytes, setup, teardown),
    };
    if (bf_comm_init(&argc, &argv, &faults, &world).code) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bf_comm_finalize(&world);
    return failed;
}
