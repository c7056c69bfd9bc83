/* The desk among two teams: letters written by hand, what comes back to each leader, and what progress.json says. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "farm/desk.h"
#include "farm/letters.h"
#include "farm/progress.h"
#include "mpi_check.h"
#include "scratch.h"

/* Two chains of two: c0000 -> c0002 and c0001 -> c0003. */
static const char text[] = "study: desk\nwarm_start: {along: objective.beta}\nsweep: {objective.beta: [0.1, 1], model.latent: [2, 3]}\n";
static const bf_column metric = { "rate", "nat", "KL of posterior from prior", "" }, column = { "loss", "nat", "training objective", NULL };

typedef struct office {
    char               dir[128];
    bf_study          *study;
    bf_problems        problems;
    bf_study_data_sets data;
    bf_schema          schema;
    bf_farm_options    options;
    bf_ledger          ledger;
    bf_layout          layout;
    bf_tables         *tables;
    bf_desk           *desk;
} office;

static office *open_office(const bf_comm *world, bf_mail *mail)
{
    office *o = calloc(1, sizeof *o);
    BF_MPI_CHECK(o != NULL);
    scratch_make(o->dir);
    o->schema = (bf_schema){ .n_metrics = 1, .metrics = &metric, .n_history = 1, .history = &column };
    o->options = (bf_farm_options){ .dir = o->dir, .command_line = "", .input_name = "desk.yaml", .input_text = text, .started = bf_clock_seconds() };
    BF_MPI_OK(bf_study_parse(text, strlen(text), NULL, 0, &o->problems, &o->study));
    BF_MPI_OK(bf_study_data_inspect(o->study, &o->problems, &o->data));
    BF_MPI_OK(bf_ledger_open(o->study, &o->options, &o->schema, NULL, &o->ledger));
    for (int id = 0; id < o->ledger.count; id++) o->ledger.cost[id] = (bf_cost){ .steps = 100, .flops_per_step = 1e6 };
    BF_MPI_OK(bf_layout_decide(bf_comm_size(world), 4, bf_ledger_width(&o->ledger), 1, 1, &o->layout));
    BF_MPI_CHECK(o->layout.teams == 2);
    BF_MPI_OK(bf_tables_create(&o->ledger, &o->schema, &o->data, &o->options, &o->tables));
    const bf_desk_setup setup = { .world = world, .mail = mail, .ledger = &o->ledger, .tables = o->tables, .schema = &o->schema, .layout = &o->layout,
                                  .options = &o->options, .progress_seconds = 60.0 };
    BF_MPI_OK(bf_desk_open(&setup, &o->desk));
    return o;
}

/* Of each configuration: the step an earlier run left it at, those of this run when its leader reports, and when it has ended. */
enum { EARLIER = 1000000, SO_FAR = 4, IN_ALL = 5 };

/* The rate of progress.json is that of so many steps of this run. */
static void expect_rate(const office *o, int steps)
{
    bf_progress p;
    bool found;
    BF_MPI_OK(bf_progress_read(o->dir, &p, &found));
    BF_MPI_CHECK(found);
    const double samples = (double)bf_study_base(o->study)->train.batch * steps;
    BF_MPI_CHECK(fabs(p.samples_per_second * p.elapsed - samples) <= 1e-6 * samples);
    free(p.at);
}

/* steps: those of this run, of all configurations. */
static void close_office(office *o, bf_code code, int steps)
{
    BF_MPI_CHECK(bf_desk_all_gone(o->desk));
    BF_MPI_CHECK(bf_desk_close(&o->desk).code == code);
    expect_rate(o, steps);
    bf_tables_destroy(&o->tables);
    bf_ledger_close(&o->ledger);
    bf_study_data_close(&o->data);
    bf_study_free(&o->study);
    bf_problems_free(&o->problems);
    scratch_remove(o->dir);
    free(o);
}

static void tell(const office *o, int from, int kind, const void *bytes, size_t n)
{
    bf_letter letter = { from, kind, n, calloc(1, n + 1) };
    BF_MPI_CHECK(letter.bytes != NULL);
    if (n) memcpy(letter.bytes, bytes, n);
    bf_desk_letter(o->desk, &letter);
}

static void ask(const office *o, int from) { tell(o, from, BF_LETTER_ASK, NULL, 0); }

/* Near the end of its configuration a leader reports, and asks for the next one. */
static void near_the_end(const office *o, int from, int id)
{
    const bf_running r = { .id = id, .step = EARLIER + SO_FAR, .steps = EARLIER + IN_ALL, .steps_now = SO_FAR };
    tell(o, from, BF_LETTER_PROGRESS, &r, sizeof r);
    ask(o, from);
}

static void ended(const office *o, int from, int id)
{
    bf_result r;
    void *bytes;
    size_t n;
    BF_MPI_OK(bf_result_create(&r, 1, 1, 1));
    r.id = id;
    r.status = BF_CONFIG_DONE;
    r.seconds = 1.0;
    r.steps = EARLIER + IN_ALL;
    r.steps_now = IN_ALL;
    BF_MPI_OK(bf_result_pack(&r, &bytes, &n));
    tell(o, from, BF_LETTER_RESULT, bytes, n);
    bf_result_free(&r);
    free(bytes);
}

static bf_letter expect(bf_mail *mail, int kind)
{
    enum { PATIENCE = 60 };     /* seconds: only a broken test waits that long */
    bf_letter l;
    BF_MPI_CHECK(bf_mail_wait(mail, PATIENCE, &l));
    BF_MPI_CHECK(l.kind == kind);
    return l;
}

static void expect_task(bf_mail *mail, int id)
{
    bf_task task;
    bf_letter l = expect(mail, BF_LETTER_GIVE);
    BF_MPI_CHECK(l.size == sizeof task);
    memcpy(&task, l.bytes, sizeof task);
    BF_MPI_CHECK(task.id == id);
    free(l.bytes);
}

/* Both have asked ahead when the second ends: what it made ready is its own next one, though the first asked before it. */
static void direct(const bf_comm *world, bf_mail *mail)
{
    office *o = open_office(world, mail);
    ask(o, 0);
    ask(o, 1);
    near_the_end(o, 0, 0);
    near_the_end(o, 1, 1);
    bf_desk_tend(o->desk);
    expect_rate(o, 2 * SO_FAR);
    ended(o, 1, 1);
    ended(o, 0, 0);
    for (int from = 0; from < 2; from++) {
        near_the_end(o, from, 2 + from);
        ended(o, from, 2 + from);
        tell(o, from, BF_LETTER_BYE, NULL, 0);
    }
    close_office(o, BF_OK, o->ledger.count * IN_ALL);
}

/* Another team's checkpoints take as long as the whole limit: in its second half there is no time but to save. */
static void stop_in_time(const bf_comm *world, bf_mail *mail)
{
    office *o = open_office(world, mail);
    const bf_running r = { .id = 1, .step = 1, .steps = 10, .checkpoint_seconds = 1000.0 };
    o->options.max_seconds = 1000.0;
    o->options.started -= 501.0;
    tell(o, 1, BF_LETTER_PROGRESS, &r, sizeof r);
    bf_desk_tend(o->desk);
    for (int from = 0; from < 2; from++) tell(o, from, BF_LETTER_BYE, NULL, 0);
    close_office(o, BF_E_STOPPED, 0);
}

int main(int argc, char **argv)
{
    bf_comm *world;
    bf_mail *mail;
    BF_MPI_OK(bf_comm_init(&argc, &argv, NULL, &world));
    BF_MPI_OK(bf_mail_open(world, &mail));
    const int rank = bf_comm_rank(world);
    if (rank == 0) direct(world, mail);
    expect_task(mail, rank);
    expect_task(mail, 2 + rank);
    expect_task(mail, -1);
    if (rank != 0) free(expect(mail, BF_LETTER_END).bytes);
    if (rank == 0) stop_in_time(world, mail);
    free(expect(mail, BF_LETTER_STOP).bytes);
    if (rank != 0) free(expect(mail, BF_LETTER_END).bytes);
    bf_mail_close(&mail);
    bf_comm_finalize(&world);
    return world == NULL ? 0 : 1;
}
