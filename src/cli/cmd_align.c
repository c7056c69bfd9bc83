/* betafield align: whether latent dimensions mean the same in models that differ in beta alone. Reads published files only; takes no lock, starts
 * no MPI. */
#include "cli/cli.h"

#include <stdbool.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/align_print.h"
#include "cli/results.h"
#include "cli/whole_text.h"

typedef struct align_options {
    bf_texts    dirs;
    const char *split, *out, *csv;
    bool        all, json;
} align_options;

static const bf_option options[] = {
    { "DIR", NULL, BF_OPTION_PLACES, offsetof(align_options, dirs), 0, "a study's folder, or several" },
    { "--split", "train|test", BF_OPTION_TEXT, offsetof(align_options, split), 0, "which part of the data (default test)" },
    { "--all", NULL, BF_OPTION_FLAG, offsetof(align_options, all), 0, "compare every two betas of a family, not neighbours alone" },
    { "-o", "FILE.h5", BF_OPTION_TEXT, offsetof(align_options, out), 0, "write the numbers as HDF5, described in outputs/README.md" },
    { "--csv", "FILE", BF_OPTION_TEXT, offsetof(align_options, csv), 0, "write the pairs as CSV" },
    { "--json", NULL, BF_OPTION_FLAG, offsetof(align_options, json), 0, "print one JSON object instead of tables" },
    { 0 },
};

static bf_status write_h5(const bf_align_set *set, int split, const char *path, const char *tag)
{
    char now[32];
    bf_clock_iso8601(bf_clock_epoch(), now);
    const bf_attr attrs[] = {
        { .name = "created", .type = 's', .text = now },
        { .name = "split", .type = 's', .text = bf_align_splits[split] },
    };
    const bf_stored_table tables[] = {
        { "/family", "families", set->families, set->family, BF_FAMILY_COLUMNS },
        { "/pair", "pairs", set->pairs, set->pair, BF_PAIR_COLUMNS },
    };
    return bf_table_file_write(path, tag, attrs, sizeof attrs / sizeof attrs[0], tables, 2);
}

/* What can be printed, in the three ways it can be. */
typedef struct printed { const bf_align_members *members; const bf_align_set *set; int split; } printed;

static bf_status print_csv(const void *self, FILE *to)
{
    bf_align_print_csv(((const printed *)self)->set, to);
    return BF_DONE;
}

static bf_status print_json(const void *self, FILE *to)
{
    const printed *p = self;
    bf_align_print_json(p->set, p->split, to);
    return BF_DONE;
}

static bf_status print_text(const void *self, FILE *to)
{
    const printed *p = self;
    return bf_align_print_text(p->members, p->set, p->split, to);
}

static bf_status make(const align_options *o)
{
    bf_align_members members = { 0 };
    bf_align_set set = { 0 };
    int split;
    char tag[37];
    BF_TRY(bf_results_split(o->split, &split));
    BF_TRY(bf_results_spare(&o->dirs, o->out, o->csv));
    bf_uuid(tag);
    bf_status s = bf_align_members_read(&o->dirs, split, &members);
    if (!s.code) s = bf_align_set_make(&members, split, o->all, &set);
    if (!s.code && o->out) s = write_h5(&set, split, o->out, tag);
    const printed p = { &members, &set, split };
    if (!s.code && o->csv) s = bf_whole_text(print_csv, &p, o->csv, tag);
    if (!s.code) s = bf_whole_text(o->json ? print_json : print_text, &p, NULL, NULL);
    bf_align_set_free(&set);
    bf_align_members_free(&members);
    return s;
}

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    (void)faults;
    align_options o = { .split = "test" };
    bf_status s = bf_args_read(options, argc, argv, &o);
    if (!s.code) s = make(&o);
    return bf_command_end(&bf_command_align, &s);
}

const bf_command bf_command_align = {
    .name = "align",
    .synopsis = "align DIR... [--split train|test] [--all] [-o FILE.h5] [--csv FILE] [--json]",
    .help =
        "whether latent dimensions keep their meaning from beta to beta\n"
        "\n"
        "  betafield align outputs/patches\n"
        "  betafield align outputs/separate outputs/conditioned --all -o align.h5\n"
        "\n"
        "Compares posteriors of the same samples, at most 4096 evenly spaced ones, between models that\n"
        "differ in objective.beta alone: each with the one of the next smaller beta. A beta-conditioned\n"
        "configuration is a family of its own, of the betas in output.betas and the one nearest 1 of its\n"
        "grid. Needs stored posteriors (output.posterior, the default); unfinished, diverged and failed\n"
        "configurations are left out.\n"
        "\n"
        "Says of each pair: how far a dimension's posterior means correlate with those of the same\n"
        "dimension, and of its best match; the first over the second, which is 1 when every dimension\n"
        "kept its place; and how far the distributions of the draws have moved. The means of a family\n"
        "put one model for every beta beside separately trained ones.\n",
    .run = command,
    .options = options,
};
