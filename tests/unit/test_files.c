/* Files as sources: every format read back, and every lie told by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "close.h"
#include "data_rig.h"
#include "store/data_file.h"

static const bf_comm *world, *node;
static data_rig rig;
static char path[8][160];

static bf_dataset *open_set(const bf_data_options *o)
{
    bf_dataset *ds = NULL;
    const bf_status s = bf_dataset_open(world, node, o, &ds);
    if (s.code) fail_msg("%s", s.what);
    return ds;
}

/* inspect fails with this code, and its sentence holds these words. */
static void refuse(const bf_data_options *o, bf_code code, const char *words)
{
    bf_data_info info;
    const bf_status s = bf_dataset_inspect(o, &info);
    if (s.code != code || !strstr(s.what, words)) fail_msg("%s: %s", bf_code_name(s.code), s.what);
}

/* --- IDX ------------------------------------------------------------------------------------------------------------- */

enum { ROWS = 50, SIDE = 4, PIXELS = SIDE * SIDE };

static uint8_t pixel(int file, int i) { return (uint8_t)((uint32_t)(i + 5000 * file) * 2654435761u >> 17); }

/* Images of 4 x 4 whose header claims `claim` rows while `rows` are there. */
static void write_images(const char *to, int file, uint32_t claim, int rows, bool gz)
{
    uint8_t bytes[16 + ROWS * PIXELS + 1];
    const size_t head = data_rig_idx(bytes, 3, (uint32_t[]){ claim, SIDE, SIDE });
    for (int i = 0; i < rows * PIXELS; i++) bytes[head + (size_t)i] = pixel(file, i);
    (gz ? data_rig_write_gz : data_rig_write)(to, bytes, head + (size_t)rows * PIXELS);
}

static void write_labels(const char *to, int rows, bool gz)
{
    uint8_t bytes[8 + ROWS];
    const size_t head = data_rig_idx(bytes, 1, (uint32_t[]){ (uint32_t)rows });
    for (int i = 0; i < rows; i++) bytes[head + (size_t)i] = (uint8_t)(i % 7);
    (gz ? data_rig_write_gz : data_rig_write)(to, bytes, head + (size_t)rows);
}

static void check_idx(const bf_data_options *o)
{
    bf_dataset *ds = open_set(o);
    const bf_data_info *info = bf_dataset_info(ds);
    assert_int_equal(info->rows[BF_TRAIN], ROWS);
    assert_int_equal(info->rows[BF_TEST], 20);
    assert_int_equal(info->labels, 7);
    for (int s = 0; s < BF_SPLITS; s++)
        for (int i = 0; i < info->rows[s] * PIXELS; i++) assert_int_equal(((const uint8_t *)bf_dataset_stored(ds, (bf_split)s))[i], pixel(s, i));
    assert_int_equal(bf_dataset_labels(ds, BF_TEST)[13], 6);
    bf_dataset_close(&ds);
}

static void write_family(void)
{
    write_images(data_rig_file(&rig, "train-images-idx3-ubyte.gz", path[0]), 0, ROWS, ROWS, true);
    write_images(data_rig_file(&rig, "t10k-images-idx3-ubyte", path[1]), 1, 20, 20, false);
    write_labels(data_rig_file(&rig, "train-labels.idx1-ubyte", path[2]), ROWS, false);
    write_labels(data_rig_file(&rig, "t10k-labels-idx1-ubyte.gz", path[3]), 20, true);
}

static void test_files__idx_by_folder_role_and_place(void **state)
{
    bf_data_options o;
    (void)state;
    write_family();
    data_rig_options(&o, "idx");
    data_rig_path(&o, "", rig.folder);
    check_idx(&o);
    data_rig_options(&o, "idx");
    data_rig_path(&o, "test", path[1]);
    data_rig_path(&o, "test_labels", path[3]);
    data_rig_path(&o, "labels", path[2]);
    data_rig_path(&o, "train", path[0]);
    check_idx(&o);
    data_rig_options(&o, "idx");        /* labels have one axis, so any order of images and labels will do */
    data_rig_path(&o, "", path[0]);
    data_rig_path(&o, "", path[2]);
    data_rig_path(&o, "", path[1]);
    data_rig_path(&o, "", path[3]);
    check_idx(&o);
}

static void test_files__idx_that_lies_is_told(void **state)
{
    bf_data_options o;
    uint8_t bytes[64];
    (void)state;
    for (int gz = 0; gz < 2; gz++) {
        data_rig_options(&o, "idx");
        data_rig_path(&o, "", data_rig_file(&rig, "lie", path[0]));
        write_images(path[0], 0, 60000, 13, gz);
        refuse(&o, BF_E_FORMAT, "lie: header says 60000 images of 4x4 but the file ends after 13 images");
        write_images(path[0], 0, 0xffffffffu, 13, gz);
        refuse(&o, BF_E_FORMAT, "header says 4294967295 images of 4x4 but the file ends after 13 images");
        write_images(path[0], 0, 12, 13, gz);
        refuse(&o, BF_E_FORMAT, "header says 12 images of 4x4 but the file goes on after them");
        data_rig_idx(bytes, 4, (uint32_t[]){ 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu });
        (gz ? data_rig_write_gz : data_rig_write)(path[0], bytes, 20);
        refuse(&o, BF_E_FORMAT, "header says 4294967295 along axis 1");
        (gz ? data_rig_write_gz : data_rig_write)(path[0], bytes, 10);
        refuse(&o, BF_E_FORMAT, "ends inside its header");
        bytes[2] = 0x0d;
        (gz ? data_rig_write_gz : data_rig_write)(path[0], bytes, 20);
        refuse(&o, BF_E_FORMAT, "IDX type 0x0d");
    }
}

static void test_files__truncated_gzip_is_told(void **state)
{
    bf_data_options o;
    uint8_t bytes[2000];
    (void)state;
    data_rig_options(&o, "idx");
    data_rig_path(&o, "", data_rig_file(&rig, "cut.gz", path[0]));
    write_images(path[0], 0, ROWS, ROWS, true);
    const size_t n = data_rig_read(path[0], bytes, sizeof bytes);
    data_rig_write(path[0], bytes, n / 2);
    refuse(&o, BF_E_FORMAT, "cut.gz: header says 50 images of 4x4 but the file ends after");
    bytes[n / 2] ^= 0x55;
    data_rig_write(path[0], bytes, n);
    refuse(&o, BF_E_FORMAT, "cut.gz");
}

static void test_files__missing_and_strange_files_are_told(void **state)
{
    static const char *const source[] = { "idx", "cifar10", "npy", "hdf5" };
    bf_data_options o;
    (void)state;
    for (int i = 0; i < 4; i++) {
        data_rig_options(&o, source[i]);
        refuse(&o, BF_E_INPUT, "data.path");
        data_rig_path(&o, "", data_rig_file(&rig, "nothing-here", path[0]));
        refuse(&o, BF_E_INPUT, "nothing-here: No such file");
        data_rig_options(&o, source[i]);
        data_rig_path(&o, "", data_rig_file(&rig, "pipe", path[0]));
        if (i == 0) assert_int_equal(mkfifo(path[0], 0600), 0);
        refuse(&o, BF_E_INPUT, "pipe is no file");      /* opening it would wait for ever */
        data_rig_options(&o, source[i]);
        data_rig_path(&o, "", data_rig_file(&rig, "empty", path[0]));
        data_rig_write(path[0], "", 0);
        refuse(&o, BF_E_FORMAT, "empty");
    }
}

static void test_files__labels_must_match(void **state)
{
    bf_data_options o;
    (void)state;
    data_rig_options(&o, "idx");
    write_images(data_rig_file(&rig, "x", path[0]), 0, ROWS, ROWS, false);
    write_labels(data_rig_file(&rig, "y", path[1]), 20, false);
    data_rig_path(&o, "train", path[0]);
    data_rig_path(&o, "labels", path[1]);
    refuse(&o, BF_E_FORMAT, "y: 20 labels for the 50 images of x");
}

/* --- one array, limits ----------------------------------------------------------------------------------------------- */

static int row_of(const uint8_t *image)
{
    for (int i = 0; i < ROWS; i++) {
        bool same = true;
        for (int p = 0; p < PIXELS && same; p++) same = image[p] == pixel(0, i * PIXELS + p);
        if (same) return i;
    }
    return -1;
}

static void test_files__one_array_is_cut_by_the_seed(void **state)
{
    bf_data_options o;
    (void)state;
    data_rig_options(&o, "idx");
    write_images(data_rig_file(&rig, "one", path[0]), 0, ROWS, ROWS, true);
    write_labels(data_rig_file(&rig, "one-labels", path[1]), ROWS, false);
    data_rig_path(&o, "", path[0]);
    data_rig_path(&o, "", path[1]);
    uint64_t hash[2];
    for (int k = 0; k < 2; k++, o.seed++) {
        int seen[ROWS] = { 0 };
        bf_dataset *ds = open_set(&o);
        assert_int_equal(bf_dataset_info(ds)->rows[BF_TEST], 5);
        assert_int_equal(bf_dataset_info(ds)->rows[BF_TRAIN], 45);
        for (int s = 0; s < BF_SPLITS; s++)
            for (int i = 0; i < bf_dataset_info(ds)->rows[s]; i++) {
                const int row = row_of((const uint8_t *)bf_dataset_stored(ds, (bf_split)s) + i * PIXELS);
                assert_in_range(row, 0, ROWS - 1);
                seen[row]++;
                assert_int_equal(bf_dataset_labels(ds, (bf_split)s)[i], row % 7);
            }
        for (int i = 0; i < ROWS; i++) assert_int_equal(seen[i], 1);
        hash[k] = bf_dataset_info(ds)->hash;
        bf_dataset_close(&ds);
    }
    assert_true(hash[0] != hash[1]);
}

static void test_files__limits_are_held_against_the_file(void **state)
{
    bf_data_options o;
    bf_data_info info;
    (void)state;
    write_family();
    data_rig_options(&o, "idx");
    data_rig_path(&o, "", rig.folder);
    o.train = 51;
    refuse(&o, BF_E_INPUT, "data.train: asks for 51 samples, train-images-idx3-ubyte.gz holds 50");
    o.train = 30;
    o.test = 21;
    refuse(&o, BF_E_INPUT, "data.test: asks for 21 samples, train-images-idx3-ubyte.gz holds 20");
    o.test = 3;
    assert_int_equal(bf_dataset_inspect(&o, &info).code, BF_OK);
    assert_int_equal(info.rows[BF_TRAIN], 30);
    assert_int_equal(info.rows[BF_TEST], 3);
}

/* --- CIFAR-10 -------------------------------------------------------------------------------------------------------- */

static void write_batch(const char *to, int rows, int seed)
{
    uint8_t *bytes = malloc((size_t)rows * 3073);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < 3073; i++) bytes[r * 3073 + i] = (uint8_t)(i ? (seed + r + 3 * i) : (seed + r) % 10);
    data_rig_write(to, bytes, (size_t)rows * 3073);
    free(bytes);
}

static void test_files__cifar10_batches_become_nhwc(void **state)
{
    bf_data_options o;
    (void)state;
    static const struct { const char *name; int rows, seed; } of[6] = {
        { "data_batch_1.bin", 3, 0 }, { "data_batch_2.bin", 70, 100 }, { "data_batch_3.bin", 1, 170 }, { "data_batch_4.bin", 5, 171 },
        { "data_batch_5.bin", 2, 176 }, { "test_batch.bin", 2, 7 } };
    for (int k = 0; k < 6; k++) write_batch(data_rig_file(&rig, of[k].name, path[k]), of[k].rows, of[k].seed);
    data_rig_options(&o, "cifar10");
    data_rig_path(&o, "", rig.folder);
    bf_dataset *ds = open_set(&o);
    const bf_data_info *info = bf_dataset_info(ds);
    assert_int_equal(info->rows[BF_TRAIN], 81);
    assert_int_equal(info->rows[BF_TEST], 2);
    assert_int_equal(info->shape[2], 3);
    const uint8_t *x = bf_dataset_stored(ds, BF_TRAIN);
    for (int r = 0; r < 81; r++) {
        const int seed = r < 3 ? r : 97 + r;
        assert_int_equal(bf_dataset_labels(ds, BF_TRAIN)[r], seed % 10);
        for (int i = 0; i < 3072; i++) assert_int_equal(x[r * 3072 + i], (uint8_t)(seed + 3 * (1 + 1024 * (i % 3) + i / 3)));
    }
    bf_dataset_close(&ds);
    data_rig_write(path[0], "abc", 3);
    refuse(&o, BF_E_FORMAT, "data_batch_1.bin: 3 bytes are no whole number of records");
}

/* A data set that lost one of its files is not a smaller one. */
static void test_files__a_file_that_a_folder_lacks_is_told(void **state)
{
    static const char *const cifar[] = { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin" };
    static const char *const family[] = { "train-images-idx3-ubyte", "t10k-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte" };
    bf_data_options o;
    bf_data_info info;
    char words[64];
    (void)state;
    for (int k = 0; k < 6; k++) write_batch(data_rig_file(&rig, cifar[k], path[k]), 3, k);
    data_rig_options(&o, "cifar10");
    data_rig_path(&o, "", rig.folder);
    for (int k = 0; k < 6; k++) {
        assert_int_equal(remove(path[k]), 0);
        snprintf(words, sizeof words, "holds no %s", cifar[k]);
        refuse(&o, BF_E_INPUT, words);
        write_batch(path[k], 3, k);
    }
    assert_int_equal(bf_dataset_inspect(&o, &info).code, BF_OK);
    write_family();
    data_rig_options(&o, "idx");
    data_rig_path(&o, "", rig.folder);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(rename(path[k], data_rig_file(&rig, "aside", path[4])), 0);
        snprintf(words, sizeof words, "holds no %s (or .gz)", family[k]);
        refuse(&o, BF_E_INPUT, words);
        assert_int_equal(rename(path[4], path[k]), 0);
    }
    for (int k = 2; k < 4; k++) assert_int_equal(remove(path[k]), 0);
    assert_int_equal(bf_dataset_inspect(&o, &info).code, BF_OK);       /* of images alone */
    assert_int_equal(info.labels, 0);
}

/* --- NPY ------------------------------------------------------------------------------------------------------------- */

static void write_npy(const char *to, const char *descr, const char *shape, const void *data, size_t n)
{
    uint8_t bytes[4096];
    const size_t head = data_rig_npy(bytes, descr, shape);
    memcpy(bytes + head, data, n);
    data_rig_write(to, bytes, head + n);
}

static void test_files__npy_of_every_type(void **state)
{
    static const double f8[12] = { 0, 0.25, -3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    static const int64_t y[4] = { 1, 0, 2, 1 };
    bf_data_options o;
    float f4[12];
    uint8_t u1[12];
    (void)state;
    for (int i = 0; i < 12; i++) f4[i] = (float)f8[i];
    for (int i = 0; i < 12; i++) u1[i] = (uint8_t)(20 * i);
    const struct { const char *descr; const void *data; size_t n; } kind[] = { { "<f8", f8, sizeof f8 }, { "<f4", f4, sizeof f4 }, { "|u1", u1, sizeof u1 } };
    write_npy(data_rig_file(&rig, "y.npy", path[1]), "<i8", "(4,)", y, sizeof y);
    for (int k = 0; k < 3; k++) {
        data_rig_options(&o, "npy");
        o.test = 0;
        write_npy(data_rig_file(&rig, "x.npy", path[0]), kind[k].descr, "(4, 3)", kind[k].data, kind[k].n);
        data_rig_path(&o, "train", path[0]);
        data_rig_path(&o, "labels", path[1]);
        bf_dataset *ds = open_set(&o);
        assert_int_equal(bf_dataset_info(ds)->labels, 3);
        if (k < 2) assert_memory_equal(bf_dataset_stored(ds, BF_TRAIN), f4, sizeof f4);
        else assert_memory_equal(bf_dataset_stored(ds, BF_TRAIN), u1, sizeof u1);
        for (int i = 0; i < 4; i++) assert_int_equal(bf_dataset_labels(ds, BF_TRAIN)[i], y[i]);
        bf_dataset_close(&ds);
    }
}

/* By its row and its value, whatever type it is stored in. */
static void test_files__a_label_that_is_no_class_is_told(void **state)
{
    static const int64_t below[4] = { 1, -7, 2, 1 }, above[4] = { 1, 0, 5000000000, 1 };
    static const int32_t narrow[4] = { 1, 0, 2, -7 };
    static float x[12];
    const struct { const char *descr; bf_type type; const void *labels; size_t n; const char *words; } bad[] = {
        { "<i8", BF_TYPE_I64, below, sizeof below, ": row 1 has label -7; 0 to 65535 are possible" },
        { "<i8", BF_TYPE_I64, above, sizeof above, ": row 2 has label 5000000000; 0 to 65535 are possible" },
        { "<i4", BF_TYPE_I32, narrow, sizeof narrow, ": row 3 has label -7; 0 to 65535 are possible" },
    };
    bf_data_options o;
    (void)state;
    write_npy(data_rig_file(&rig, "x.npy", path[0]), "<f4", "(4, 3)", x, sizeof x);
    data_rig_file(&rig, "y.npy", path[1]);
    data_rig_file(&rig, "y.h5", path[2]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_npy(path[1], bad[i].descr, "(4,)", bad[i].labels, bad[i].n);
        data_rig_options(&o, "npy");
        data_rig_path(&o, "train", path[0]);
        data_rig_path(&o, "labels", path[1]);
        refuse(&o, BF_E_FORMAT, bad[i].words);
        const bf_array arrays[] = { { .name = "train/x", .type = BF_TYPE_F32, .rank = 2, .shape = { 4, 3 }, .data = x },
                                    { .name = "train/label", .type = bad[i].type, .rank = 1, .shape = { 4 }, .data = (void *)bad[i].labels } };
        assert_int_equal(bf_data_file_write(path[2], "t", arrays, 2, NULL, 0).code, BF_OK);
        data_rig_options(&o, "hdf5");
        data_rig_path(&o, "", path[2]);
        refuse(&o, BF_E_FORMAT, bad[i].words);
    }
}

static void test_files__npy_that_lies_is_told(void **state)
{
    static const struct { const char *descr, *shape, *words; } lie[] = {
        { "<f4", "(1000000000, 3)", "header says 1000000000 rows of 12 bytes" },
        { "<f4", "(9223372036854775807, 9223372036854775807)", "more than any file holds" },
        { "<f4", "(99999999999999999999, 3)", "one to four positive sizes" },
        { "<f4", "(0, 3)", "one to four positive sizes" },
        { "<f4", "(2, -3)", "one to four positive sizes" },
        { "<f4", "(1, 1, 2, 1, 3)", "one to four positive sizes" },
        { "<f4", "()", "a single number" },
        { "<f4", "(6,)", "one axis" },
        { "<f4", "(2 3)", "damaged" },
        { "<f4", "[2, 3]", "has no shape" },
        { ">f4", "(2, 3)", "little endian" },
        { "<c8", "(1, 3)", "can be read" },
        { "<i4", "(2, 3)", "integers" },
    };
    static const float x[6] = { 0 };
    bf_data_options o;
    (void)state;
    data_rig_options(&o, "npy");
    data_rig_path(&o, "", data_rig_file(&rig, "lie.npy", path[0]));
    for (size_t i = 0; i < sizeof lie / sizeof lie[0]; i++) {
        write_npy(path[0], lie[i].descr, lie[i].shape, x, sizeof x);
        refuse(&o, BF_E_FORMAT, lie[i].words);
    }
    uint8_t bytes[4096];
    data_rig_npy(bytes, "<f4", "(2, 3)");
    data_rig_write(path[0], bytes, 40);
    refuse(&o, BF_E_FORMAT, "bytes but the file ends in it");
}

static void test_files__a_number_that_is_not_finite_names_its_row(void **state)
{
    bf_data_options o;
    bf_dataset *ds = NULL;
    float x[40] = { 0 };
    (void)state;
    x[27] = NAN;
    data_rig_options(&o, "npy");
    write_npy(data_rig_file(&rig, "nan.npy", path[0]), "<f4", "(20, 2)", x, sizeof x);
    data_rig_path(&o, "", path[0]);
    bf_status s = bf_dataset_open(world, node, &o, &ds);
    assert_int_equal(s.code, BF_E_FORMAT);
    assert_non_null(strstr(s.what, "nan.npy: row 13 "));
    assert_null(ds);
    double wide[4] = { 1, 2, 1e300, 4 };        /* finite as f64, not as f32 */
    data_rig_options(&o, "npy");
    write_npy(path[0], "<f8", "(2, 2)", wide, sizeof wide);
    data_rig_path(&o, "", path[0]);
    assert_non_null(strstr(bf_dataset_open(world, node, &o, &ds).what, "row 1 "));
}

/* --- HDF5 ------------------------------------------------------------------------------------------------------------ */

static void write_h5(const char *to, const bf_dataset *ds)
{
    const bf_data_info *i = bf_dataset_info(ds);
    bf_array a[8];
    int n = 0;
    for (int s = 0; s < BF_SPLITS; s++) {
        const char *part = s ? "test" : "train";
        const struct { const char *leaf; bf_type type; int rank; const void *data; } has[] = {
            { "x", i->stored == BF_STORED_U8 ? BF_TYPE_U8 : BF_TYPE_F32, i->dims + 1, bf_dataset_stored(ds, (bf_split)s) },
            { "label", BF_TYPE_I32, 1, bf_dataset_labels(ds, (bf_split)s) },
            { "factors", BF_TYPE_F32, 2, bf_dataset_factors(ds, (bf_split)s) },
            { "clean", BF_TYPE_F32, i->dims + 1, bf_dataset_clean(ds, (bf_split)s) } };
        for (int k = 0; k < 4; k++) {
            if (!has[k].data) continue;
            a[n] = (bf_array){ .type = has[k].type, .rank = has[k].rank, .shape = { i->rows[s], i->shape[0], i->shape[1], i->shape[2] }, .data = (void *)has[k].data };
            if (k == 2) a[n].shape[1] = i->factors;
            snprintf(a[n++].name, sizeof a->name, "%s/%s", part, has[k].leaf);
        }
    }
    assert_int_equal(bf_data_file_write(to, "tag", a, n, NULL, 0).code, BF_OK);
}

/* What is written comes back byte for byte, whatever it is made of. */
static void test_files__hdf5_gives_back_what_was_written(void **state)
{
    static const char *const source[] = { "digits", "lowrank", "patches" };
    bf_data_options o, back;
    (void)state;
    for (int k = 0; k < 3; k++) {
        data_rig_options(&o, source[k]);
        o.train = 300;
        o.test = 30;
        bf_dataset *made = open_set(&o);
        write_h5(data_rig_file(&rig, "made.h5", path[0]), made);
        data_rig_options(&back, "hdf5");
        data_rig_path(&back, "", path[0]);
        bf_dataset *read = open_set(&back);
        assert_true(bf_dataset_info(read)->hash == bf_dataset_info(made)->hash);
        assert_int_equal(bf_dataset_info(read)->labels, bf_dataset_info(made)->labels);
        assert_true(bf_dataset_info(read)->variance == bf_dataset_info(made)->variance);
        bf_dataset_close(&read);
        bf_dataset_close(&made);
    }
    strcpy(back.dataset, "y");
    refuse(&back, BF_E_INPUT, "made.h5: neither /train/y nor /y is there");
}

/* Every sentence says of which array, and of which file. */
static void test_files__hdf5_arrays_that_do_not_fit_are_told(void **state)
{
    static float x[12];
    const bf_array train = { .name = "train/x", .type = BF_TYPE_F32, .rank = 2, .shape = { 4, 3 }, .data = x };
    const struct { bf_array other; const char *words; } odd[] = {
        { { .name = "test/x", .type = BF_TYPE_F32, .rank = 2, .shape = { 4, 2 }, .data = x }, "odd.h5: /test/x: another shape or type than train/x" },
        { { .name = "test/x", .type = BF_TYPE_F32, .rank = 1, .shape = { 4 }, .data = x }, "odd.h5: /test/x: 1 axes; samples need (rows, ...)" },
        { { .name = "train/label", .type = BF_TYPE_F32, .rank = 1, .shape = { 3 }, .data = x }, "odd.h5: /train/label: 3 rows for the 4 samples of train/x" },
        { { .name = "train/label", .type = BF_TYPE_F32, .rank = 0, .data = x }, "odd.h5: /train/label has 0 axes; 1 to 4 are possible" },
    };
    bf_data_options o;
    (void)state;
    data_rig_options(&o, "hdf5");
    data_rig_path(&o, "", data_rig_file(&rig, "odd.h5", path[0]));
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        const bf_array arrays[] = { train, odd[i].other };
        assert_int_equal(bf_data_file_write(path[0], "t", arrays, 2, NULL, 0).code, BF_OK);
        refuse(&o, BF_E_FORMAT, odd[i].words);
    }
}

static void test_files__hdf5_with_a_flipped_byte_is_told(void **state)
{
    bf_data_options o;
    uint8_t *bytes = malloc(1 << 20);
    (void)state;
    data_rig_options(&o, "digits");
    o.train = 300;
    o.test = 30;
    bf_dataset *made = open_set(&o);
    write_h5(data_rig_file(&rig, "flip.h5", path[0]), made);
    bf_dataset_close(&made);
    const size_t n = data_rig_read(path[0], bytes, 1 << 20);
    bytes[n / 2] ^= 1;
    data_rig_write(path[0], bytes, n);
    data_rig_options(&o, "hdf5");
    data_rig_path(&o, "", path[0]);
    refuse(&o, BF_E_FORMAT, "flip.h5: /train/x: its checksum is");
    data_rig_write(path[0], bytes, n / 2);
    refuse(&o, BF_E_FORMAT, "flip.h5");
    free(bytes);
}

static int start(void **state) { (void)state; data_rig_open(&rig); return 0; }
static int finish(void **state) { (void)state; data_rig_close(&rig); return 0; }

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_files__##name, start, finish)
    const struct CMUnitTest tests[] = {
        TEST(idx_by_folder_role_and_place), TEST(idx_that_lies_is_told), TEST(truncated_gzip_is_told),
        TEST(missing_and_strange_files_are_told), TEST(labels_must_match), TEST(one_array_is_cut_by_the_seed),
        TEST(limits_are_held_against_the_file), TEST(cifar10_batches_become_nhwc), TEST(a_file_that_a_folder_lacks_is_told),
        TEST(npy_of_every_type), TEST(npy_that_lies_is_told), TEST(a_label_that_is_no_class_is_told),
        TEST(a_number_that_is_not_finite_names_its_row), TEST(hdf5_gives_back_what_was_written), TEST(hdf5_with_a_flipped_byte_is_told),
        TEST(hdf5_arrays_that_do_not_fit_are_told),
    };
    bf_comm *all = NULL, *shared = NULL;
    if (bf_comm_init(&argc, &argv, NULL, &all).code || bf_comm_node(all, &shared).code) return 1;
    world = all;
    node = shared;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bf_comm_free(&shared);
    bf_comm_finalize(&all);
    return failed;
}
