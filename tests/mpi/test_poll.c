/* A wish of any rank, busy or through, reaches ranks that are busy; without one nobody leaves; and everybody gets the same answer. */
#include "comm/poll.h"
#include "mpi_check.h"

static bool always(void *self)
{
    (void)self;
    return true;
}

static void work_until_stopped(bf_poll *p, bool wish)
{
    while (!bf_poll_ask(p, wish)) {}
    BF_MPI_CHECK(bf_poll_ask(p, false));        /* so it stays */
    BF_MPI_CHECK(bf_poll_end(p, NULL, NULL));
}

/* Unequal work, none of it long enough for a question. */
static void test_nobody_wishes(const bf_comm *c)
{
    bf_poll p = { .team = c };
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < (bf_comm_rank(c) + round) % 3; i++) BF_MPI_CHECK(!bf_poll_ask(&p, false));
        BF_MPI_CHECK(!bf_poll_end(&p, NULL, NULL));
    }
}

/* The others wait at the end, and answer its questions. */
static void test_one_has_long_work(const bf_comm *c)
{
    bf_poll p = { .team = c };
    for (int busy = 0; busy < bf_comm_size(c) && bf_comm_size(c) > 1; busy++) {
        for (int answers = 0; bf_comm_rank(c) == busy && answers < 3;) {
            const bool open = p.open;
            BF_MPI_CHECK(!bf_poll_ask(&p, false));
            answers += open && !p.open;
        }
        BF_MPI_CHECK(!bf_poll_end(&p, NULL, NULL));
    }
}

static void test_one_that_is_busy_wishes(const bf_comm *c)
{
    bf_poll p = { .team = c };
    for (int one = 0; one < bf_comm_size(c); one++) work_until_stopped(&p, bf_comm_rank(c) == one);
}

static void test_one_that_is_through_wishes(const bf_comm *c)
{
    bf_poll p = { .team = c };
    for (int one = 0; one < bf_comm_size(c) && bf_comm_size(c) > 1; one++) {
        if (bf_comm_rank(c) == one) BF_MPI_CHECK(bf_poll_end(&p, always, NULL));
        else work_until_stopped(&p, false);
    }
}

int main(int argc, char **argv)
{
    bf_comm *world;
    BF_MPI_OK(bf_comm_init(&argc, &argv, NULL, &world));
    test_nobody_wishes(world);
    test_one_has_long_work(world);
    test_one_that_is_busy_wishes(world);
    test_one_that_is_through_wishes(world);
    test_nobody_wishes(world);
    bf_comm_finalize(&world);
    return 0;
}
