#include "farm/farm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/plural.h"
#include "base/stop.h"
#include "farm/binding.h"
#include "farm/crew.h"
#include "farm/layout.h"
#include "farm/ledger.h"
#include "farm/report.h"
#include "farm/same_kernels.h"
#include "farm/stale_outputs.h"
#include "farm/tables.h"
#include "measure/measure.h"
#include "nn/backend.h"
#include "nn/kernels_info.h"
#include "nn/threads.h"
#include "train/trainer.h"

/* Everything one run of a study holds; released in reverse order of its making. */
typedef struct farm {
    const bf_comm         *world;
    const bf_study        *study;
    bf_study_data_sets    *data;
    const bf_farm_options *options;
    bf_schema    schema;
    bf_f64_list  grid;              /* of beta, for conditioned models */
    bf_column   *metrics;
    bf_logger   *log;               /* rank 0 */
    bf_ledger    ledger;            /* rank 0 */
    bf_tables   *tables;            /* rank 0 */
    bf_comm     *node, *team;
    bf_mail     *mail;
    bf_site      site;
    bf_layout    layout;
    int         *order;
    char         tag[37];
    int          pending, width, lanes;
    char         hosts[256];        /* rank 0: every host once, as many as fit */
    bool         badly_bound;       /* rank 0 */
    char         binding[512];      /* rank 0: what is wrong with where the ranks run */
    double       progress_seconds;
    bf_crew      crew;
} farm;

static bool speaks(const farm *f) { return bf_comm_rank(f->world) == 0; }

static bf_status make_schema(farm *f)
{
    const bf_measure_options *o = &bf_study_base(f->study)->measure;
    const int n = bf_measure_columns(o, NULL);
    const bf_column **row = calloc((size_t)n + 1, sizeof *row);
    f->metrics = calloc((size_t)n + 1, sizeof *f->metrics);
    if (!row || !f->metrics) {
        free(row);
        return BF_FAIL(BF_E_MEMORY, "no memory for the metrics' columns");
    }
    bf_measure_columns(o, row);
    for (int i = 0; i < n; i++) f->metrics[i] = *row[i];
    free(row);
    f->schema = (bf_schema){ .n_metrics = n, .metrics = f->metrics };
    bf_study_grid(f->study, &f->grid);
    f->schema.n_betas = f->grid.count;
    f->schema.betas = f->grid.at;
    f->schema.history = bf_history_columns(&f->schema.n_history);
    return BF_DONE;
}

static bf_status count_costs(farm *f)
{
    bf_ledger *l = &f->ledger;
    int fewest = 0;
    bf_config *c = malloc(sizeof *c);
    bf_status s = c ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a configuration");
    for (int id = 0; !s.code && id < l->count; id++) {
        bf_study_config(f->study, l->order[id], c);
        s = bf_cost_count(c, &f->data->info[f->data->of[l->order[id]]], &l->cost[id]);
        const int lanes = (int)c->train.lanes;
        if (fewest == 0 || lanes < fewest) fewest = lanes;
        if (l->chosen[id] && l->results[id].status == BF_PENDING && (f->lanes == 0 || lanes < f->lanes)) f->lanes = lanes;
    }
    free(c);
    if (f->lanes == 0) f->lanes = fewest;       /* nothing to do: what served before serves again */
    return s;
}

/* A disk that fills up after hours of training costs more than a refusal. */
static bf_status check_space(const farm *f)
{
    const bf_ledger *l = &f->ledger;
    const int64_t space = bf_file_free_space(l->dir);
    double files = 0.0, checkpoint = 0.0;
    int pending = 0;
    for (int id = 0; id < l->count; id++) {
        if (!l->chosen[id] || l->results[id].status != BF_PENDING) continue;
        pending++;
        files += (double)l->cost[id].disk;
        if (!l->resumes[id]) checkpoint = fmax(checkpoint, (double)l->cost[id].checkpoints);     /* those that resume have theirs already */
    }
    const int ranks = bf_comm_size(f->world);
    const double need = files + checkpoint * (pending < ranks ? pending : ranks);
    if (space < 0 || need <= (double)space) return BF_DONE;
    return BF_FAIL(BF_E_INPUT, "the results need %.1f MB, the file system of %.60s has %.1f MB free; output.posterior: [] and "
                   "output.second_stage: false make them smaller", 1e-6 * need, l->dir, 1e-6 * (double)space);
}

static void add_run_record(farm *f)
{
    bf_ledger *l = &f->ledger;
    if (l->n_runs == BF_MAX_RUNS) memmove(l->runs, l->runs + 1, sizeof l->runs - sizeof *l->runs);
    else l->n_runs++;
    bf_run_record *run = &l->runs[l->n_runs - 1];
    const char *job = getenv("SLURM_JOB_ID");
    memset(run, 0, sizeof *run);
    bf_clock_iso8601(bf_clock_epoch(), run->start);
    snprintf(run->job, sizeof run->job, "%s", job ? job : "");
    snprintf(run->hosts, sizeof run->hosts, "%s", f->hosts);
    run->ranks = bf_comm_size(f->world);
    run->exit_code = -1;
    run->speed = bf_run_speed_unknown();
}

/* What rank 0 does alone before the ranks work together: the folder, the book, the costs. */
static bf_status open_books(farm *f)
{
    const bf_config *base = bf_study_base(f->study);
    bf_logger *early = NULL;
    BF_TRY(bf_log_open(NULL, true, f->options->quiet, &early));
    bf_status s = bf_ledger_open(f->study, f->options, &f->schema, early, &f->ledger);
    bf_log_close(&early);
    if (!s.code) s = bf_log_open(f->ledger.dir, true, f->options->quiet, &f->log);
    if (!s.code) s = bf_same_kernels_as_before(&f->ledger);
    if (!s.code) s = bf_stale_outputs_warn(&f->ledger, f->log);
    if (!s.code) s = count_costs(f);
    if (!s.code) s = check_space(f);
    if (!s.code) s = bf_ledger_publish(&f->ledger);
    if (s.code) return s;
    f->pending = bf_ledger_pending(&f->ledger);
    f->width = bf_ledger_width(&f->ledger);
    f->progress_seconds = bf_log_is_terminal(f->log) ? 1.0 : base->output.progress_seconds;
    memcpy(f->tag, f->ledger.tag, sizeof f->tag);
    memcpy(f->order, f->ledger.order, (size_t)f->ledger.count * sizeof *f->order);
    add_run_record(f);
    return BF_DONE;
}

/* Collective over world. */
static bf_status gather_hosts(farm *f)
{
    enum { NAME = 64 };
    const int ranks = bf_comm_size(f->world);
    char mine[NAME] = "";
    char (*all)[NAME] = calloc((size_t)ranks, sizeof *all);
    bf_status s = bf_comm_agree(f->world, all ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for %d hosts", ranks));
    if (s.code) {
        free(all);
        return s;
    }
    bf_comm_host(mine, sizeof mine);
    bf_comm_gather(f->world, mine, sizeof mine, all, NULL, 0);
    size_t used = 0;
    for (int r = 0; speaks(f) && r < ranks; r++) {
        bool known = false;
        for (int before = 0; before < r && !known; before++) known = strcmp(all[before], all[r]) == 0;
        const size_t room = sizeof f->hosts - used;
        if (!known && strlen(all[r]) + 2 <= room) used += (size_t)snprintf(f->hosts + used, room, "%s%s", used ? " " : "", all[r]);
    }
    free(all);
    return BF_DONE;
}

/* Collective over world. */
static bf_status check_binding(farm *f)
{
    const int threads = (int)bf_study_base(f->study)->parallel.threads;
    return bf_binding_check(f->world, f->node, threads, &f->badly_bound, f->binding, sizeof f->binding);
}

/* Before anything is trained: a disk of rank 0's own machine would only be missed where the first results are due. From here on each rank knows the
 * folder from any other that takes its place. */
static bf_status see_folder(farm *f)
{
    char path[BF_PATH];
    BF_TRY(bf_fault_at(f->world, "farm.folder", BF_E_IO));
    BF_TRY(bf_file_join(path, sizeof path, f->options->dir, "study.yaml"));
    BF_TRY(bf_file_seen(path));
    return bf_site_open(f->options->dir, f->tag, &f->site);
}

static bf_status share_books(farm *f)
{
    int n = bf_study_count(f->study);
    f->order = calloc((size_t)n, sizeof *f->order);
    bf_status s = f->order ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for %d configurations", n);
    BF_TRY(bf_comm_agree(f->world, s));
    if (speaks(f)) s = open_books(f);
    BF_TRY(bf_comm_agree(f->world, s));
    BF_TRY(bf_comm_agree(f->world, see_folder(f)));
    bf_comm_bcast(f->world, f->order, (size_t)n * sizeof *f->order, 0);
    bf_comm_bcast(f->world, f->tag, sizeof f->tag, 0);
    bf_comm_bcast(f->world, &f->pending, sizeof f->pending, 0);
    bf_comm_bcast(f->world, &f->width, sizeof f->width, 0);
    bf_comm_bcast(f->world, &f->lanes, sizeof f->lanes, 0);
    bf_comm_bcast(f->world, &f->progress_seconds, sizeof f->progress_seconds, 0);
    return BF_DONE;
}

static bf_status open_desk(farm *f)
{
    char warning[320], kernels[256];
    BF_TRY(bf_tables_create(&f->ledger, &f->schema, f->data, f->options, &f->tables));
    BF_TRY(bf_tables_publish_data(&f->ledger, f->data));
    BF_TRY(bf_tables_publish(f->tables, f->world));
    bf_report_start(f->log, &f->ledger, &f->layout, f->data);
    bf_kernel_report(bf_backend_find(bf_study_base(f->study)->train.backend), kernels, sizeof kernels);
    bf_log(f->log, BF_INFO, "kernels: %s", kernels);
    if (bf_kernel_warning(warning, sizeof warning)) bf_log(f->log, BF_WARN, "%s", warning);
    if (f->badly_bound) bf_log(f->log, BF_WARN, "%s", f->binding);
    const bf_desk_setup setup = { .world = f->world, .mail = f->mail, .ledger = &f->ledger, .tables = f->tables, .schema = &f->schema,
                                  .layout = &f->layout, .options = f->options, .log = f->log, .progress_seconds = f->progress_seconds };
    return bf_desk_open(&setup, &f->crew.desk);
}

static bf_status form_teams(farm *f)
{
    const bf_config *base = bf_study_base(f->study);
    int rank = bf_comm_rank(f->world);
    BF_TRY(bf_layout_decide(bf_comm_size(f->world), f->pending, f->width, f->lanes, base->parallel.ranks_per_config, &f->layout));
    int team = bf_layout_team(&f->layout, rank);
    BF_TRY(bf_comm_split(f->world, team, rank, &f->team));
    BF_TRY(bf_mail_open(f->world, &f->mail));
    f->crew = (bf_crew){ .world = f->world, .team = f->team, .mail = f->mail, .study = f->study, .data = f->data, .order = f->order,
                         .schema = &f->schema, .site = f->site, .progress_seconds = f->progress_seconds,
                         .leader = team >= 0 && rank % f->layout.team_size == 0 };
    return bf_comm_agree(f->world, speaks(f) ? open_desk(f) : BF_DONE);
}

static void release(farm *f)
{
    bf_mail_close(&f->mail);
    bf_tables_destroy(&f->tables);
    bf_comm_free(&f->team);
    bf_study_data_close(f->data);
    bf_comm_free(&f->node);
    bf_site_close(&f->site);
    if (speaks(f)) bf_ledger_close(&f->ledger);
    bf_log_close(&f->log);
    free(f->order);
    free(f->metrics);
}

/* Local. What opening found wrong with the data that the study names belongs under its key, like what inspection finds. */
static bf_status name_open_failure(const farm *f, bf_status s, bf_problems *problems)
{
    int k = 0;
    while (k < f->data->count - 1 && f->data->set[k]) k++;
    bf_status other = bf_study_data_problem(f->study, &f->data->options[k], s, problems);
    return other.code ? other : s;
}

/* The ranges of the data decide about some keys; nothing is written before they fit. */
static bf_status open_data(farm *f)
{
    BF_TRY(bf_comm_node(f->world, &f->node));
    bf_problems problems = { 0 };
    bf_status s = bf_study_data_open(f->data, f->world, f->node);
    if (s.code) s = name_open_failure(f, s, &problems);
    else s = bf_study_data_check(f->data, f->study, &problems);
    if (speaks(f)) bf_problems_print(&problems, f->options->input_name, stderr);
    if (problems.count) s = BF_FAIL(BF_E_INPUT, "%d problem%s in %.120s", problems.count, bf_plural(problems.count), f->options->input_name);
    bf_problems_free(&problems);
    return bf_comm_agree(f->world, s);
}

bf_status bf_farm_run(const bf_comm *world, const bf_study *study, bf_study_data_sets *data, const bf_farm_options *o)
{
    farm *f = calloc(1, sizeof *f);
    bf_stop_install();
    bf_threads_set((int)bf_study_base(study)->parallel.threads);
    if (f) {
        *f = (farm){ .world = world, .study = study, .data = data, .options = o };
        f->ledger.lock.fd = f->ledger.site.fd = f->site.fd = -1;
    }
    bf_status s;
    BF_TRY_DONE(bf_comm_agree(world, f ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for the farm")));
    BF_TRY_DONE(open_data(f));
    BF_TRY_DONE(bf_comm_agree(world, make_schema(f)));
    BF_TRY_DONE(bf_same_kernels_on_ranks(world, study));
    BF_TRY_DONE(gather_hosts(f));
    BF_TRY_DONE(check_binding(f));
    BF_TRY_DONE(share_books(f));
    BF_TRY_DONE(form_teams(f));
    if (f->team) bf_crew_work(&f->crew);
    s = bf_crew_finish(&f->crew);
done:
    if (f) release(f);
    free(f);
    return s;
}
