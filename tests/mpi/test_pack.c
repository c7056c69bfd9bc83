/* One file from a study's folder: the same bytes from any number of ranks, checked on the way, and never in place of the study's own. */
#include <string.h>

#include "mpi_check.h"
#include "sample_study.h"
#include "scratch.h"
#include "store/pack.h"
#include "store/verify.h"

static bf_fault_plan faults;

/* Several pieces for several ranks: configuration 0 gets a dataset of 24 MB instead of its own. */
static void add_large_dataset(const bf_comm *world, const char *dir)
{
    const int64_t rows = 3000000, ranks = bf_comm_size(world), rank = bf_comm_rank(world), first = rows * rank / ranks, n = rows * (rank + 1) / ranks - first;
    sample_study s;
    bf_config_file *f;
    float *v = malloc((size_t)n * 2 * sizeof *v);
    BF_MPI_CHECK(v != NULL);
    for (int64_t i = 0; i < 2 * n; i++) v[i] = (float)(2 * first + i);
    BF_MPI_OK(sample_study_open(5, &s));
    BF_MPI_OK(bf_config_file_create(world, &(bf_site){ dir, "large", -1 }, 0, &f));
    BF_MPI_OK(bf_config_file_result(f, &s.schema, &s.results[0], NULL, 0));
    BF_MPI_OK(bf_config_file_rows(f, "posterior/test/z", rows, 2, first, n, v, NULL));
    BF_MPI_OK(bf_config_file_close(&f, true));
    sample_study_close(&s);
    free(v);
}

static void path_of(char out[256], const char *dir, const char *name) { snprintf(out, 256, "%s/%s", dir, name); }

static void test_bytes_do_not_depend_on_ranks(const bf_comm *world, const char *dir)
{
    char together[256], alone[256], name[32];
    bf_comm *self;
    unsigned char *one, *two;
    bf_verify_report r;
    path_of(together, dir, "together.h5");
    snprintf(name, sizeof name, "alone-%d.h5", bf_comm_rank(world));
    path_of(alone, dir, name);
    BF_MPI_OK(bf_comm_split(world, bf_comm_rank(world), 0, &self));
    BF_MPI_OK(bf_pack(world, dir, together, "tag"));
    BF_MPI_OK(bf_pack(self, dir, alone, name));
    size_t n = scratch_read(dir, "together.h5", &one), m = scratch_read(dir, name, &two);
    BF_MPI_CHECK(n == m && memcmp(one, two, n) == 0);
    BF_MPI_OK(bf_verify(together, stderr, &r));
    BF_MPI_CHECK(r.configurations == 4);
    free(one);
    free(two);
    bf_comm_free(&self);
}

static void test_a_failure_anywhere_leaves_the_old_file(const bf_comm *world, const char *dir)
{
    static const char *const points[] = { "pack.create", "pack.write", "pack.rename" };
    char out[256];
    unsigned char *before, *after;
    path_of(out, dir, "together.h5");
    size_t n = scratch_read(dir, "together.h5", &before);
    for (int p = 0; p < 3; p++)
        for (int rank = 0; rank < (p == 0 ? 1 : bf_comm_size(world)); rank++) {
            faults = (bf_fault_plan){ 1, { { .rank = rank, .nth = 1, .action = BF_FAULT_FAIL } } };
            strcpy(faults.fault[0].point, points[p]);
            bf_status s = bf_pack(world, dir, out, "new");
            bf_comm_barrier(world);
            faults.count = 0;
            BF_MPI_CHECK(s.code == BF_E_IO && s.rank == rank && strstr(s.what, points[p]));
            BF_MPI_CHECK(scratch_count(dir, ".", ".tmp") == 0);
            BF_MPI_CHECK(scratch_read(dir, "together.h5", &after) == n && memcmp(before, after, n) == 0);
            free(after);
            bf_comm_barrier(world);
        }
    free(before);
}

static void test_the_studys_own_files_are_refused(const bf_comm *world, const char *dir)
{
    static const char *const own[] = { "study.h5", "data.h5", "configs/c0001.h5", "configs/../study.h5", "./configs/all.h5" };
    char out[256];
    for (int i = 0; i < 5; i++) {
        path_of(out, dir, own[i]);
        bf_status s = bf_pack(world, dir, out, "tag");
        BF_MPI_CHECK(s.code == BF_E_USAGE);
    }
    path_of(out, dir, "nowhere/packed.h5");
    bf_status s = bf_pack(world, dir, out, "tag");
    BF_MPI_CHECK(s.code == BF_E_IO);
}

static void test_a_damaged_source_is_named(const bf_comm *world, const char *dir)
{
    char out[256];
    unsigned char *bytes;
    const float value = sample_study_value(2, 100, 1);
    path_of(out, dir, "damaged.h5");
    if (bf_comm_rank(world) == 0) {
        size_t n = scratch_read(dir, "configs/c0002.h5", &bytes);
        unsigned char *at = memmem(bytes, n, &value, sizeof value);
        BF_MPI_CHECK(at != NULL);
        at[1] ^= 4;
        scratch_write(dir, "configs/c0002.h5", bytes, n);
        free(bytes);
    }
    bf_comm_barrier(world);
    bf_status s = bf_pack(world, dir, out, "tag");
    BF_MPI_CHECK(s.code == BF_E_FORMAT && strstr(s.what, "configs/c0002.h5: /configs/c0002/posterior/"));
    bf_comm_barrier(world);
    BF_MPI_CHECK(access(out, F_OK) != 0);
}

int main(int argc, char **argv)
{
    bf_comm *world;
    char dir[128];
    BF_MPI_OK(bf_comm_init(&argc, &argv, &faults, &world));
    if (bf_comm_rank(world) == 0) scratch_make(dir);
    bf_comm_bcast(world, dir, sizeof dir, 0);
    BF_MPI_OK(sample_study_write(world, dir, 5));
    add_large_dataset(world, dir);
    test_bytes_do_not_depend_on_ranks(world, dir);
    bf_comm_barrier(world);
    test_a_failure_anywhere_leaves_the_old_file(world, dir);
    test_the_studys_own_files_are_refused(world, dir);
    test_a_damaged_source_is_named(world, dir);
    bf_comm_barrier(world);
    if (bf_comm_rank(world) == 0) scratch_remove(dir);
    bf_comm_finalize(&world);
    return 0;
}
