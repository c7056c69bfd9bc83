/* configs/c0000.h5: the same bytes from any number of ranks, read back whole; a failure on any rank at any point is every rank's answer,
 * and leaves nothing but what was good. */
#include <math.h>
#include <string.h>

#include "mpi_check.h"
#include "sample_study.h"
#include "scratch.h"
#include "store/h5_write.h"
#include "store/study_file.h"

static bf_fault_plan faults;

/* One scratch folder for all ranks, made by rank 0. */
static void shared_folder(const bf_comm *world, char dir[128])
{
    if (bf_comm_rank(world) == 0) scratch_make(dir);
    bf_comm_bcast(world, dir, 128, 0);
}

static void remove_folder(const bf_comm *world, const char *dir)
{
    bf_comm_barrier(world);
    if (bf_comm_rank(world) == 0) scratch_remove(dir);
    bf_comm_barrier(world);
}

static bool same_file(const char *a, const char *b, const char *name)
{
    unsigned char *one, *two;
    size_t n = scratch_read(a, name, &one), m = scratch_read(b, name, &two);
    bool same = n == m && memcmp(one, two, n) == 0;
    free(one);
    free(two);
    return same;
}

static void test_bytes_do_not_depend_on_ranks(const bf_comm *world, const sample_study *s)
{
    char together[128], alone[128], tag[32];
    bf_comm *self;
    snprintf(tag, sizeof tag, "alone%d", bf_comm_rank(world));
    shared_folder(world, together);
    scratch_make(alone);
    BF_MPI_OK(bf_comm_split(world, bf_comm_rank(world), 0, &self));
    for (int id = 0; id < 4; id++) {
        char name[32];
        snprintf(name, sizeof name, "configs/c%04d.h5", id);
        BF_MPI_OK(sample_study_config(s, world, together, id, "together"));
        BF_MPI_OK(sample_study_config(s, self, alone, id, tag));
        BF_MPI_CHECK(same_file(together, alone, name));
    }
    BF_MPI_CHECK(scratch_count(together, "configs", "") == 4);
    bf_comm_free(&self);
    scratch_remove(alone);
    remove_folder(world, together);
}

static bool same_number(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static void check_result(const char *dir, const sample_study *s, int id)
{
    bf_result got;
    const bf_result *want = &s->results[id];
    BF_MPI_OK(bf_config_file_read_result(dir, id, &s->schema, &got));
    BF_MPI_CHECK(got.id == id && got.status == want->status && got.attempts == want->attempts && got.steps == want->steps);
    BF_MPI_CHECK(got.epochs_done == want->epochs_done && got.parameters == want->parameters && got.seconds == want->seconds);
    BF_MPI_CHECK(memcmp(got.times.seconds, want->times.seconds, sizeof got.times.seconds) == 0);
    BF_MPI_CHECK(got.times.flops == want->times.flops && got.gflops == want->gflops && got.roof_share == want->roof_share);
    BF_MPI_CHECK(strcmp(got.error, want->error) == 0 && strcmp(got.hash, want->hash) == 0);
    BF_MPI_CHECK(got.epochs == want->epochs && got.n_metrics == want->n_metrics && got.n_history == want->n_history);
    for (int i = 0; i < 2 * got.n_metrics; i++) BF_MPI_CHECK(same_number(got.metrics[i], want->metrics[i]));
    for (int64_t i = 0; i < got.epochs * got.n_history; i++) BF_MPI_CHECK(same_number(got.history[i], want->history[i]));
    bf_result_free(&got);
}

static void check_rows(const char *path, int id)
{
    static float v[SAMPLE_TRAIN * 4];
    const int latent = sample_study_latent(id);
    bf_array a = { "posterior/train/mean", BF_TYPE_F32, 2, { SAMPLE_TRAIN, latent }, v };
    BF_MPI_OK(bf_config_file_read_array(path, id, &a));
    for (int r = 0; r < SAMPLE_TRAIN; r++)
        for (int c = 0; c < latent; c++) BF_MPI_CHECK(v[r * latent + c] == sample_study_value(id, r, c));
    a.shape[1]++;
    bf_status s = bf_config_file_read_array(path, id, &a);
    BF_MPI_CHECK(s.code == BF_E_FORMAT);
    snprintf(a.name, sizeof a.name, "second_stage/train");
    a.shape[1]--;
    BF_MPI_OK(bf_config_file_read_array(path, id, &a));
}

static void test_what_was_written_comes_back(const bf_comm *world, const sample_study *s)
{
    char dir[128], path[160];
    shared_folder(world, dir);
    for (int id = 0; id < 4; id++) {
        BF_MPI_OK(sample_study_config(s, world, dir, id, "tag"));
        check_result(dir, s, id);
    }
    snprintf(path, sizeof path, "%s/configs/c0002.h5", dir);
    check_rows(path, 2);
    bf_result none;
    bf_status missing = bf_config_file_read_result(dir, 9, &s->schema, &none);
    BF_MPI_CHECK(missing.code == BF_E_IO);
    remove_folder(world, dir);
}

/* A schema that has grown since: what the file does not know is NaN. */
static void test_a_new_column_is_absent_in_an_old_file(const bf_comm *world, const sample_study *s)
{
    char dir[128];
    bf_column more[5];
    bf_schema grown = s->schema;
    bf_result got;
    memcpy(more, s->schema.metrics, 4 * sizeof *more);
    more[4] = (bf_column){ "nll", "nat", "importance-weighted likelihood", "log mean w" };
    grown.metrics = more;
    grown.n_metrics = 5;
    shared_folder(world, dir);
    BF_MPI_OK(sample_study_config(s, world, dir, 0, "tag"));
    BF_MPI_OK(bf_config_file_read_result(dir, 0, &grown, &got));
    BF_MPI_CHECK(got.metrics[0] == s->results[0].metrics[0] && isnan(got.metrics[4]));
    bf_result_free(&got);
    remove_folder(world, dir);
}

static void plant(const char *point, int rank, int nth)
{
    faults = (bf_fault_plan){ 1, { { .rank = rank, .nth = nth, .action = BF_FAULT_FAIL } } };
    snprintf(faults.fault[0].point, sizeof faults.fault[0].point, "%s", point);
}

static void test_a_failure_anywhere_is_the_answer_everywhere(const bf_comm *world, const sample_study *s)
{
    static const struct { const char *point; int nth; } places[] = {
        { "config.create", 1 }, { "config.write", 1 }, { "config.put", 1 }, { "config.put", 5 }, { "config.write", 4 }, { "config.write", 9 },
        { "config.write", 14 }, { "config.close", 1 }, { "config.fsync", 1 }, { "config.rename", 1 },
    };
    char dir[128], good[128];
    shared_folder(world, dir);
    shared_folder(world, good);
    BF_MPI_OK(sample_study_config(s, world, dir, 1, "old"));
    BF_MPI_OK(sample_study_config(s, world, good, 1, "old"));
    for (size_t p = 0; p < sizeof places / sizeof *places; p++)
        for (int rank = 0; rank < bf_comm_size(world); rank++) {
            plant(places[p].point, rank, places[p].nth);
            bf_status here = sample_study_config(s, world, dir, 1, "new");
            bf_comm_barrier(world);
            faults.count = 0;
            BF_MPI_CHECK(here.code == BF_E_IO && here.rank == rank && strstr(here.what, places[p].point));
            BF_MPI_CHECK(scratch_count(dir, "configs", "") == 1 && same_file(dir, good, "configs/c0001.h5"));
            bf_comm_barrier(world);
        }
    BF_MPI_OK(sample_study_config(s, world, dir, 1, "new"));
    remove_folder(world, good);
    remove_folder(world, dir);
}

static void set_count(const char *path, const char *name, int64_t value)
{
    hid_t file;
    BF_MPI_OK(bf_h5_open(path, true, MPI_COMM_NULL, &file));
    hid_t group = H5Gopen2(file, "/configs/c0001", H5P_DEFAULT);
    BF_MPI_CHECK(group >= 0 && H5Adelete(group, name) >= 0);
    BF_MPI_OK(bf_h5_put_int(group, name, value));
    H5Gclose(group);
    BF_MPI_OK(bf_h5_close(&file, path));
}

/* 2^32 + 1 attempts are not one. */
static void test_counts_are_no_more_than_they_can_be(const bf_comm *world, const sample_study *s)
{
    static const struct { const char *name; int64_t value; } odd[] = { { "attempts", ((int64_t)1 << 32) + 1 }, { "steps", -1 }, { "epochs_done", INT64_MIN } };
    char dir[128], path[160];
    shared_folder(world, dir);
    snprintf(path, sizeof path, "%s/configs/c0001.h5", dir);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        bf_result r;
        BF_MPI_OK(sample_study_config(s, world, dir, 1, "tag"));
        if (bf_comm_rank(world) == 0) {
            set_count(path, odd[i].name, odd[i].value);
            bf_status said = bf_config_file_read_result(dir, 1, &s->schema, &r);
            BF_MPI_CHECK(said.code == BF_E_FORMAT && strstr(said.what, "it says "));
        }
        bf_comm_barrier(world);
    }
    remove_folder(world, dir);
}

/* As on two nodes that share no disk: only rank 0 has the file. The others would fail in its collective opening, and rank 0 would wait for them. */
static void test_ranks_that_do_not_see_the_file_are_told(const bf_comm *world, const sample_study *s)
{
    char mine[128];
    scratch_make(mine);
    bf_status here = sample_study_config(s, world, mine, 1, "tag");
    if (bf_comm_size(world) > 1) {
        BF_MPI_CHECK(here.code == BF_E_IO && here.rank == 1 && strstr(here.what, "all nodes of a job"));
        BF_MPI_CHECK(scratch_count(mine, "configs", "") <= 0);
    }
    scratch_remove(mine);
    bf_comm_barrier(world);
}

/* Somebody moves the folder away, and another run makes one of that name. */
static void replace_folder(const bf_comm *world, const char *dir, const char *kept)
{
    bf_comm_barrier(world);
    if (bf_comm_rank(world) == 0) BF_MPI_CHECK(rename(dir, kept) == 0 && mkdir(dir, 0777) == 0);
    bf_comm_barrier(world);
}

static void restore_folder(const bf_comm *world, const char *dir, const char *kept)
{
    remove_folder(world, dir);
    if (bf_comm_rank(world) == 0) BF_MPI_CHECK(rename(kept, dir) == 0);
    bf_comm_barrier(world);
}

static bf_status write_tables(const bf_comm *world, const bf_site *site, const sample_study *s)
{
    const bf_study_tables t = { .study = "made", .uuid = "u", .created = "c", .configs = 5, .results = s->results, .schema = &s->schema };
    return bf_comm_agree(world, bf_comm_rank(world) == 0 ? bf_study_file_write(world, site, &t) : BF_DONE);
}

static void test_a_folder_of_somebody_else_gets_nothing(const bf_comm *world, const sample_study *s)
{
    static const char said[] = "was removed, moved or replaced while this run was writing there";
    char dir[128], kept[160];
    bf_site site;
    bf_config_file *f;
    shared_folder(world, dir);
    snprintf(kept, sizeof kept, "%s-kept", dir);
    BF_MPI_OK(bf_site_open(dir, "tag", &site));
    replace_folder(world, dir, kept);
    bf_status here = bf_config_file_create(world, &site, 1, &f);
    BF_MPI_CHECK(here.code == BF_E_IO && strstr(here.what, said) && !f && scratch_count(dir, "configs", "") == -1);
    here = write_tables(world, &site, s);
    BF_MPI_CHECK(here.code == BF_E_IO && strstr(here.what, said) && scratch_count(dir, ".", "study.h5") == 0);
    restore_folder(world, dir, kept);
    BF_MPI_OK(write_tables(world, &site, s));
    BF_MPI_OK(bf_config_file_create(world, &site, 1, &f));
    BF_MPI_OK(bf_config_file_result(f, &s->schema, &s->results[1], NULL, 0));
    replace_folder(world, dir, kept);
    here = bf_config_file_close(&f, true);
    BF_MPI_CHECK(here.code == BF_E_IO && strstr(here.what, said) && scratch_count(dir, "configs", "") == -1);
    restore_folder(world, dir, kept);
    bf_site_close(&site);
    remove_folder(world, dir);
}

int main(int argc, char **argv)
{
    bf_comm *world;
    sample_study s;
    BF_MPI_OK(bf_comm_init(&argc, &argv, &faults, &world));
    BF_MPI_OK(sample_study_open(5, &s));
    test_bytes_do_not_depend_on_ranks(world, &s);
    test_what_was_written_comes_back(world, &s);
    test_a_new_column_is_absent_in_an_old_file(world, &s);
    test_a_failure_anywhere_is_the_answer_everywhere(world, &s);
    test_ranks_that_do_not_see_the_file_are_told(world, &s);
    test_counts_are_no_more_than_they_can_be(world, &s);
    test_a_folder_of_somebody_else_gets_nothing(world, &s);
    sample_study_close(&s);
    bf_comm_finalize(&world);
    return 0;
}
