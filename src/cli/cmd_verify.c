/* betafield verify: is everything there, and is it what was written? Needs no MPI and changes nothing. */
#include "cli/cli.h"

#include <stdio.h>

#include "store/verify.h"

typedef struct verify_options { const char *path; } verify_options;

static const bf_option options[] = {
    { "FILE.h5|DIR", NULL, BF_OPTION_PLACE, offsetof(verify_options, path), 0, "a study's folder, a packed file, or any file a study left" },
    { 0 },
};

static void summarize(const bf_verify_report *r)
{
    printf("%lld configuration%s, %lld datasets, %lld checksums: ", (long long)r->configurations, r->configurations == 1 ? "" : "s",
           (long long)r->datasets, (long long)r->checksums);
    if (r->bad) printf("%lld finding%s\n", (long long)r->bad, r->bad == 1 ? "" : "s");
    else puts("all good");
}

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    (void)faults;
    verify_options o = { 0 };
    bf_verify_report report = { 0 };
    bf_status s = bf_args_read(options, argc, argv, &o);
    if (!s.code) s = bf_verify(o.path, stdout, &report);
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
        "Reads every dataset again, compares its checksum, and compares the tables of study.h5 with every\n"
        "configuration's own file. One line per finding, then a summary.\n"
        "Exit code 0: all good, 2: damaged, or nothing of betafield's, 74: it could not be read.\n",
    .run = command,
    .options = options,
};
