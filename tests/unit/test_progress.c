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

static bf_code read_bytes(const void *bytes, size_t n)
{
    bf_progress p;
    bool found;
    assert_int_equal(bf_file_write("progress.json", "tag", bytes, n).code, BF_OK);
    bf_status s = bf_progress_read(".", &p, &found);
    assert_true(s.code == BF_OK || s.code == BF_E_FORMAT);
    if (s.code == BF_OK) {
        assert_true(p.pid >= 0 && p.configs >= 0 && p.n_running >= 0);
        assert_true(strlen(p.state) < sizeof p.state && strlen(p.host) < sizeof p.host);
        free(p.at);
    }
    return s.code;
}

static void test_progress__lies_are_refused_or_read_as_nothing(void **state)
{
    (void)state;
    static const char *const text[] = {
        "{\"pid\": -5, \"configs\": 99999999999999999999, \"at\": [1, [2], {\"config\": -1, \"step\": 1e9}]}",
        "{\"state\": \"a state that is far longer than its field\", \"at\": {\"config\": 1}}",
        "{\"a\": &x [*x, *x], \"at\": *x}", "{\"pid\": [1], \"state\": {}}", "{}",
    };
    static const char *const broken[] = { "", "[]", "7", "{\"pid\": 1", "\xff\xfe", "{\"a\": \"\x01\"}" };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) read_bytes(text[i], strlen(text[i]));
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) assert_int_equal(read_bytes(broken[i], strlen(broken[i])), BF_E_FORMAT);
}

/* Readers take counts from one another. */
static void test_progress__a_count_that_cannot_be_reads_as_nothing(void **state)
{
    (void)state;
    static const char text[] = "{\"configs\": 3, \"done\": 2147483647, \"failed\": 2147483647}";
    bf_progress p;
    bool found;
    assert_int_equal(bf_file_write("progress.json", "tag", text, strlen(text)).code, BF_OK);
    assert_int_equal(bf_progress_read(".", &p, &found).code, BF_OK);
    assert_int_equal(p.configs, 3);
    assert_int_equal(p.done, 0);
    assert_int_equal(p.failed, 0);
    free(p.at);
}

/* Cut at every place, and with bytes overwritten at addressed places. */
static void test_progress__any_bytes_are_survived(void **state)
{
    (void)state;
    char *text;
    size_t n;
    assert_int_equal(bf_progress_write(".", "tag", &sample).code, BF_OK);
    assert_int_equal(bf_file_read("progress.json", 1 << 16, &text, &n).code, BF_OK);
    for (size_t cut = 0; cut < n; cut += 7) read_bytes(text, cut);
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
        cmocka_unit_test(test_progress__lies_are_refused_or_read_as_nothing),
        cmocka_unit_test(test_progress__a_count_that_cannot_be_reads_as_nothing),
        cmocka_unit_test(test_progress__any_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
