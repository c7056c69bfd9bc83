/* What people read: columns line up, numbers keep three digits, lines end in time. */
#include "cli/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_text__tables_line_up(void **state)
{
    (void)state;
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    bf_table *t = bf_table_create("lrl");
    static const char *const cell[] = { "id", "steps", "what", "c0000", "7", "a", "c1", "12345", "a text that is far too long for a cell" };
    for (int i = 0; i < 9; i++) bf_table_cell(t, "%s", cell[i]);
    assert_int_equal(bf_table_print(t, f).code, BF_OK);
    bf_table_destroy(&t);
    assert_null(t);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(text, "  id     steps  what\n"
                              "  c0000      7  a\n"
                              "  c1     12345  a text that is far too l...\n");
    free(text);
}

static void expect_count(double v, const char *want)
{
    char text[24];
    bf_human_count(v, text);
    assert_string_equal(text, want);
}

static void expect_bytes(double v, const char *want)
{
    char text[24];
    bf_human_bytes(v, text);
    assert_string_equal(text, want);
}

static void test_text__three_digits_and_a_unit(void **state)
{
    (void)state;
    expect_count(0, "0");
    expect_count(999, "999");
    expect_count(1000, "1.00 k");
    expect_count(12345, "12.3 k");
    expect_count(999499, "999 k");
    expect_count(999600, "1.00 M");
    expect_count(2.5e18, "2500 P");
    expect_count(NAN, "unknown");
    expect_bytes(1023, "1023 B");
    expect_bytes(1024, "1.00 KiB");
    expect_bytes(1536.0 * 1024, "1.50 MiB");
    expect_bytes(64.0 * 1024 * 1024 * 1024, "64.0 GiB");
}

static void test_text__long_sentences_are_broken_at_blanks(void **state)
{
    (void)state;
    char sentence[400] = "", *text;
    size_t n;
    for (int i = 0; i < 40; i++) strcat(sentence, "word5 ");
    strcat(sentence, "and-a-word-that-is-much-longer-than-one-line-could-ever-be-because-nobody-put-a-blank-into-it-anywhere-at-all");
    FILE *f = open_memstream(&text, &n);
    bf_print_wrapped(sentence, 9, f);
    assert_int_equal(fclose(f), 0);
    int lines = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        assert_true(strlen(line) <= BF_TEXT_COLUMNS);
        assert_memory_equal(line, "         ", 9);
        assert_true(line[9] != ' ');
    }
    assert_int_equal(lines, 5);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text__tables_line_up),
        cmocka_unit_test(test_text__three_digits_and_a_unit),
        cmocka_unit_test(test_text__long_sentences_are_broken_at_blanks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
