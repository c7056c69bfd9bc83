/* The product's program with a door the product does not have: BETAFIELD_FAULT=point:rank:nth:action[,...] plants faults. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "fault_parse.h"

int main(int argc, char **argv)
{
    bf_fault_plan plan = { 0 };
    const char *text = getenv("BETAFIELD_FAULT");
    bf_status s = text ? bf_fault_parse(text, &plan) : bf_status_ok();
    if (s.code) {
        fprintf(stderr, "BETAFIELD_FAULT: %s\n", s.what);
        return 2;
    }
    return bf_cli(argc, argv, &plan);
}
