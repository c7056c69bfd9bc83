#include "train/update.h"

#include "base/clock.h"
#include "nn/tree.h"
#include "train/finite.h"

#include <math.h>
#include <string.h>

_Static_assert(BF_SLICE_GRAIN == BF_NORM_BLOCK, "a slice is made of whole blocks of the norm");

/* A team of one sends nothing: its slice is everything. */
static bool alone(const bf_trainer *t)
{
    return t->team.ranks == 1;
}

void bf_update_sum_gradients(bf_trainer *t)
{
    bf_tree_f32(t->grads, t->lanes, t->size);
    if (!alone(t)) bf_comm_reduce_slices_f32(t->setup.team, t->grads, t->size, t->team.scratch32);
}

static double gradient_norm(bf_trainer *t)
{
    double sum = 0.0;
    bf_square_blocks(t->grads + t->slice.first, t->slice.count, t->squares + t->slice.first / BF_NORM_BLOCK);
    if (!alone(t)) bf_comm_allgather_grains_f64(t->setup.team, t->squares, t->size);
    for (size_t first = 0; first < t->size; first += BF_NORM_BLOCK) sum += t->squares[first / BF_NORM_BLOCK];
    return sqrt(sum);
}

bool bf_update_slice(bf_trainer *t, bool take_norm, double *norm)
{
    const double clip = t->setup.train->clip;
    const size_t first = t->slice.first;
    const bf_range slice = { first, t->slice.count };
    *norm = clip > 0.0 || take_norm ? gradient_norm(t) : NAN;
    const double scale = clip > 0.0 && *norm > clip ? clip / *norm : 1.0;
    return bf_optimizer_apply(t->optimizer, &t->optimizer_options, t->params, scale, slice, t->theta + first, t->grads + first,
                              t->optimizer_state + first, t->size);
}

bf_update_way bf_update_way_of(const bf_trainer *t, bool take_norm)
{
    if (take_norm || t->setup.train->clip > 0.0 || t->laps != NULL) return BF_UPDATE_TOGETHER;
    if (alone(t) && t->lanes == 1) return BF_UPDATE_EARLY;
    return t->factored.tensors > 0 ? BF_UPDATE_FACTORED : BF_UPDATE_TOGETHER;
}

/* Local. A gradient that is not finite is kept, so that it can be blamed; all others in grads were finite when they were written. */
static void take(void *self, size_t first, size_t count, const float *grad)
{
    bf_trainer *t = self;
    double then = bf_clock_seconds();
    const bool finite = bf_optimizer_apply(t->optimizer, &t->optimizer_options, t->params, 1.0, (bf_range){ first, count }, t->theta + first, grad,
                                           t->optimizer_state + first, t->size);
    if (!finite) memmove(t->grads + first, grad, count * sizeof *grad);
    t->lost = t->lost || !finite;
    bf_times_lap(&t->times, BF_PHASE_UPDATE, &then);
}

bf_taker bf_update_taker(bf_trainer *t)
{
    t->lost = false;
    return (bf_taker){ t, take };
}

/* Parameters and states are read and written, gradients read, for their norm once more; an early update finds them in the cache. */
double bf_update_bytes(const bf_trainer *t, bf_update_way way, bool take_norm)
{
    const double gradients = way != BF_UPDATE_TOGETHER ? 0.0 : take_norm || t->setup.train->clip > 0.0 ? 2.0 : 1.0;
    return (double)sizeof(float) * (2.0 + 2.0 * t->optimizer->states + gradients) * (double)t->slice.count;
}

/* Who shares one vector: no rank updates its slice before gradients are summed, for which all ranks have to be through with their way back; and when
 * the numbers are summed all slices are updated, so that one rank may move the averages of them all. */
void bf_update_share(bf_trainer *t)
{
    const bool shared = t->shared.segment != NULL;
    if (!alone(t) && !shared) bf_comm_allgather_slices_f32(t->setup.team, t->theta, t->size);
    if (!shared || bf_comm_rank(t->setup.team) == 0)
        bf_plan_average(t->vae.plan, t->numbers, (double)t->batches.batch * (double)t->per_sample, t->theta);
    if (shared) bf_shared_weights_fence(&t->shared);
}

bf_status bf_update_blame(bf_trainer *t)
{
    if (!alone(t)) bf_comm_allgather_slices_f32(t->setup.team, t->grads, t->size);
    return bf_finite_check(t->params, t->grads, "gradient", t->step + 1);
}

void bf_update_gather_state(bf_trainer *t)
{
    if (alone(t)) return;
    for (int i = 0; i < t->optimizer->states; i++)
        bf_comm_gather_slices_f32(t->setup.team, t->optimizer_state + (size_t)i * t->size, t->size);
}

void bf_update_scatter_state(bf_trainer *t)
{
    if (alone(t)) return;
    for (int i = 0; i < t->optimizer->states; i++)
        bf_comm_scatter_slices_f32(t->setup.team, t->optimizer_state + (size_t)i * t->size, t->size);
}
