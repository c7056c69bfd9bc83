/* Memory shared by a group: what one writes all read, several at a time, and nothing where there cannot be any. */
#include "comm/segment.h"
#include "mpi_check.h"

static void write_and_read(const bf_comm *c, bf_segment *s, size_t bytes)
{
    const size_t rank = (size_t)bf_comm_rank(c), ranks = (size_t)bf_comm_size(c);
    unsigned char *base = bf_segment_base(s);
    for (size_t i = rank; i < bytes; i += ranks) BF_MPI_CHECK(base[i] == 0);
    bf_segment_fence(s);
    for (size_t i = rank; i < bytes; i += ranks) base[i] = (unsigned char)(i * 7 + 1);
    bf_segment_fence(s);
    for (size_t i = 0; i < bytes; i++) BF_MPI_CHECK(base[i] == (unsigned char)(i * 7 + 1));
    bf_segment_fence(s);
}

static void test_groups(const bf_comm *world)
{
    enum { TIMES = 20, BYTES = 300001 };
    bf_comm *half;
    BF_MPI_OK(bf_comm_split(world, bf_comm_rank(world) % 2, bf_comm_rank(world), &half));
    for (int i = 0; i < TIMES; i++) {
        bf_segment *s = bf_segment_create(half, BYTES), *other = bf_segment_create(half, 4096);
        BF_MPI_CHECK(s != NULL && other != NULL);
        write_and_read(half, s, BYTES);
        write_and_read(half, other, 4096);
        bf_segment_free(&other);
        bf_segment_free(&s);
        BF_MPI_CHECK(s == NULL);
        bf_segment_free(&s);
    }
    bf_comm_free(&half);
}

static void test_no_room(const bf_comm *world)
{
    BF_MPI_CHECK(bf_segment_create(world, (size_t)1 << 50) == NULL);
    BF_MPI_CHECK(bf_segment_create(world, SIZE_MAX) == NULL);
    BF_MPI_CHECK(bf_segment_create(world, 0) == NULL);
}

/* One rank's failure is everybody's. */
static void test_one_fails(const bf_comm *world)
{
    bf_segment *s = bf_segment_create(world, 4096);
    BF_MPI_CHECK(s == NULL);
    s = bf_segment_create(world, 4096);
    BF_MPI_CHECK(s != NULL);
    bf_segment_free(&s);
}

int main(int argc, char **argv)
{
    bf_comm *world;
    bf_fault_plan faults = { 0 };
    BF_MPI_OK(bf_comm_init(&argc, &argv, &faults, &world));
    test_groups(world);
    test_no_room(world);
    faults = (bf_fault_plan){ .count = 1, .fault = { { .point = "segment.create", .rank = bf_comm_size(world) - 1, .nth = 1, .action = BF_FAULT_FAIL } } };
    test_one_fails(world);
    bf_comm_finalize(&world);
    return 0;
}
