/* What every source promises: its name, its description, and that a sample is a function of seed, part and index alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "data_rig.h"

static void small(bf_data_options *o, const char *source)
{
    data_rig_options(o, source);
    o->train = 40;
    o->test = 9;
    o->sprites.side = 16;
    o->sprites.rotations = 2;
    o->sprites.positions = 3;
}

typedef struct block { bf_rows rows; } block;       /* its arrays are its own: drop() */

static block make(const bf_source *source, const bf_data_options *o, const bf_data_info *info, bf_split split, int64_t first, int64_t count)
{
    const size_t n = (size_t)count, width = (size_t)info->width;
    void *state = NULL;
    block b = { .rows = { .split = split, .first = first, .count = count, .x = calloc(n * width, bf_stored_size(info->stored)) } };
    if (info->labels) b.rows.labels = calloc(n, sizeof *b.rows.labels);
    if (info->factors) b.rows.factors = calloc(n * (size_t)info->factors, sizeof *b.rows.factors);
    if (info->clean) b.rows.clean = calloc(n * width, sizeof *b.rows.clean);
    assert_int_equal(source->open(o, info, &state).code, BF_OK);
    assert_int_equal(source->fill(state, o, info, &b.rows).code, BF_OK);
    source->close(state);
    return b;
}

static void drop(block *b)
{
    free(b->rows.x);
    free(b->rows.labels);
    free(b->rows.factors);
    free(b->rows.clean);
}

/* Rows of b equal those of a from `skip` on. */
static void assert_same(const bf_data_info *info, const block *a, int64_t skip, const block *b)
{
    const bf_rows part = bf_rows_part(info, &a->rows, skip, b->rows.count);
    const size_t n = (size_t)b->rows.count, width = (size_t)info->width;
    assert_memory_equal(part.x, b->rows.x, n * width * bf_stored_size(info->stored));
    if (info->labels) assert_memory_equal(part.labels, b->rows.labels, n * sizeof *part.labels);
    if (info->factors) assert_memory_equal(part.factors, b->rows.factors, n * (size_t)info->factors * sizeof *part.factors);
    if (info->clean) assert_memory_equal(part.clean, b->rows.clean, n * width * sizeof *part.clean);
}

static void test_source__names_are_the_table(void **state)
{
    int n;
    const bf_source *const *table = bf_source_table(&n);
    (void)state;
    for (int i = 0; i < n; i++) {
        assert_string_equal(bf_source_names[i], table[i]->name);
        assert_ptr_equal(bf_source_find(table[i]->name), table[i]);
    }
    assert_null(bf_source_names[n]);
    assert_null(bf_source_find("mnist"));
}

static void test_source__any_rank_makes_any_sample(void **state)
{
    int n;
    const bf_source *const *table = bf_source_table(&n);
    bf_data_options o;
    (void)state;
    for (int i = 0; i < n; i++) {
        if (!table[i]->generator) continue;
        bf_data_info info;
        small(&o, table[i]->name);
        assert_int_equal(bf_dataset_inspect(&o, &info).code, BF_OK);
        for (int s = 0; s < BF_SPLITS; s++) {
            block all = make(table[i], &o, &info, (bf_split)s, 0, info.rows[s]), piece = make(table[i], &o, &info, (bf_split)s, 3, 5);
            assert_same(&info, &all, 3, &piece);
            drop(&all);
            drop(&piece);
        }
    }
}

/* Another seed is another data set, and the test part is not the training part. */
static void test_source__seed_and_part_matter(void **state)
{
    int n;
    const bf_source *const *table = bf_source_table(&n);
    bf_data_options o;
    (void)state;
    for (int i = 0; i < n; i++) {
        if (!table[i]->generator) continue;
        bf_data_info info;
        small(&o, table[i]->name);
        assert_int_equal(bf_dataset_inspect(&o, &info).code, BF_OK);
        const size_t bytes = 9 * (size_t)info.width * bf_stored_size(info.stored);
        block train = make(table[i], &o, &info, BF_TRAIN, 0, 9), test = make(table[i], &o, &info, BF_TEST, 0, 9);
        o.seed++;
        block other = make(table[i], &o, &info, BF_TRAIN, 0, 9);
        assert_memory_not_equal(train.rows.x, test.rows.x, bytes);
        assert_memory_not_equal(train.rows.x, other.rows.x, bytes);
        drop(&train);
        drop(&test);
        drop(&other);
    }
}

static void test_source__impossible_options_are_refused(void **state)
{
    bf_data_options o;
    bf_data_info info;
    (void)state;
    data_rig_options(&o, "sprites");
    o.sprites.shapes = 4;
    assert_int_equal(bf_dataset_inspect(&o, &info).code, BF_E_INPUT);
    data_rig_options(&o, "sprites");
    o.train = 1000000;
    assert_non_null(strstr(bf_dataset_inspect(&o, &info).what, "holds 12288"));
    data_rig_options(&o, "gaussian");
    o.gaussian.whiten_sample = true;
    o.train = 6;
    assert_non_null(strstr(bf_dataset_inspect(&o, &info).what, "7 are needed"));
    data_rig_options(&o, "lowrank");
    o.lowrank.rank = 101;
    assert_int_equal(bf_dataset_inspect(&o, &info).code, BF_E_INPUT);
    data_rig_options(&o, "nothing");
    assert_int_equal(bf_dataset_inspect(&o, &info).code, BF_E_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source__names_are_the_table),
        cmocka_unit_test(test_source__any_rank_makes_any_sample),
        cmocka_unit_test(test_source__seed_and_part_matter),
        cmocka_unit_test(test_source__impossible_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
