/* What the ledger says about a folder that this input does not fit, and about one that it cannot read. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "farm/folder.h"
#include "farm/ledger.h"
#include "mpi_check.h"
#include "scratch.h"
#include "store/config_file.h"

static const bf_column metric = { "rate", "nat", "KL of posterior from prior", "" }, column = { "loss", "nat", "training objective", NULL };
static const bf_schema schema = { .n_metrics = 1, .metrics = &metric, .n_history = 1, .history = &column };

/* c0000 as an earlier version left it: its hash covers the keys alone. */
static void write_old_result(const bf_comm *world, const char *dir, const bf_study *study)
{
    bf_result r;
    bf_config_file *f;
    BF_MPI_OK(bf_folder_create(dir));
    BF_MPI_OK(bf_result_create(&r, 1, 1, 1));
    r.status = BF_CONFIG_DONE;
    r.attempts = 1;
    r.epochs_done = 1;
    r.seconds = 1.0;
    bf_config_hash(bf_study_base(study), r.hash);
    BF_MPI_OK(bf_config_file_create(world, &(bf_site){ dir, "old", -1 }, 0, &f));
    BF_MPI_OK(bf_config_file_result(f, &schema, &r, NULL, 0));
    BF_MPI_OK(bf_config_file_close(&f, true));
    bf_result_free(&r);
}

static void test_weights_that_nobody_recorded(const bf_comm *world)
{
    static const char text[] = "study: old\ntrain: {init_from: \"elsewhere:0\"}\n";
    char dir[128];
    bf_problems problems = { 0 };
    bf_study *study;
    bf_ledger *l = calloc(1, sizeof *l);
    BF_MPI_CHECK(l != NULL);
    scratch_make(dir);
    BF_MPI_OK(bf_study_parse(text, strlen(text), NULL, 0, &problems, &study));
    write_old_result(world, dir, study);
    const bf_status s = bf_ledger_open(study, &(bf_farm_options){ .dir = dir }, &schema, NULL, l);
    BF_MPI_CHECK(s.code == BF_E_INPUT);
    BF_MPI_CHECK(strncmp(s.what, "c0000 was made by an earlier version, which did not record the weights it started from", 86) == 0);
    bf_ledger_close(l);
    BF_MPI_CHECK(scratch_count(dir, "configs", "") == 1);
    bf_study_free(&study);
    bf_problems_free(&problems);
    scratch_remove(dir);
    free(l);
}

/* There is something that the system does not open: a socket. A result that is there tomorrow is not trained again today. */
static void test_a_result_that_cannot_be_read(void)
{
    static const char text[] = "study: unread\n";
    char dir[128], path[BF_PATH];
    bf_problems problems = { 0 };
    bf_study *study;
    bf_ledger *l = calloc(1, sizeof *l);
    BF_MPI_CHECK(l != NULL);
    scratch_make(dir);
    BF_MPI_OK(bf_study_parse(text, strlen(text), NULL, 0, &problems, &study));
    BF_MPI_OK(bf_folder_create(dir));
    BF_MPI_OK(bf_folder_config(dir, 0, ".h5", path, sizeof path));
    BF_MPI_CHECK(mknod(path, S_IFSOCK | 0600, 0) == 0);
    const bf_status s = bf_ledger_open(study, &(bf_farm_options){ .dir = dir }, &schema, NULL, l);
    BF_MPI_CHECK(s.code == BF_E_IO && strstr(s.what, "c0000.h5") != NULL);
    bf_ledger_close(l);
    BF_MPI_CHECK(scratch_count(dir, "configs", "") == 1);
    bf_study_free(&study);
    bf_problems_free(&problems);
    scratch_remove(dir);
    free(l);
}

int main(int argc, char **argv)
{
    bf_comm *world;
    BF_MPI_OK(bf_comm_init(&argc, &argv, NULL, &world));
    test_weights_that_nobody_recorded(world);
    test_a_result_that_cannot_be_read();
    bf_comm_finalize(&world);
    return world == NULL ? 0 : 1;
}
