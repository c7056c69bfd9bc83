/* One data set on several ranks: the same bytes and numbers whoever fills it, shared or copied; a failure anywhere is everybody's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "comm/comm.h"
#include "data_rig.h"
#include "mpi_check.h"

static void small(bf_data_options *o, const char *source)
{
    data_rig_options(o, source);
    o->train = 700;
    o->test = 130;
    o->gaussian.whiten_sample = true;
    o->sprites.side = 16;
}

/* Everything that is known about a data set, as one number; the rows a rank sees are part of it. */
static uint64_t digest(const bf_dataset *ds)
{
    const bf_data_info *i = bf_dataset_info(ds);
    const double number[] = { i->minimum, i->maximum, i->variance, i->scale, i->shift };
    float *x = malloc((size_t)i->rows[BF_TEST] * (size_t)i->width * sizeof *x);
    bf_dataset_block(ds, BF_TEST, 0, (int)i->rows[BF_TEST], x);
    const uint64_t word[] = { bf_hash64(number, sizeof number), bf_hash64(x, (size_t)i->rows[BF_TEST] * (size_t)i->width * sizeof *x), i->hash };
    free(x);
    return bf_hash64(word, sizeof word);
}

static uint64_t open_and_digest(const bf_comm *world, const bf_comm *node, const bf_data_options *o)
{
    bf_dataset *ds = NULL;
    BF_MPI_OK(bf_dataset_open(world, node, o, &ds));
    const uint64_t d = digest(ds);
    bf_dataset_close(&ds);
    return d;
}

/* Alone, together, and together without shared memory. */
static void check_same(const bf_comm *world, const bf_comm *node, const bf_comm *self, const bf_data_options *o)
{
    const uint64_t alone = open_and_digest(self, self, o);
    BF_MPI_CHECK(open_and_digest(world, node, o) == alone);
    setenv("BETAFIELD_SHM_LIMIT", "0", 1);
    BF_MPI_CHECK(open_and_digest(world, node, o) == alone);
    unsetenv("BETAFIELD_SHM_LIMIT");
    BF_MPI_CHECK(open_and_digest(world, self, o) == alone);     /* as if every rank were a node of its own */
}

static void test_same_for_any_number_of_ranks(const bf_comm *world, const bf_comm *node, const bf_comm *self)
{
    int n;
    const bf_source *const *table = bf_source_table(&n);
    bf_data_options o;
    for (int i = 0; i < n; i++) {
        if (!table[i]->generator)
            continue;
        small(&o, table[i]->name);
        check_same(world, node, self, &o);
    }
    small(&o, "bumps");
    strcpy(o.scale, "standardize");
    strcpy(o.binarize, "static");
    check_same(world, node, self, &o);
}

static void test_files_too(const bf_comm *world, const bf_comm *node, const bf_comm *self)
{
    data_rig rig;
    char path[160];
    uint8_t bytes[16 + 2000 * 16];
    bf_data_options o;
    if (bf_comm_rank(world) == 0)
        data_rig_open(&rig);
    bf_comm_bcast(world, &rig, sizeof rig, 0);
    data_rig_file(&rig, "x.gz", path);
    const size_t head = data_rig_idx(bytes, 3, (uint32_t[]){ 2000, 4, 4 });
    for (int i = 0; i < 32000; i++)
        bytes[head + (size_t)i] = (uint8_t)(i * 7 + i / 100);
    if (bf_comm_rank(world) == 0)
        data_rig_write_gz(path, bytes, head + 32000);
    bf_comm_barrier(world);
    small(&o, "idx");
    data_rig_path(&o, "", path);
    check_same(world, node, self, &o);
    bf_comm_barrier(world);
    if (bf_comm_rank(world) == 0)
        data_rig_close(&rig);
}

/* Each rank in turn fails at each point; every rank gets the same status, and the next attempt works. */
static void test_every_failure_is_agreed(bf_fault_plan *plan, const bf_comm *world, const bf_comm *node)
{
    static const char *const point[] = { "data.open", "data.window", "data.fill" };
    bf_data_options o;
    small(&o, "digits");
    for (int p = 0; p < 3; p++)
        for (int rank = 0; rank < bf_comm_size(world); rank++) {
            bf_dataset *ds = NULL;
            plan->fault[0] = (bf_fault){ .rank = rank, .nth = 1, .action = BF_FAULT_FAIL };
            strcpy(plan->fault[0].point, point[p]);
            plan->count = 1;
            const bf_status s = bf_dataset_open(world, node, &o, &ds);
            BF_MPI_CHECK(s.code != BF_OK && s.rank == rank && strstr(s.what, point[p]) && ds == NULL);
            plan->count = 0;
            BF_MPI_OK(bf_dataset_open(world, node, &o, &ds));
            bf_dataset_close(&ds);
        }
}

/* Every rank a node of its own, with numbers of its own. */
static void test_nodes_that_differ_are_told(const bf_comm *world, const bf_comm *self)
{
    bf_data_options o;
    bf_dataset *ds = NULL;
    small(&o, "digits");
    o.seed += (uint64_t)bf_comm_rank(world);
    const bf_status s = bf_dataset_open(world, self, &o, &ds);
    if (bf_comm_size(world) > 1)
        BF_MPI_CHECK(s.code == BF_E_INPUT && s.rank == 1 && strstr(s.what, "data.source: this node makes other bytes than rank 0") && ds == NULL);
    bf_dataset_close(&ds);
}

int main(int argc, char **argv)
{
    bf_fault_plan plan = { 0 };
    bf_comm *world, *node, *self;
    BF_MPI_OK(bf_comm_init(&argc, &argv, &plan, &world));
    BF_MPI_OK(bf_comm_node(world, &node));
    BF_MPI_OK(bf_comm_split(world, bf_comm_rank(world), 0, &self));
    test_same_for_any_number_of_ranks(world, node, self);
    test_files_too(world, node, self);
    test_every_failure_is_agreed(&plan, world, node);
    test_nodes_that_differ_are_told(world, self);
    bf_comm_free(&self);
    bf_comm_free(&node);
    bf_comm_finalize(&world);
    return 0;
}
