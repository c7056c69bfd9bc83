#include "data/factor_classes.h"

#include <string.h>

/* How many values are below v. */
static int below(const bf_factor_classes *c, float v)
{
    int low = 0, high = c->count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (c->value[middle] < v)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int bf_factor_classes_find(const bf_factor_classes *c, float v)
{
    const int at = below(c, v);
    return at < c->count && c->value[at] == v ? at : -1;
}

bool bf_factor_classes_add(bf_factor_classes *c, float v)
{
    const int at = below(c, v);
    if (at < c->count && c->value[at] == v)
        return true;
    if (c->count == BF_MAX_FACTOR_CLASSES)
        return false;
    memmove(&c->value[at + 1], &c->value[at], (size_t)(c->count - at) * sizeof *c->value);
    c->value[at] = v;
    c->count++;
    return true;
}
