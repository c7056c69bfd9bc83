/* How long chains take on teams. */
#include "farm/makespan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static bf_makespan of(const double *seconds, const int *parent, int n, int teams)
{
    bf_makespan m;
    assert_int_equal(bf_makespan_of(seconds, parent, n, teams, &m).code, BF_OK);
    return m;
}

static void test_makespan__without_chains_the_longest_come_first(void **state)
{
    (void)state;
    const double seconds[] = { 1, 4, 2, 3, 2 };
    const int parent[] = { -1, -1, -1, -1, -1 };
    assert_true(of(seconds, parent, 5, 1).total == 12);
    assert_true(of(seconds, parent, 5, 2).total == 6);
    const bf_makespan m = of(seconds, parent, 5, 9);
    assert_true(m.total == 4 && m.path == 4);
    assert_int_equal(m.chains, 0);
    assert_int_equal(m.longest, 1);
}

static void test_makespan__a_chain_is_no_faster_on_more_teams(void **state)
{
    (void)state;
    const double seconds[] = { 3, 1, 2 };
    const int parent[] = { 2, 0, -1 };
    for (int teams = 1; teams < 4; teams++) {
        const bf_makespan m = of(seconds, parent, 3, teams);
        assert_true(m.total == 6 && m.path == 6);
        assert_int_equal(m.chains, 1);
        assert_int_equal(m.longest, 3);
    }
}

/* The chain 0-1-2 has 3 s to go and starts first although 3 and 4 are longer; 5 then fills what is left of the other team. */
static void test_makespan__what_others_wait_for_comes_first(void **state)
{
    (void)state;
    const double seconds[] = { 1, 1, 1, 2, 2, 1 };
    const int parent[] = { -1, 0, 1, -1, -1, -1 };
    const bf_makespan two = of(seconds, parent, 6, 2), three = of(seconds, parent, 6, 3);
    assert_true(two.total == 4 && two.path == 3);
    assert_true(three.total == 3);
    assert_int_equal(two.chains, 1);
}

static void test_makespan__a_team_waits_for_a_parent(void **state)
{
    (void)state;
    const double seconds[] = { 5, 1, 1 };
    const int parent[] = { -1, 0, -1 };
    assert_true(of(seconds, parent, 3, 2).total == 6);
    assert_true(of(seconds, parent, 0, 2).total == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_makespan__without_chains_the_longest_come_first),
        cmocka_unit_test(test_makespan__a_chain_is_no_faster_on_more_teams),
        cmocka_unit_test(test_makespan__what_others_wait_for_comes_first),
        cmocka_unit_test(test_makespan__a_team_waits_for_a_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
