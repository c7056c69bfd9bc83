/* Which bindings deserve a warning, and that it names the hosts. */
#include "farm/binding.h"

#include <stdio.h>
#include <string.h>

#include "close.h"

enum { MOST = 8 };
static bf_core_mask masks[MOST];

/* Rank r gets cores first .. last. */
static void bind(int rank, int first, int last)
{
    memset(&masks[rank], 0, sizeof masks[rank]);
    for (int core = first; core <= last; core++) bf_core_mask_add(&masks[rank], core);
}

static bool wrong(int ranks, int threads, char *says, size_t size)
{
    bf_binding b;
    bf_binding_judge(masks, ranks, threads, &b);
    strcpy(b.host, "node01");
    return bf_binding_sentence(&b, 1, says, size);
}

static void test_binding__good_ones_are_silent(void **state)
{
    (void)state;
    char says[400];
    for (int r = 0; r < 4; r++) bind(r, r, r);                      /* one core each */
    assert_false(wrong(4, 1, says, sizeof says));
    for (int r = 0; r < 4; r++) bind(r, 2 * r, 2 * r + 1);          /* two each */
    assert_false(wrong(4, 2, says, sizeof says));
    for (int r = 0; r < 4; r++) bind(r, 8000, 8003);                /* not bound, enough for all */
    assert_false(wrong(4, 1, says, sizeof says));
    for (int r = 0; r < 4; r++) bind(r, 4 * (r / 2), 4 * (r / 2) + 3);      /* two to a socket of four */
    assert_false(wrong(4, 2, says, sizeof says));
    memset(masks, 0, sizeof masks);                                 /* nothing is known */
    assert_false(wrong(4, 2, says, sizeof says));
    assert_string_equal(says, "");
}

static void test_binding__more_ranks_than_cores(void **state)
{
    (void)state;
    char says[400];
    for (int r = 0; r < 4; r++) bind(r, 0, 2);
    assert_true(wrong(4, 1, says, sizeof says));
    assert_string_equal(says, "binding: 4 ranks with 1 thread each share 3 cores, so they take turns (node01)");
    assert_false(wrong(3, 1, says, sizeof says));
    assert_true(wrong(2, 2, says, sizeof says));
}

static void test_binding__ranks_on_the_same_core(void **state)
{
    (void)state;
    char says[400];
    for (int r = 0; r < 3; r++) bind(r, r, r);
    bind(3, 5, 5);
    bind(1, 0, 0);
    for (int core = 6; core < 9; core++) bf_core_mask_add(&masks[3], core);
    assert_true(wrong(4, 1, says, sizeof says));
    assert_non_null(strstr(says, "2 ranks with 1 thread each are bound to the same 1 core though there are 6"));
    assert_non_null(strstr(says, "(node01)"));
}

static void test_binding__fewer_cores_than_threads(void **state)
{
    (void)state;
    char says[400];
    bind(0, 0, 0);
    bind(1, 1, 4);
    assert_true(wrong(2, 2, says, sizeof says));
    assert_non_null(strstr(says, "a rank may use 1 core, fewer than parallel.threads, 2"));
}

static void test_binding__one_sentence_for_many_hosts(void **state)
{
    (void)state;
    static bf_binding nodes[100];
    char says[400];
    for (int i = 0; i < 100; i++) {
        nodes[i] = (bf_binding){ .ranks = 8, .threads = 1, .cores = i % 2 ? 8 : 4, .crowd = i % 2 == 0 ? 8 : i % 3 == 0 ? 2 : 0, .crowd_cores = 1 };
        snprintf(nodes[i].host, sizeof nodes[i].host, "node%02d", i);
    }
    assert_true(bf_binding_sentence(nodes, 4, says, sizeof says));
    assert_non_null(strstr(says, "8 ranks with 1 thread each share 4 cores, so they take turns (node00 node02); 2 ranks"));
    assert_non_null(strstr(says, "(node03)"));
    assert_true(bf_binding_sentence(nodes, 100, says, sizeof says));
    assert_true(strlen(says) < sizeof says);
    assert_true(bf_binding_sentence(nodes, 100, says, 30));
    assert_true(strlen(says) < 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_binding__good_ones_are_silent),
        cmocka_unit_test(test_binding__more_ranks_than_cores),
        cmocka_unit_test(test_binding__ranks_on_the_same_core),
        cmocka_unit_test(test_binding__fewer_cores_than_threads),
        cmocka_unit_test(test_binding__one_sentence_for_many_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
