/* betafield version: how this program was built and what it runs on, for bug reports and methods sections. */
#include "cli/cli.h"

#include <stdio.h>

#include "base/build.h"
#include "base/machine.h"
#include "farm/libraries.h"
#include "nn/kernels_info.h"

static void print_build(void)
{
    const bf_build *b = bf_build_info();
    printf("betafield %s (git %s)\n\n", b->version, b->git);
    printf("compiler      %s\nflags         %s\nbuilt with    %s\n\n", b->compiler, b->flags, b->libraries);
}

static void print_libraries(void)
{
    bf_library library[BF_LIBRARIES];
    bf_libraries(library);
    for (int i = 0; i < BF_LIBRARIES; i++) printf("%-13s %s\n", i ? "" : "runs with", library[i].name_version);
}

static void print_machine(void)
{
    bf_machine m;
    char text[256];
    bf_machine_read(&m);
    printf("\nprocessor     %s, %d online, %d usable by this process\n", m.cpu, m.processors, m.usable);
    printf("instructions  %s\n", m.features[0] ? m.features : "unknown");
    bf_kernel_identity("portable", text, sizeof text);
    printf("kernels       %s\n", text);
    if (bf_kernel_warning(text, sizeof text)) printf("warning       %s\n", text);
}

static int run(int argc, char **argv, bf_fault_plan *faults)
{
    (void)faults;
    if (argc > 1) {
        fprintf(stderr, "betafield version: unexpected argument '%s'; see betafield version -h\n", argv[1]);
        return 2;
    }
    print_build();
    print_libraries();
    print_machine();
    return 0;
}

const bf_command bf_command_version = {
    .name = "version", .synopsis = "betafield version",
    .help = "Prints how this program was built (commit, compiler, flags), the libraries it finds at run time, the\n"
            "processor and the kernels that results depend on. A warning line says when the BLAS library uses kernels\n"
            "for an older processor than this one.\n",
    .run = run,
};
