#include "measure/curve.h"

#include <math.h>
#include <string.h>

/* Twice the area of the triangle a b c: positive when it turns left at b. */
static double turn(const double *x, const double *y, int a, int b, int c)
{
    return (x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a]);
}

/* The last vertex found so far before i; -1 when there is none. Marks are the stack. */
static int vertex_before(const int8_t *on, int i)
{
    while (--i >= 0 && !on[i]) {}
    return i;
}

int bf_curve_hull(const double *rate, const double *distortion, int n, int8_t *on)
{
    int vertices = 0;
    double least = INFINITY;
    memset(on, 0, (size_t)n);
    for (int i = 0; i < n; i++) {
        if (!(distortion[i] < least)) continue;         /* another point has no more of either */
        least = distortion[i];
        for (int top = vertex_before(on, i); top >= 0; top = vertex_before(on, i)) {
            const int below = vertex_before(on, top);
            if (rate[top] < rate[i] && (below < 0 || turn(rate, distortion, below, top, i) > 0.0)) break;
            on[top] = 0;
            vertices--;
        }
        on[i] = 1;
        vertices++;
    }
    return vertices;
}

int bf_curve_rises(const double *distortion, int n, int8_t *rises, double *largest)
{
    int count = 0;
    *largest = 0.0;
    for (int i = 0; i < n; i++) {
        const double rise = i > 0 ? distortion[i] - distortion[i - 1] : 0.0;
        rises[i] = rise > 0.0;
        count += rises[i];
        *largest = fmax(*largest, rise);
    }
    return count;
}

double bf_curve_hypervolume(const double *rate, const double *distortion, int n, double corner_rate, double corner_distortion)
{
    double area = 0.0, least = corner_distortion;
    for (int i = 0; i < n && rate[i] < corner_rate; i++) {
        const double right = i + 1 < n ? fmin(rate[i + 1], corner_rate) : corner_rate;
        least = fmin(least, distortion[i]);
        area += (right - rate[i]) * (corner_distortion - least);
    }
    return area;
}

/* (b - a) / log(b / a); its limits are a where both are equal and 0 where one is 0. */
static double logarithmic_mean(double a, double b) { return a == b ? a : (b - a) / log(b / a); }

bf_curve_slopes bf_curve_slope(const double *beta, const double *rate, const double *distortion, int n, double *slope, double *between)
{
    bf_curve_slopes found = { 0, 0 };
    for (int i = 0; i < n; i++) {
        slope[i] = between[i] = NAN;
        if (i == 0 || rate[i] - rate[i - 1] < BF_CURVE_LEAST_STEP) continue;
        slope[i] = (distortion[i - 1] - distortion[i]) / (rate[i] - rate[i - 1]);
        between[i] = logarithmic_mean(beta[i - 1], beta[i]);
        found.counted++;
        found.agreeing += slope[i] >= fmin(beta[i - 1], beta[i]) && slope[i] <= fmax(beta[i - 1], beta[i]);
    }
    return found;
}

/* The curve's distortion at rate r on the segment that begins at point i. */
static double on_segment(const bf_curve *c, int i, double r)
{
    const double part = (r - c->rate[i]) / (c->rate[i + 1] - c->rate[i]);
    return (1.0 - part) * c->distortion[i] + part * c->distortion[i + 1];
}

/* The segment that covers what lies just to the right of r, from segment i on. */
static int segment_at(const bf_curve *c, int i, double r)
{
    while (i + 2 < c->n && c->rate[i + 1] <= r) i++;
    return i;
}

bf_curve_gap bf_curve_area(const bf_curve *a, const bf_curve *b)
{
    bf_curve_gap gap = { NAN, NAN, NAN };
    if (a->n < 2 || b->n < 2) return gap;
    const double from = fmax(a->rate[0], b->rate[0]), to = fmin(a->rate[a->n - 1], b->rate[b->n - 1]);
    if (!(from < to)) return gap;
    double area = 0.0;
    int i = 0, j = 0;
    for (double r = from; r < to;) {
        i = segment_at(a, i, r);
        j = segment_at(b, j, r);
        const double next = fmin(to, fmin(a->rate[i + 1], b->rate[j + 1]));
        area += 0.5 * (next - r) * (on_segment(b, j, r) - on_segment(a, i, r) + on_segment(b, j, next) - on_segment(a, i, next));
        r = next;
    }
    return (bf_curve_gap){ area, from, to };
}
