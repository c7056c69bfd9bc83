/* Which ranks work together. */
#include "farm/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static bf_layout decide(int ranks, int pending, int lanes, int64_t wanted)
{
    bf_layout l;
    assert_int_equal(bf_layout_decide(ranks, pending, pending, lanes, wanted, &l).code, BF_OK);
    return l;
}

static void expect(int ranks, int pending, int lanes, int64_t wanted, int size, int teams)
{
    const bf_layout l = decide(ranks, pending, lanes, wanted);
    assert_int_equal(l.team_size, size);
    assert_int_equal(l.teams, teams);
    assert_int_equal(l.idle, ranks - size * teams);
}

static void test_layout__one_rank_each_while_there_are_enough_configurations(void **state)
{
    (void)state;
    expect(1, 1, 1, 0, 1, 1);
    expect(4, 21, 8, 0, 1, 4);
    expect(4, 4, 8, 0, 1, 4);
}

static void test_layout__teams_grow_when_configurations_run_out(void **state)
{
    (void)state;
    expect(4, 1, 4, 0, 4, 1);
    expect(4, 2, 4, 0, 2, 2);
    expect(8, 3, 4, 0, 2, 3);
    expect(3, 1, 4, 0, 2, 1);
    expect(16, 1, 2, 0, 2, 1);
    expect(4, 1, 1, 0, 1, 1);
    expect(4, 0, 4, 0, 1, 1);
}

static void test_layout__a_wanted_size_is_kept(void **state)
{
    (void)state;
    expect(8, 100, 4, 4, 4, 2);
    expect(8, 1, 8, 1, 1, 1);
    expect(2, 3, 4, 4, 2, 1);       /* fewer ranks than wanted: as many as there are */
    expect(3, 3, 4, 4, 2, 1);
}

static void test_layout__what_cannot_be_wanted(void **state)
{
    (void)state;
    bf_layout l;
    assert_int_equal(bf_layout_decide(8, 2, 2, 4, 3, &l).code, BF_E_INPUT);
    assert_int_equal(bf_layout_decide(8, 2, 2, 4, 8, &l).code, BF_E_INPUT);
    assert_int_equal(bf_layout_decide(0, 2, 2, 4, 0, &l).code, BF_E_INTERNAL);
}

static void test_layout__says_which_lanes_would_use_idle_ranks(void **state)
{
    (void)state;
    assert_non_null(strstr(decide(4, 1, 1, 0).why, "3 idle, train.lanes 4"));
    assert_non_null(strstr(decide(8, 2, 2, 0).why, "4 idle, train.lanes 4"));
    assert_null(strstr(decide(3, 1, 2, 0).why, "train.lanes 4"));
    assert_null(strstr(decide(4, 4, 1, 0).why, "idle"));
}

static void test_layout__chains_leave_ranks_to_larger_teams(void **state)
{
    (void)state;
    bf_layout l;
    assert_int_equal(bf_layout_decide(4, 10, 2, 4, 0, &l).code, BF_OK);
    assert_int_equal(l.team_size, 2);
    assert_int_equal(l.teams, 2);
    assert_non_null(strstr(l.why, "10 configurations in 2 chains for 4 ranks"));
    assert_int_equal(bf_layout_decide(4, 10, 2, 1, 0, &l).code, BF_OK);
    assert_int_equal(l.idle, 2);
    assert_non_null(strstr(l.why, "train.lanes 2"));
    assert_int_equal(bf_layout_decide(4, 2, 3, 1, 0, &l).code, BF_E_INTERNAL);
}

static void test_layout__ranks_find_their_team(void **state)
{
    (void)state;
    const bf_layout l = decide(7, 3, 2, 0);
    static const int want[] = { 0, 0, 1, 1, 2, 2, -1 };
    for (int r = 0; r < 7; r++) assert_int_equal(bf_layout_team(&l, r), want[r]);
}

/* Every combination of small numbers: nobody is counted twice, a team is a power of two within the lanes. */
static void test_layout__always_adds_up(void **state)
{
    (void)state;
    for (int ranks = 1; ranks <= 20; ranks++)
        for (int pending = 0; pending <= 20; pending++)
            for (int lanes = 1; lanes <= 16; lanes *= 2) {
                const bf_layout l = decide(ranks, pending, lanes, 0);
                assert_true(l.team_size >= 1 && l.team_size <= lanes && (l.team_size & (l.team_size - 1)) == 0);
                assert_true(l.teams >= 1 && l.idle >= 0);
                assert_int_equal(l.teams * l.team_size + l.idle, ranks);
                assert_true(l.why[0] && strlen(l.why) < sizeof l.why - 1);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout__one_rank_each_while_there_are_enough_configurations),
        cmocka_unit_test(test_layout__teams_grow_when_configurations_run_out),
        cmocka_unit_test(test_layout__a_wanted_size_is_kept),
        cmocka_unit_test(test_layout__what_cannot_be_wanted),
        cmocka_unit_test(test_layout__says_which_lanes_would_use_idle_ranks),
        cmocka_unit_test(test_layout__chains_leave_ranks_to_larger_teams),
        cmocka_unit_test(test_layout__ranks_find_their_team),
        cmocka_unit_test(test_layout__always_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
