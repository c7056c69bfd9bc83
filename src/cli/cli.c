/* Which command a command line means, and what `betafield` says about itself. */
#include "cli/cli.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/process.h"

static const bf_command *const commands[] = {
    &bf_command_run, &bf_command_plan, &bf_command_status, &bf_command_curve, &bf_command_align, &bf_command_encode, &bf_command_verify,
    &bf_command_pack, &bf_command_data, &bf_command_keys, &bf_command_version,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const bf_command *find(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

static bool asks_help(const char *arg) { return strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0; }

static int overview(void)
{
    puts("betafield trains every variational autoencoder that a study file names, over MPI ranks,\n"
         "and leaves HDF5 files.\n\n"
         "  betafield plan inputs/quickstart.yaml               what would run, for how long\n"
         "  mpirun -n 4 betafield run inputs/quickstart.yaml    run it; the same command continues it\n"
         "  betafield status outputs/quickstart                 look at it from any shell\n\n"
         "commands:");
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-9s %.*s\n", commands[i]->name, (int)strcspn(commands[i]->help, "\n"), commands[i]->help);
    puts("\n`betafield COMMAND -h` explains a command, `betafield keys` every key of a study file.\n\n"
         "exit codes: 0 all done, 2 bad usage or input, 3 finished but some configurations failed,\n"
         "            70 internal error, 74 input/output error, 75 stopped early with everything saved");
    return 0;
}

static int explain(const bf_command *c)
{
    const size_t n = strlen(c->help);
    printf("usage: betafield %s\n\n%s%s", c->synopsis, c->help, n && c->help[n - 1] == '\n' ? "" : "\n");
    if (c->options) {
        putchar('\n');
        bf_args_help(c->options, stdout);
    }
    return 0;
}

/* Commands that a later version brings: who asks for one has not misspelt another, so no guess what was meant. */
static const char *const planned[] = { "measure", "sample" };

static int unknown(const char *name)
{
    for (size_t i = 0; i < sizeof planned / sizeof *planned; i++)
        if (strcmp(name, planned[i]) == 0) {
            fprintf(stderr, "betafield: %s is known but not available in this version\n", name);
            return 2;
        }
    const char *nearest = NULL;
    int least = bf_edit_limit(name) + 1;
    for (int i = 0; i < COMMANDS; i++) {
        const int d = bf_edit_distance(name, commands[i]->name);
        if (d >= least) continue;
        nearest = commands[i]->name;
        least = d;
    }
    fprintf(stderr, "betafield: unknown %s '%.60s'", name[0] == '-' ? "option" : "command", name);
    if (nearest) fprintf(stderr, "; did you mean '%s'?", nearest);
    fprintf(stderr, "\n`betafield -h` lists the commands\n");
    return 2;
}

int bf_command_end(const bf_command *c, const bf_status *s)
{
    if (s->code == BF_OK) return 0;
    fprintf(stderr, "betafield %s: %s\n", c->name, s->what);
    if (s->code == BF_E_USAGE) fprintf(stderr, "usage: betafield %s\n       betafield %s -h explains it\n", c->synopsis, c->name);
    if (s->code == BF_E_INTERNAL) fprintf(stderr, "this is a bug of betafield, found at %s\n", s->where);
    return bf_status_exit_code(s);
}

/* *ran: the command that ran, NULL when there was only something to explain. */
static int answer(int argc, char **argv, bf_fault_plan *faults, const bf_command **ran)
{
    *ran = NULL;
    if (argc < 2 || asks_help(argv[1])) return overview();
    if (strcmp(argv[1], "help") == 0) {
        if (argc == 2) return overview();
        return find(argv[2]) ? explain(find(argv[2])) : unknown(argv[2]);
    }
    const bf_command *c = find(strcmp(argv[1], "--version") == 0 ? "version" : argv[1]);
    if (!c) return unknown(argv[1]);
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (asks_help(argv[i])) return explain(c);
    *ran = c;
    return c->run(argc - 1, argv + 1, faults);
}

/* Output that is lost is a failure of its own; not of a run, whose results are files. */
int bf_cli(int argc, char **argv, bf_fault_plan *faults)
{
    const bf_command *ran;
    bf_process_prepare();
    const int code = answer(argc, argv, faults, &ran);
    const bool lost = fflush(stdout) != 0 || ferror(stdout);
    if (code != 0 || !lost || ran == &bf_command_run) return code;
    const bf_status s = BF_FAIL(BF_E_IO, "cannot write to stdout");
    fprintf(stderr, "betafield%s%s: %s\n", ran ? " " : "", ran ? ran->name : "", s.what);
    return bf_status_exit_code(&s);
}
