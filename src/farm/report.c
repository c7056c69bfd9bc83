#include "farm/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/plural.h"
#include "data/dataset.h"
#include "vae/condition.h"
#include "vae/vae.h"

#define BF_SUMMARY_ROWS 60      /* more configurations than this: the table at the end would scroll away what matters */

static double metric(const bf_result *r, const bf_schema *schema, const char *name, bf_split split)
{
    for (int i = 0; r->metrics && i < r->n_metrics && i < schema->n_metrics; i++)
        if (strcmp(schema->metrics[i].name, name) == 0) return r->metrics[(size_t)split * (size_t)r->n_metrics + (size_t)i];
    return NAN;
}

void bf_report_start(bf_logger *log, const bf_ledger *l, const bf_layout *layout, const bf_study_data_sets *data)
{
    const bf_config *base = bf_study_base(l->study);
    int ended = l->count - bf_ledger_tally(l, BF_PENDING);
    bf_log(log, BF_INFO, "betafield: study %s, %d configuration%s (%d ended before, %d to do) in %s", base->study, l->count,
           bf_plural(l->count), ended, bf_ledger_pending(l), l->dir);
    bf_log(log, BF_INFO, "ranks: %d in %d team%s of %d%s%s", layout->ranks, layout->teams, bf_plural(layout->teams), layout->team_size,
           layout->why[0] ? "; " : "", layout->why);
    bf_log_event(log, "start", "\"study\": \"%s\", \"uuid\": \"%s\", \"configs\": %d, \"pending\": %d, \"ranks\": %d, \"teams\": %d",
                 base->study, l->uuid, l->count, bf_ledger_pending(l), layout->ranks, layout->teams);
    for (int d = 0; d < data->count; d++) {
        const bf_data_info *i = &data->info[d];
        bf_log(log, BF_INFO, "data: %s, %lld training and %lld test samples of %d values, %s", data->options[d].source,
               (long long)i->rows[BF_TRAIN], (long long)i->rows[BF_TEST], i->width, i->stored == BF_STORED_U8 ? "u8" : "f32");
    }
}

/* A number in `width` columns, a dash where it is undefined: a Bernoulli decoder has no variance, an autoencoder no rate. */
static const char *number(double v, const char *format, int width, char out[32])
{
    if (isfinite(v)) snprintf(out, 32, format, v);
    else snprintf(out, 32, "%*s", width, "-");
    return out;
}

/* "0.1", the range a conditioned model covers, or "-" where beta is not what weighs the rate. */
static const char *beta_text(const bf_vae_options *o, char out[48])
{
    if (bf_beta_conditioned(o)) snprintf(out, 48, "%.3g..%.3g", o->beta_range[0], o->beta_range[1]);
    else if (isnan(bf_vae_beta(o))) snprintf(out, 48, "-");
    else snprintf(out, 48, "%.4g", o->beta);
    return out;
}

static void row_line(const bf_ledger *l, const bf_schema *schema, int id, char *out, size_t size)
{
    const bf_result *r = &l->results[id];
    bf_config *c = malloc(sizeof *c);
    char beta[48], time[32], rate[32], distortion[32], variance[32], active[32];
    out[0] = '\0';
    if (!c) return;
    bf_study_config(l->study, l->order[id], c);
    bf_clock_human(r->seconds, time);
    if (r->status == BF_CONFIG_DONE)
        snprintf(out, size, "c%04d  beta %-8s latent %-4lld rate %s  distortion %s  variance %s  active %s  %8s", id, beta_text(&c->vae, beta),
                 (long long)c->vae.latent, number(metric(r, schema, "rate", BF_TEST), "%9.4f", 9, rate),
                 number(metric(r, schema, "distortion", BF_TEST), "%11.4f", 11, distortion),
                 number(metric(r, schema, "variance", BF_TEST), "%9.3g", 9, variance),
                 number(metric(r, schema, "active_units", BF_TEST), "%3.0f", 3, active), time);
    else
        snprintf(out, size, "c%04d  beta %-8s latent %-4lld %s%s%s", id, beta_text(&c->vae, beta), (long long)c->vae.latent,
                 bf_config_status_names[r->status], r->error[0] ? ": " : "", r->error);
    free(c);
}

static void record_row(bf_logger *log, const bf_schema *schema, const bf_result *r)
{
    char error[6 * sizeof r->error], rate[32], distortion[32], gflops[32], share[32];
    bf_json_escape(r->error, error, sizeof error);
    bf_log_event(log, "ended", "\"config\": %d, \"status\": \"%s\", \"attempts\": %d, \"steps\": %lld, \"seconds\": %.3f, \"rate\": %s, "
                 "\"distortion\": %s, \"gflops\": %s, \"roof_share\": %s, \"error\": \"%s\"", r->id, bf_config_status_names[r->status],
                 (int)r->attempts, (long long)r->steps, r->seconds,
                 bf_json_number(metric(r, schema, "rate", BF_TEST), rate), bf_json_number(metric(r, schema, "distortion", BF_TEST), distortion),
                 bf_json_number(r->gflops, gflops), bf_json_number(r->roof_share, share), error);
}

void bf_report_row(bf_logger *log, const bf_ledger *l, const bf_schema *schema, int id)
{
    char line[400];
    int ended = 0;
    for (int i = 0; i < l->count; i++) ended += bf_config_has_ended(l->results[i].status);
    row_line(l, schema, id, line, sizeof line);
    bf_log(log, BF_INFO, "%s  [%d/%d]", line, ended, l->count);
    record_row(log, schema, &l->results[id]);
}

void bf_report_progress(bf_logger *log, const bf_progress *p)
{
    char line[240], eta[32] = "unknown", elapsed[32], rate[32];
    if (isfinite(p->eta)) bf_clock_human(p->eta, eta);
    bf_clock_human(p->elapsed, elapsed);
    /* Whole numbers are read at a glance; 7.83e+03 is not. */
    snprintf(rate, sizeof rate, p->samples_per_second < 100.0 ? "%.3g" : "%.0f", p->samples_per_second);
    snprintf(line, sizeof line, "%d/%d done, %d running, %d failed | %s samples/s | %s elapsed, %s to go", p->done, p->configs, p->running,
             p->failed, rate, elapsed, eta);
    if (bf_log_is_terminal(log)) {
        bf_log_live(log, line);
        return;
    }
    bf_log(log, BF_INFO, "progress: %s", line);
    bf_log_event(log, "progress", "\"done\": %d, \"running\": %d, \"failed\": %d, \"samples_per_second\": %s, \"elapsed\": %.1f", p->done,
                 p->running, p->failed, bf_json_number(p->samples_per_second, rate), p->elapsed);
}

/* Three lines: arithmetic, memory, and where the time of the configurations trained now went. Nothing when none was. */
static void report_speed(bf_logger *log, const bf_run_speed *s)
{
    char split[160] = "", rate[32], roof[32], update[32], memory[32];
    double total = 0.0;
    for (int p = 0; p < BF_PHASES; p++) total += s->seconds[p];
    if (!(total > 0.0)) return;
    for (int p = 0; p < BF_PHASES; p++)
        snprintf(split + strlen(split), sizeof split - strlen(split), "%s%s %.1f %%", p ? ", " : "", bf_phase_names[p], 100.0 * s->seconds[p] / total);
    bf_log(log, BF_INFO, "speed: %.1f Gflop/s on each rank in training steps, %.0f %% of a large matrix product's %.1f", s->gflops,
           100.0 * s->roof_share, s->roof_gflops);
    bf_log(log, BF_INFO, "optimiser: %.1f GB/s on each rank, %.0f %% of the memory's %.1f", s->update_bandwidth, 100.0 * s->memory_share,
           s->memory_bandwidth);
    bf_log(log, BF_INFO, "time: %s", split);
    bf_log_event(log, "speed", "\"gflops\": %s, \"roof_gflops\": %s, \"update_bandwidth\": %s, \"memory_bandwidth\": %s",
                 bf_json_number(s->gflops, rate), bf_json_number(s->roof_gflops, roof), bf_json_number(s->update_bandwidth, update),
                 bf_json_number(s->memory_bandwidth, memory));
}

void bf_report_end(bf_logger *log, const bf_ledger *l, const bf_schema *schema, const bf_run_speed *speed, const bf_status *outcome, double seconds)
{
    char line[400], time[32];
    bf_log_live(log, NULL);
    bf_clock_human(seconds, time);
    if (l->count > 1) {
        bf_log(log, BF_INFO, "summary (rates and distortions in nats, test split):");
        for (int id = 0, shown = 0; id < l->count; id++) {
            bool failed = l->results[id].status == BF_DIVERGED || l->results[id].status == BF_CONFIG_FAILED;
            if (l->results[id].status == BF_PENDING || (shown >= BF_SUMMARY_ROWS && !failed)) continue;
            row_line(l, schema, id, line, sizeof line);
            bf_log(log, BF_INFO, "  %s", line);
            shown++;
        }
        if (l->count > BF_SUMMARY_ROWS) bf_log(log, BF_INFO, "  ... all %d rows are in %s/study.h5", l->count, l->dir);
    }
    report_speed(log, speed);
    bf_log(log, BF_INFO, "%d done, %d diverged, %d failed, %d not finished, in %s", bf_ledger_tally(l, BF_CONFIG_DONE),
           bf_ledger_tally(l, BF_DIVERGED), bf_ledger_tally(l, BF_CONFIG_FAILED),
           bf_ledger_tally(l, BF_PENDING) + bf_ledger_tally(l, BF_STOPPED) + bf_ledger_tally(l, BF_RUNNING), time);
    bf_log_event(log, "end", "\"exit\": %d, \"done\": %d, \"diverged\": %d, \"failed\": %d, \"seconds\": %.3f", bf_status_exit_code(outcome),
                 bf_ledger_tally(l, BF_CONFIG_DONE), bf_ledger_tally(l, BF_DIVERGED), bf_ledger_tally(l, BF_CONFIG_FAILED), seconds);
    if (outcome->code == BF_E_STOPPED) bf_log(log, BF_INFO, "stopped (%s); everything is saved, run the same command again to continue", outcome->what);
    else if (outcome->code && outcome->code != BF_E_FAILED) bf_log(log, BF_INFO, "ended by an error: %s", outcome->what);
    else bf_log(log, BF_INFO, "results: %s/study.h5", l->dir);
}
