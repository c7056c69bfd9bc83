/* The effective input reproduces the study, and a configuration's hash depends on what changes its results and on nothing else. */
#include "study_case.h"

#include "base/status.h"

#include <stdio.h>

#define SETS(...) (const char *const[]){ __VA_ARGS__, NULL }

static char *emit(const bf_study *s, const int *order)
{
    char *text;
    assert_int_equal(bf_study_emit(s, order, &text).code, BF_OK);
    return text;
}

static void assert_same_configs(const bf_study *a, const bf_study *b, const int *order)
{
    bf_config *c = malloc(sizeof *c);
    char first[17], second[17];
    assert_int_equal(bf_study_count(a), bf_study_count(b));
    for (int i = 0; i < bf_study_count(a); i++) {
        bf_study_config(a, order ? order[i] : i, c);
        bf_config_hash(c, first);
        bf_study_config(b, i, c);
        bf_config_hash(c, second);
        assert_string_equal(first, second);
    }
    free(c);
}

static const struct { const char *text, *set; } studies[] = {
    { "study: plain\n", NULL },
    { "study: '1e3'\nseed: 9223372036854775807\ndata: {seed: 3, source: gaussian, gaussian: {eigenvalues: [1e-7, 0.1, 3], rotate: false}}\n", NULL },
    { "study: files\ndata: {source: npy, path: {train: a.npy, test: \"b c.npy\"}, train: 100}\ntrain: {batch: 10, init_from: \"runs/x:3\"}\n", NULL },
    { "study: list\ndata: {source: idx, path: [\"a: b\", '#c', \"q\\\"uote\"]}\nmeasure: {rd: {samples: 7}}\n", NULL },
    { "study: steps\ntrain: {steps: 17, schedule: cosine, lr_final: 0.1}\nmodel: {hidden: []}\n", NULL },
    { "study: sched\ntrain: {schedule: step, step_size: 2.5}\nlikelihood: {kind: bernoulli}\nmeasure: []\noutput: {posterior: [test]}\n", NULL },
    { "study: grid\nsweep: {objective.beta: {log: [0.01, 10, 7]}, model.latent: [2, 4, 8]}\n", NULL },
    { "study: seeds\nsweep: {seed: {lin: [1, 5, 5]}, data.source: [patches, lowrank]}\n", "seed=12" },
    { "study: pairs\nsweep: {model.hidden: [[], [64], [3, 4, 5]], pairs: [{model.latent: 2, train.lr: 1e-3}, {model.latent: 3, train.lr: 0.3333333333333333}]}\n", NULL },
    { "study: words\nmodel:\n  net: described\n  encoder: [conv 16 4x4 /2 p1 sn bn lrelu0.2, 'mean', fc 7]\n  decoder:\n    - fc H/4xW/4x8\n    - output deconv 4x4 /2\n", NULL },
    { "study: nets\nmodel: {encoder: [fc 3 tanh], latent: 2}\nsweep: {model.net: [mlp, described, resnet]}\n", NULL },
    { "study: mix\nlikelihood: {variance: optimal}\nsweep: {likelihood.kind: [gaussian, bernoulli], train.steps: [none, 100]}\n", NULL },
    { "study: value\nsweep: {likelihood.value: [auto, 1, 0.5], data.train: [all, 1000]}\n", "train.epochs=3" },
    { "study: warm\nwarm_start: {along: objective.beta, from: high}\nsweep: {objective.beta: [1, 3, 2], seed: [1, 2]}\n", NULL },
    { "study: paths\nsweep: {data.path: [a.npy, [b.npy, c.npy], {train: d, test: e}]}\ndata: {source: npy}\n", NULL },
};
enum { STUDIES = sizeof studies / sizeof *studies };

static void test_study_emit__reproduces_and_is_stable(void **state)
{
    (void)state;
    for (int i = 0; i < STUDIES; i++) {
        bf_study *s = study_of(studies[i].text, SETS(studies[i].set));
        char *text = emit(s, NULL);
        bf_study *again = study_of(text, NULL);
        assert_same_configs(s, again, NULL);
        char *twice = emit(again, NULL);
        assert_string_equal(text, twice);
        free(text);
        free(twice);
        bf_study_free(&s);
        bf_study_free(&again);
    }
}

static void test_study_emit__lists_configurations_by_id(void **state)
{
    (void)state;
    for (int i = 0; i < STUDIES; i++) {
        bf_study *s = study_of(studies[i].text, SETS(studies[i].set));
        const int n = bf_study_count(s);
        int order[32];
        assert_true(n <= 32);
        for (int j = 0; j < n; j++) order[j] = n - 1 - j;
        char *text = emit(s, order);
        bf_study *again = study_of(text, NULL);
        assert_same_configs(s, again, order);
        if (n > 1) assert_non_null(strstr(text, "\n  pairs:\n    - {"));
        char *twice = emit(again, NULL);
        assert_string_equal(text, twice);
        free(text);
        free(twice);
        bf_study_free(&s);
        bf_study_free(&again);
    }
}

static void test_study_emit__names_every_key(void **state)
{
    (void)state;
    int n;
    const bf_key *table = bf_key_table(&n);
    bf_study *s = study_of("study: all\n", NULL);
    char *text = emit(s, NULL);
    for (int i = 0; i < n; i++) {
        char line[96];
        const char *dot = strrchr(table[i].path, '.');
        snprintf(line, sizeof line, "%s: ", dot ? dot + 1 : table[i].path);
        if (table[i].size && !(table[i].flags & BF_KEY_STRICT)) assert_non_null(strstr(text, line));
    }
    assert_non_null(strstr(text, "\n  lr: 0.001\n"));
    assert_non_null(strstr(text, "\n  patches:\n    side: 5\n"));
    free(text);
    bf_study_free(&s);
}

/* --- hashes ------------------------------------------------------------------------------------------------------- */

static void hash_of(const char *text, const char *set, char out[17])
{
    bf_study *s = study_of(text, SETS(set));
    bf_config_hash(bf_study_base(s), out);
    bf_study_free(&s);
}

static void test_config_hash__ignores_what_changes_no_result(void **state)
{
    (void)state;
    static const char *const same[] = { "study=other", "output.samples=3", "output.weights=false", "parallel.kernels=any", "train.checkpoint_seconds=7",
        "data.gaussian.eigenvalues=[1,2]", "train.momentum=0.3", "model.latent=8", "train.lr=0.001", "data.path=x", "train.retry_factor=0.5",
        "data.digits.colour=true" };
    static const char *const other[] = { "seed=8", "model.latent=9", "train.lr=0.0010000000000000002", "model.hidden=[64,128]", "train.lanes=2", "parallel.threads=2",
        "data.patches.side=6", "train.steps=5", "likelihood.value=1", "measure.rd.samples=2", "data.train=8192", "train.betas=[0.9,0.99]", "data.seed=8",
        "train.init_from=a", "posterior=delta", "train.retries=1" };
    char base[17], hash[17], seen[16][17];
    hash_of("study: h\n", NULL, base);
    assert_int_equal(strlen(base), 16);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        hash_of("study: h\n", same[i], hash);
        if (strcmp(hash, base) != 0) fail_msg("%s changes the hash", same[i]);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        hash_of("study: h\n", other[i], seen[i]);
        if (strcmp(seen[i], base) == 0) fail_msg("%s does not change the hash", other[i]);
        for (size_t j = 0; j < i; j++) assert_string_not_equal(seen[i], seen[j]);
    }
}

/* Digits as they have always been are hashed as they have always been. */
static void test_config_hash__colour_is_a_new_study_of_digits(void **state)
{
    (void)state;
    char grey[17], said[17], colour[17], text[100];
    hash_of("study: h\ndata: {source: digits}\n", NULL, grey);
    hash_of("study: h\ndata: {source: digits}\n", "data.digits.colour=false", said);
    hash_of("study: h\ndata: {source: digits}\n", "data.digits.colour=true", colour);
    assert_string_equal(grey, "1e30dccf9b2423df");
    assert_string_equal(said, grey);
    assert_string_not_equal(colour, grey);
    bf_study *a = study_of("study: h\ndata: {source: digits}\n", NULL), *b = study_of("study: h\ndata: {source: digits, digits: {colour: true}}\n", NULL);
    assert_int_equal(bf_config_difference(bf_study_base(a), bf_study_base(b), text, sizeof text), 1);
    assert_string_equal(text, "data.digits.colour false -> true\n");
    bf_study_free(&a);
    bf_study_free(&b);
}

static void test_config_difference__names_what_differs(void **state)
{
    (void)state;
    bf_study *a = study_of("study: a\n", NULL), *b = study_of("study: b\nmodel: {latent: 4, hidden: [3]}\noutput: {samples: 2}\n", NULL);
    char text[300];
    assert_int_equal(bf_config_difference(bf_study_base(a), bf_study_base(b), text, sizeof text), 2);
    assert_string_equal(text, "model.hidden [128, 64] -> [3]\nmodel.latent 8 -> 4\n");
    assert_int_equal(bf_config_difference(bf_study_base(a), bf_study_base(b), text, 20), 2);
    assert_int_equal(strlen(text), 19);
    assert_int_equal(bf_config_difference(bf_study_base(a), bf_study_base(a), text, sizeof text), 0);
    assert_string_equal(text, "");
    bf_study_free(&a);
    bf_study_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_study_emit__reproduces_and_is_stable), cmocka_unit_test(test_study_emit__lists_configurations_by_id),
        cmocka_unit_test(test_study_emit__names_every_key), cmocka_unit_test(test_config_hash__ignores_what_changes_no_result),
        cmocka_unit_test(test_config_hash__colour_is_a_new_study_of_digits),
        cmocka_unit_test(test_config_difference__names_what_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
