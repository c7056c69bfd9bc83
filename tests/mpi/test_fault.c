/* Faults happen at their point, on their rank, at their visit, in groups too, and never without a plan. */
#include "fault_parse.h"
#include "mpi_check.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_no_plan(const bf_comm *c)
{
    bf_comm *group;
    BF_MPI_OK(bf_comm_split(c, 0, 0, &group));
    for (int i = 0; i < 3; i++) {
        BF_MPI_OK(bf_fault_at(NULL, "write", BF_E_IO));
        BF_MPI_CHECK(!bf_fault_nan(NULL, "loss"));
        BF_MPI_CHECK(!bf_fault_nan(group, "nowhere"));
    }
    bf_comm_free(&group);
}

static void test_fails_once_where_it_should(const bf_comm *world, int last)
{
    bf_comm *group;
    BF_MPI_OK(bf_comm_split(world, bf_comm_rank(world), 0, &group));       /* rank 0 of its own group: the world's rank counts */
    bool here = bf_comm_rank(world) == last;
    for (int visit = 1; visit <= 4; visit++) {
        BF_MPI_OK(bf_fault_at(group, "elsewhere", BF_E_IO));
        bf_status s = bf_fault_at(group, "write", BF_E_IO);
        BF_MPI_CHECK((s.code == BF_E_IO) == (here && visit == 2));
        BF_MPI_CHECK(s.code == BF_OK || strcmp(s.what, "fault injected at write") == 0);
        BF_MPI_CHECK(bf_fault_nan(group, "loss") == (here && visit == 3));
        BF_MPI_OK(bf_fault_at(group, "loss", BF_E_IO));                     /* a poisoned number is no failure */
    }
    bf_comm_free(&group);
}

/* A child visits the point, so that the test outlives it; it only touches memory and signals, not MPI. */
static void test_kills(const bf_comm *world, int last)
{
    pid_t child = fork();
    if (child == 0) {
        bf_status s = bf_fault_at(world, "rename", BF_E_IO);
        _exit(s.code == BF_OK ? 0 : 1);
    }
    int status = 0;
    BF_MPI_CHECK(child > 0 && waitpid(child, &status, 0) == child);
    if (bf_comm_rank(world) == last)
        BF_MPI_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == 9);
    else
        BF_MPI_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv)
{
    bf_fault_plan plan = { 0 };
    bf_comm *world;
    BF_MPI_OK(bf_comm_init(&argc, &argv, &plan, &world));
    int last = bf_comm_size(world) - 1;
    test_no_plan(world);
    char text[128];
    snprintf(text, sizeof text, "write:%d:2:fail,loss:%d:3:nan,rename:%d:1:kill", last, last, last);
    BF_MPI_OK(bf_fault_parse(text, &plan));
    test_fails_once_where_it_should(world, last);
    test_kills(world, last);
    bf_comm_finalize(&world);
    return 0;
}
