#include "twins/twin.h"
#include <string.h>

static bool find_in(const bf_twin *table, const char *name, bf_kernels *out)
{
    for (; table->op != NULL; table++)
        if (strcmp(table->op, name) == 0) {
            *out = table->run;
            return true;
        }
    return false;
}

/* An op without a twin gets no kernel, so that building with this backend fails and names it. */
static bool find(const bf_op *op, bf_kernels *out)
{
    if (find_in(bf_twins_nn, op->name, out) || find_in(bf_twins_conv, op->name, out) || find_in(bf_twins_norm, op->name, out) || find_in(bf_twins_vae, op->name, out) ||
        find_in(bf_twins_bench, op->name, out)) return true;
    *out = (bf_kernels){ NULL, NULL };
    return true;
}

const bf_backend bf_backend_twin = { .name = "twin", .element = sizeof(double), .find = find };
