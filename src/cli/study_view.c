#include "cli/study_view.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/input.h"
#include "farm/folder.h"
#include "store/config_file.h"
#include "store/study_read.h"

static const bf_column metrics[BF_VIEW_METRICS] = {
    [BF_VIEW_RATE] = { .name = "rate" }, [BF_VIEW_DISTORTION] = { .name = "distortion" },
    [BF_VIEW_VARIANCE] = { .name = "variance" }, [BF_VIEW_ACTIVE] = { .name = "active_units" },
};
static const bf_schema schema = { .n_metrics = BF_VIEW_METRICS, .metrics = metrics };

const char *bf_study_state_name(bf_study_state state)
{
    static const char *const name[] = { "running", "silent", "interrupted", "stopped", "finished" };
    return name[state];
}

/* Seconds since an ISO 8601 time of this program; NaN when the text is none. */
static double seconds_since(const char *iso)
{
    struct tm t = { 0 };
    const char *end = strptime(iso, "%Y-%m-%dT%H:%M:%SZ", &t);
    return end && !*end ? bf_clock_epoch() - (double)timegm(&t) : NAN;
}

/* Whether the process that wrote the progress is known to be gone: only this host's processes can be asked. */
static bool process_is_gone(const bf_progress *p)
{
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    return p->pid > 0 && strcmp(host, p->host) == 0 && kill(p->pid, 0) != 0 && errno == ESRCH;
}

static bf_study_state judge(const bf_study_view *v)
{
    const double every = v->study ? bf_study_base(v->study)->output.progress_seconds : 30.0;
    if (!v->has_progress) return v->rows && v->done + v->failed == v->configs ? BF_STUDY_FINISHED : BF_STUDY_INTERRUPTED;
    if (strcmp(v->progress.state, "finished") == 0) return BF_STUDY_FINISHED;
    if (strcmp(v->progress.state, "stopped") == 0) return BF_STUDY_STOPPED;
    if (strcmp(v->progress.state, "failed") == 0 || process_is_gone(&v->progress)) return BF_STUDY_INTERRUPTED;
    /* A short reporting time would call every pause of the file system a silence. What comes from the future, or at no time, is no news. */
    return fabs(v->age) <= 3.0 * fmax(every, 5.0) ? BF_STUDY_RUNNING : BF_STUDY_SILENT;
}

static void count(bf_study_view *v)
{
    for (int i = 0; i < v->configs; i++) {
        const int status = v->rows[i].status;
        v->done += status == BF_CONFIG_DONE;
        v->failed += status == BF_DIVERGED || status == BF_CONFIG_FAILED;
        v->running += status == BF_RUNNING;
    }
    v->pending = v->configs - v->done - v->failed - v->running;
    /* progress.json is written after study.h5 and more often; only a longer sweep that has just begun has more rows than it knows. */
    if (!v->has_progress || (v->rows && v->progress.configs != v->configs)) return;
    v->done = v->progress.done;
    v->failed = v->progress.failed;
    v->running = v->progress.running;
    v->pending = v->progress.configs - v->done - v->failed - v->running;
}

/* study.yaml tells what was swept; a folder of another version is shown without. */
static void read_study(bf_study_view *v)
{
    char path[BF_PATH];
    bf_input_file in = { 0 };
    if (bf_file_join(path, sizeof path, v->dir, "study.yaml").code) return;
    bf_status s = bf_input_read(&in, path);
    if (!s.code) s = bf_input_parse(&in, NULL);
    if (!s.code) {
        v->study = in.study;
        in.study = NULL;
    }
    bf_input_free(&in);
}

static bool is_study(const char *dir)
{
    static const char *const names[] = { "study.h5", "progress.json", "study.yaml" };
    char path[BF_PATH];
    for (int i = 0; i < 3; i++)
        if (bf_file_join(path, sizeof path, dir, names[i]).code == BF_OK && bf_file_exists(path)) return true;
    return false;
}

/* What is wrong with one file is no reason not to look at the others. */
static bf_status keep_damage(bf_status s, bf_status *damage)
{
    if (s.code == BF_E_MEMORY) return s;
    *damage = s;
    return BF_DONE;
}

static bf_status read_tables(bf_study_view *v)
{
    char path[BF_PATH];
    BF_TRY(bf_file_join(path, sizeof path, v->dir, "study.h5"));
    if (!bf_file_exists(path)) return BF_DONE;
    return keep_damage(bf_study_read_rows(v->dir, &schema, &v->configs, &v->rows), &v->damage[BF_VIEW_TABLES]);
}

/* Of a configuration's own file, or pending. */
static bf_status read_row(const bf_study_view *v, int id, bf_result *r)
{
    char path[BF_PATH];
    BF_TRY(bf_folder_config(v->dir, id, ".h5", path, sizeof path));
    const bf_status s = bf_file_exists(path) ? bf_config_file_read_result(v->dir, id, &schema, r) : BF_DONE;
    if (s.code == BF_E_MEMORY) return s;
    if (!r->metrics) BF_TRY(bf_result_create(r, schema.n_metrics, 0, 0));
    r->id = id;
    return BF_DONE;
}

/* study.h5 is the index of configs/: without it the files themselves are asked. */
static bf_status read_configs(bf_study_view *v)
{
    const int n = v->study ? bf_study_count(v->study) : 0;
    if (n == 0) return BF_DONE;
    v->rows = calloc((size_t)n, sizeof *v->rows);
    if (!v->rows) return BF_FAIL(BF_E_MEMORY, "no memory for the rows of %d configurations", n);
    v->configs = n;
    for (int id = 0; id < n; id++) BF_TRY(read_row(v, id, &v->rows[id]));
    return BF_DONE;
}

bf_status bf_study_view_open(const char *dir, bf_study_view *v)
{
    memset(v, 0, sizeof *v);
    v->age = NAN;
    BF_TRY(bf_file_join(v->dir, sizeof v->dir, dir, ""));
    for (size_t n = strlen(v->dir); n > 1 && v->dir[n - 1] == '/'; n--) v->dir[n - 1] = '\0';
    if (!is_study(v->dir)) return BF_FAIL(BF_E_INPUT, "%s is no study: it has neither study.h5 nor progress.json nor study.yaml", v->dir);
    read_study(v);
    BF_TRY(keep_damage(bf_progress_read(v->dir, &v->progress, &v->has_progress), &v->damage[BF_VIEW_PROGRESS]));
    if (v->has_progress) v->age = seconds_since(v->progress.updated);
    BF_TRY(read_tables(v));
    if (!v->rows) BF_TRY(read_configs(v));
    if (!v->has_progress) BF_TRY(bf_study_traces_read(v->dir, v->rows ? v->configs : 0, v->rows, &v->traces));
    count(v);
    if (v->has_progress && !v->rows) v->configs = v->progress.configs;
    v->state = judge(v);
    return BF_DONE;
}

void bf_study_view_close(bf_study_view *v)
{
    bf_study_free(&v->study);
    free(v->progress.at);
    bf_study_traces_close(&v->traces);
    bf_study_rows_free(v->configs, &v->rows);
    memset(v, 0, sizeof *v);
}
