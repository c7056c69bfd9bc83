/* betafield verify: is everything there, and is it what was written? Needs no MPI and changes nothing. */
#include "cli/cli.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/file.h"
#include "base/plural.h"
#include "cli/input.h"
#include "farm/lineage_check.h"
#include "store/verify.h"

typedef struct verify_options { const char *path; } verify_options;

static const bf_option options[] = {
    { "FILE.h5|DIR", NULL, BF_OPTION_PLACE, offsetof(verify_options, path), 0, "a study's folder, a packed file, or any file a study left" },
    { 0 },
};

static void summarize(const bf_verify_report *r)
{
    printf("%lld configuration%s, %lld datasets, %lld checksums: ", (long long)r->configurations, bf_plural(r->configurations),
           (long long)r->datasets, (long long)r->checksums);
    if (r->bad) printf("%lld finding%s\n", (long long)r->bad, bf_plural(r->bad));
    else puts("all good");
}

/* Where a study's configurations started, by its own study.yaml. */
static bf_status check_lineage(const char *dir, bf_verify_report *report)
{
    char yaml[BF_PATH];
    bf_input_file in = { 0 };
    BF_TRY(bf_file_join(yaml, sizeof yaml, dir, "study.yaml"));
    if (!bf_file_exists(yaml)) return BF_DONE;
    bf_status s = bf_input_read(&in, yaml);
    if (!s.code) s = bf_input_parse(&in, NULL);
    if (!s.code) s = bf_input_verdict(&in, stdout);
    const bool known = !s.code;
    if (known) s = bf_lineage_check(in.study, dir, stdout, &report->bad);
    bf_input_free(&in);
    if (known || s.code != BF_E_INPUT) return s;
    puts("study.yaml: it is no study of this version");
    report->bad++;
    return BF_DONE;
}

static bf_status verify(const char *path, bf_verify_report *report)
{
    bf_status s = bf_verify(path, stdout, report);
    if (s.code && s.code != BF_E_FORMAT) return s;
    const int64_t before = report->bad;
    BF_TRY(check_lineage(path, report));
    if (report->bad > before) s = BF_FAIL(BF_E_FORMAT, "%s: %lld finding%s", path, (long long)report->bad, bf_plural(report->bad));
    return s;
}

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    (void)faults;
    verify_options o = { 0 };
    bf_verify_report report = { 0 };
    bf_status s = bf_args_read(options, argc, argv, &o);
    if (!s.code) s = verify(o.path, &report);
    if (report.datasets || report.bad) summarize(&report);
    fflush(stdout);
    return bf_command_end(&bf_command_verify, &s);
}

const bf_command bf_command_verify = {
    .name = "verify",
    .synopsis = "verify FILE.h5|DIR",
    .help =
        "check a study or a file against its checksums\n"
        "\n"
        "  betafield verify outputs/quickstart         study.h5, configs/, data.h5, checkpoints/\n"
        "  betafield verify packed.h5\n"
        "\n"
        "Reads every dataset again and compares its checksum; compares the tables of study.h5 with every\n"
        "configuration's own file, and in a folder the keys of each one and the weights that it started\n"
        "from with what study.yaml says. One line per finding (`note:` is no damage), then a summary.\n"
        "Exit code 0: all good, 2: damaged, or nothing of betafield's, 74: it could not be read.\n",
    .run = command,
    .options = options,
};
