#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sample_study.h"
#include "scratch.h"
#include "store/pack.h"
#include "store/verify.h"

static char dir[128];
static bf_comm *world;

static int setup(void **state)
{
    (void)state;
    scratch_make(dir);
    return sample_study_write(world, dir, 5).code;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

/* What verify says about `name` in the scratch folder; its lines end up in `said`. */
static bf_code verify(const char *name, bf_verify_report *r, char said[4096])
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    memset(said, 0, 4096);
    FILE *to = fmemopen(said, 4095, "w");
    assert_non_null(to);
    bf_status s = bf_verify(path, to, r);
    fclose(to);
    return s.code;
}

static void pack(void)
{
    char out[256];
    snprintf(out, sizeof out, "%s/packed.h5", dir);
    assert_int_equal(bf_pack(world, dir, out, "tag").code, BF_OK);
}

static void test_verify__a_good_study_is_good_linked_and_packed(void **state)
{
    (void)state;
    bf_verify_report linked, packed, one;
    char said[4096];
    pack();
    assert_int_equal(verify(".", &linked, said), BF_OK);
    assert_string_equal(said, "");
    assert_int_equal(linked.configurations, 4);
    assert_true(linked.datasets > 90 && linked.datasets == linked.checksums && linked.bad == 0);
    assert_int_equal(verify("packed.h5", &packed, said), BF_OK);
    assert_int_equal(packed.configurations, 4);
    assert_int_equal(packed.datasets, linked.datasets);
    assert_int_equal(verify("configs/c0001.h5", &one, said), BF_OK);
    assert_int_equal(one.configurations, 1);
}

static void test_verify__names_a_flipped_value(void **state)
{
    (void)state;
    bf_verify_report r;
    char said[4096];
    unsigned char *bytes;
    const float value = sample_study_value(1, 400, 1);
    size_t n = scratch_read(dir, "configs/c0001.h5", &bytes);
    unsigned char *at = memmem(bytes, n, &value, sizeof value);
    assert_non_null(at);
    at[0] ^= 1;
    scratch_write(dir, "configs/c0001.h5", bytes, n);
    free(bytes);
    assert_int_equal(verify(".", &r, said), BF_E_FORMAT);
    assert_non_null(strstr(said, "configs/c0001.h5: /configs/c0001/posterior/train/mean: its checksum is "));
}

static void test_verify__notices_what_is_missing_or_exchanged(void **state)
{
    (void)state;
    bf_verify_report r;
    char said[4096], one[256], two[256];
    unsigned char *bytes;
    snprintf(one, sizeof one, "%s/configs/c0001.h5", dir);
    snprintf(two, sizeof two, "%s/configs/c0002.h5", dir);
    size_t n = scratch_read(dir, "configs/c0001.h5", &bytes);
    assert_int_equal(unlink(one), 0);
    assert_int_equal(verify(".", &r, said), BF_E_FORMAT);
    assert_non_null(strstr(said, "configuration 1: /configs/c0001"));
    assert_int_equal(rename(two, one), 0);
    assert_int_equal(verify(".", &r, said), BF_E_FORMAT);
    assert_non_null(strstr(said, "configs/c0001.h5: /configs/c0001: no such group"));
    scratch_write(dir, "configs/c0001.h5", bytes, n);
    scratch_write(dir, "configs/c0002.h5", bytes, n / 3);
    assert_int_equal(verify(".", &r, said), BF_E_FORMAT);
    assert_non_null(strstr(said, "configs/c0002.h5: not a whole HDF5 file"));
    free(bytes);
}

static void test_verify__misses_the_data_that_are_linked_to(void **state)
{
    (void)state;
    bf_verify_report r;
    char said[4096], data[256];
    snprintf(data, sizeof data, "%s/data.h5", dir);
    assert_int_equal(unlink(data), 0);
    assert_int_equal(verify(".", &r, said), BF_E_FORMAT);
    assert_non_null(strstr(said, "study.h5: /data/labels/train: leads to nothing"));
    assert_int_equal(verify("study.h5", &r, said), BF_E_FORMAT);
}

/* Where HDF5 would look for files of the same names: the current folder and HDF5_EXT_PREFIX. */
static void test_verify__looks_into_no_other_study(void **state)
{
    (void)state;
    bf_verify_report r;
    char said[4096], other[128], path[2][256];
    scratch_make(other);
    assert_int_equal(sample_study_write(world, other, 5).code, BF_OK);
    for (int i = 0; i < 2; i++) snprintf(path[i], sizeof path[i], "%s/configs/c000%d.h5", other, i + 1);
    assert_int_equal(rename(path[1], path[0]), 0);
    assert_int_equal(setenv("HDF5_EXT_PREFIX", other, 1), 0);
    assert_int_equal(verify(".", &r, said), BF_OK);
    assert_int_equal(unsetenv("HDF5_EXT_PREFIX"), 0);
    assert_int_equal(chdir(other), 0);
    assert_int_equal(verify(".", &r, said), BF_OK);
    snprintf(path[0], sizeof path[0], "%s/configs/c0003.h5", dir);
    snprintf(path[1], sizeof path[1], "%s/data.h5", dir);
    for (int i = 0; i < 2; i++) assert_int_equal(unlink(path[i]), 0);
    assert_int_equal(verify(".", &r, said), BF_E_FORMAT);
    assert_non_null(strstr(said, "configuration 3: /configs/c0003: there is no configs/c0003.h5 beside it"));
    assert_non_null(strstr(said, "/data/labels/train: leads to nothing"));
    assert_int_equal(chdir("/"), 0);
    scratch_remove(other);
}

/* A study.h5 that is looked at by another name is still that study's. */
static void test_verify__follows_a_symbolic_link_to_the_study(void **state)
{
    (void)state;
    bf_verify_report r;
    char said[4096], folder[256], there[256], here[300];
    snprintf(folder, sizeof folder, "%s/elsewhere", dir);
    snprintf(there, sizeof there, "%s/study.h5", dir);
    snprintf(here, sizeof here, "%s/by-another-name.h5", folder);
    assert_int_equal(mkdir(folder, 0777), 0);
    assert_int_equal(symlink(there, here), 0);
    assert_int_equal(verify("elsewhere/by-another-name.h5", &r, said), BF_OK);
    assert_int_equal(r.configurations, 4);
}

static void test_verify__compares_the_tables_with_the_configurations(void **state)
{
    (void)state;
    sample_study s;
    bf_verify_report r;
    char said[4096];
    assert_int_equal(sample_study_open(5, &s).code, BF_OK);
    s.results[2].metrics[1] += 1e-9;
    s.results[0].history[4] = 0.0;
    s.results[3].status = BF_CONFIG_FAILED;
    assert_int_equal(sample_study_tables(&s, world, dir, "tag").code, BF_OK);
    assert_int_equal(verify(".", &r, said), BF_E_FORMAT);
    assert_int_equal(r.bad, 3);
    assert_non_null(strstr(said, "study.h5: configuration 2: metrics/distortion"));
    assert_non_null(strstr(said, "study.h5: configuration 0: history/rate"));
    assert_non_null(strstr(said, "study.h5: configuration 3: status 4 in the table, 3 in the configuration"));
    sample_study_close(&s);
}

static void test_verify__a_parent_in_the_table_is_that_of_the_configuration(void **state)
{
    (void)state;
    sample_study s;
    bf_verify_report r;
    char said[4096];
    pack();
    assert_int_equal(verify("packed.h5", &r, said), BF_OK);
    assert_int_equal(sample_study_open(5, &s).code, BF_OK);
    s.results[2].parent = 1;
    assert_int_equal(sample_study_tables(&s, world, dir, "tag").code, BF_OK);
    assert_int_equal(verify(".", &r, said), BF_E_FORMAT);
    assert_string_equal(said, "study.h5: configuration 2: parent 1 in the table, -1 in the configuration\n");
    sample_study_close(&s);
}

static void test_verify__what_is_not_ours_is_said_to_be(void **state)
{
    (void)state;
    bf_verify_report r;
    char said[4096];
    scratch_write(dir, "notes.txt", "hello", 5);
    assert_int_equal(verify("notes.txt", &r, said), BF_E_FORMAT);
    assert_int_equal(verify("nothing.h5", &r, said), BF_E_INPUT);
    assert_int_equal(verify("checkpoints/..", &r, said), BF_E_INPUT);
    assert_int_equal(verify("configs", &r, said), BF_E_INPUT);
    char pipe[160];
    snprintf(pipe, sizeof pipe, "%s/pipe", dir);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(verify("pipe", &r, said), BF_E_INPUT);        /* nobody writes into it: opening it would wait for ever */
}

/* A run may be at it. */
static void test_verify__temporary_files_are_no_damage(void **state)
{
    (void)state;
    bf_verify_report r;
    char said[4096];
    scratch_write(dir, "configs/c0009.h5.tag.tmp", "half", 4);
    assert_int_equal(verify(".", &r, said), BF_OK);
    assert_string_equal(said, "note: configs/c0009.h5.tag.tmp is being written, or was left behind by a run that was killed; the next one removes it\n");
}

/* Wherever a bit flips and wherever a file ends, verify comes back and never reports good what is not the same. */
static void damage(const char *name, const char *ask, int trials, int percent)
{
    bf_verify_report r;
    char said[4096];
    unsigned char *good, *bad;
    size_t n = scratch_read(dir, name, &good);
    int noticed = 0;
    bad = malloc(n);
    for (int i = 0; i < trials; i++) {
        const size_t bit = (size_t)i * 2654435761u % (8 * n);
        memcpy(bad, good, n);
        bad[bit / 8] ^= (unsigned char)(1u << bit % 8);
        scratch_write(dir, name, bad, n);
        noticed += verify(ask, &r, said) != BF_OK;
    }
    for (size_t length = 0; length < n; length += n / 16 + 1) {
        scratch_write(dir, name, good, length);
        assert_int_not_equal(verify(ask, &r, said), BF_OK);
    }
    assert_true(100 * noticed >= percent * trials);         /* the rest hit bytes that no object uses */
    scratch_write(dir, name, good, n);
    assert_int_equal(verify(ask, &r, said), BF_OK);
    free(good);
    free(bad);
}

static void test_verify__survives_flipped_bits_and_cut_files(void **state)
{
    (void)state;
    pack();
    damage("study.h5", ".", 100, 60);
    damage("configs/c0002.h5", ".", 60, 96);      /* of 1000 it notices 985: of 60, two may be bytes that no object uses */
    damage("packed.h5", "packed.h5", 50, 85);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_verify__a_good_study_is_good_linked_and_packed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__names_a_flipped_value, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__notices_what_is_missing_or_exchanged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__misses_the_data_that_are_linked_to, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__looks_into_no_other_study, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__follows_a_symbolic_link_to_the_study, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__compares_the_tables_with_the_configurations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__a_parent_in_the_table_is_that_of_the_configuration, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__what_is_not_ours_is_said_to_be, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__temporary_files_are_no_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify__survives_flipped_bits_and_cut_files, setup, teardown),
    };
    if (bf_comm_init(&argc, &argv, NULL, &world).code) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bf_comm_finalize(&world);
    return failed;
}
