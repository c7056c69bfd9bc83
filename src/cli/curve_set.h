/* Rate-distortion curves with all that is said about them, as columns: what curve.h5, the CSV file, the JSON object and the printed
 * tables are made from. */
#ifndef BF_CLI_CURVE_SET_H
#define BF_CLI_CURVE_SET_H
#include "cli/curve_points.h"
#include "cli/table_columns.h"

enum {      /* /curves: one row per curve */
    BF_CURVE_FOLDER, BF_CURVE_STUDY, BF_CURVE_LABEL, BF_CURVE_POINTS, BF_CURVE_HULL, BF_CURVE_RISES, BF_CURVE_LARGEST_RISE, BF_CURVE_SLOPES,
    BF_CURVE_AGREEING, BF_CURVE_HYPERVOLUME, BF_CURVE_REFERENCE, BF_CURVE_AREA, BF_CURVE_FROM, BF_CURVE_TO, BF_CURVE_MEAN, BF_CURVE_COLUMNS
};
enum {      /* /points: one row per point, those of a curve together */
    BF_POINT_CURVE, BF_POINT_CONFIG, BF_POINT_REPLICATES, BF_POINT_BETA, BF_POINT_RATE, BF_POINT_RATE_SE, BF_POINT_DISTORTION,
    BF_POINT_DISTORTION_SE, BF_POINT_ON_HULL, BF_POINT_RISES, BF_POINT_SLOPE, BF_POINT_SLOPE_BETA, BF_POINT_THEORY_RATE,
    BF_POINT_THEORY_DISTORTION, BF_POINT_THEORY_VARIANCE, BF_POINT_THEORY_EXCESS, BF_POINT_COLUMNS
};

typedef struct bf_curve_set {               /* zero it; bf_curve_set_free() */
    int             curves, points;
    bool            theory, replicates;     /* some point has an analytic one; is a mean */
    double          corner[2];              /* rate, distortion */
    bf_table_column curve[BF_CURVE_COLUMNS], point[BF_POINT_COLUMNS];
} bf_curve_set;

/* The columns of /metrics that are distortions: names, NULL past the end. */
const char *bf_curve_distortion(int i);
/* Local. corner NULL: the greatest rate and the greatest distortion of all points. */
BF_MUST_USE bf_status bf_curve_set_make(const bf_curve_points *p, const char *distortion, const double *corner, bf_curve_set *out);
void bf_curve_set_free(bf_curve_set *s);
#endif
