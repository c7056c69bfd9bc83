/* betafield run: the whole program. Rank 0 reads the study file; every rank parses the same bytes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/stop.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "farm/farm.h"
#include "store/library.h"
#include "store/own_files.h"

typedef struct run_options {
    const char *input, *out, *max_hours, *only;
    bf_texts    set;
    bool        retry_failed, fresh, quiet;
} run_options;

static const bf_option options[] = {
    { "INPUT.yaml", NULL, BF_OPTION_PLACE, offsetof(run_options, input), 0, "the study file" },
    { "-o", "DIR", BF_OPTION_TEXT, offsetof(run_options, out), 0, "where results go (default outputs/<study>)" },
    { "--set", "KEY=VALUE", BF_OPTION_TEXTS, offsetof(run_options, set), 0, "override a key of the study file; may be repeated" },
    { "--max-hours", "H|auto", BF_OPTION_TEXT, offsetof(run_options, max_hours), 0, "save and stop before H hours are over; auto: the job's end" },
    { "--only", "IDS", BF_OPTION_TEXT, offsetof(run_options, only), 0, "train these configurations only: 0-7,12,31" },
    { "--retry-failed", NULL, BF_OPTION_FLAG, offsetof(run_options, retry_failed), 0, "train diverged and failed configurations again" },
    { "--fresh", NULL, BF_OPTION_FLAG, offsetof(run_options, fresh), 0, "discard what DIR holds of this program and start over" },
    { "--quiet", NULL, BF_OPTION_FLAG, offsetof(run_options, quiet), 0, "print errors only" },
    { 0 },
};

/* Seconds from now until the job ends, as the scheduler's environment tells. */
static bf_status seconds_to_job_end(double *seconds)
{
    const char *end = getenv("SLURM_JOB_END_TIME");
    char *rest = NULL;
    double at = end ? strtod(end, &rest) : 0.0;
    if (!end || rest == end || *rest || !isfinite(at))
        return BF_FAIL(BF_E_USAGE, "--max-hours auto needs SLURM_JOB_END_TIME (seconds since 1970), which is %s", end ? "no number" : "not set");
    *seconds = at - bf_clock_epoch();
    return BF_DONE;
}

static bf_status parse_limit(const char *text, double *seconds)
{
    char *rest;
    *seconds = 0.0;
    if (!text) return BF_DONE;
    if (strcmp(text, "auto") == 0) {
        BF_TRY(seconds_to_job_end(seconds));
    } else {
        *seconds = 3600.0 * strtod(text, &rest);
        if (rest == text || *rest || !isfinite(*seconds)) return BF_FAIL(BF_E_USAGE, "--max-hours: expected a number of hours or auto, got '%s'", text);
    }
    if (*seconds <= 0.0) return BF_FAIL(BF_E_USAGE, "--max-hours: no time is left (%s)", text);
    return BF_DONE;
}

/* Collective. One rank reads, all get the bytes. */
static bf_status share_input(const bf_comm *world, bf_input_file *in, const char *path)
{
    bf_status s = bf_comm_rank(world) == 0 ? bf_input_read(in, path) : BF_DONE;
    BF_TRY(bf_comm_agree(world, s));
    in->path = path;
    bf_comm_bcast(world, &in->size, sizeof in->size, 0);
    if (bf_comm_rank(world) != 0) in->text = calloc(in->size + 1, 1);
    BF_TRY(bf_comm_agree(world, in->text ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for %s", path)));
    bf_comm_bcast(world, in->text, in->size, 0);
    return BF_DONE;
}

/* Collective. Parsed on every rank with the same outcome; the files it names are looked at by every rank and agreed upon. */
static bf_status prepare(const bf_comm *world, bf_input_file *in, const run_options *o, bf_study_data_sets *data)
{
    bool speaks = bf_comm_rank(world) == 0;
    BF_TRY(share_input(world, in, o->input));
    bf_status s = bf_input_parse(in, &o->set);
    if (!s.code && in->study) s = bf_study_data_inspect(in->study, &in->problems, data);
    if (s.code && s.code != BF_E_INPUT) return bf_comm_agree(world, s);
    return bf_comm_agree(world, bf_input_verdict(in, speaks ? stderr : NULL));
}

/* What is read must not lie where the study's own files will be, to be written over or, by --fresh, removed. Its own study.yaml alone may
 * be run again. */
static bf_status spare_inputs(const char *dir, const bf_input_file *in, const bf_study_data_sets *data)
{
    char own[BF_PATH];
    BF_TRY(bf_file_join(own, sizeof own, dir, "study.yaml"));
    if (bf_own_files_differ(in->path, own).code && strncmp(in->text, BF_STUDY_EMITTED, strlen(BF_STUDY_EMITTED)) != 0)
        return BF_FAIL(BF_E_INPUT, "%s is where the study would write its own; give the input another name, or the study another folder", in->path);
    for (int k = 0; k < data->count; k++)
        for (int i = 0; i < data->options[k].path.count; i++) {
            const char *path = data->options[k].path.path[i];
            if (bf_own_files_spare(dir, path).code)
                return BF_FAIL(BF_E_INPUT, "data.path: %s is where the study would write its own; give it another name, or the study another folder", path);
        }
    return BF_DONE;
}

static void join_arguments(int argc, char **argv, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "betafield");
    for (int i = 0; i < argc && used < size; i++) used += (size_t)snprintf(out + used, size - used, " %s", argv[i]);
}

static bf_status run(const bf_comm *world, int argc, char **argv, double started)
{
    run_options o = { 0 };
    bf_input_file in = { 0 };
    bf_study_data_sets data = { 0 };
    char dir[BF_PATH], line[1024];
    double limit = 0.0;
    bf_status s = bf_args_read(options, argc, argv, &o);
    if (!s.code) s = parse_limit(o.max_hours, &limit);
    BF_TRY(bf_comm_agree(world, s));        /* clocks and environments of two nodes may differ */
    s = prepare(world, &in, &o, &data);
    if (s.code) goto done;
    if (o.out) s = bf_file_join(dir, sizeof dir, o.out, "");
    else s = bf_file_join(dir, sizeof dir, "outputs", bf_study_base(in.study)->study);
    if (s.code) goto done;
    for (size_t n = strlen(dir); n > 1 && dir[n - 1] == '/'; n--) dir[n - 1] = '\0';
    s = bf_comm_agree(world, bf_comm_rank(world) == 0 ? spare_inputs(dir, &in, &data) : BF_DONE);
    if (s.code) goto done;
    join_arguments(argc, argv, line, sizeof line);
    const bf_farm_options farm = { .dir = dir, .command_line = line, .input_name = o.input, .input_text = in.text, .only = o.only,
                                   .max_seconds = limit, .started = started, .retry_failed = o.retry_failed, .fresh = o.fresh, .quiet = o.quiet };
    s = bf_farm_run(world, in.study, &data, &farm);
done:
    bf_study_data_close(&data);     /* empty by now, but for a failure before the farm had it */
    bf_input_free(&in);
    return s;
}

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    double started = bf_clock_seconds();
    bf_comm *world = NULL;
    bf_stop_install();      /* a signal that comes this early waits until there is something to save */
    bf_status s = bf_comm_init(&argc, &argv, faults, &world);
    if (!s.code) s = run(world, argc, argv, started);
    /* A stop has been told on stdout; what failed is told once, by one rank. */
    bool speaks = !world || bf_comm_rank(world) == 0;
    int code = speaks && s.code != BF_E_STOPPED ? bf_command_end(&bf_command_run, &s) : bf_status_exit_code(&s);
    bf_store_finalize(&world, code);
    return code;
}

const bf_command bf_command_run = {
    .name = "run",
    .synopsis = "run INPUT.yaml [-o DIR] [--set KEY=VALUE]... [--max-hours H|auto] [--only IDS] [--retry-failed] [--fresh] [--quiet]",
    .help =
        "train every configuration of a study\n"
        "\n"
        "  betafield run study.yaml                    one rank\n"
        "  mpirun -n 8 betafield run study.yaml        eight ranks, the same results bit for bit\n"
        "\n"
        "The same command again continues: finished configurations are kept, interrupted ones resume from\n"
        "their checkpoint, missing ones are trained. A longer sweep extends the study. To stop: touch\n"
        "DIR/STOP, or send USR1; everything is saved and the exit code is 75.\n"
        "\n"
        "With warm_start.along in the study, configurations start from a neighbour's final weights: each\n"
        "waits for its parent (/sweep/parent), and fails when that did. --only needs parents that are\n"
        "trained or named.\n",
    .run = command,
    .options = options,
};
