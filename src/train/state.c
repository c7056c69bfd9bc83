/* The whole state of a training as named arrays. Shapes depend on the configuration alone, so a checkpoint is read straight
 * into the arrays of a fresh trainer, on any number of ranks; what it then holds is checked before anything trusts it. */
#include "train/trainer_state.h"

#include "train/finite.h"
#include "train/update.h"

#include <math.h>
#include <string.h>

static void name_array(bf_array *a, const char *name, bf_type type, int64_t rows, int64_t columns, void *data)
{
    *a = (bf_array){ .type = type, .rank = columns > 0 ? 2 : 1, .shape = { rows, columns }, .data = data };
    strncpy(a->name, name, sizeof a->name - 1);
}

int bf_trainer_state(bf_trainer *t, bf_array *out, int capacity)
{
    bf_array all[BF_MAX_STATE];
    int n = 0;
    name_array(&all[n++], "theta", BF_TYPE_F32, (int64_t)t->size, 0, t->theta);
    if (t->optimizer->states > 0) name_array(&all[n++], "optimizer", BF_TYPE_F32, t->optimizer->states, (int64_t)t->size, t->optimizer_state);
    name_array(&all[n++], "step", BF_TYPE_I64, 1, 0, &t->step);
    name_array(&all[n++], "ended", BF_TYPE_I64, 1, 0, &t->ended);
    name_array(&all[n++], "epoch.sums", BF_TYPE_F64, BF_SUM_STATS + t->stats, 0, t->sums);
    name_array(&all[n++], "history", BF_TYPE_F64, t->history.epochs, BF_HISTORY_COLUMNS, t->history.rows);
    name_array(&all[n++], "history.epochs", BF_TYPE_I64, 1, 0, &t->history.done);
    name_array(&all[n++], "best.score", BF_TYPE_F64, 1, 0, &t->early.score);
    name_array(&all[n++], "best.epoch", BF_TYPE_I64, 1, 0, &t->early.epoch);
    name_array(&all[n++], "best.waited", BF_TYPE_I64, 1, 0, &t->early.waited);
    if (t->best) name_array(&all[n++], "best.theta", BF_TYPE_F32, (int64_t)t->size, 0, t->best);
    if (out) memcpy(out, all, (size_t)(n < capacity ? n : capacity) * sizeof *out);
    return n;
}

void bf_trainer_share_state(bf_trainer *t)
{
    bf_array state[BF_MAX_STATE];
    int n = bf_trainer_state(t, state, BF_MAX_STATE);
    for (int i = 0; i < n; i++)
        if (state[i].data != t->optimizer_state)
            bf_comm_bcast(t->setup.team, state[i].data, (size_t)bf_array_count(&state[i]) * bf_type_size(state[i].type), 0);
    bf_update_scatter_state(t);
}

static bool finite64(const double *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return false;
    return true;
}

int64_t bf_trainer_epochs_made(const bf_trainer *t)
{
    return t->step == t->steps ? t->history.epochs : t->step / t->batches.steps_per_epoch;
}

bool bf_trainer_evaluates(const bf_trainer *t, int64_t epoch)
{
    const int64_t every = t->setup.train->evaluate_every;
    return every > 0 && epoch % every == 0;
}

/* Whether the state is that after the last step of an epoch whose evaluation is still to be made. */
static bool awaits_evaluation(const bf_trainer *t, int64_t epochs)
{
    const bool at_end = t->step == t->steps || t->step % t->batches.steps_per_epoch == 0;
    return at_end && t->history.done == epochs - 1 && bf_trainer_evaluates(t, epochs);
}

bf_status bf_trainer_resume(bf_trainer *t)
{
    if (t->step < 0 || t->step > t->steps)
        return BF_FAIL(BF_E_FORMAT, "the saved state is at step %lld, the training has %lld", (long long)t->step, (long long)t->steps);
    const int64_t epochs = bf_trainer_epochs_made(t);
    const bool awaits = awaits_evaluation(t, epochs);
    if (t->history.done != epochs && !awaits)
        return BF_FAIL(BF_E_FORMAT, "the saved state has %lld epochs of history at step %lld", (long long)t->history.done, (long long)t->step);
    if (t->early.epoch < 0 || t->early.epoch > epochs || t->early.waited < 0 || t->early.waited > epochs || isnan(t->early.score))
        return BF_FAIL(BF_E_FORMAT, "the saved state's best epoch, %lld, is none of its %lld", (long long)t->early.epoch, (long long)epochs);
    const bool may_have_ended = t->early.patience > 0 && !awaits;
    if (t->ended != (t->step == t->steps && !awaits) && !(t->ended == 1 && may_have_ended))
        return BF_FAIL(BF_E_FORMAT, "the saved state says it ended at step %lld of %lld", (long long)t->step, (long long)t->steps);
    if (!bf_finite_all(t->theta, t->size) || !bf_finite_all(t->optimizer_state, t->size * (size_t)t->optimizer->states)
        || (t->best && !bf_finite_all(t->best, t->size)) || !finite64(t->sums, BF_SUM_STATS + t->stats))
        return BF_FAIL(BF_E_FORMAT, "the saved state at step %lld holds numbers that are not finite", (long long)t->step);
    return BF_DONE;
}
