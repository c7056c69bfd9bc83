/* Who starts from whose weights, and what that does to hashes. */
#include "study_case.h"

#include "base/status.h"

#include <stdio.h>

#define SETS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void expect_parents(const char *text, const char *const *set, const int *want)
{
    bf_study *s = study_of(text, set);
    for (int i = 0; i < bf_study_count(s); i++)
        if (bf_study_parent(s, i) != want[i]) fail_msg("%s: configuration %d has parent %d, expected %d", text, i, bf_study_parent(s, i), want[i]);
    bf_study_free(&s);
}

#define SWEEP "sweep: {objective.beta: [1, 0.1, 10], model.latent: [2, 4]}\n"

static void test_warm_start__neighbours_follow_each_other_by_value(void **state)
{
    (void)state;
    expect_parents("study: w\n" SWEEP, NULL, (const int[]){ -1, -1, -1, -1, -1, -1 });
    expect_parents("study: w\nwarm_start: {along: objective.beta}\n" SWEEP, NULL, (const int[]){ 2, 3, -1, -1, 0, 1 });
    expect_parents("study: w\nwarm_start: {along: objective.beta, from: low}\n" SWEEP, NULL, (const int[]){ 2, 3, -1, -1, 0, 1 });
    expect_parents("study: w\nwarm_start: {along: objective.beta, from: high}\n" SWEEP, NULL, (const int[]){ 4, 5, 0, 1, -1, -1 });
    expect_parents("study: w\nwarm_start: {along: seed}\nsweep: {seed: [3, 1, 2]}\n", NULL, (const int[]){ 2, -1, 1 });
    expect_parents("study: w\n" SWEEP, SETS("warm_start.along=objective.beta", "sweep.objective.beta=[2, 1]"), (const int[]){ 2, 3, -1, -1 });
    expect_parents("study: w\nwarm_start: {along: objective.beta}\n" SWEEP, SETS("warm_start.along=none"), (const int[]){ -1, -1, -1, -1, -1, -1 });
}

/* Where a configuration stands does not matter: values decide. */
static void test_warm_start__pairs_make_the_same_chains(void **state)
{
    (void)state;
    expect_parents("study: w\nwarm_start: {along: objective.beta}\nsweep:\n  pairs: [{objective.beta: 2, model.latent: 3}, {objective.beta: 1, model.latent: 3},\n"
                   "    {objective.beta: 1, model.latent: 2}, {objective.beta: 3, model.latent: 3}]\n", NULL, (const int[]){ 1, -1, -1, 0 });
    /* An effective input in the order of ids. */
    bf_study *s = study_of("study: w\nwarm_start: {along: objective.beta}\n" SWEEP, NULL);
    const int order[] = { 5, 0, 3, 2, 1, 4 };
    char *text;
    assert_int_equal(bf_study_emit(s, order, &text).code, BF_OK);
    expect_parents(text, NULL, (const int[]){ 4, 3, -1, -1, 2, 1 });
    free(text);
    bf_study_free(&s);
}

static void test_warm_start__what_has_no_neighbours_is_refused(void **state)
{
    (void)state;
    static const struct { const char *text, *said; } cases[] = {
        { "warm_start: {along: objective.bta}\n" SWEEP, "s.yaml:2:14: warm_start.along: objective.bta is no key; did you mean objective.beta?\n" },
        { "warm_start: {along: train.lr}\n" SWEEP, "s.yaml:2:14: warm_start.along: train.lr is not swept, so nothing has a neighbour along it\n" },
        { "warm_start: {along: objective.beta}\n", "s.yaml:2:14: warm_start.along: objective.beta is not swept, so nothing has a neighbour along it\n" },
        { "warm_start: {along: model.activation}\nsweep: {model.activation: [relu, tanh]}\n",
          "s.yaml:2:14: warm_start.along: model.activation is no number; neighbours need an order\n" },
        { "warm_start: {along: likelihood.value}\nsweep: {likelihood.value: [1, auto]}\n",
          "s.yaml:2:14: warm_start.along: configuration 1 has likelihood.value: auto, which has no place among numbers\n" },
        { "model: {condition: beta}\nwarm_start: {along: objective.beta}\nobjective: {grid: [1]}\nsweep: {objective.beta: [{range: [0.1, 10]}, {range: [0.1, 5]}]}\n",
          "s.yaml:3:14: warm_start.along: configuration 0 has objective.beta: {range: [0.1, 10]}, which has no place among numbers\n" },
        { "warm_start: {along: objective.beta}\nsweep:\n  pairs: [{objective.beta: 1, seed: 1}, {objective.beta: 2, seed: 2}]\n",
          "s.yaml:2:14: warm_start.along: no two configurations differ in objective.beta alone\n" },
        { "warm_start: {from: high}\n" SWEEP, "s.yaml:2:14: warm_start.from: nothing uses it here: it belongs to warm_start.along\n" },
        { "output: {weights: false}\nwarm_start: {along: objective.beta}\n" SWEEP,
          "s.yaml:2:10: output.weights: neighbours along objective.beta start from weights, which have to be stored\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, "study: w\n%s", cases[i].text);
        study_refuses(text, NULL, cases[i].said);
    }
}

/* Keys in pairs and keys of their own: each list has room for them, the sweep has not. */
static void test_warm_start__more_keys_than_a_sweep_has_room_for_are_refused(void **state)
{
    (void)state;
    int n, keys = 0;
    const bf_key *table = bf_key_table(&n);
    char *text = malloc(16384), *at = text, said[96];
    at += sprintf(at, "study: w\nwarm_start: {along: objective.beta}\nsweep:\n  objective.beta: [1]\n  pairs: [{");
    for (int i = 0; i < n && keys < 2 * BF_MAX_SWEPT - 2; i++) {
        const bool plain = table[i].type == BF_KEY_INT || table[i].type == BF_KEY_REAL || table[i].type == BF_KEY_BOOL || table[i].type == BF_KEY_CHOICE;
        if (!plain || !(table[i].flags & BF_KEY_SWEEP)) continue;
        if (keys < BF_MAX_SWEPT) at += sprintf(at, "%s%s: %s", keys ? ", " : "", table[i].path, table[i].fallback);
        else at += sprintf(at, "%s  %s: [%s]\n", keys == BF_MAX_SWEPT ? "}]\n" : "", table[i].path, table[i].fallback);
        keys++;
    }
    assert_true(keys > BF_MAX_SWEPT);
    snprintf(said, sizeof said, "s.yaml:4:3: sweep: %d swept keys; at most %d\n", keys + 1, BF_MAX_SWEPT);
    study_refuses(text, NULL, said);
    free(text);
}

static void test_warm_start__is_in_the_hash_by_what_a_training_starts_from(void **state)
{
    (void)state;
    char plain[17], same[17], one[17], other[17];
    bf_study *s = study_of("study: w\n" SWEEP, NULL), *warm = study_of("study: w\nwarm_start: {along: objective.beta}\n" SWEEP, NULL);
    bf_config_hash(bf_study_base(s), plain);
    bf_config_hash(bf_study_base(warm), same);
    assert_string_equal(plain, same);           /* whoever has no parent is what it is without chains */
    bf_config_hash_from(bf_study_base(s), "", same);
    assert_string_equal(plain, same);
    bf_config_hash_from(bf_study_base(s), "0123456789abcdef", one);
    bf_config_hash_from(bf_study_base(s), "0123456789abcdee", other);
    assert_string_not_equal(plain, one);
    assert_string_not_equal(one, other);
    bf_study_free(&s);
    bf_study_free(&warm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warm_start__neighbours_follow_each_other_by_value),
        cmocka_unit_test(test_warm_start__pairs_make_the_same_chains),
        cmocka_unit_test(test_warm_start__what_has_no_neighbours_is_refused),
        cmocka_unit_test(test_warm_start__more_keys_than_a_sweep_has_room_for_are_refused),
        cmocka_unit_test(test_warm_start__is_in_the_hash_by_what_a_training_starts_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
