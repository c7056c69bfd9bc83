/* What the points of a rate-distortion curve say together: pure arithmetic on columns of numbers.
 *
 * Everywhere: rate (n), distortion (n) and beta (n) are finite, sorted by rate, and equal rates by falling distortion. All Local. */
#ifndef BF_MEASURE_CURVE_H
#define BF_MEASURE_CURVE_H
#include <stdint.h>

/* Two points nearer to each other in rate have no slope: what lies between collapsed models is rounding. Nats. */
#define BF_CURVE_LEAST_STEP 1e-3

/* The lower-left convex hull, from the point of least rate to the first one of least distortion: on (n) becomes 1 at its vertices,
 * 0 elsewhere. Points in the middle of an edge are no vertices. Returns how many there are. */
int bf_curve_hull(const double *rate, const double *distortion, int n, int8_t *on);
/* Monotonicity violations: rises (n) becomes 1 where a point has more distortion than the one before it, at more rate.
 * Returns how many, *largest the greatest rise in nats (0 without one). */
int bf_curve_rises(const double *distortion, int n, int8_t *rises, double *largest);
/* The area that the points dominate: what lies above and to the right of any of them, and below and to the left of the corner. */
double bf_curve_hypervolume(const double *rate, const double *distortion, int n, double corner_rate, double corner_distortion);

typedef struct bf_curve_slopes { int counted, agreeing; } bf_curve_slopes;
/* The check dD/dR = -beta. slope (n) becomes -dD/dR from the point before to this one, between (n) the logarithmic mean of their betas,
 * which is that slope's exact value on a stretch of reverse water-filling with as many dimensions in use; NaN at the first point and over
 * steps below BF_CURVE_LEAST_STEP. A slope agrees when it lies between its two betas, as it must on a curve of optima. */
bf_curve_slopes bf_curve_slope(const double *beta, const double *rate, const double *distortion, int n, double *slope, double *between);

typedef struct bf_curve { const double *rate, *distortion; int n; } bf_curve;
typedef struct bf_curve_gap { double area, from, to; } bf_curve_gap;
/* The signed area between two curves, integral of (D_b - D_a) dR over the rates from..to that both cover, each being straight between
 * its points: exact by the trapezoid rule on the points of both. Negative: b is the better one. NaN where they share no stretch of rates. */
bf_curve_gap bf_curve_area(const bf_curve *a, const bf_curve *b);
#endif
