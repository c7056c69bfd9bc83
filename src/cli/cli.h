/* The commands. One file per command; nothing else reads argv. */
#ifndef BF_CLI_CLI_H
#define BF_CLI_CLI_H
#include "cli/args.h"
#include "comm/comm.h"

/* faults is NULL in the product; tests hand in a plan. Returns the process's exit code. */
int bf_cli(int argc, char **argv, bf_fault_plan *faults);

typedef struct bf_command {
    /* synopsis: "plan INPUT.yaml [--ranks N]". help: the text of `betafield NAME -h` after the synopsis; its first line is the
     * command's line in `betafield -h`. */
    const char *name, *synopsis, *help;
    /* argv[0] is the command's name. */
    int (*run)(int argc, char **argv, bf_fault_plan *faults);
    const bf_option *options;       /* printed after the help; NULL when the help names them */
} bf_command;
extern const bf_command bf_command_run, bf_command_plan, bf_command_status, bf_command_encode, bf_command_verify,
                        bf_command_pack, bf_command_data, bf_command_keys, bf_command_version, bf_command_curve, bf_command_align;

/* Prints "betafield NAME: what" to stderr, with the synopsis when the command line was wrong; nothing for BF_OK. The process's exit code. */
int bf_command_end(const bf_command *c, const bf_status *s);
#endif
