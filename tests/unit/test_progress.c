/* progress.json: what is written is read, and no bytes hurt the reader. */
#include "farm/progress.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/rng.h"

static int enter_folder(void **state)
{
    char *dir = strdup("/tmp/bf_test_progress_XXXXXX");
    *state = dir;
    return dir == NULL || mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int leave_folder(void **state)
{
    int failed = unlink("progress.json") != 0;
    failed |= chdir("/") != 0 || rmdir(*state) != 0;
    free(*state);
    return failed;
}

static bf_running running[] = {
    { .id = 7, .team = 0, .step = 10, .steps = 640, .epoch = 1, .epochs = 20, .samples_per_second = 1234.5 },
    { .id = 4, .team = 1, .step = INT64_C(5000000000), .steps = INT64_C(6000000000), .epoch = 2, .epochs = 3, .samples_per_second = NAN },
};
static const bf_progress sample = {
    .uuid = "12345678-1234-1234-1234-123456789abc", .state = "running", .host = "a \"host\"\\\n", .started = "2026-03-01T12:00:00Z",
    .updated = "2026-03-01T12:05:00Z", .pid = 4242, .ranks = 4, .teams = 2, .configs = 21, .done = 3, .failed = 1, .running = 2,
    .pending = 15, .elapsed = 300.25, .eta = NAN, .samples_per_second = 98765.4321, .n_running = 2, .at = running,
};

static void test_progress__what_was_written_is_read(void **state)
{
    (void)state;
    bf_progress p;
    bool found;
    assert_int_equal(bf_progress_write(".", "tag", &sample).code, BF_OK);
    assert_int_equal(bf_progress_read(".", &p, &found).code, BF_OK);
    assert_true(found);
    assert_string_equal(p.uuid, sample.uuid);
    assert_string_equal(p.state, "running");
    assert_string_equal(p.host, "a \"host\"\\?");       /* no line feed reaches a terminal */
    assert_string_equal(p.updated, sample.updated);
    assert_int_equal(p.pid, 4242);
    assert_int_equal(p.pending, 15);
    assert_true(p.elapsed == 300.25 && isnan(p.eta) && p.samples_per_second == 98765.4321);
    assert_int_equal(p.n_running, 2);
    assert_int_equal(p.at[0].id, 7);
    assert_int_equal(p.at[1].team, 1);
    assert_true(p.at[1].step == INT64_C(5000000000) && p.at[1].steps == INT64_C(6000000000));
    assert_true(p.at[0].samples_per_second == 1234.5 && isnan(p.at[1].samples_per_second));
    free(p.at);
}

static void test_progress__not_a_number_is_null(void **state)
{
    (void)state;
    char *text;
    size_t n;
    assert_int_equal(bf_progress_write(".", "tag", &sample).code, BF_OK);
    assert_int_equal(bf_file_read("progress.json", 1 << 16, &text, &n).code, BF_OK);
    assert_non_null(strstr(text, "\"eta\": null"));
    assert_null(strstr(text, "nan"));
    free(text);
}

static void test_progress__no_file_is_no_error(void **state)
{
    (void)state;
    bf_progress p;
    bool found = true;
    unlink("progress.json");
    assert_int_equal(bf_progress_read(".", &p, &found).code, BF_OK);
    assert_false(found);
    assert_int_equal(bf_progress_write(".", "tag", &sample).code, BF_OK);
}

/* Without the patience of bf_file_write(): there are hundreds of them. */
static void put_bytes(const void *bytes, size_t n)
{
    FILE *f = fopen("progress.json", "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static bf_code read_bytes(const void *bytes, size_t n)
{
    bf_progress p;
    bool found;
    put_bytes(bytes, n);
    bf_status s = bf_progress_read(".", &p, &found);
    assert_true(s.code == BF_OK || s.code == BF_E_FORMAT);
    if (s.code == BF_OK) {
        assert_true(p.pid >= 0 && p.configs >= 0 && p.n_running >= 0);
        assert_true(strlen(p.state) < sizeof p.state && strlen(p.host) < sizeof p.host);
        free(p.at);
    }
    return s.code;
}

static void test_progress__what_is_no_such_object_is_refused(void **state)
{
    (void)state;
    static const char *const broken[] = { "", "[]", "7", "{}", "null", "{\"pid\": 1", "\xff\xfe", "{\"a\": \"\x01\"}", "{\"a\": &x [*x, *x], \"at\": *x}" };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) assert_int_equal(read_bytes(broken[i], strlen(broken[i])), BF_E_FORMAT);
}

static char *text_of_sample(size_t *n)
{
    char *text;
    assert_int_equal(bf_progress_write(".", "tag", &sample).code, BF_OK);
    assert_int_equal(bf_file_read("progress.json", 1 << 16, &text, n).code, BF_OK);
    return text;
}

/* A good file with one of its values replaced. */
static void put_bent(const char *good, const char *old, const char *new)
{
    char bent[4096];
    assert_non_null(strstr(good, old));
    const size_t at = (size_t)(strstr(good, old) - good);
    put_bytes(bent, (size_t)snprintf(bent, sizeof bent, "%.*s%s%s", (int)at, good, new, good + at + strlen(old)));
}

static void test_progress__no_escape_reaches_a_terminal(void **state)
{
    (void)state;
    bf_progress p;
    bool found;
    size_t n;
    char *good = text_of_sample(&n);
    put_bent(good, "\"2026-03-01T12:00:00Z\"", "\"\\u009b31m\\e[31m\\x07\"");
    assert_int_equal(bf_progress_read(".", &p, &found).code, BF_OK);
    assert_string_equal(p.started, "?31m?[31m?");
    free(p.at);
    free(good);
}

/* What is wrong with the new value has to be in the sentence. */
static void expect_refusal(const char *good, const char *old, const char *new, const char *words)
{
    bf_progress p;
    bool found;
    put_bent(good, old, new);
    const bf_status s = bf_progress_read(".", &p, &found);
    if (s.code != BF_E_FORMAT || !strstr(s.what, words) || !strstr(s.what, "progress.json")) fail_msg("%s -> %s: %d, '%s'", old, new, s.code, s.what);
    assert_false(found);
    assert_null(p.at);
}

/* A lie is not shown as nothing: who reads looks elsewhere, and says so. */
static void test_progress__a_lie_is_named(void **state)
{
    (void)state;
    static const struct { const char *old, *new, *words; } lie[] = {
        { "\"pid\": 4242", "\"pid\": -5", "\"pid\" is '-5', not a count" },
        { "\"done\": 3", "\"done\": 2147483647", "\"done\"" },
        { "\"done\": 3", "\"done\": 99999999999999999999", "\"done\"" },
        { "\"done\": 3", "\"done\": 3.5", "\"done\"" },
        { "\"done\": 3", "\"done\": \"3\"", "\"done\"" },
        { "\"done\": 3", "\"done\": [3]", "a list, not a count" },
        { "\"done\": 3", "\"done\": 19", "19 done" },
        { "\"done\": 3, ", "", "there is no \"done\"" },
        { "\"done\": 3", "\"done\": 3, \"done\": 4", "duplicate" },
        { "\"elapsed\": 300.25", "\"elapsed\": nan", "\"elapsed\"" },
        { "\"elapsed\": 300.25", "\"elapsed\": -1", "\"elapsed\"" },
        { "\"elapsed\": 300.25", "\"elapsed\": 1e999", "\"elapsed\"" },
        { "\"elapsed\": 300.25", "\"elapsed\": {}", "a mapping" },
        { "\"state\": \"running\"", "\"state\": \"a state that is far longer than its field\"", "\"state\"" },
        { "\"state\": \"running\"", "\"state\": {}", "\"state\"" },
        { "\"state\": \"running\"", "\"state\": 7", "\"state\"" },
        { "{\"config\": 7", "{\"config\": 21", "c0021" },
        { "{\"config\": 7", "{\"config\": -1", "\"config\"" },
        { "{\"config\": 7", "7, {\"config\": 7", "no JSON object" },
        { "\"step\": 5000000000", "\"step\": 1e9", "\"step\"" },
        { "\"at\": [", "\"at\": 7, \"then\": [", "\"at\"" },
    };
    size_t n;
    char *good = text_of_sample(&n);
    for (size_t i = 0; i < sizeof lie / sizeof *lie; i++) expect_refusal(good, lie[i].old, lie[i].new, lie[i].words);
    free(good);
}

/* As much as the file may hold, every byte one level deeper. */
static void test_progress__nesting_without_end_is_refused(void **state)
{
    (void)state;
    static const char opening[] = "[{";
    const size_t most = (size_t)4 << 20;
    char *deep = malloc(most);
    assert_non_null(deep);
    for (size_t kind = 0; kind < 2; kind++) {
        memset(deep, opening[kind], most);
        assert_int_equal(read_bytes(deep, most), BF_E_FORMAT);
    }
    free(deep);
}

/* Cut at every place, and with bytes overwritten at addressed places. */
static void test_progress__any_bytes_are_survived(void **state)
{
    (void)state;
    size_t n;
    char *text = text_of_sample(&n);
    for (size_t cut = 0; cut + 1 < n; cut++) assert_int_equal(read_bytes(text, cut), BF_E_FORMAT);
    char *bent = malloc(n);
    for (uint64_t round = 0; round < 200; round++) {
        float u[12];
        bf_rng_uniform(&(bf_draw){ .seed = 1, .sample = round, .use = BF_USE_DATA }, u, 12);
        memcpy(bent, text, n);
        for (int k = 0; k < 12; k += 2) bent[(size_t)((double)u[k] * (double)n) % n] = (char)(int)(u[k + 1] * 256.0f);
        read_bytes(bent, n);
    }
    free(bent);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_progress__what_was_written_is_read),
        cmocka_unit_test(test_progress__not_a_number_is_null),
        cmocka_unit_test(test_progress__no_file_is_no_error),
        cmocka_unit_test(test_progress__what_is_no_such_object_is_refused),
        cmocka_unit_test(test_progress__no_escape_reaches_a_terminal),
        cmocka_unit_test(test_progress__a_lie_is_named),
        cmocka_unit_test(test_progress__nesting_without_end_is_refused),
        cmocka_unit_test(test_progress__any_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
