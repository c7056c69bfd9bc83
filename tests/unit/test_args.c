/* One strict reader of command lines. */
#include "cli/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct options {
    const char *input, *other, *out;
    int64_t     ranks;
    double      beta;
    bf_texts    set;
    bool        json;
} options;

static const bf_option table[] = {
    { "INPUT", NULL, BF_OPTION_PLACE, offsetof(options, input), 0, "the input" },
    { "OTHER", NULL, BF_OPTION_PLACE_MAY, offsetof(options, other), 0, "another" },
    { "-o", "DIR", BF_OPTION_TEXT, offsetof(options, out), 0, "the output" },
    { "--ranks", "N", BF_OPTION_INT, offsetof(options, ranks), 1, "ranks" },
    { "--beta", "B", BF_OPTION_REAL, offsetof(options, beta), 0, "beta" },
    { "--set", "KEY=VALUE", BF_OPTION_TEXTS, offsetof(options, set), 0, "override" },
    { "--json", NULL, BF_OPTION_FLAG, offsetof(options, json), 0, "json" },
    { 0 },
};

static bf_status read_line(options *o, const char *line)
{
    static char copy[256];
    char *argv[32];
    int argc = 0;
    snprintf(copy, sizeof copy, "cmd %s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    *o = (options){ .ranks = 1 };
    return bf_args_read(table, argc, argv, o);
}

static void test_args__every_kind_is_read(void **state)
{
    (void)state;
    options o;
    assert_int_equal(read_line(&o, "--set a=1 in.yaml --ranks 4 --beta=-0.5 --set=b=2 -o out --json").code, BF_OK);
    assert_string_equal(o.input, "in.yaml");
    assert_string_equal(o.out, "out");
    assert_null(o.other);
    assert_int_equal(o.ranks, 4);
    assert_true(o.beta == -0.5 && o.json);
    assert_int_equal(o.set.count, 2);
    assert_string_equal(o.set.at[0], "a=1");
    assert_string_equal(o.set.at[1], "b=2");
}

static void test_args__defaults_stay(void **state)
{
    (void)state;
    options o;
    assert_int_equal(read_line(&o, "in.yaml second").code, BF_OK);
    assert_int_equal(o.ranks, 1);
    assert_false(o.json);
    assert_string_equal(o.other, "second");
}

static void test_args__two_dashes_end_the_options(void **state)
{
    (void)state;
    options o;
    assert_int_equal(read_line(&o, "-- --json").code, BF_OK);
    assert_string_equal(o.input, "--json");
    assert_false(o.json);
}

static void test_args__an_unknown_option_names_the_nearest(void **state)
{
    (void)state;
    options o;
    bf_status s = read_line(&o, "in.yaml --rank 4");
    assert_int_equal(s.code, BF_E_USAGE);
    assert_non_null(strstr(s.what, "did you mean --ranks?"));
    s = read_line(&o, "in.yaml --jsno=1");
    assert_non_null(strstr(s.what, "did you mean --json?"));
    s = read_line(&o, "in.yaml -q");
    assert_string_equal(s.what, "unknown option -q");
    s = read_line(&o, "in.yaml --something-else");
    assert_non_null(strstr(s.what, "--something-else"));
    assert_null(strstr(s.what, "did you mean"));
}

static void test_args__mistakes_are_told(void **state)
{
    (void)state;
    static const struct { const char *line, *says; } bad[] = {
        { "", "INPUT is missing" }, { "a b c", "unexpected argument 'c'" }, { "a --ranks", "--ranks needs a value" },
        { "a --ranks --json", "--ranks needs a value" }, { "a --ranks 0", "at least 1" }, { "a --ranks 2x", "got '2x'" },
        { "a --ranks 99999999999999999999", "got '999" }, { "a --ranks= ", "got ''" }, { "a --beta nan", "expected a number" },
        { "a --beta 1e999", "expected a number" }, { "a --json=yes", "takes no value" }, { "a -o x -o y", "given twice" }, { "a -o= ", "is empty" },
    };
    options o;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bf_status s = read_line(&o, bad[i].line);
        assert_int_equal(s.code, BF_E_USAGE);
        if (!strstr(s.what, bad[i].says)) fail_msg("'%s' says: %s", bad[i].line, s.what);
    }
}

static void test_args__help_names_every_option(void **state)
{
    (void)state;
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    bf_args_help(table, f);
    assert_int_equal(fclose(f), 0);
    for (const bf_option *o = table; o->name; o++) assert_non_null(strstr(text, o->name));
    assert_non_null(strstr(text, "--set KEY=VALUE  override\n"));
    free(text);
}

static void test_args__places_take_all_that_remain(void **state)
{
    (void)state;
    static const bf_option places[] = {
        { "DIR", NULL, BF_OPTION_PLACES, offsetof(options, set), 0, "folders" },
        { "--json", NULL, BF_OPTION_FLAG, offsetof(options, json), 0, "json" },
        { 0 },
    };
    char *three[] = { "cmd", "a", "--json", "b", "--", "-c" }, *empty[] = { "cmd", "a", "" };
    options o = { 0 };
    assert_int_equal(bf_args_read(places, 6, three, &o).code, BF_OK);
    assert_int_equal(o.set.count, 3);
    assert_string_equal(o.set.at[1], "b");
    assert_string_equal(o.set.at[2], "-c");
    assert_true(o.json);
    o = (options){ 0 };
    bf_status s = bf_args_read(places, 1, three, &o);
    assert_int_equal(s.code, BF_E_USAGE);
    assert_string_equal(s.what, "DIR is missing");
    assert_int_equal(bf_args_read(places, 3, empty, &o).code, BF_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_args__every_kind_is_read),
        cmocka_unit_test(test_args__defaults_stay),
        cmocka_unit_test(test_args__two_dashes_end_the_options),
        cmocka_unit_test(test_args__an_unknown_option_names_the_nearest),
        cmocka_unit_test(test_args__mistakes_are_told),
        cmocka_unit_test(test_args__help_names_every_option),
        cmocka_unit_test(test_args__places_take_all_that_remain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
