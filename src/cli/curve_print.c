#include "cli/curve_print.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "cli/text.h"

enum { MOST_POINTS = 400 };         /* more than these are a file's business */

/* --- for people ------------------------------------------------------------------------------------------------------- */

static void point_cells(const bf_curve_set *s, int i, bf_table *t)
{
    const bf_table_column *c = s->point;
    bf_table_number(t, "%.4g", bf_column_real(&c[BF_POINT_BETA], i));
    bf_table_number(t, "%.4f", bf_column_real(&c[BF_POINT_RATE], i));
    if (s->replicates) bf_table_number(t, "%.4f", bf_column_real(&c[BF_POINT_RATE_SE], i));
    bf_table_number(t, "%.4f", bf_column_real(&c[BF_POINT_DISTORTION], i));
    if (s->replicates) bf_table_number(t, "%.4f", bf_column_real(&c[BF_POINT_DISTORTION_SE], i));
    bf_table_cell(t, "%s%s", bf_column_flag(&c[BF_POINT_ON_HULL], i) ? "*" : "", bf_column_flag(&c[BF_POINT_RISES], i) ? "^" : "");
    bf_table_number(t, "%.4g", bf_column_real(&c[BF_POINT_SLOPE], i));
    bf_table_number(t, "%.4g", bf_column_real(&c[BF_POINT_SLOPE_BETA], i));
    if (!s->theory) return;
    bf_table_number(t, "%.4f", bf_column_real(&c[BF_POINT_THEORY_RATE], i));
    bf_table_number(t, "%.4f", bf_column_real(&c[BF_POINT_THEORY_DISTORTION], i));
    bf_table_number(t, "%.4f", bf_column_real(&c[BF_POINT_THEORY_EXCESS], i));
}

static void point_headings(const bf_curve_set *s, bf_table *t)
{
    bf_table_cell(t, "beta");
    bf_table_cell(t, "rate");
    if (s->replicates) bf_table_cell(t, "+-");
    bf_table_cell(t, "distortion");
    if (s->replicates) bf_table_cell(t, "+-");
    bf_table_cell(t, "%s", "");
    bf_table_cell(t, "-dD/dR");
    bf_table_cell(t, "its beta");
    if (!s->theory) return;
    bf_table_cell(t, "theory rate");
    bf_table_cell(t, "distortion");
    bf_table_cell(t, "excess");
}

static const char *label_of(const bf_curve_set *s, int curve)
{
    const char *label = bf_column_text(&s->curve[BF_CURVE_LABEL], curve);
    return *label ? label : "all configurations";
}

/* One curve's points; *next is the first, and then the first of the next curve. */
static bf_status print_points(const bf_curve_set *s, int curve, int *next, FILE *to)
{
    bf_table *t = bf_table_create(s->replicates ? s->theory ? "rrrrrlrrrrr" : "rrrrrlrr" : s->theory ? "rrrlrrrrr" : "rrrlrr");
    if (!t) return BF_FAIL(BF_E_MEMORY, "no memory for a table");
    fprintf(to, "\ncurve %d  %s: %s\n", curve, bf_column_text(&s->curve[BF_CURVE_FOLDER], curve), label_of(s, curve));
    point_headings(s, t);
    for (; *next < s->points && bf_column_integer(&s->point[BF_POINT_CURVE], *next) == curve; ++*next) point_cells(s, *next, t);
    bf_status status = bf_table_print(t, to);
    bf_table_destroy(&t);
    return status;
}

static bf_status print_summary(const bf_curve_set *s, FILE *to)
{
    static const char *const heading[] = { "curve", "points", "hull", "rises", "greatest", "slopes", "hypervolume", "against", "area", "over rates", "per nat" };
    const bf_table_column *c = s->curve;
    bf_table *t = bf_table_create(s->curves > 1 ? "rrrrrrrrrrr" : "rrrrrrr");
    if (!t) return BF_FAIL(BF_E_MEMORY, "no memory for a table");
    for (int i = 0; i < (s->curves > 1 ? 11 : 7); i++) bf_table_cell(t, "%s", heading[i]);
    for (int i = 0; i < s->curves; i++) {
        const long long reference = bf_column_integer(&c[BF_CURVE_REFERENCE], i);
        bf_table_cell(t, "%d", i);
        bf_table_cell(t, "%lld", bf_column_integer(&c[BF_CURVE_POINTS], i));
        bf_table_cell(t, "%lld", bf_column_integer(&c[BF_CURVE_HULL], i));
        bf_table_cell(t, "%lld", bf_column_integer(&c[BF_CURVE_RISES], i));
        bf_table_number(t, "%.2g", bf_column_real(&c[BF_CURVE_LARGEST_RISE], i));
        bf_table_cell(t, "%lld/%lld", bf_column_integer(&c[BF_CURVE_AGREEING], i), bf_column_integer(&c[BF_CURVE_SLOPES], i));
        bf_table_number(t, "%.4f", bf_column_real(&c[BF_CURVE_HYPERVOLUME], i));
        if (s->curves == 1) continue;
        const double from = bf_column_real(&c[BF_CURVE_FROM], i), over = bf_column_real(&c[BF_CURVE_TO], i);
        if (reference < 0) bf_table_cell(t, "-");
        else bf_table_cell(t, "%lld", reference);
        bf_table_number(t, "%.4f", bf_column_real(&c[BF_CURVE_AREA], i));
        if (isfinite(from)) bf_table_cell(t, "%.4g-%.4g", from, over);
        else bf_table_cell(t, "-");
        bf_table_number(t, "%.4f", bf_column_real(&c[BF_CURVE_MEAN], i));
    }
    fputc('\n', to);
    bf_status status = bf_table_print(t, to);
    bf_table_destroy(&t);
    return status;
}

static void print_legend(const bf_curve_set *s, const bf_curve_about *about, FILE *to)
{
    const bool own = strcmp(about->distortion, "distortion") == 0;
    fprintf(to, "\n* on the lower-left convex hull; ^ a rise: more distortion than the point before, at more rate\n");
    fprintf(to, "-dD/dR is from the point before; ");
    if (own) fprintf(to, "between optima it lies between their betas, near the mean called its beta,\nand slopes counts the pairs where it does\n");
    else fprintf(to, "models are optimal for `distortion`, so here it need not be near its beta\n");
    fprintf(to, "hypervolume: the dominated area below rate %.6g, distortion %.6g\n", s->corner[0], s->corner[1]);
    if (s->theory)
        fprintf(to, "theory: reverse water-filling with the eigenvalues given%s\n", own ? "; excess: distortion + beta rate above it" : "");
    if (s->replicates) fprintf(to, "+-: standard error of the mean over seeds\n");
    if (s->curves > 1)
        fprintf(to, "area: integral over their common rates of the distortion above that of the curve it stands against;\nnegative is better\n");
}

bf_status bf_curve_print_text(const bf_curve_points *p, const bf_curve_set *s, const bf_curve_about *about, FILE *to)
{
    fprintf(to, "rate and %s of the %s part, nats\n", about->distortion, about->split);
    for (int i = 0; i < p->studies; i++)
        fprintf(to, "%s: %d of %d configurations have points\n", p->study[i].dir, p->study[i].used, p->study[i].configs);
    if (s->points > MOST_POINTS) fprintf(to, "\n%d points of %d curves: too many to print; -o and --csv write them\n", s->points, s->curves);
    for (int c = 0, next = 0; c < s->curves && s->points <= MOST_POINTS; c++) BF_TRY(print_points(s, c, &next, to));
    BF_TRY(print_summary(s, to));
    print_legend(s, about, to);
    return BF_DONE;
}

/* --- for programs ----------------------------------------------------------------------------------------------------- */

void bf_curve_print_json(const bf_curve_set *s, const bf_curve_about *about, FILE *to)
{
    char a[32], b[32];
    fprintf(to, "{\"split\": \"%s\", \"distortion\": \"%s\", \"corner\": [%s, %s],\n", about->split, about->distortion, bf_json_number(s->corner[0], a),
            bf_json_number(s->corner[1], b));
    bf_table_json("curves", s->curve, BF_CURVE_COLUMNS, s->curves, to);
    fprintf(to, ",\n");
    bf_table_json("points", s->point, BF_POINT_COLUMNS, s->points, to);
    fprintf(to, "}\n");
}

void bf_curve_print_csv(const bf_curve_set *s, FILE *to)
{
    enum { NAMES = 3 };         /* the first columns of a curve: its folder, study and label */
    bf_table_csv(s->curve, NAMES, s->point, BF_POINT_COLUMNS, BF_POINT_CURVE, s->points, to);
}
