/* Whatever a study file holds, the answer is a study or at least one problem: never a crash, a hang, or silence. Mutants of good files,
 * always the same ones, meant for the address sanitizer. */
#include "study_case.h"

#include "base/status.h"

#include <stdio.h>

enum { MUTANTS = 2500, LONGEST = 4096 };

static const char *const seeds[] = {
    ("study: rd-patches\nseed: 7\ndata:\n  source: patches\n  train: 8192\nmodel:\n  hidden: [128, 64]\n  latent: 8\n  condition: none\nposterior: gaussian\n"
    "likelihood:\n  kind: gaussian\n  variance: learned\n  value: 1.0\ntrain:\n  epochs: 30\n  lr: 1.0e-3\nsweep:\n  objective.beta: {log: [0.01, 10, 7]}\n"
    "  model.latent: [2, 4, 8]\nmeasure: [rd, active]\nparallel:\n  ranks_per_config: auto\n"),
    ("study: pairs\nsweep:\n  model.hidden: [[64], [128, 64]]\n  pairs: [{model.latent: 2, train.lr: 1e-3}, {model.latent: 4, train.lr: 1e-4}]\n  seed: {lin: [1, 3, 3]}\n"),
    ("study: \"files\"\ndata: {source: npy, path: {train: a.npy, test: 'b c.npy'}, gaussian: {eigenvalues: [4, 2, 1.5e-3]}}\nmeasure: {rd: {samples: 4}}\n"
    "output: {posterior: [train], weights: false}\ntrain: {betas: [0.9, 0.99], schedule: step, step_size: 2.5}\n"),
    ("study: words\nmodel:\n  net: described\n  encoder: [conv 16 4x4 /2 p1 sn bn lrelu0.2, mean, fc 7]\n  decoder: [fc H/4xW/4x8, res 8 relu, output deconv 4x4 /2]\n"),
};
enum { SEEDS = sizeof seeds / sizeof *seeds };

static const char *const tokens[] = { "{", "}", "[", "]", ": ", ", ", "- ", "\n", "  ", "\t", "&a ", "*a", "!!int ", "<<: ", "? ", "|\n", ">\n", "---\n", "...\n", "%YAML 1.1\n",
    "#", "'", "\"", "\\", "nan", "inf", "-1", "1e999", "9223372036854775808", "null", "true", "auto", "all", "study", "sweep:", "pairs: ", "log: ", "model.latent", "data:",
    "{lin: [1, 10000, 10000]}", "[[[[[[[[[[[[[[[[", "{a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {", "\xff", "\xc3\xa9", "\xe2\x80\xa8", "\xef\xbb\xbf", "\x01" };
enum { TOKENS = sizeof tokens / sizeof *tokens };

static uint64_t draw(uint64_t *x, uint64_t n)
{
    *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
    return *x % n;
}

/* Replaces `cut` bytes at `at` by a piece; what grows too long is left as it is. */
static size_t splice(char *text, size_t n, size_t at, size_t cut, const char *piece, size_t length)
{
    if (n - cut + length > LONGEST) return n;
    memmove(text + at + length, text + at + cut, n - at - cut);
    memcpy(text + at, piece, length);
    return n - cut + length;
}

static size_t mutate(char *text, size_t n, uint64_t *x)
{
    char piece[LONGEST];
    const size_t at = draw(x, n + 1), rest = n - at;
    switch (draw(x, 7)) {
    case 0:
        if (rest) text[at] = (char)(text[at] ^ (1 << draw(x, 8)));
        return n;
    case 1: return draw(x, 8) ? n : at;                                         /* truncated, not too often */
    case 2: return splice(text, n, at, draw(x, rest < 8 ? rest + 1 : 8), "", 0);
    case 3: {
        const char *token = tokens[draw(x, TOKENS)];
        return splice(text, n, at, 0, token, strlen(token));
    }
    case 4: {                                                                   /* a token instead of a few bytes */
        const char *token = tokens[draw(x, TOKENS)];
        return splice(text, n, at, draw(x, rest < 6 ? rest + 1 : 6), token, strlen(token));
    }
    case 5: {                                                                   /* a line twice */
        size_t first = at, last = at;
        while (first > 0 && text[first - 1] != '\n') first--;
        while (last < n && text[last] != '\n') last++;
        if (last < n) last++;
        memcpy(piece, text + first, last - first);
        return splice(text, n, first, 0, piece, last - first);
    }
    default: {                                                                  /* a piece of another seed */
        const char *other = seeds[draw(x, SEEDS)];
        const size_t from = draw(x, strlen(other)), length = draw(x, 24);
        const size_t taken = length < strlen(other) - from ? length : strlen(other) - from;
        return splice(text, n, at, 0, other + from, taken);
    }
    }
}

/* A study that was accepted can be written out and read again. */
static void check_round_trip(const bf_study *s, const char *source)
{
    bf_problems problems = { 0 };
    bf_study *again;
    char *text;
    assert_int_equal(bf_study_emit(s, NULL, &text).code, BF_OK);
    if (bf_study_parse(text, strlen(text), NULL, 0, &problems, &again).code)
        fail_msg("accepted:\n%s\nits effective input is refused: %s: %s\n%s", source, problems.at[0].key, problems.at[0].what, text);
    assert_int_equal(bf_study_count(s), bf_study_count(again));
    bf_problems_free(&problems);
    bf_study_free(&again);
    free(text);
}

static void check(const char *text, size_t n, const char *const *set, int n_set, int *accepted)
{
    bf_problems problems = { 0 };
    bf_study *s;
    const bf_status status = bf_study_parse(text, n, set, n_set, &problems, &s);
    assert_true(status.code == BF_OK || status.code == BF_E_INPUT);
    assert_true((status.code == BF_OK) == (problems.count == 0) && (s != NULL) == (problems.count == 0));
    FILE *nowhere = fopen("/dev/null", "w");
    bf_problems_print(&problems, "fuzz.yaml", nowhere);
    fclose(nowhere);
    if (s) {
        ++*accepted;
        if (bf_study_count(s) <= 100) check_round_trip(s, text);
    }
    bf_problems_free(&problems);
    bf_study_free(&s);
}

static void test_study_fuzz__mutants_of_files(void **state)
{
    (void)state;
    uint64_t x = 0x9e3779b97f4a7c15u;
    int accepted = 0;
    char text[LONGEST + 1];
    for (int i = 0; i < MUTANTS; i++) {
        const char *seed = seeds[i % SEEDS];
        size_t n = strlen(seed);
        memcpy(text, seed, n);
        for (uint64_t rounds = 1 + draw(&x, 4); rounds > 0; rounds--) n = mutate(text, n, &x);
        text[n] = '\0';
        check(text, n, NULL, 0, &accepted);
    }
    /* Both ways are taken, or the mutations are too wild or too tame. */
    assert_in_range(accepted, MUTANTS / 50, MUTANTS / 2);
}

static void test_study_fuzz__mutants_of_overrides(void **state)
{
    (void)state;
    static const char *const sets[] = { "model.latent=4", "sweep.objective.beta={log: [0.1, 10, 3]}", "sweep.pairs=[{seed: 1, model.latent: 2}]", "measure={rd: {samples: 2}}",
                                        "data.path=[a, b]", "train={lr: 0.1, epochs: 3}" };
    uint64_t x = 0x2545f4914f6cdd1du;
    int accepted = 0;
    char text[LONGEST + 1];
    for (int i = 0; i < MUTANTS / 2; i++) {
        const char *seed = sets[(size_t)i % (sizeof sets / sizeof *sets)];
        size_t n = strlen(seed);
        memcpy(text, seed, n);
        for (uint64_t rounds = 1 + draw(&x, 2); rounds > 0; rounds--) n = mutate(text, n, &x);
        text[n] = '\0';
        const char *const set[] = { text };
        check(seeds[i % SEEDS], strlen(seeds[i % SEEDS]), set, 1, &accepted);
    }
    assert_in_range(accepted, MUTANTS / 100, MUTANTS / 2);
}

static void test_study_fuzz__bombs_are_small(void **state)
{
    (void)state;
    int accepted = 0;
    const size_t n = 200000;
    char *text = malloc(n + 1);
    static const char *const fillers[] = { "[", "{", "{a: ", "- ", "? ", "a: ", "'", "\"", "&a ", "*a, ", "!", "#", "\t", "-", "a", "a,", "[],", "1\n", "a: 1\n", "\xc2\x85" };
    for (size_t f = 0; f < sizeof fillers / sizeof *fillers; f++) {
        size_t used = (size_t)sprintf(text, "study: bomb\nsweep: {model.latent: [");
        for (const size_t length = strlen(fillers[f]); used + length <= n; used += length) memcpy(text + used, fillers[f], length);
        text[used] = '\0';
        check(text, used, NULL, 0, &accepted);
        check(text + 12 + 23, used - 35, NULL, 0, &accepted);
    }
    assert_int_equal(accepted, 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_study_fuzz__mutants_of_files), cmocka_unit_test(test_study_fuzz__mutants_of_overrides),
                                        cmocka_unit_test(test_study_fuzz__bombs_are_small) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
