#include "betafield/betafield.h"

#include <stddef.h>

#include "base/build.h"
#include "cli/cli.h"

const char *betafield_version(void) { return bf_build_info()->version; }

int betafield_main(int argc, char **argv) { return bf_cli(argc, argv, NULL); }
