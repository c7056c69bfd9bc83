/* betafield curve: rate-distortion curves of finished and running studies, what they say alone and against each other. Reads published
 * files only; takes no lock, starts no MPI. */
#include "cli/cli.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/curve_print.h"
#include "cli/results.h"
#include "cli/whole_text.h"

typedef struct curve_options {
    bf_texts    dirs;
    const char *split, *distortion, *corner, *out, *csv;
    bool        json;
} curve_options;

static const bf_option options[] = {
    { "DIR", NULL, BF_OPTION_PLACES, offsetof(curve_options, dirs), 0, "a study's folder, or several: they are compared with the first" },
    { "--split", "train|test", BF_OPTION_TEXT, offsetof(curve_options, split), 0, "which part of the data (default test)" },
    { "--distortion", "NAME", BF_OPTION_TEXT, offsetof(curve_options, distortion), 0, "distortion (default), distortion_half, distortion_beta, distortion_refit" },
    { "--corner", "R,D", BF_OPTION_TEXT, offsetof(curve_options, corner), 0, "corner of the hypervolume (default: the greatest rate and distortion)" },
    { "-o", "FILE.h5", BF_OPTION_TEXT, offsetof(curve_options, out), 0, "write the curves as HDF5, described in outputs/README.md" },
    { "--csv", "FILE", BF_OPTION_TEXT, offsetof(curve_options, csv), 0, "write the points as CSV" },
    { "--json", NULL, BF_OPTION_FLAG, offsetof(curve_options, json), 0, "print one JSON object instead of tables" },
    { 0 },
};

static bf_status check_distortion(const char *name)
{
    for (int i = 0; bf_curve_distortion(i); i++)
        if (strcmp(name, bf_curve_distortion(i)) == 0) return BF_DONE;
    return BF_FAIL(BF_E_USAGE, "--distortion: expected distortion, distortion_half, distortion_beta or distortion_refit, got '%.60s'", name);
}

static bf_status read_corner(const char *text, double corner[2])
{
    char *comma, *end = NULL;
    corner[0] = strtod(text, &comma);
    if (comma != text && *comma == ',') corner[1] = strtod(comma + 1, &end);
    if (end && end != comma + 1 && !*end && isfinite(corner[0]) && isfinite(corner[1])) return BF_DONE;
    return BF_FAIL(BF_E_USAGE, "--corner: expected a rate and a distortion as R,D, got '%.60s'", text);
}

static bf_status write_h5(const bf_curve_set *set, const bf_curve_about *about, const char *path, const char *tag)
{
    char now[32];
    bf_clock_iso8601(bf_clock_epoch(), now);
    const bf_attr attrs[] = {
        { .name = "created", .type = 's', .text = now },
        { .name = "split", .type = 's', .text = about->split },
        { .name = "distortion", .type = 's', .text = about->distortion },
        { .name = "corner_rate", .type = 'f', .real = set->corner[0] },
        { .name = "corner_distortion", .type = 'f', .real = set->corner[1] },
    };
    const bf_stored_table tables[] = {
        { "/curve", "curves", set->curves, set->curve, BF_CURVE_COLUMNS },
        { "/point", "points", set->points, set->point, BF_POINT_COLUMNS },
    };
    return bf_table_file_write(path, tag, attrs, sizeof attrs / sizeof attrs[0], tables, 2);
}

/* What can be printed, in the three ways it can be. */
typedef struct printed { const bf_curve_points *points; const bf_curve_set *set; const bf_curve_about *about; } printed;

static bf_status print_csv(const void *self, FILE *to)
{
    bf_curve_print_csv(((const printed *)self)->set, to);
    return BF_DONE;
}

static bf_status print_json(const void *self, FILE *to)
{
    const printed *p = self;
    bf_curve_print_json(p->set, p->about, to);
    return BF_DONE;
}

static bf_status print_text(const void *self, FILE *to)
{
    const printed *p = self;
    return bf_curve_print_text(p->points, p->set, p->about, to);
}

static bf_status make(const curve_options *o)
{
    bf_curve_points points = { 0 };
    bf_curve_set set = { 0 };
    double corner[2];
    int split;
    char tag[37];
    const bf_curve_about about = { o->split, o->distortion };
    BF_TRY(bf_results_split(o->split, &split));
    BF_TRY(check_distortion(o->distortion));
    if (o->corner) BF_TRY(read_corner(o->corner, corner));
    BF_TRY(bf_results_spare(&o->dirs, o->out, o->csv));
    bf_uuid(tag);
    bf_status s = bf_curve_points_read(&o->dirs, split, o->distortion, &points);
    if (!s.code) s = bf_curve_set_make(&points, o->distortion, o->corner ? corner : NULL, &set);
    if (!s.code && o->out) s = write_h5(&set, &about, o->out, tag);
    const printed p = { &points, &set, &about };
    if (!s.code && o->csv) s = bf_whole_text(print_csv, &p, o->csv, tag);
    if (!s.code) s = bf_whole_text(o->json ? print_json : print_text, &p, NULL, NULL);
    bf_curve_set_free(&set);
    bf_curve_points_free(&points);
    return s;
}

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    (void)faults;
    curve_options o = { .split = "test", .distortion = "distortion" };
    bf_status s = bf_args_read(options, argc, argv, &o);
    if (!s.code) s = make(&o);
    return bf_command_end(&bf_command_curve, &s);
}

const bf_command bf_command_curve = {
    .name = "curve",
    .synopsis = "curve DIR... [--split train|test] [--distortion NAME] [--corner R,D] [-o FILE.h5] [--csv FILE] [--json]",
    .help =
        "rate-distortion curves of studies, compared\n"
        "\n"
        "  betafield curve outputs/patches\n"
        "  betafield curve outputs/separate outputs/conditioned -o curve.h5 --csv curve.csv\n"
        "\n"
        "Configurations that differ in objective.beta and seed only are on one curve; the seeds of one\n"
        "beta are averaged, with the standard error of the mean. A beta-conditioned configuration is a\n"
        "curve over its grid. Unfinished, diverged and failed configurations are left out, so a running\n"
        "study can be asked.\n"
        "\n"
        "Says of each curve: its lower-left convex hull, monotonicity violations, the area it dominates,\n"
        "and whether its slope -dD/dR is the beta trained, as it is at an optimum; against the first\n"
        "study's curve of the same keys (else its first): the signed area between them over their common\n"
        "rates. With gaussian data the analytic curve stands beside it; the test sample's covariance is\n"
        "its own, so compare on --split train with data.gaussian.whiten_sample.\n",
    .run = command,
    .options = options,
};
