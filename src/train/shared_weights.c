#include "train/shared_weights.h"

#include <string.h>

float *bf_shared_weights_enter(bf_shared_weights *s, const bf_comm *team, float *own, size_t size)
{
    *s = (bf_shared_weights){ bf_segment_create(team, size * sizeof *own), own };
    if (s->segment == NULL) return own;
    float *theta = bf_segment_base(s->segment);
    if (bf_comm_rank(team) == 0) memcpy(theta, own, size * sizeof *theta);
    bf_segment_fence(s->segment);
    return theta;
}

void bf_shared_weights_fence(const bf_shared_weights *s) { bf_segment_fence(s->segment); }

float *bf_shared_weights_leave(bf_shared_weights *s, float *theta, size_t size)
{
    if (s->segment == NULL) return theta;
    bf_segment_fence(s->segment);
    memcpy(s->own, theta, size * sizeof *theta);
    bf_segment_free(&s->segment);
    return s->own;
}
