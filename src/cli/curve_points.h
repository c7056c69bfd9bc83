/* The points of the rate-distortion plane that studies have reached so far: one for every finished configuration, or for every beta of one
 * that covers a range. Configurations that differ in objective.beta and seed only are on one curve; seeds of one beta are averaged. */
#ifndef BF_CLI_CURVE_POINTS_H
#define BF_CLI_CURVE_POINTS_H
#include "cli/args.h"
#include "cli/family.h"
#include "measure/water_filling.h"

typedef struct bf_curve_point {
    int      curve, config, replicates;     /* config: the least id where replicates were averaged */
    double   beta, rate, rate_se, distortion, distortion_se;
    bool     has_theory;
    bf_water theory;
} bf_curve_point;

typedef struct bf_curve_study { const char *dir; char name[65]; int configs, used; } bf_curve_study;        /* used: have points */
typedef struct bf_curve_name { int study; bf_family family; } bf_curve_name;

typedef struct bf_curve_points {            /* zero it; bf_curve_points_free() */
    int studies, curves, points, curve_room, point_room;
    bf_curve_study study[BF_MAX_TEXTS];
    bf_curve_name  *curve;
    bf_curve_point *at;                     /* by curve, then by rising rate, equal rates by falling distortion */
} bf_curve_points;

/* Local. Reads every folder's study.yaml and study.h5. split: 0 train, 1 test. distortion: a column of /metrics.
 * BF_E_INPUT when a folder is no study, and when no configuration of any has a point. */
BF_MUST_USE bf_status bf_curve_points_read(const bf_texts *dirs, int split, const char *distortion, bf_curve_points *out);
void bf_curve_points_free(bf_curve_points *p);
#endif
