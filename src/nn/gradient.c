/* Which gradients exist, and who is first to write each: decided once, so that running neither zero-fills a buffer nor asks. */
#include "nn/plan_state.h"
#include <stdlib.h>

/* Forward: a value learns when a parameter stands somewhere before it. */
static void mark_learning(bf_plan *p)
{
    for (int i = 0; i < p->nodes; i++) {
        const bf_node *n = &p->node[i];
        if (n->output == BF_NO_VALUE || n->run.backward == NULL) continue;
        bool learns = n->n_slots > 0;
        for (int k = 0; k < n->n_inputs; k++) learns = learns || p->value[n->input[k]].learns;
        p->value[n->output].learns = learns;
    }
}

/* A node's backward runs when a gradient arrives (a term is where gradients begin) and something before it learns. */
static bool runs_backward(const bf_plan *p, const bf_node *n)
{
    if (n->run.backward == NULL) return false;
    if (n->output != BF_NO_VALUE) return p->value[n->output].has_gradient && p->value[n->output].learns;
    for (int k = 0; k < n->n_inputs; k++)
        if (p->value[n->input[k]].learns) return true;
    return false;
}

/* Backward: the first to reach a gradient writes it, the others add. One node may have the same value as two inputs; kernels go
 * through their inputs in order, so the first writes there too. slot_reached (slots) starts false. */
static void assign_writers(bf_plan *p, bool *slot_reached)
{
    for (int i = p->nodes - 1; i >= 0; i--) {
        bf_node *n = &p->node[i];
        if (!runs_backward(p, n)) { n->run.backward = NULL; continue; }
        for (int k = 0; k < n->n_inputs; k++) {
            bf_value_state *v = &p->value[n->input[k]];
            n->wants[k] = v->learns;
            n->adds[k] = v->has_gradient;
            v->has_gradient = v->has_gradient || v->learns;
        }
        for (int k = 0; k < n->n_slots; k++) {
            if (n->slot_stat[k] >= 0) continue;
            n->slot_adds[k] = slot_reached[n->slot[k]];
            slot_reached[n->slot[k]] = true;
        }
    }
}

/* The node that runs forward first runs backward last. slot_seen (slots) starts false. */
static void assign_last(bf_plan *p, bool *slot_seen)
{
    for (int i = 0; i < p->nodes; i++) {
        bf_node *n = &p->node[i];
        for (int k = 0; k < n->n_slots; k++) {
            n->slot_last[k] = n->run.backward != NULL && n->slot_stat[k] < 0 && !slot_seen[n->slot[k]];
            slot_seen[n->slot[k]] = slot_seen[n->slot[k]] || n->slot_last[k];
        }
    }
}

/* Slots that no node reaches get a zero gradient from each run. */
static bf_status note_idle(bf_plan *p, const bool *slot_reached)
{
    const int slots = bf_params_slots(p->params);
    p->idle = calloc((size_t)slots + 1, sizeof *p->idle);
    if (p->idle == NULL) return BF_FAIL(BF_E_MEMORY, "no memory for a plan over %d tensors", slots);
    for (int s = 0; s < slots; s++) {
        const bf_slot *slot = bf_params_at(p->params, s);
        if (!slot_reached[s]) p->idle[p->idles++] = (bf_idle){ slot->offset, slot->count };
    }
    return BF_DONE;
}

bf_status bf_plan_derive(bf_plan *p)
{
    if (!p->shape.backward) {
        for (int i = 0; i < p->nodes; i++) p->node[i].run.backward = NULL;
        return BF_DONE;
    }
    const size_t slots = (size_t)bf_params_slots(p->params) + 1;
    bool *slot_reached = calloc(2 * slots, sizeof *slot_reached);
    if (slot_reached == NULL) return BF_FAIL(BF_E_MEMORY, "no memory for a plan");
    mark_learning(p);
    assign_writers(p, slot_reached);
    assign_last(p, slot_reached + slots);
    bf_status s = note_idle(p, slot_reached);
    free(slot_reached);
    return s;
}
