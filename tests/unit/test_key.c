/* The table of keys: its rows are sound, its values read and print, its names are found when misspelt. */
#include "study_case.h"

#include "base/status.h"
#include "study/key.h"
#include "study/key_value.h"

#include <math.h>
#include <stdio.h>

static bf_config *zero_config(void)
{
    bf_config *c = calloc(1, sizeof *c);
    assert_non_null(c);
    return c;
}

static void test_key__every_default_reads_and_prints_back(void **state)
{
    (void)state;
    int n;
    const bf_key *table = bf_key_table(&n);
    char *text = malloc(BF_KEY_PRINTED), *again = malloc(BF_KEY_PRINTED);
    bf_config *c = zero_config();
    assert_true(n >= 80);
    for (int i = 0; i < n; i++) {
        const bf_key *k = &table[i];
        assert_ptr_equal(bf_key_find(k->path), k);
        assert_true(k->help && strlen(k->help) > 4);
        assert_true((k->applies == NULL) == (k->when == NULL));
        assert_true(k->offset + k->size <= sizeof *c);
        if (k->size == 0 || !k->fallback) continue;
        const bf_status s = bf_key_set(k, k->fallback, c);
        if (s.code) fail_msg("%s", s.what);
        bf_key_print(k, c, text, BF_KEY_PRINTED);
        assert_int_equal(bf_key_set(k, text, c).code, BF_OK);
        bf_key_print(k, c, again, BF_KEY_PRINTED);
        assert_string_equal(text, again);
    }
    free(c);
    free(text);
    free(again);
}

static void test_key__several_choices_are_a_list_in_the_tables_order(void **state)
{
    (void)state;
    static const struct { const char *yaml, *stored, *printed; } good[] = {
        { "none", "none", "none" }, { "label", "label", "label" }, { "[beta]", "beta", "beta" }, { "[label, beta]", "beta label", "[beta, label]" } };
    static const char *const bad[] = { "[]", "[none, beta]", "[beta, beta]", "[beta, lable]", "{beta: 1}", "beta label" };
    const bf_key *k = bf_key_find("model.condition");
    bf_config *c = zero_config();
    char text[64];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(bf_key_set(k, good[i].yaml, c).code, BF_OK);
        assert_string_equal(c->vae.condition, good[i].stored);
        bf_key_print(k, c, text, sizeof text);
        assert_string_equal(text, good[i].printed);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (bf_key_set(k, bad[i], c).code != BF_E_INPUT) fail_msg("model.condition took %s", bad[i]);
    free(c);
}

/* What is there does not come later. */
static void test_key__later_names_are_none_of_the_choices(void **state)
{
    (void)state;
    int n;
    const bf_key *table = bf_key_table(&n);
    char later[BF_NAME], name[BF_NAME];
    for (int i = 0; i < n; i++)
        for (int j = 0; table[i].later && bf_word_at(table[i].later, j, later, sizeof later); j++)
            for (int k = 0; bf_key_choice(&table[i], k, name); k++)
                if (strcmp(later, name) == 0) fail_msg("%s: %s is there", table[i].path, name);
}

static void test_key__fields_do_not_overlap(void **state)
{
    (void)state;
    int n;
    const bf_key *table = bf_key_table(&n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++) {
            const bf_key *a = &table[i], *b = &table[j];
            assert_true(a->size == 0 || b->size == 0 || a->offset + a->size <= b->offset || b->offset + b->size <= a->offset);
        }
}

static void test_key__numbers_are_strict(void **state)
{
    (void)state;
    static const char *const bad[] = { "8.5", "1e3", "010", "0x10", "+", "-", "1_000", "nan", "'8'", "\"8\"", "yes", "9223372036854775808", "[8]", "{}", "" };
    static const char *const bad_real[] = { "1e-3x", "nan", ".nan", "inf", "-inf", ".inf", "1e999", "1e-999", "01.5", ".", "1e", "1,5", "true", "0", "-1", "\"1\"" };
    static const struct { const char *text; double value; } good[] = {
        { "1e-3", 1e-3 }, { "1.0E+2", 100 }, { ".5", 0.5 }, { "5.", 5 }, { "+2", 2 }, { "0.1", 0.1 }, { "3", 3 } };
    bf_config *c = zero_config();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(bf_key_set(bf_key_find("model.latent"), bad[i], c).code, BF_E_INPUT);
    for (size_t i = 0; i < sizeof bad_real / sizeof *bad_real; i++) {
        c->train.lr = -1;
        if (bf_key_set(bf_key_find("train.lr"), bad_real[i], c).code != BF_E_INPUT) fail_msg("train.lr took %s", bad_real[i]);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(bf_key_set(bf_key_find("train.lr"), good[i].text, c).code, BF_OK);
        assert_true(c->train.lr == good[i].value);
    }
    assert_int_equal(bf_key_set(bf_key_find("seed"), "9223372036854775807", c).code, BF_OK);
    assert_true(c->seed == INT64_MAX);
    free(c);
}

static void test_key__booleans_are_true_or_false(void **state)
{
    (void)state;
    static const char *const bad[] = { "yes", "no", "on", "True", "1", "~", "\"true\"" };
    bf_config *c = zero_config();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(bf_key_set(bf_key_find("output.weights"), bad[i], c).code, BF_E_INPUT);
    assert_int_equal(bf_key_set(bf_key_find("output.weights"), "true", c).code, BF_OK);
    assert_true(c->output.weights);
    free(c);
}

static void test_key__reals_print_shortest_and_read_back_equal(void **state)
{
    (void)state;
    static const struct { double value; const char *text; } cases[] = {
        { 1, "1" }, { 300, "300" }, { 1e6, "1000000" }, { 1e20, "1.0e+20" }, { 1500.5, "1500.5" }, { 0.1, "0.1" }, { 1e-3, "0.001" }, { 1e-5, "1.0e-05" }, { 1.5e300, "1.5e+300" }, { 1.0 / 3, "0.3333333333333333" } };
    const bf_key *k = bf_key_find("train.lr");
    bf_config *c = zero_config();
    char text[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        c->train.lr = cases[i].value;
        bf_key_print(k, c, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
    uint64_t bits = 88172645463325252u;                 /* xorshift over all exponents */
    for (int i = 0; i < 2000; i++) {
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        memcpy(&c->train.lr, &bits, sizeof bits);
        c->train.lr = fabs(c->train.lr);
        if (!isnormal(c->train.lr)) continue;
        const double before = c->train.lr;
        bf_key_print(k, c, text, sizeof text);
        assert_int_equal(bf_key_set(k, text, c).code, BF_OK);
        assert_true(c->train.lr == before);
    }
    free(c);
}

static void test_key__texts_are_quoted_when_yaml_would_misread_them(void **state)
{
    (void)state;
    static const struct { const char *yaml, *text, *printed; } cases[] = {
        { "'1e3'", "1e3", "\"1e3\"" }, { "plain-name_1.0", "plain-name_1.0", "plain-name_1.0" }, { "\"a \\\"b\\\" \\\\c\"", "a \"b\" \\c", "\"a \\\"b\\\" \\\\c\"" },
        { "'null'", "null", "\"null\"" }, { "'# no'", "# no", "\"# no\"" }, { "\"\"", "", "\"\"" }, { "../runs:3", "../runs:3", "\"../runs:3\"" },
        { "/data/x", "/data/x", "/data/x" }, { "\"\\u00e9t\\u00e9\"", "\xc3\xa9t\xc3\xa9", "\"\xc3\xa9t\xc3\xa9\"" } };
    const bf_key *k = bf_key_find("train.init_from");
    bf_config *c = zero_config();
    char text[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(bf_key_set(k, cases[i].yaml, c).code, BF_OK);
        assert_string_equal(c->train.init_from, cases[i].text);
        bf_key_print(k, c, text, sizeof text);
        assert_string_equal(text, cases[i].printed);
        assert_int_equal(bf_key_set(k, text, c).code, BF_OK);
        assert_string_equal(c->train.init_from, cases[i].text);
    }
    assert_int_equal(bf_key_set(k, "\"a\\nb\"", c).code, BF_E_INPUT);
    /* What YAML would read back as something else, or not at all. */
    static const char *const bad[] = { "\"a\\u0085b\"", "\"a\\u009b2J\"", "\"a\\u2028b\"", "\"a\\u2029b\"", "\"\\ufeffa\"", "\"a\\uffff\"" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (bf_key_set(k, bad[i], c).code != BF_E_INPUT) fail_msg("took %s", bad[i]);
    char longer[601];
    memset(longer, 0x61, sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_string_equal(bf_key_set(k, longer, c).what, "train.init_from: a text of more than 511 bytes");
    free(c);
}

static void test_key__words_stand_for_values(void **state)
{
    (void)state;
    bf_config *c = zero_config();
    assert_int_equal(bf_key_set(bf_key_find("likelihood.value"), "auto", c).code, BF_OK);
    assert_true(isnan(c->vae.variance_value));
    assert_int_equal(bf_key_set(bf_key_find("data.train"), "all", c).code, BF_OK);
    assert_int_equal(c->data.train, -1);
    assert_int_equal(bf_key_set(bf_key_find("parallel.ranks_per_config"), "auto", c).code, BF_OK);
    assert_int_equal(c->parallel.ranks_per_config, 0);
    assert_int_equal(bf_key_set(bf_key_find("data.train"), "auto", c).code, BF_E_INPUT);
    assert_int_equal(bf_key_set(bf_key_find("data.train"), "-1", c).code, BF_E_INPUT);
    free(c);
}

static void test_key__paths_keep_their_form(void **state)
{
    (void)state;
    static const char *const forms[] = { "[]", "mnist", "[a.npy, \"b c.npy\"]", "{train: a.npy, test: b.npy, labels: y.npy}" };
    const bf_key *k = bf_key_find("data.path");
    bf_config *c = zero_config();
    char text[256];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        assert_int_equal(bf_key_set(k, forms[i], c).code, BF_OK);
        bf_key_print(k, c, text, sizeof text);
        assert_string_equal(text, forms[i]);
    }
    assert_int_equal(c->data.path.count, 3);
    assert_string_equal(c->data.path.role[2], "labels");
    assert_int_equal(bf_key_set(k, "{\"tr}ain\": a}", c).code, BF_E_INPUT);
    assert_int_equal(bf_key_set(k, "[a,b,c,d,e,f,g,h,i,j,k,l,m]", c).code, BF_E_INPUT);
    assert_int_equal(bf_key_set(k, "[[a]]", c).code, BF_E_INPUT);
    free(c);
}

static void test_key__measures_keep_the_order_of_their_table(void **state)
{
    (void)state;
    const bf_key *k = bf_key_find("measure");
    bf_config *c = zero_config();
    char text[256];
    assert_int_equal(bf_key_set(k, "[active, rd]", c).code, BF_OK);
    bf_key_print(k, c, text, sizeof text);
    assert_string_equal(text, "[rd, active]");
    assert_int_equal(bf_key_set(k, "[]", c).code, BF_OK);
    assert_int_equal(c->measure.count, 0);
    assert_int_equal(bf_key_set(k, "all", c).code, BF_OK);
    assert_true(c->measure.count >= 2);
    assert_int_equal(bf_key_set(k, "rd", c).code, BF_E_INPUT);
    free(c);
}

static void test_key__nearest_finds_what_was_meant(void **state)
{
    (void)state;
    static const struct { const char *wrote, *meant; } cases[] = {
        { "model.latnet", "model.latent" }, { "lr", "train.lr" }, { "latent", "model.latent" }, { "train.learning_rate", NULL }, { "sede", "seed" },
        { "model.lr", "train.lr" }, { "objectve.beta", "objective.beta" }, { "data.patches.sidee", "data.patches.side" }, { "xyzzy", NULL } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bf_key *k = bf_key_nearest(cases[i].wrote);
        if (!cases[i].meant) assert_null(k);
        else assert_string_equal(k ? k->path : "(nothing)", cases[i].meant);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key__several_choices_are_a_list_in_the_tables_order),
        cmocka_unit_test(test_key__every_default_reads_and_prints_back), cmocka_unit_test(test_key__fields_do_not_overlap),
        cmocka_unit_test(test_key__later_names_are_none_of_the_choices),
        cmocka_unit_test(test_key__numbers_are_strict), cmocka_unit_test(test_key__booleans_are_true_or_false),
        cmocka_unit_test(test_key__reals_print_shortest_and_read_back_equal), cmocka_unit_test(test_key__texts_are_quoted_when_yaml_would_misread_them),
        cmocka_unit_test(test_key__words_stand_for_values), cmocka_unit_test(test_key__paths_keep_their_form),
        cmocka_unit_test(test_key__measures_keep_the_order_of_their_table), cmocka_unit_test(test_key__nearest_finds_what_was_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
