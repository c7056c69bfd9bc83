/* betafield version: how this program was built and what it runs on, for bug reports and methods sections. */
#include "cli/cli.h"

#include <stdio.h>

#include "base/build.h"
#include "base/machine.h"
#include "farm/libraries.h"
#include "nn/backend.h"
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
    char text[320];
    bf_machine_read(&m);
    printf("\nprocessor     %s, %d online, %d usable by this process\n", m.cpu, m.processors, m.usable);
    printf("instructions  %s\n", m.features[0] ? m.features : "unknown");
    bf_kernel_report(bf_backend_find("auto"), text, sizeof text);
    printf("kernels       %s\n", text);
    if (bf_kernel_warning(text, sizeof text)) printf("warning       %s\n", text);
}

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    (void)faults;
    static const bf_option no_options[] = { { 0 } };
    bf_status s = bf_args_read(no_options, argc, argv, NULL);
    if (!s.code) {
        print_build();
        print_libraries();
        print_machine();
    }
    return bf_command_end(&bf_command_version, &s);
}

const bf_command bf_command_version = {
    .name = "version",
    .synopsis = "version",
    .help =
        "build report: compiler, flags, libraries, processor, kernels\n"
        "\n"
        "Prints how this program was built, the libraries it finds at run time, and the kernels that the\n"
        "bits of results depend on: those of train.backend: auto. A warning line says when a library uses\n"
        "kernels for a lesser processor.\n",
    .run = command,
};
