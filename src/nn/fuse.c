/* Folding an activation into the operation before it: one pass over memory less. Slopes are functions of the output, so nobody misses
 * the value between the two. */
#include "nn/layers.h"
#include "nn/ops.h"
#include "nn/plan_state.h"

static int readers(const bf_plan *p, bf_value v)
{
    int count = 0;
    for (int i = 0; i < p->nodes; i++)
        for (int k = 0; k < p->node[i].n_inputs; k++) count += p->node[i].input[k] == v;
    return count;
}

/* The node in [first, last) that makes v, when it can take the activation over; NULL when there is none. */
static bf_node *host(bf_plan *p, int first, int last, bf_value v)
{
    if (p->value[v].readable || readers(p, v) != 1) return NULL;
    for (int i = first; i < last; i++)
        if (p->node[i].output == v) return p->node[i].op->activates && p->node[i].activation == BF_LINEAR ? &p->node[i] : NULL;
    return NULL;
}

/* Nodes that stay move down over those that went; segments end where their last node went. */
void bf_plan_fuse(bf_plan *p)
{
    int kept = 0, i = 0;
    for (int s = 0; s < p->segments; s++) {
        const int first = kept, end = p->segment[s];
        for (; i < end; i++) {
            const bf_node n = p->node[i];
            const int kind = bf_activation_of(n.op);
            bf_node *before = kind == BF_LINEAR ? NULL : host(p, first, kept, n.input[0]);
            if (before == NULL) { p->node[kept++] = n; continue; }
            before->activation = kind;
            before->output = n.output;
        }
        p->segment[s] = kept;
    }
    p->nodes = kept;
}
