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
    const bf_twin *const tables[] = { bf_twins_nn, bf_twins_conv, bf_twins_norm, bf_twins_vae, bf_twins_likelihood, bf_twins_condition, bf_twins_objective, bf_twins_bench };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (find_in(tables[i], op->name, out)) return true;
    *out = (bf_kernels){ NULL, NULL };
    return true;
}

const bf_backend bf_backend_twin = { .name = "twin", .element = sizeof(double), .find = find };
