#include "farm/desk.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/plural.h"
#include "base/stop.h"
#include "farm/letters.h"
#include "farm/progress.h"
#include "farm/report.h"
#include "farm/speed.h"

#define BF_PUBLISH_SECONDS 5.0      /* progress.json is for `status` from another shell: it may be fresher than the log */

struct bf_desk {
    bf_desk_setup  s;
    bf_cost_model  model;
    bf_running    *running;         /* (teams): id -1 when idle */
    int            gone;            /* teams that said goodbye */
    bf_status      outcome;         /* why the study ends early; code BF_OK while nothing is wrong */
    double         next_look;       /* STOP file and wall limit: once a second */
    double         next_progress, next_publish;
    double         next_study, study_cost;
    bool           study_is_old;
    double         checkpoint_seconds;      /* the longest that any team has told of: the wall limit's margin */
    bool          *given;           /* (configurations) */
    bool          *waits;           /* (teams) asked, and is answered when a neighbour has ended */
    double         samples;         /* trained on in this run by configurations that have ended */
    bf_times       times;           /* of this run, over those configurations */
};

static double now_running(const bf_desk *d) { return bf_clock_seconds() - d->s.options->started; }

bf_status bf_desk_open(const bf_desk_setup *s, bf_desk **out)
{
    bf_desk *d = calloc(1, sizeof *d);
    *out = NULL;
    if (!d) return BF_FAIL(BF_E_MEMORY, "no memory for the desk");
    d->s = *s;
    d->running = calloc((size_t)s->layout->teams, sizeof *d->running);
    d->given = calloc((size_t)s->ledger->count, sizeof *d->given);
    d->waits = calloc((size_t)s->layout->teams, sizeof *d->waits);
    if (!d->running || !d->given || !d->waits) {
        free(d->waits);
        free(d->running);
        free(d->given);
        free(d);
        return BF_FAIL(BF_E_MEMORY, "no memory for the desk");
    }
    for (int t = 0; t < s->layout->teams; t++) d->running[t].id = -1;
    bf_cost_model_start(&d->model, bf_cost_gemm_rate());
    /* What ended in an earlier run teaches the model before the first choice. */
    for (int id = 0; id < s->ledger->count; id++)
        if (s->ledger->results[id].status == BF_CONFIG_DONE)
            bf_cost_model_learn(&d->model, &s->ledger->cost[id], s->ledger->results[id].seconds);
    d->next_progress = bf_clock_seconds() + s->progress_seconds;
    d->next_publish = bf_clock_seconds() + 1.0;
    *out = d;
    return BF_DONE;
}

/* --- handing out -------------------------------------------------------------------------------------------------- */

static bool is_left(const bf_desk *d, int id) { return d->s.ledger->chosen[id] && d->s.ledger->results[id].status == BF_PENDING; }

/* A configuration that starts from a neighbour's weights waits for them; without them it fails, in its own turn. */
static bool may_start(const bf_desk *d, int id)
{
    const int parent = d->s.ledger->lineage.parent[id];
    return parent < 0 || bf_config_has_ended(d->s.ledger->results[parent].status);
}

/* Of a configuration and those that wait for it, one after another. */
static double seconds_of_chain(const bf_desk *d, int id)
{
    const bf_ledger *l = d->s.ledger;
    double seconds = 0.0;
    for (; id >= 0 && is_left(d, id); id = l->lineage.child[id]) seconds += bf_cost_seconds(&d->model, &l->cost[id]);
    return seconds;
}

enum { NONE = -1, LATER = -2 };

/* Interrupted configurations first, then the longest way to an end: what starts last should be short. LATER: all that are left wait for
 * neighbours. */
static int choose(const bf_desk *d)
{
    const bf_ledger *l = d->s.ledger;
    int best = NONE;
    double best_seconds = -1.0;
    for (int id = 0; id < l->count; id++) {
        if (!is_left(d, id) || d->given[id]) continue;
        if (best == NONE) best = LATER;
        if (!may_start(d, id)) continue;
        const double seconds = seconds_of_chain(d, id) + (l->resumes[id] ? 1e12 : 0.0);
        if (seconds > best_seconds) {
            best = id;
            best_seconds = seconds;
        }
    }
    return best;
}

/* Without memory for a letter a rank would wait for ever: the job ends as if it had been killed, and the same command continues it. */
static void send(bf_desk *d, int to, int kind, const void *bytes, size_t n)
{
    bf_status s = bf_fault_at(d->s.world, "desk.send", BF_E_MEMORY);
    if (!s.code) s = bf_mail_send(d->s.mail, to, kind, bytes, n);
    if (s.code) bf_comm_abort(d->s.world, &s);
}

static void answer(bf_desk *d, int leader)
{
    const bf_ledger *l = d->s.ledger;
    const int id = d->outcome.code ? NONE : choose(d);
    bf_task task = { .id = NONE, .parent = NONE };
    d->waits[leader / d->s.layout->team_size] = id == LATER;
    if (id == LATER) return;
    if (id >= 0) {
        d->given[id] = true;
        task = (bf_task){ .id = id, .parent = l->lineage.parent[id], .extends = l->extends[id] };
        memcpy(task.origin, l->lineage.origin[id], sizeof task.origin);
        memcpy(task.hash, l->lineage.hash[id], sizeof task.hash);
    }
    send(d, leader, BF_LETTER_GIVE, &task, sizeof task);
}

/* Up to the first whom nothing can be given: the others would hear the same, and choosing looks at every configuration. */
static void answer_those(bf_desk *d, bool idle)
{
    for (int t = 0; t < d->s.layout->teams; t++) {
        if (!d->waits[t] || (d->running[t].id < 0) != idle) continue;
        answer(d, t * d->s.layout->team_size);
        if (d->waits[t]) return;
    }
}

/* Leaders ask before their configuration ends: who still trains comes after who has nothing to do. */
static void answer_waiting(bf_desk *d)
{
    answer_those(d, true);
    answer_those(d, false);
}

void bf_desk_stop(bf_desk *d, bf_status why)
{
    const bool told = d->outcome.code != BF_OK;
    /* Who was asked to stop and cannot save has failed: nobody may read "everything is saved". */
    if (!told || (d->outcome.code == BF_E_STOPPED && why.code != BF_E_STOPPED)) d->outcome = why;
    for (int t = 0; !told && t < d->s.layout->teams; t++) send(d, t * d->s.layout->team_size, BF_LETTER_STOP, NULL, 0);
    answer_waiting(d);
}

/* --- what comes back ---------------------------------------------------------------------------------------------- */

static double batch_of(const bf_desk *d, int id)
{
    double batch = 0.0;
    bf_config *c = malloc(sizeof *c);
    if (c) {
        bf_study_config(d->s.ledger->study, d->s.ledger->order[id], c);
        batch = (double)c->train.batch;
    }
    free(c);
    return batch;
}

static void take_result(bf_desk *d, const bf_letter *letter, bool stopped)
{
    bf_ledger *l = d->s.ledger;
    bf_result r;
    bf_status s = bf_result_unpack(letter->bytes, letter->size, &r);
    if (!s.code && (r.id < 0 || r.id >= l->count || r.n_metrics != d->s.schema->n_metrics || (r.n_betas && r.n_betas != d->s.schema->n_betas) || r.n_history != d->s.schema->n_history)) {
        bf_result_free(&r);
        s = BF_FAIL(BF_E_INTERNAL, "a result of %zu bytes from rank %d does not fit the study", letter->size, letter->from);
    }
    if (s.code) {
        bf_desk_stop(d, s);
        return;
    }
    bf_result_free(&l->results[r.id]);
    l->results[r.id] = r;
    int team = letter->from / d->s.layout->team_size;
    d->running[team].id = -1;
    d->study_is_old = true;
    d->samples += batch_of(d, r.id) * (double)r.steps_now;
    bf_times_add(&d->times, &r.now);
    if (stopped) {
        l->resumes[r.id] = true;
        return;
    }
    if (r.status == BF_CONFIG_DONE) bf_cost_model_learn(&d->model, &l->cost[r.id], r.seconds);
    answer_waiting(d);
    bf_report_row(d->s.log, l, d->s.schema, r.id);
}

static void take_progress(bf_desk *d, const bf_letter *letter)
{
    bf_running r;
    if (letter->size != sizeof r) return;
    memcpy(&r, letter->bytes, sizeof r);
    int team = letter->from / d->s.layout->team_size;
    if (r.id < 0 || r.id >= d->s.ledger->count) return;
    r.team = team;
    d->running[team] = r;
    d->checkpoint_seconds = fmax(d->checkpoint_seconds, r.checkpoint_seconds);
    bf_result *row = &d->s.ledger->results[r.id];
    if (row->status == BF_PENDING) {
        row->status = BF_RUNNING;
        d->study_is_old = true;
    }
}

void bf_desk_letter(bf_desk *d, bf_letter *letter)
{
    bf_status s;
    switch (letter->kind) {
    case BF_LETTER_ASK: answer(d, letter->from); break;
    case BF_LETTER_PROGRESS: take_progress(d, letter); break;
    case BF_LETTER_RESULT: take_result(d, letter, false); break;
    case BF_LETTER_STOPPED: take_result(d, letter, true); break;
    case BF_LETTER_NOTE: bf_log(d->s.log, BF_WARN, "%.*s", (int)letter->size, (const char *)letter->bytes); break;
    case BF_LETTER_PLEASE_STOP: bf_desk_stop(d, BF_FAIL(BF_E_STOPPED, "a signal asked to")); break;
    case BF_LETTER_FATAL:
        s = BF_FAIL(BF_E_INTERNAL, "a fatal letter of %zu bytes", letter->size);
        if (letter->size == sizeof s) memcpy(&s, letter->bytes, sizeof s);
        bf_desk_stop(d, s);
        break;
    case BF_LETTER_BYE: d->gone++; break;
    default: bf_desk_stop(d, BF_FAIL(BF_E_INTERNAL, "rank %d sent a letter of kind %d to the desk", letter->from, letter->kind)); break;
    }
    free(letter->bytes);
    letter->bytes = NULL;
}

/* --- what the clock asks for -------------------------------------------------------------------------------------- */

/* Takes DIR/STOP away; true when it was there. */
static bool take_stop_file(bf_desk *d)
{
    char path[BF_PATH];
    if (bf_file_join(path, sizeof path, d->s.ledger->dir, "STOP").code || !bf_file_exists(path)) return false;
    if (unlink(path) != 0) bf_log(d->s.log, BF_WARN, "cannot remove %s: %s", path, strerror(errno));
    return true;
}

static void look_for_reasons_to_stop(bf_desk *d)
{
    const bf_farm_options *o = d->s.options;
    if (d->outcome.code) return;
    if (bf_stop_requested()) {
        bf_desk_stop(d, BF_FAIL(BF_E_STOPPED, "signal %d", bf_stop_requested()));
        return;
    }
    if (o->max_seconds > 0.0) {
        /* A checkpoint twice as long as the longest so far, and a second for the rest; of a short limit a tenth for the rest, and never more than
         * half in all: one slow checkpoint of many must not leave later runs without time to train. */
        const double margin = fmin(2.0 * d->checkpoint_seconds + 1.0, 0.1 * o->max_seconds + d->checkpoint_seconds);
        if (now_running(d) + fmin(margin, 0.5 * o->max_seconds) >= o->max_seconds) bf_desk_stop(d, BF_FAIL(BF_E_STOPPED, "the wall-clock limit is near"));
    }
    const bf_status there = bf_lock_check(&d->s.ledger->lock, d->s.ledger->dir);
    if (there.code) bf_desk_stop(d, there);
    else if (take_stop_file(d)) bf_desk_stop(d, BF_FAIL(BF_E_STOPPED, "found %s/STOP", d->s.ledger->dir));
}

static double estimate_left(const bf_desk *d)
{
    const bf_ledger *l = d->s.ledger;
    double sum = 0.0, longest = 0.0;
    for (int id = 0; id < l->count; id++)
        if (is_left(d, id)) {
            sum += bf_cost_seconds(&d->model, &l->cost[id]);
            if (may_start(d, id)) longest = fmax(longest, seconds_of_chain(d, id));
        }
    for (int t = 0; t < d->s.layout->teams; t++) {
        const bf_running *r = &d->running[t];
        if (r->id < 0 || r->steps <= 0) continue;
        double left = bf_cost_seconds(&d->model, &l->cost[r->id]) * (1.0 - (double)r->step / (double)r->steps);
        sum += left;
        longest = fmax(longest, left + seconds_of_chain(d, l->lineage.child[r->id]));
    }
    return fmax(sum / d->s.layout->teams, longest);
}

/* Neither this nor the tables go into a folder that took the place of ours: no study could go on in there. */
static bf_status publish_progress(const bf_desk *d, const char *state, bool print)
{
    const bf_ledger *l = d->s.ledger;
    bf_progress p = { .pid = (int)getpid(), .ranks = d->s.layout->ranks, .teams = d->s.layout->teams, .configs = l->count,
                      .done = bf_ledger_tally(l, BF_CONFIG_DONE),
                      .failed = bf_ledger_tally(l, BF_DIVERGED) + bf_ledger_tally(l, BF_CONFIG_FAILED),
                      .pending = bf_ledger_tally(l, BF_PENDING) + bf_ledger_tally(l, BF_STOPPED), .elapsed = now_running(d),
                      .eta = estimate_left(d) };
    snprintf(p.uuid, sizeof p.uuid, "%s", l->uuid);
    snprintf(p.state, sizeof p.state, "%s", state);
    bf_comm_host(p.host, sizeof p.host);
    bf_clock_iso8601(bf_clock_epoch() - p.elapsed, p.started);
    bf_clock_iso8601(bf_clock_epoch(), p.updated);
    bf_running *at = malloc((size_t)d->s.layout->teams * sizeof *at);
    for (int t = 0; at && t < d->s.layout->teams; t++)
        if (d->running[t].id >= 0) {
            at[p.n_running++] = d->running[t];
            p.samples_per_second += batch_of(d, d->running[t].id) * (double)d->running[t].steps_now;
        }
    /* Over the whole run: configurations shorter than the interval of progress count too. */
    p.samples_per_second = (p.samples_per_second + d->samples) / p.elapsed;
    p.running = p.n_running;
    p.at = at;
    bf_status s = bf_lock_check(&l->lock, l->dir);
    if (!s.code) s = bf_progress_write(l->dir, l->tag, &p);
    if (print) bf_report_progress(d->s.log, &p);
    free(at);
    return s;
}

static bf_status publish_tables(const bf_desk *d)
{
    BF_TRY(bf_lock_check(&d->s.ledger->lock, d->s.ledger->dir));
    return bf_tables_publish(d->s.tables, d->s.world);
}

static bf_status publish_study(bf_desk *d)
{
    double start = bf_clock_seconds();
    bf_status s = publish_tables(d);
    d->study_cost = bf_clock_seconds() - start;
    /* Rewriting costs at most two per cent of rank 0's time. */
    d->next_study = bf_clock_seconds() + fmax(1.0, 50.0 * d->study_cost);
    d->study_is_old = false;
    return s;
}

static void stop_on_failure(bf_desk *d, bf_status s)
{
    if (s.code) bf_desk_stop(d, s);
}

void bf_desk_tend(bf_desk *d)
{
    double now = bf_clock_seconds();
    if (now >= d->next_look) {
        d->next_look = now + 1.0;
        look_for_reasons_to_stop(d);
    }
    if (now >= d->next_progress || now >= d->next_publish) {
        const bool print = now >= d->next_progress;
        if (print) d->next_progress = now + d->s.progress_seconds;
        d->next_publish = now + BF_PUBLISH_SECONDS;
        stop_on_failure(d, publish_progress(d, "running", print));
    }
    if (d->study_is_old && now >= d->next_study) {
        stop_on_failure(d, publish_study(d));
        stop_on_failure(d, publish_progress(d, "running", false));
    }
}

bool bf_desk_all_gone(const bf_desk *d) { return d->gone == d->s.layout->teams; }

static bf_status final_status(const bf_desk *d)
{
    const bf_ledger *l = d->s.ledger;
    int bad = 0, first = -1, left = 0;
    for (int id = 0; id < l->count; id++) {
        int status = l->results[id].status;
        if (!l->chosen[id]) continue;
        if (status == BF_DIVERGED || status == BF_CONFIG_FAILED) {
            bad++;
            if (first < 0) first = id;
        }
        left += status == BF_PENDING || status == BF_STOPPED || status == BF_RUNNING;
    }
    const bf_status there = bf_lock_check(&l->lock, l->dir);
    if (there.code && d->outcome.code != BF_E_INTERNAL) return there;       /* what else went wrong comes of it */
    /* A stop that came when nothing was left to do stopped nothing. */
    if (d->outcome.code && (d->outcome.code != BF_E_STOPPED || left > 0)) return d->outcome;
    if (left) return BF_FAIL(BF_E_INTERNAL, "%d configuration%s neither trained nor stopped", left, left == 1 ? " was" : "s were");
    if (bad) return BF_FAIL(BF_E_FAILED, "%d configuration%s did not finish, the first is c%04d: %s", bad, bf_plural(bad), first, l->results[first].error);
    return BF_DONE;
}

/* How a run ends that nothing went wrong in but for single configurations. */
static bool ended_well(const bf_status *s) { return s->code == BF_OK || s->code == BF_E_FAILED; }

/* What is told last may fail, too: then that is how the run ended. */
static void add_failure(bf_status *s, bf_status later)
{
    if (later.code && (ended_well(s) || s->code == BF_E_STOPPED)) *s = later;
}

bf_status bf_desk_close(bf_desk **desk)
{
    bf_desk *d = *desk;
    bf_ledger *l = d->s.ledger;
    take_stop_file(d);      /* it was meant for this run, and must not end the next one */
    for (int id = 0; id < l->count; id++)
        if (l->results[id].status == BF_RUNNING) l->results[id].status = BF_PENDING;
    bf_status s = final_status(d);
    const bf_run_speed speed = bf_speed_of(&d->times);
    if (l->n_runs > 0) {
        bf_run_record *run = &l->runs[l->n_runs - 1];
        bf_clock_iso8601(bf_clock_epoch(), run->end);
        run->exit_code = bf_status_exit_code(&s);
        run->speed = speed;
    }
    add_failure(&s, publish_tables(d));
    for (int t = 0; t < d->s.layout->teams; t++) d->running[t].id = -1;
    add_failure(&s, publish_progress(d, s.code == BF_E_STOPPED ? "stopped" : ended_well(&s) ? "finished" : "failed", false));
    bf_report_end(d->s.log, l, d->s.schema, &speed, &s, now_running(d));
    for (int r = 1; r < bf_comm_size(d->s.world); r++) send(d, r, BF_LETTER_END, &s, sizeof s);
    free(d->running);
    free(d->given);
    free(d->waits);
    free(d);
    *desk = NULL;
    return s;
}
