/* Which configurations share a data set, and what only the data can tell. */
#include "farm/study_data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct fixture { bf_study *study; bf_problems problems; bf_study_data_sets data; } fixture;

static bf_status inspect(const char *text, fixture *f)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(bf_study_parse(text, strlen(text), NULL, 0, &f->problems, &f->study).code, BF_OK);
    return bf_study_data_inspect(f->study, &f->problems, &f->data);
}

static void release(fixture *f)
{
    bf_study_data_close(&f->data);
    bf_study_free(&f->study);
    bf_problems_free(&f->problems);
}

static void test_study_data__configurations_share_what_is_the_same(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(inspect("study: s\ndata: {source: patches, train: 500, test: 50}\n"
                             "sweep: {model.latent: [2, 3], seed: [1, 2]}\n", &f).code, BF_OK);
    assert_int_equal(f.data.count, 1);
    assert_int_equal(f.data.info[0].rows[BF_TRAIN], 500);
    assert_int_equal(f.data.info[0].width, 25);
    release(&f);
}

static void test_study_data__a_swept_data_key_makes_more(void **state)
{
    (void)state;
    fixture f;
    static const int want[] = { 0, 1, 0, 1 };
    assert_int_equal(inspect("study: s\ndata: {source: patches, train: 500, test: 50}\n"
                             "sweep: {model.latent: [2, 3], data.patches.noise: [0.1, 0.2]}\n", &f).code, BF_OK);
    assert_int_equal(f.data.count, 2);
    for (int i = 0; i < 4; i++) assert_int_equal(f.data.of[i], want[i]);
    release(&f);
}

static void test_study_data__missing_files_are_named_with_their_place(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(inspect("study: s\ndata:\n  source: npy\n  path: /nowhere/x.npy\nsweep: {model.latent: [2, 3]}\n", &f).code, BF_E_INPUT);
    assert_int_equal(f.problems.count, 1);
    assert_int_equal(f.problems.at[0].line, 4);
    assert_string_equal(f.problems.at[0].key, "data.path");
    assert_non_null(strstr(f.problems.at[0].what, "/nowhere/x.npy"));
    release(&f);
}

static void test_study_data__a_batch_larger_than_the_data_is_told_once(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(inspect("study: s\ndata: {source: patches}\n#\ntrain: {batch: 1000000}\nsweep: {model.latent: [2, 3, 4]}\n", &f).code, BF_OK);
    assert_int_equal(bf_study_data_check(&f.data, f.study, &f.problems).code, BF_E_INPUT);
    assert_int_equal(f.problems.count, 1);
    assert_int_equal(f.problems.at[0].line, 4);
    assert_non_null(strstr(f.problems.at[0].what, "1000000"));
    assert_non_null(strstr(f.problems.at[0].what, "8192"));
    release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_study_data__configurations_share_what_is_the_same),
        cmocka_unit_test(test_study_data__a_swept_data_key_makes_more),
        cmocka_unit_test(test_study_data__missing_files_are_named_with_their_place),
        cmocka_unit_test(test_study_data__a_batch_larger_than_the_data_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
