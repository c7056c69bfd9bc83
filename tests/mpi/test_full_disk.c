/* A disk that is full, or becomes full anywhere on the way: BF_E_IO on every rank, the old file untouched, nothing left behind, and a
 * process that still ends well (HDF5 under mpio would not; see h5.h). Run by support/small_disk.sh. */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "mpi_check.h"
#include "sample_study.h"
#include "scratch.h"
#include "store/checkpoint.h"
#include "store/pack.h"

/* Leaves about `room` bytes free. */
static void fill_disk(const bf_comm *world, const char *disk, int64_t room)
{
    char path[256];
    snprintf(path, sizeof path, "%s/filler", disk);
    bf_comm_barrier(world);
    if (bf_comm_rank(world) == 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        int64_t size = bf_file_free_space(disk) - room;
        BF_MPI_CHECK(fd >= 0 && size >= 0 && posix_fallocate(fd, 0, size) == 0 && close(fd) == 0);
    }
    bf_comm_barrier(world);
}

static bf_status save_checkpoint(const bf_comm *world, const char *disk)
{
    static float weights[200000];
    bf_array a = { "weights", BF_TYPE_F32, 1, { 200000 }, weights };
    return bf_comm_agree(world, bf_comm_rank(world) == 0 ? bf_checkpoint_write(world, &(bf_site){ disk, "new", -1 }, 0, &a, 1, NULL, 0) : BF_DONE);
}

static bf_status save_tables(const bf_comm *world, const sample_study *s, const char *disk)
{
    return bf_comm_agree(world, bf_comm_rank(world) == 0 ? sample_study_tables(s, world, disk, "new") : BF_DONE);
}

static int64_t free_space(const bf_comm *world, const char *disk)
{
    bf_comm_barrier(world);
    int64_t room = bf_comm_rank(world) == 0 ? bf_file_free_space(disk) : 0;
    bf_comm_barrier(world);
    return bf_comm_max(world, room);
}

int main(int argc, char **argv)
{
    const char *disk = getenv("SMALL_DISK");
    bf_comm *world;
    sample_study s;
    int good = 0, full = 0;
    char packed[256];
    BF_MPI_OK(bf_comm_init(&argc, &argv, NULL, &world));
    BF_MPI_CHECK(disk != NULL);
    BF_MPI_OK(sample_study_open(5, &s));
    BF_MPI_OK(sample_study_write(world, disk, 5));
    BF_MPI_OK(save_checkpoint(world, disk));
    BF_MPI_OK(save_checkpoint(world, disk));
    snprintf(packed, sizeof packed, "%s/packed.h5", disk);
    for (int64_t room = 0; room < 4 << 20; room += room < 200000 ? 8192 : 500000) {
        fill_disk(world, disk, room);
        const int64_t before = free_space(world, disk);
        bf_status done[4] = { sample_study_config(&s, world, disk, 2, "new"), save_tables(world, &s, disk), save_checkpoint(world, disk),
                              bf_pack(world, disk, packed, "new") };
        for (int i = 0; i < 4; i++) {
            BF_MPI_CHECK(done[i].code == BF_OK || done[i].code == BF_E_IO);
            done[i].code ? full++ : good++;
        }
        if (bf_comm_rank(world) == 0) remove(packed);
        BF_MPI_CHECK(scratch_count(disk, "configs", "") == 4 && scratch_count(disk, "configs", "tmp") == 0);
        BF_MPI_CHECK(scratch_count(disk, "checkpoints", "") == 2 && scratch_count(disk, ".", "tmp") == 0);
        bf_result r;
        BF_MPI_OK(bf_config_file_read_result(disk, 2, &s.schema, &r));
        bf_result_free(&r);
        BF_MPI_CHECK(free_space(world, disk) == before);
    }
    BF_MPI_CHECK(good > 4 && full > 4);
    sample_study_close(&s);
    bf_comm_finalize(&world);
    return 0;
}
