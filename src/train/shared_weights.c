#include "train/shared_weights.h"

#include <string.h>

/* Collective over team. A window that is no window is given back: there is a vector already. */
static void open_window(bf_shared_weights *s, const bf_comm *team, size_t bytes)
{
    const bool together = bf_comm_node(team, &s->node).code == BF_OK && bf_comm_size(s->node) == bf_comm_size(team);
    if (bf_comm_max(team, !together) > 0) return;
    if (bf_window_create(s->node, bytes, &s->window).code) return;
    if (!bf_window_shared(s->window)) bf_window_free(&s->window);
}

float *bf_shared_weights_enter(bf_shared_weights *s, const bf_comm *team, float *own, size_t size)
{
    *s = (bf_shared_weights){ .own = own };
    open_window(s, team, size * sizeof *own);
    if (s->window == NULL) { bf_comm_free(&s->node); return own; }
    float *theta = bf_window_base(s->window);
    if (bf_comm_rank(team) == 0) memcpy(theta, own, size * sizeof *theta);
    bf_window_fence(s->window);
    return theta;
}

void bf_shared_weights_fence(bf_shared_weights *s) { bf_window_fence(s->window); }

float *bf_shared_weights_leave(bf_shared_weights *s, float *theta, size_t size)
{
    if (s->window == NULL) return theta;
    bf_window_fence(s->window);
    memcpy(s->own, theta, size * sizeof *theta);
    bf_window_free(&s->window);
    bf_comm_free(&s->node);
    return s->own;
}
