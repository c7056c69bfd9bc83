#include "cli/curve_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/curve.h"

static const bf_column_kind curve_kind[BF_CURVE_COLUMNS] = {
    [BF_CURVE_FOLDER] = { "folder", BF_COLUMN_TEXT },           [BF_CURVE_STUDY] = { "study", BF_COLUMN_TEXT },
    [BF_CURVE_LABEL] = { "label", BF_COLUMN_TEXT },             [BF_CURVE_POINTS] = { "points", BF_COLUMN_I64 },
    [BF_CURVE_HULL] = { "hull", BF_COLUMN_I64 },                [BF_CURVE_RISES] = { "rises", BF_COLUMN_I64 },
    [BF_CURVE_LARGEST_RISE] = { "largest_rise", BF_COLUMN_F64 }, [BF_CURVE_SLOPES] = { "slopes", BF_COLUMN_I64 },
    [BF_CURVE_AGREEING] = { "slopes_agreeing", BF_COLUMN_I64 }, [BF_CURVE_HYPERVOLUME] = { "hypervolume", BF_COLUMN_F64 },
    [BF_CURVE_REFERENCE] = { "reference", BF_COLUMN_I64 },      [BF_CURVE_AREA] = { "area", BF_COLUMN_F64 },
    [BF_CURVE_FROM] = { "area_from", BF_COLUMN_F64 },           [BF_CURVE_TO] = { "area_to", BF_COLUMN_F64 },
    [BF_CURVE_MEAN] = { "mean_difference", BF_COLUMN_F64 },
};
static const bf_column_kind point_kind[BF_POINT_COLUMNS] = {
    [BF_POINT_CURVE] = { "curve", BF_COLUMN_I64 },               [BF_POINT_CONFIG] = { "config", BF_COLUMN_I64 },
    [BF_POINT_REPLICATES] = { "replicates", BF_COLUMN_I64 },     [BF_POINT_BETA] = { "beta", BF_COLUMN_F64 },
    [BF_POINT_RATE] = { "rate", BF_COLUMN_F64 },                 [BF_POINT_RATE_SE] = { "rate_se", BF_COLUMN_F64 },
    [BF_POINT_DISTORTION] = { "distortion", BF_COLUMN_F64 },     [BF_POINT_DISTORTION_SE] = { "distortion_se", BF_COLUMN_F64 },
    [BF_POINT_ON_HULL] = { "on_hull", BF_COLUMN_I8 },            [BF_POINT_RISES] = { "rises", BF_COLUMN_I8 },
    [BF_POINT_SLOPE] = { "slope", BF_COLUMN_F64 },               [BF_POINT_SLOPE_BETA] = { "slope_beta", BF_COLUMN_F64 },
    [BF_POINT_THEORY_RATE] = { "theory_rate", BF_COLUMN_F64 },   [BF_POINT_THEORY_DISTORTION] = { "theory_distortion", BF_COLUMN_F64 },
    [BF_POINT_THEORY_VARIANCE] = { "theory_variance", BF_COLUMN_F64 }, [BF_POINT_THEORY_EXCESS] = { "theory_excess", BF_COLUMN_F64 },
};

/* --- accountings ------------------------------------------------------------------------------------------------------ */

static double own(const bf_water *w) { return w->variance; }
static double half(const bf_water *w) { (void)w; return 0.5; }
static double times_beta(const bf_water *w) { return w->level; }
static double refit(const bf_water *w) { return w->sse / w->width; }

/* Which variance each distortion of /metrics is charged with. */
static const struct { const char *name; double (*variance)(const bf_water *w); } accounting[] = {
    { "distortion", own }, { "distortion_half", half }, { "distortion_beta", times_beta }, { "distortion_refit", refit },
};
enum { ACCOUNTINGS = sizeof accounting / sizeof accounting[0] };

const char *bf_curve_distortion(int i) { return i < ACCOUNTINGS ? accounting[i].name : NULL; }

static double theory_distortion(const char *distortion, const bf_water *w)
{
    int i = 0;
    while (i < ACCOUNTINGS - 1 && strcmp(accounting[i].name, distortion) != 0) i++;
    return bf_water_distortion(w, accounting[i].variance(w));
}

/* --- columns ---------------------------------------------------------------------------------------------------------- */

/* Bytes that hold any text of the curves with its NUL. */
static int widest(const bf_curve_points *p)
{
    int width = 1;
    for (int c = 0; c < p->curves; c++) {
        const bf_curve_study *study = &p->study[p->curve[c].study];
        width = bf_family_width(width, &p->curve[c].family, study->dir, study->name);
    }
    return width;
}

static double finite_or_nan(double v) { return isfinite(v) ? v : NAN; }

static void put_theory(const bf_curve_point *at, const char *distortion, bf_table_column *c, int row)
{
    const bool is_loss = strcmp(distortion, "distortion") == 0;
    const double rate = at->has_theory ? finite_or_nan(at->theory.rate) : NAN;
    const double d = at->has_theory ? finite_or_nan(theory_distortion(distortion, &at->theory)) : NAN;
    bf_column_reals(&c[BF_POINT_THEORY_RATE])[row] = rate;
    bf_column_reals(&c[BF_POINT_THEORY_DISTORTION])[row] = d;
    bf_column_reals(&c[BF_POINT_THEORY_VARIANCE])[row] = at->has_theory ? at->theory.variance : NAN;
    bf_column_reals(&c[BF_POINT_THEORY_EXCESS])[row] = is_loss ? at->distortion + at->beta * at->rate - (d + at->beta * rate) : NAN;
}

static void put_point(const bf_curve_point *at, const char *distortion, bf_table_column *c, int row)
{
    bf_column_integers(&c[BF_POINT_CURVE])[row] = at->curve;
    bf_column_integers(&c[BF_POINT_CONFIG])[row] = at->config;
    bf_column_integers(&c[BF_POINT_REPLICATES])[row] = at->replicates;
    bf_column_reals(&c[BF_POINT_BETA])[row] = at->beta;
    bf_column_reals(&c[BF_POINT_RATE])[row] = at->rate;
    bf_column_reals(&c[BF_POINT_RATE_SE])[row] = at->rate_se;
    bf_column_reals(&c[BF_POINT_DISTORTION])[row] = at->distortion;
    bf_column_reals(&c[BF_POINT_DISTORTION_SE])[row] = at->distortion_se;
    put_theory(at, distortion, c, row);
}

/* --- curves ----------------------------------------------------------------------------------------------------------- */

static void put_name(const bf_curve_points *p, bf_curve_set *s, int curve)
{
    const bf_curve_study *study = &p->study[p->curve[curve].study];
    bf_column_put_text(&s->curve[BF_CURVE_FOLDER], curve, study->dir);
    bf_column_put_text(&s->curve[BF_CURVE_STUDY], curve, study->name);
    bf_column_put_text(&s->curve[BF_CURVE_LABEL], curve, p->curve[curve].family.label);
}

/* What is said of one curve alone; its points are first .. first+n-1. */
static void put_curve(bf_curve_set *s, int curve, int first, int n)
{
    const double *beta = bf_column_reals(&s->point[BF_POINT_BETA]) + first;
    const double *rate = bf_column_reals(&s->point[BF_POINT_RATE]) + first, *distortion = bf_column_reals(&s->point[BF_POINT_DISTORTION]) + first;
    const bf_curve_slopes slopes = bf_curve_slope(beta, rate, distortion, n, bf_column_reals(&s->point[BF_POINT_SLOPE]) + first,
                                                  bf_column_reals(&s->point[BF_POINT_SLOPE_BETA]) + first);
    bf_column_integers(&s->curve[BF_CURVE_POINTS])[curve] = n;
    bf_column_integers(&s->curve[BF_CURVE_HULL])[curve] = bf_curve_hull(rate, distortion, n, bf_column_flags(&s->point[BF_POINT_ON_HULL]) + first);
    bf_column_integers(&s->curve[BF_CURVE_RISES])[curve] = bf_curve_rises(distortion, n, bf_column_flags(&s->point[BF_POINT_RISES]) + first,
                                                                &bf_column_reals(&s->curve[BF_CURVE_LARGEST_RISE])[curve]);
    bf_column_integers(&s->curve[BF_CURVE_SLOPES])[curve] = slopes.counted;
    bf_column_integers(&s->curve[BF_CURVE_AGREEING])[curve] = slopes.agreeing;
    bf_column_reals(&s->curve[BF_CURVE_HYPERVOLUME])[curve] = bf_curve_hypervolume(rate, distortion, n, s->corner[0], s->corner[1]);
}

/* The first study's curve of the same combination, else its first. */
static int reference_of(const bf_curve_points *p, int curve)
{
    for (int c = 0; p->curve[curve].study > 0 && c < curve && p->curve[c].study == 0; c++)
        if (p->curve[c].family.key == p->curve[curve].family.key) return c;
    return curve > 0 ? 0 : -1;
}

static bf_curve slice(const bf_curve_set *s, const int *first, int curve)
{
    return (bf_curve){ bf_column_reals(&s->point[BF_POINT_RATE]) + first[curve], bf_column_reals(&s->point[BF_POINT_DISTORTION]) + first[curve],
                       first[curve + 1] - first[curve] };
}

static void put_comparison(const bf_curve_points *p, bf_curve_set *s, const int *first, int curve)
{
    const int reference = reference_of(p, curve);
    bf_curve_gap gap = { NAN, NAN, NAN };
    if (reference >= 0) {
        const bf_curve a = slice(s, first, reference), b = slice(s, first, curve);
        gap = bf_curve_area(&a, &b);
    }
    bf_column_integers(&s->curve[BF_CURVE_REFERENCE])[curve] = reference;
    bf_column_reals(&s->curve[BF_CURVE_AREA])[curve] = gap.area;
    bf_column_reals(&s->curve[BF_CURVE_FROM])[curve] = gap.from;
    bf_column_reals(&s->curve[BF_CURVE_TO])[curve] = gap.to;
    bf_column_reals(&s->curve[BF_CURVE_MEAN])[curve] = gap.area / (gap.to - gap.from);
}

static bf_status put_curves(const bf_curve_points *p, bf_curve_set *s)
{
    int *first = malloc(((size_t)p->curves + 1) * sizeof *first);
    if (!first) return BF_FAIL(BF_E_MEMORY, "no memory for %d curves", p->curves);
    for (int i = p->points - 1; i >= 0; i--) first[p->at[i].curve] = i;
    first[p->curves] = p->points;
    for (int c = 0; c < p->curves; c++) {
        put_name(p, s, c);
        put_curve(s, c, first[c], first[c + 1] - first[c]);
        put_comparison(p, s, first, c);
    }
    free(first);
    return BF_DONE;
}

static void choose_corner(const bf_curve_points *p, const double *given, double corner[2])
{
    corner[0] = given ? given[0] : p->at[0].rate;
    corner[1] = given ? given[1] : p->at[0].distortion;
    for (int i = 1; !given && i < p->points; i++) {
        corner[0] = fmax(corner[0], p->at[i].rate);
        corner[1] = fmax(corner[1], p->at[i].distortion);
    }
}

bf_status bf_curve_set_make(const bf_curve_points *p, const char *distortion, const double *corner, bf_curve_set *out)
{
    const int width = widest(p);
    *out = (bf_curve_set){ .curves = p->curves, .points = p->points };
    bf_status s = bf_table_columns_make(curve_kind, BF_CURVE_COLUMNS, p->curves, width, out->curve);
    if (!s.code) s = bf_table_columns_make(point_kind, BF_POINT_COLUMNS, p->points, width, out->point);
    if (!s.code) {
        choose_corner(p, corner, out->corner);
        for (int i = 0; i < p->points; i++) {
            put_point(&p->at[i], distortion, out->point, i);
            out->theory |= p->at[i].has_theory;
            out->replicates |= p->at[i].replicates > 1;
        }
        s = put_curves(p, out);
    }
    if (s.code) bf_curve_set_free(out);
    return s;
}

void bf_curve_set_free(bf_curve_set *s)
{
    bf_table_columns_free(s->curve, BF_CURVE_COLUMNS);
    bf_table_columns_free(s->point, BF_POINT_COLUMNS);
    memset(s, 0, sizeof *s);
}
