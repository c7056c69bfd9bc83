/* data.label: classes out of factors. The values that one factor takes, by size; a sample's class is the place of its value. */
#ifndef BF_DATA_FACTOR_CLASSES_H
#define BF_DATA_FACTOR_CLASSES_H
#include <stdbool.h>

#define BF_MAX_FACTOR_CLASSES 1024      /* a factor with more values is a number, not a class */

typedef struct bf_factor_classes { int count; float value[BF_MAX_FACTOR_CLASSES]; } bf_factor_classes;     /* ascending */

/* Local. v is finite. False when there is no room for one more. */
bool bf_factor_classes_add(bf_factor_classes *c, float v);
/* Local. The class of v; -1 when it was not added. */
int bf_factor_classes_find(const bf_factor_classes *c, float v);
#endif
