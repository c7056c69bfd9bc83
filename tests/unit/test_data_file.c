/* HDF5 data files: what is written, and what is not believed. */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "close.h"
#include "data_rig.h"
#include "store/data_file.h"

static data_rig rig;
static char path[160];

static const float real[12] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
static const int32_t label[4] = { 3, 1, 2, 0 };

static void write_two(void)
{
    const bf_array a[] = {
        { .name = "train/x", .type = BF_TYPE_F32, .rank = 2, .shape = { 4, 3 }, .data = (void *)real },
        { .name = "train/label", .type = BF_TYPE_I32, .rank = 1, .shape = { 4 }, .data = (void *)label } };
    const bf_attr attrs[] = { { .name = "source", .type = 's', .text = "test" } };
    assert_int_equal(bf_data_file_write(data_rig_file(&rig, "data.h5", path), "tag", a, 2, attrs, 1).code, BF_OK);
}

static bf_data_file *open_file(void)
{
    bf_data_file *f = NULL;
    const bf_status s = bf_data_file_open(path, &f);
    if (s.code) fail_msg("%s", s.what);
    return f;
}

static void test_data_file__rows_come_back_converted(void **state)
{
    bf_array a;
    bool found;
    float x[6];
    int64_t y[2];
    (void)state;
    write_two();
    bf_data_file *f = open_file();
    assert_int_equal(bf_data_file_describe(f, "train/x", &a, &found).code, BF_OK);
    assert_true(found && a.rank == 2 && a.shape[0] == 4 && a.shape[1] == 3 && a.type == BF_TYPE_F32);
    assert_int_equal(bf_data_file_rows(f, "train/x", BF_TYPE_F32, 1, 2, x).code, BF_OK);
    assert_memory_equal(x, real + 3, sizeof x);
    assert_int_equal(bf_data_file_describe(f, "train/label", &a, &found).code, BF_OK);
    assert_int_equal(bf_data_file_rows(f, "train/label", BF_TYPE_I64, 1, 2, y).code, BF_OK);
    assert_true(y[0] == 1 && y[1] == 2);
    assert_int_equal(bf_data_file_check(f, "train/x").code, BF_OK);
    assert_int_equal(bf_data_file_describe(f, "test/x", &a, &found).code, BF_OK);
    assert_false(found);
    assert_int_equal(bf_data_file_rows(f, "train/x", BF_TYPE_F32, 3, 2, x).code, BF_E_INTERNAL);
    bf_data_file_close(&f);
    assert_null(f);
}

static void test_data_file__carries_units_and_checksums(void **state)
{
    static const char *const name[] = { "checksum", "long_name", "units" };
    (void)state;
    write_two();
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), x = H5Dopen2(file, "/train/x", H5P_DEFAULT);
    for (int i = 0; i < 3; i++) assert_true(H5Aexists(x, name[i]) > 0);
    assert_true(H5Aexists(file, "source") > 0);
    H5Dclose(x);
    H5Fclose(file);
}

static void test_data_file__cannot_write_is_io(void **state)
{
    const bf_array a = { .name = "x", .type = BF_TYPE_F32, .rank = 1, .shape = { 12 }, .data = (void *)real };
    (void)state;
    assert_int_equal(bf_data_file_write("/tmp/no/such/folder/x.h5", "tag", &a, 1, NULL, 0).code, BF_E_IO);
}

/* Makes /x with this type, shape and creation list by the library itself. */
static void make(hid_t type, int rank, const hsize_t *shape, hid_t list, const void *data)
{
    data_rig_file(&rig, "made.h5", path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(rank, shape, NULL);
    hid_t x = H5Dcreate2(file, "x", type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    if (data) H5Dwrite(x, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    H5Dclose(x);
    H5Sclose(space);
    H5Fclose(file);
}

static void refuse(const char *name, const char *words)
{
    bf_array a;
    bool found;
    bf_data_file *f = open_file();
    const bf_status s = bf_data_file_describe(f, name, &a, &found);
    if (s.code != BF_E_FORMAT || !strstr(s.what, words)) fail_msg("%s: %s", bf_code_name(s.code), s.what);
    bf_data_file_close(&f);
}

static void test_data_file__types_and_shapes_are_held_against_the_file(void **state)
{
    static const hsize_t small[5] = { 2, 2, 3, 1, 1 }, huge[2] = { (hsize_t)1 << 40, 1000 }, monster[3] = { (hsize_t)1 << 62, 1000, 1000 };
    (void)state;
    make(H5T_NATIVE_FLOAT, 5, small, H5P_DEFAULT, NULL);
    refuse("x", "5 axes");
    make(H5T_NATIVE_INT16, 2, small, H5P_DEFAULT, NULL);
    refuse("x", "a type other than");
    make(H5T_NATIVE_INT8, 2, small, H5P_DEFAULT, NULL);
    refuse("x", "a type other than");
    make(H5T_NATIVE_FLOAT, 2, small, H5P_DEFAULT, NULL);        /* never written, so never stored */
    refuse("x", "not all in the file");
    make(H5T_NATIVE_FLOAT, 2, huge, H5P_DEFAULT, NULL);
    refuse("x", "not all in the file");
    hid_t chunked = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(chunked, 2, (hsize_t[]){ 100, 10 });
    H5Pset_deflate(chunked, 1);
    make(H5T_NATIVE_FLOAT, 2, huge, chunked, NULL);
    refuse("x", "are stored");
    H5Pset_chunk(chunked, 2, (hsize_t[]){ 1 << 20, 500 });
    make(H5T_NATIVE_FLOAT, 2, huge, chunked, NULL);
    refuse("x", "chunks of more than");
    H5Pset_chunk(chunked, 3, (hsize_t[]){ 1, 1, 1 });
    make(H5T_NATIVE_FLOAT, 3, monster, chunked, NULL);
    refuse("x", "x");
    H5Pclose(chunked);
}

static void test_data_file__compressed_rows_are_read(void **state)
{
    static const hsize_t shape[2] = { 4, 3 };
    bf_array a;
    bool found;
    float x[12];
    (void)state;
    hid_t chunked = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(chunked, 2, (hsize_t[]){ 3, 2 });
    H5Pset_shuffle(chunked);
    H5Pset_deflate(chunked, 1);
    make(H5T_IEEE_F32BE, 2, shape, chunked, real);      /* the bytes are taken as big endian both ways */
    H5Pclose(chunked);
    bf_data_file *f = open_file();
    assert_int_equal(bf_data_file_describe(f, "x", &a, &found).code, BF_OK);
    assert_int_equal(bf_data_file_check(f, "x").code, BF_OK);
    for (int i = 0; i < 4; i++) assert_int_equal(bf_data_file_rows(f, "x", BF_TYPE_F32, i, 1, x + 3 * i).code, BF_OK);
    for (int i = 0; i < 12; i++) {
        unsigned char turned[4], *raw = (unsigned char *)&x[i];
        for (int b = 0; b < 4; b++) turned[b] = raw[3 - b];
        assert_memory_equal(turned, &real[i], 4);
    }
    bf_data_file_close(&f);
}

/* A link that leads out of the file is no dataset of it. */
static void test_data_file__links_do_not_lead_out(void **state)
{
    bf_array a;
    bool found = true;
    (void)state;
    write_two();
    hid_t file = H5Fcreate(data_rig_file(&rig, "link.h5", path), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("data.h5", "/train", file, "train", H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    bf_data_file *f = open_file();
    assert_int_equal(bf_data_file_describe(f, "train/x", &a, &found).code, BF_OK);
    assert_false(found);
    bf_data_file_close(&f);
}

static int start(void **state) { (void)state; data_rig_open(&rig); H5Eset_auto2(H5E_DEFAULT, NULL, NULL); return 0; }
static int finish(void **state) { (void)state; data_rig_close(&rig); return 0; }

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_data_file__##name, start, finish)
    const struct CMUnitTest tests[] = {
        TEST(rows_come_back_converted), TEST(carries_units_and_checksums), TEST(cannot_write_is_io),
        TEST(types_and_shapes_are_held_against_the_file), TEST(compressed_rows_are_read), TEST(links_do_not_lead_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
