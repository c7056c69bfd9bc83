/* betafield pack: a study's folder becomes one file, written by all ranks. */
#include "cli/cli.h"

#include <stdio.h>

#include "base/file.h"
#include "store/library.h"
#include "store/pack.h"

typedef struct pack_options { const char *dir, *out; } pack_options;

static const bf_option options[] = {
    { "DIR", NULL, BF_OPTION_PLACE, offsetof(pack_options, dir), 0, "the study's folder, outputs/<study>" },
    { "-o", "FILE.h5", BF_OPTION_TEXT, offsetof(pack_options, out), 0, "the file to write; one that exists is replaced when the new one is whole" },
    { 0 },
};

/* Collective over world. */
static bf_status pack(const bf_comm *world, const pack_options *o)
{
    char tag[37];
    bf_uuid(tag);
    BF_TRY(bf_pack(world, o->dir, o->out, tag));
    if (bf_comm_rank(world) == 0) printf("%s: %lld bytes\n", o->out, (long long)bf_file_size(o->out));
    return BF_DONE;
}

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    pack_options o = { 0 };
    bf_comm *world = NULL;
    bf_status s = bf_comm_init(&argc, &argv, faults, &world);
    if (!s.code) s = bf_args_read(options, argc, argv, &o);
    if (!s.code && !o.out) s = BF_FAIL(BF_E_USAGE, "-o FILE.h5 is missing");
    if (!s.code) s = pack(world, &o);
    const bool speaks = !world || bf_comm_rank(world) == 0;
    const int code = speaks ? bf_command_end(&bf_command_pack, &s) : bf_status_exit_code(&s);
    bf_store_finalize(&world, code);
    return code;
}

const bf_command bf_command_pack = {
    .name = "pack",
    .synopsis = "pack DIR -o FILE.h5",
    .help =
        "copy a study into one self-contained file\n"
        "\n"
        "  betafield pack outputs/quickstart -o quickstart.h5\n"
        "  mpirun -n 8 betafield pack outputs/large -o large.h5\n"
        "\n"
        "The objects have the names they have through study.h5, and every axis has a dimension scale, so that\n"
        "xarray.open_datatree opens the file too. Every checksum is compared before the file gets its name.\n"
        "Works while the study runs: it then holds the configurations that have ended.\n",
    .run = command,
    .options = options,
};
