/* Whether one value of a plan is an affine function of another: every operation on every way between them has to be, in the inputs that the way comes
 * by and whatever its others are, and none may have taken over an activation. */
#include "nn/layers.h"
#include "nn/plan_state.h"
#include <stdlib.h>

typedef enum way { APART, STRAIGHT, BENT } way;

static way way_through(const bf_node *n, const way *to)
{
    way out = APART;
    for (int k = 0; k < n->n_inputs; k++) {
        const way in = to[n->input[k]];
        if (in == APART) continue;
        if (in == BENT || (n->op->affine >> k & 1u) == 0 || n->activation != BF_LINEAR) return BENT;
        out = STRAIGHT;
    }
    return out;
}

bf_status bf_plan_affine(const bf_plan *p, bf_value from, bf_value to, bool *affine)
{
    way *ways = calloc((size_t)p->values + 1, sizeof *ways);
    *affine = false;
    if (ways == NULL) return BF_FAIL(BF_E_MEMORY, "no memory to look at a plan of %d values", p->values);
    ways[from] = STRAIGHT;
    for (int i = 0; i < p->nodes; i++)
        if (p->node[i].output != BF_NO_VALUE) ways[p->node[i].output] = way_through(&p->node[i], ways);
    *affine = ways[to] == STRAIGHT;
    free(ways);
    return BF_DONE;
}
