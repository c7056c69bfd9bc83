#include "study/grid.h"
#include "study/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool fail(char *why, size_t size, const char *what)
{
    snprintf(why, size, "%s", what);
    return false;
}

static bool read_number(const bf_yaml *y, int node, double *v)
{
    return y->at[node].kind == BF_YAML_SCALAR && y->at[node].plain && bf_parse_real(bf_yaml_text(y, node), v);
}

bool bf_grid_read(const bf_yaml *y, int node, bf_grid *out, int *wrong, char *why, size_t size)
{
    static const char *const form = "expected a list of values, {log: [first, last, count]} or {lin: [first, last, count]}";
    const int list = y->at[node].first;
    int64_t count;
    *wrong = node;
    if (y->at[node].kind != BF_YAML_MAPPING || y->at[node].count != 1) return fail(why, size, form);
    const char *kind = bf_yaml_text(y, y->at[list].key);
    out->logarithmic = strcmp(kind, "log") == 0;
    if (!out->logarithmic && strcmp(kind, "lin") != 0) return fail(why, size, form);
    *wrong = list;
    if (y->at[list].kind != BF_YAML_SEQUENCE || y->at[list].count != 3) return fail(why, size, "expected [first, last, count]");
    const int first = y->at[list].first, last = y->at[first].next, third = y->at[last].next;
    *wrong = first;
    if (!read_number(y, first, &out->first)) return fail(why, size, "expected a number as the grid's first value");
    if (out->logarithmic && !(out->first > 0)) return fail(why, size, "a log grid has positive ends");
    *wrong = last;
    if (!read_number(y, last, &out->last)) return fail(why, size, "expected a number as the grid's last value");
    if (out->logarithmic && !(out->last > 0)) return fail(why, size, "a log grid has positive ends");
    *wrong = third;
    const bool counted = y->at[third].kind == BF_YAML_SCALAR && y->at[third].plain && bf_parse_int(bf_yaml_text(y, third), &count);
    if (!counted || count < 2 || count > BF_MAX_CONFIGS) return fail(why, size, "expected the number of values, an integer in [2, 10000]");
    out->count = (int)count;
    return true;
}

double bf_grid_at(const bf_grid *g, int i)
{
    if (i == 0) return g->first + 0.0;
    if (i == g->count - 1) return g->last + 0.0;
    const double t = (double)i / (g->count - 1);
    const double v = g->logarithmic ? g->first * pow(g->last / g->first, t) : g->first + (g->last - g->first) * t;
    char text[40];
    snprintf(text, sizeof text, "%.12g", v);
    return strtod(text, NULL) + 0.0;
}
