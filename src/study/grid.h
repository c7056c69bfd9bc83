/* Grids of numbers: {log: [first, last, count]} and {lin: [first, last, count]}. */
#ifndef BF_STUDY_GRID_H
#define BF_STUDY_GRID_H
#include "study/yaml_tree.h"

typedef struct bf_grid { bool logarithmic; double first, last; int count; } bf_grid;

/* Local. False, with the reason and the node it is about, when the mapping is no grid. */
bool bf_grid_read(const bf_yaml *y, int node, bf_grid *out, int *wrong, char *why, size_t size);
/* The i-th value: first (last/first)^(i/(n-1)), or evenly spaced, rounded to 12 significant digits; the ends are exact. */
double bf_grid_at(const bf_grid *g, int i);
#endif
