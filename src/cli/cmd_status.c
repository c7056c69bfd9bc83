/* betafield status: a live or finished study, from any shell. Reads published files; takes no lock, starts no MPI. */
#include "cli/cli.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/plural.h"
#include "cli/columns.h"
#include "cli/study_view.h"
#include "cli/text.h"

enum { ALL_ROWS = 40, EDGE_ROWS = 12, WATCH_SECONDS = 2 };

typedef struct status_options { const char *dir; bool watch, json; } status_options;

static const bf_option options[] = {
    { "DIR", NULL, BF_OPTION_PLACE, offsetof(status_options, dir), 0, "the study's folder, outputs/<study>" },
    { "--watch", NULL, BF_OPTION_FLAG, offsetof(status_options, watch), 0, "show it again every two seconds until it has ended" },
    { "--json", NULL, BF_OPTION_FLAG, offsetof(status_options, json), 0, "print one JSON object instead of tables" },
    { 0 },
};

/* --- for people ----------------------------------------------------------------------------------------------------- */

static void bar(double part, char out[24])
{
    enum { width = 20 };
    const int full = part > 0.0 ? (int)(fmin(part, 1.0) * width) : 0;
    memset(out, '-', width + 2);
    memset(out + 1, '#', (size_t)full);
    out[0] = '[';
    out[width + 1] = ']';
    out[width + 2] = '\0';
}

/* Why a study that has not ended is not running. */
static void print_interruption(const bf_study_view *v, FILE *to)
{
    const bf_progress *p = &v->progress;
    if (!v->has_progress) fputs(v->damage[BF_VIEW_PROGRESS].code ? ": its progress.json cannot be read" : ": no run is known", to);
    else if (strcmp(p->state, "failed") == 0) fputs(": its last run ended with an error, see log.txt", to);
    else fprintf(to, ": its process (pid %d on %s) is gone", p->pid, p->host);
}

static void print_state(const bf_study_view *v, FILE *to)
{
    const bf_progress *p = &v->progress;
    char age[32];
    bf_clock_human(v->age < 0.0 ? 0.0 : v->age, age);
    fprintf(to, "state       %s", bf_study_state_name(v->state));
    switch (v->state) {
    case BF_STUDY_RUNNING: fprintf(to, ": %d rank%s in %d team%s, pid %d on %s, updated %s ago", p->ranks, bf_plural(p->ranks), p->teams,
                                   bf_plural(p->teams), p->pid, p->host, age); break;
    case BF_STUDY_SILENT: fprintf(to, ": no news from %s (pid %d) for %s; it may have been killed", p->host, p->pid, age); break;
    case BF_STUDY_INTERRUPTED: print_interruption(v, to); break;
    case BF_STUDY_STOPPED: fprintf(to, " %s ago, everything is saved", age); break;
    case BF_STUDY_FINISHED: if (v->has_progress) fprintf(to, " %s ago", age); break;
    }
    fputc('\n', to);
    if (v->traces.log_ends[0]) fprintf(to, "log ends    %s\n", v->traces.log_ends);
}

static void print_counts(const bf_study_view *v, FILE *to)
{
    const int all = v->done + v->failed + v->running + v->pending;
    const char *underway = v->state == BF_STUDY_RUNNING || v->state == BF_STUDY_SILENT ? "running" : "interrupted";
    char text[24], elapsed[32], eta[32], rate[24];
    bar(all ? (double)(v->done + v->failed) / all : 0.0, text);
    fprintf(to, "progress    %s %d of %d done", text, v->done, all);
    if (v->running > 0) fprintf(to, ", %d %s", v->running, underway);
    if (v->failed > 0) fprintf(to, ", %d failed", v->failed);
    if (v->pending > 0) fprintf(to, ", %d pending", v->pending);
    fputc('\n', to);
    if (v->state != BF_STUDY_RUNNING) return;
    bf_clock_human(v->progress.elapsed, elapsed);
    bf_clock_human(v->progress.eta, eta);
    bf_human_count(v->progress.samples_per_second, rate);
    fprintf(to, "speed       %s samples/s; %s elapsed, %s to go\n", rate, elapsed, eta);
}

static void print_advice(const bf_study_view *v, FILE *to)
{
    if (v->state == BF_STUDY_RUNNING) return;
    if (v->running + v->pending > 0)
        fprintf(to, "\nTo continue: mpirun -n %d betafield run %s/study.yaml -o %s\n", v->progress.ranks > 0 ? v->progress.ranks : 1, v->dir, v->dir);
    else if (v->failed > 0)
        fprintf(to, "\nTo try the failed ones again: betafield run %s/study.yaml -o %s --retry-failed\n", v->dir, v->dir);
}

typedef struct sheet { bf_columns columns; bf_table *table; } sheet;

/* A table whose first columns are the id and the swept keys; `align` and `headings` describe the ones behind. */
static bf_status sheet_open(const bf_study_view *v, int fixed, const char *align, const char *const *headings, sheet *s)
{
    char letters[BF_TABLE_COLUMNS + 1];
    s->table = NULL;
    BF_TRY(bf_columns_open(v->study && bf_study_count(v->study) >= v->configs ? v->study : NULL, fixed, &s->columns));
    memset(letters, 'r', sizeof letters);
    letters[0] = 'l';
    snprintf(letters + 1 + s->columns.shown, sizeof letters - 1 - (size_t)s->columns.shown, "%s", align);
    s->table = bf_table_create(letters);
    if (!s->table) {
        bf_columns_close(&s->columns);
        return BF_FAIL(BF_E_MEMORY, "no memory for a table");
    }
    bf_table_cell(s->table, "id");
    bf_columns_heading(&s->columns, s->table);
    for (int i = 0; headings[i]; i++) bf_table_cell(s->table, "%s", headings[i]);
    return BF_DONE;
}

static void sheet_row(const bf_study_view *v, const sheet *s, int id)
{
    bf_table_cell(s->table, "c%04d", id);
    if (id < v->configs) bf_columns_row(&s->columns, id, s->table);
    else for (int k = 0; k < s->columns.shown; k++) bf_table_cell(s->table, "?");
}

static bf_status sheet_print(sheet *s, const char *title, FILE *to)
{
    fprintf(to, "\n%s\n", title);
    bf_status status = bf_table_print(s->table, to);
    bf_table_destroy(&s->table);
    bf_columns_close(&s->columns);
    return status;
}

static bf_status print_running(const bf_study_view *v, FILE *to)
{
    static const char *const headings[] = { "progress", "", "epoch", "samples/s", NULL };
    const bf_progress *p = &v->progress;
    const bool live = v->state == BF_STUDY_RUNNING || v->state == BF_STUDY_SILENT;
    char text[24];
    sheet s;
    if (!v->has_progress || p->n_running == 0) return BF_DONE;
    BF_TRY(sheet_open(v, 64, "lrrr", headings, &s));
    for (int i = 0; i < p->n_running; i++) {
        const bf_running *r = &p->at[i];
        const double part = r->steps > 0 ? fmin((double)r->step / (double)r->steps, 1.0) : 0.0;
        sheet_row(v, &s, r->id);
        bar(part, text);
        bf_table_cell(s.table, "%s", text);
        bf_table_cell(s.table, "%.0f %%", 100.0 * part);
        bf_table_cell(s.table, "%lld/%lld", (long long)r->epoch, (long long)r->epochs);
        bf_human_count(r->samples_per_second, text);
        bf_table_cell(s.table, "%s", text);
    }
    return sheet_print(&s, live ? "running" : "interrupted", to);
}

static bf_status print_waiting(const bf_study_view *v, FILE *to)
{
    static const char *const headings[] = { NULL };
    sheet s;
    if (v->traces.n_waiting == 0) return BF_DONE;
    BF_TRY(sheet_open(v, 10, "", headings, &s));
    for (int i = 0; i < v->traces.n_waiting; i++) sheet_row(v, &s, v->traces.waiting[i]);
    return sheet_print(&s, "interrupted; they go on from their checkpoints", to);
}

static bf_status print_done(const bf_study_view *v, FILE *to)
{
    static const char *const headings[] = { "rate", "distortion", "variance", "active", "time", NULL };
    int done = 0, shown = 0;
    char time[32];
    sheet s;
    for (int id = 0; v->rows && id < v->configs; id++) done += v->rows[id].status == BF_CONFIG_DONE;
    if (done == 0) return BF_DONE;
    BF_TRY(sheet_open(v, 58, "rrrrr", headings, &s));
    for (int id = 0; id < v->configs; id++) {
        const bf_result *r = &v->rows[id];
        const double *test = r->metrics + r->n_metrics;
        if (r->status != BF_CONFIG_DONE) continue;
        shown++;
        if (done > ALL_ROWS && shown > EDGE_ROWS && shown <= done - EDGE_ROWS) continue;
        for (int k = 0; done > ALL_ROWS && shown == done - EDGE_ROWS + 1 && k < 6 + s.columns.shown; k++) bf_table_cell(s.table, "...");
        sheet_row(v, &s, id);
        bf_table_number(s.table, "%.4f", test[BF_VIEW_RATE]);
        bf_table_number(s.table, "%.4f", test[BF_VIEW_DISTORTION]);
        bf_table_number(s.table, "%.3g", test[BF_VIEW_VARIANCE]);
        bf_table_number(s.table, "%.0f", test[BF_VIEW_ACTIVE]);
        bf_clock_human(r->seconds, time);
        bf_table_cell(s.table, "%s", time);
    }
    return sheet_print(&s, "done (test split; rate and distortion in nats)", to);
}

static void print_failed(const bf_study_view *v, FILE *to)
{
    bool first = true;
    for (int id = 0; v->rows && id < v->configs; id++) {
        const bf_result *r = &v->rows[id];
        if (r->status != BF_DIVERGED && r->status != BF_CONFIG_FAILED) continue;
        fprintf(to, "%s  c%04d  %s after %d attempt%s\n", first ? "\nfailed\n" : "", id, bf_config_status_names[r->status], r->attempts,
                bf_plural(r->attempts));
        bf_print_wrapped(r->error, 9, to);
        first = false;
    }
}

static bf_status print_text(const bf_study_view *v, FILE *to)
{
    fprintf(to, "study       %s in %s\n", v->study ? bf_study_base(v->study)->study : "?", v->dir);
    print_state(v, to);
    print_counts(v, to);
    BF_TRY(print_done(v, to));
    BF_TRY(print_running(v, to));
    BF_TRY(print_waiting(v, to));
    print_failed(v, to);
    print_advice(v, to);
    return BF_DONE;
}

/* --- for programs --------------------------------------------------------------------------------------------------- */

static void json_row(const bf_result *r, FILE *to)
{
    static const char *const name[BF_VIEW_METRICS] = { "rate", "distortion", "variance", "active_units" };
    const double *test = r->metrics + r->n_metrics;
    char number[32];
    fprintf(to, "%s\n  {\"id\": %d, \"status\": \"%s\", \"attempts\": %d, \"epochs_done\": %lld, \"steps\": %lld, \"seconds\": %s", r->id ? "," : "", r->id,
            bf_config_status_names[r->status], r->attempts, (long long)r->epochs_done, (long long)r->steps, bf_json_number(r->seconds, number));
    for (int m = 0; m < BF_VIEW_METRICS; m++) fprintf(to, ", \"%s\": %s", name[m], bf_json_number(test[m], number));
    fprintf(to, ", \"error\": ");
    bf_json_text(r->error, to);
    fprintf(to, "}");
}

/* What is wrong with which file, and what the folder tells instead. */
static void json_traces(const bf_study_view *v, FILE *to)
{
    bool first = true;
    fprintf(to, ",\n\"problems\": [");
    for (int f = 0; f < BF_VIEW_FILES; f++) {
        if (!v->damage[f].code) continue;
        fputs(first ? "" : ", ", to);
        bf_json_text(v->damage[f].what, to);
        first = false;
    }
    fprintf(to, "], \"checkpoints\": [");
    for (int i = 0; i < v->traces.n_waiting; i++) fprintf(to, "%s%d", i ? ", " : "", v->traces.waiting[i]);
    fprintf(to, "], \"log_ends\": ");
    bf_json_text(v->traces.log_ends, to);
}

static void print_json(const bf_study_view *v, FILE *to)
{
    fprintf(to, "{\"study\": ");
    bf_json_text(v->study ? bf_study_base(v->study)->study : "", to);
    fprintf(to, ", \"folder\": ");
    bf_json_text(v->dir, to);
    fprintf(to, ", \"state\": \"%s\", \"done\": %d, \"failed\": %d, \"running\": %d, \"pending\": %d,\n\"progress\": ", bf_study_state_name(v->state), v->done,
            v->failed, v->running, v->pending);
    if (v->has_progress) bf_progress_print(&v->progress, to);
    else fprintf(to, "null");
    json_traces(v, to);
    fprintf(to, ",\n\"configs\": [");
    for (int id = 0; v->rows && id < v->configs; id++) json_row(&v->rows[id], to);
    fprintf(to, "]}\n");
}

/* --- the command ---------------------------------------------------------------------------------------------------- */

/* The last damage; one before it is told here. */
static bf_status damage_of(const bf_study_view *v)
{
    bf_status s = BF_DONE;
    for (int f = 0; f < BF_VIEW_FILES; f++) {
        if (!v->damage[f].code) continue;
        if (s.code) fprintf(stderr, "betafield status: %s\n", s.what);
        s = v->damage[f];
    }
    return s;
}

/* One look, printed at once: a redrawn screen does not flicker. A damaged file is a failure, told after all that the others know. */
static bf_status look(const status_options *o, bool redraw, bf_study_state *state)
{
    bf_study_view v;
    char *text = NULL;
    size_t n = 0;
    bf_status s = bf_study_view_open(o->dir, &v);
    FILE *to = s.code ? NULL : open_memstream(&text, &n);
    if (!s.code && !to) s = BF_FAIL(BF_E_MEMORY, "no memory for the status");
    if (!s.code && o->json) print_json(&v, to);
    if (!s.code && !o->json) s = print_text(&v, to);
    if (to && fclose(to) != 0 && !s.code) s = BF_FAIL(BF_E_MEMORY, "no memory for the status");
    if (!s.code) {
        printf("%s%s", redraw ? "\033[H\033[2J" : "", text);
        fflush(stdout);
        *state = v.state;
        s = damage_of(&v);
    }
    free(text);
    bf_study_view_close(&v);
    return s;
}

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    (void)faults;
    status_options o = { 0 };
    bf_study_state state = BF_STUDY_FINISHED;
    const bool terminal = isatty(STDOUT_FILENO);
    bf_status s = bf_args_read(options, argc, argv, &o);
    if (!s.code) s = look(&o, o.watch && terminal && !o.json, &state);
    while (!s.code && o.watch && state == BF_STUDY_RUNNING) {
        sleep(WATCH_SECONDS);
        s = look(&o, terminal && !o.json, &state);
    }
    return bf_command_end(&bf_command_status, &s);
}

const bf_command bf_command_status = {
    .name = "status",
    .synopsis = "status DIR [--watch] [--json]",
    .help =
        "look at a live or finished study, from any shell\n"
        "\n"
        "  betafield status outputs/quickstart --watch\n"
        "\n"
        "Shows what is done, running, failed and pending, speed and time to go; when the study is not\n"
        "running, why, and how to continue it. Reads progress.json and study.h5, which are always whole,\n"
        "and disturbs nothing. Where one of them was damaged since, the exit code is 2, and what the other\n"
        "files of the study tell is shown.\n",
    .run = command,
    .options = options,
};
