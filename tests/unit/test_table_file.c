/* A file of tables (curve.h5) as others read it, and the tables by beta of a study.h5 that may lie about itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "scratch.h"
#include "store/h5_read.h"
#include "store/h5_write.h"
#include "store/study_by_beta.h"
#include "store/table_file.h"
#include "store/verify.h"

static char dir[128];

static int setup(void **state)
{
    (void)state;
    scratch_make(dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

static const char *inside(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void test_table_file__has_its_columns_and_passes_verification(void **state)
{
    double area[2] = { NAN, -1.5 }, rate[3] = { 0.0, 1.0, 2.0 }, found[3];
    int8_t hull[3] = { 1, 0, 1 };
    char label[2][4] = { "one", "two" }, text[32];
    const bf_table_column curve[] = { { "area", BF_COLUMN_F64, 0, area }, { "label", BF_COLUMN_TEXT, 4, label } };
    const bf_table_column point[] = { { "rate", BF_COLUMN_F64, 0, rate }, { "on_hull", BF_COLUMN_I8, 0, hull } };
    const bf_attr attr = { .name = "split", .type = 's', .text = "test" };
    const bf_stored_table t[] = { { "/curve", "curves", 2, curve, 2 }, { "/point", "points", 3, point, 2 } };
    bf_verify_report report;
    hid_t file;
    (void)state;
    assert_int_equal(bf_table_file_write(inside("curve.h5"), "tag", &attr, 1, t, 2).code, BF_OK);
    assert_int_equal(scratch_count(dir, "", "tmp"), 0);
    assert_int_equal(bf_h5_open(inside("curve.h5"), false, MPI_COMM_NULL, &file).code, BF_OK);
    assert_int_equal(bf_h5_get(file, "/points/rate", H5T_IEEE_F64LE, 1, (hsize_t[]){ 3 }, found).code, BF_OK);
    assert_memory_equal(found, rate, sizeof rate);
    assert_int_equal(bf_h5_get_text(file, "split", text, sizeof text).code, BF_OK);
    assert_string_equal(text, "test");
    hid_t id = H5Dopen2(file, "/curves/area", H5P_DEFAULT);
    assert_int_equal(bf_h5_get_text(id, "units", text, sizeof text).code, BF_OK);
    assert_string_equal(text, "nat2");
    assert_true(H5Aexists(id, "definition") > 0 && H5Aexists(id, "long_name") > 0 && H5Aexists(id, "DIMENSION_LIST") > 0);
    H5Dclose(id);
    assert_int_equal(bf_h5_close(&file, "curve.h5").code, BF_OK);
    FILE *to = fopen("/dev/null", "w");
    assert_int_equal(bf_verify(inside("curve.h5"), to, &report).code, BF_OK);
    fclose(to);
    assert_int_equal(report.checksums, 6);
}

static void test_table_file__refuses_what_the_schema_does_not_describe(void **state)
{
    double v = 1.0;
    const bf_table_column odd = { "oddity", BF_COLUMN_F64, 0, &v };
    const bf_stored_table t = { "/curve", "curves", 1, &odd, 1 };
    (void)state;
    assert_int_equal(bf_table_file_write(inside("curve.h5"), "tag", NULL, 0, &t, 1).code, BF_E_INTERNAL);
    assert_int_equal(scratch_count(dir, "", "curve"), 0);
    const bf_stored_table empty = { "/curve", "curves", 0, NULL, 0 };
    assert_int_equal(bf_table_file_write(inside("no/such/folder.h5"), "tag", NULL, 0, &empty, 1).code, BF_E_IO);
}

/* study.h5 with a grid of 3 values and a table (configs, betas, 2) of 0, 1, 2 ...; no table for configs 0. */
static void write_study(int configs, int betas)
{
    const double grid[] = { 0.1, 1.0, 10.0 };
    double values[64];
    hid_t file;
    for (int i = 0; i < 64; i++) values[i] = i;
    const bf_h5_dataset g = { .name = "/beta_grid", .type = H5T_IEEE_F64LE, .rank = 1, .shape = { 3 } };
    const bf_h5_dataset t = { .name = "/metrics_by_beta/rate", .type = H5T_IEEE_F64LE, .rank = 3,
                              .shape = { (hsize_t)configs, (hsize_t)betas, 2 } };
    assert_int_equal(bf_h5_memory(&file).code, BF_OK);
    assert_int_equal(bf_h5_put(file, &g, grid, NULL).code, BF_OK);
    if (configs) assert_int_equal(bf_h5_put(file, &t, values, NULL).code, BF_OK);
    assert_int_equal(bf_h5_save(file, inside("study.h5")).code, BF_OK);
    assert_int_equal(bf_h5_close(&file, "study.h5").code, BF_OK);
}

static const char *const names[] = { "rate", "distortion" };

static void test_study_by_beta__reads_what_is_there(void **state)
{
    bf_by_beta b;
    (void)state;
    write_study(4, 3);
    assert_int_equal(bf_study_read_by_beta(dir, 4, names, 2, &b).code, BF_OK);
    assert_int_equal(b.betas, 3);
    assert_true(b.grid[2] == 10.0);
    assert_true(bf_by_beta_at(&b, 0, 3, 2, 1) == 23.0 && bf_by_beta_at(&b, 0, 0, 1, 0) == 2.0);
    assert_true(isnan(bf_by_beta_at(&b, 1, 3, 2, 1)));
    bf_by_beta_free(&b);
    write_study(0, 3);
    assert_int_equal(bf_study_read_by_beta(dir, 4, names, 2, &b).code, BF_OK);
    assert_int_equal(b.betas, 0);
    bf_by_beta_free(&b);
}

static void test_study_by_beta__refuses_another_shape_and_flipped_bytes(void **state)
{
    bf_by_beta b;
    unsigned char *bytes;
    const double six = 6.0;
    (void)state;
    write_study(4, 2);
    assert_int_equal(bf_study_read_by_beta(dir, 4, names, 2, &b).code, BF_E_FORMAT);
    write_study(4, 3);
    assert_int_equal(bf_study_read_by_beta(dir, 5, names, 2, &b).code, BF_E_FORMAT);
    assert_null(b.values);
    const size_t n = scratch_read(dir, "study.h5", &bytes);
    unsigned char *at = memmem(bytes, n, &six, sizeof six);
    assert_non_null(at);
    at[3] ^= 1;
    scratch_write(dir, "study.h5", bytes, n);
    free(bytes);
    assert_int_equal(bf_study_read_by_beta(dir, 4, names, 2, &b).code, BF_E_FORMAT);
    assert_null(b.values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_table_file__has_its_columns_and_passes_verification, setup, teardown),
        cmocka_unit_test_setup_teardown(test_table_file__refuses_what_the_schema_does_not_describe, setup, teardown),
        cmocka_unit_test_setup_teardown(test_study_by_beta__reads_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_study_by_beta__refuses_another_shape_and_flipped_bytes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
