/* The loop. A step fills the lanes' inputs, runs the plan, sums gradients and numbers over the team, and updates; every rank
 * then holds the same bits and takes the same branch. Nothing is allocated, printed or looked up beyond that. */
#include "train/trainer_state.h"

#include "base/clock.h"
#include "nn/tree.h"
#include "train/finite.h"
#include "train/update.h"
#include "vae/draws.h"

#include <math.h>
#include <string.h>

/* The rows of a batch are its samples, each `per_sample` times, and ranks have equal shares of them: one may begin in the middle of a sample.
 * From the last one on, since what the model is given takes the place of samples. */
static void take_rows(bf_trainer *t)
{
    const int64_t rows = (int64_t)t->lanes * t->rows, first = bf_comm_rank(t->setup.team) * rows, sample = first / t->per_sample;
    bf_batches_take(&t->batches, t->step, sample, (first + rows - 1) / t->per_sample + 1 - sample, t->indices);
    for (int64_t i = rows / t->together - 1; i >= 0; i--) t->indices[i] = t->indices[(first + i * t->together) / t->per_sample - sample];
    for (int64_t i = 0; i < rows; i++) t->samples[i] = bf_row_address(t->indices[i / t->together], (first + i) % t->per_sample);
}

static void fill_lanes(bf_trainer *t)
{
    const bf_train_setup *s = &t->setup;
    take_rows(t);
    const int given = t->rows / t->together;
    for (int l = 0; l < t->lanes; l++) {
        const int64_t *index = t->indices + (size_t)l * (size_t)given;
        bf_dataset_rows(s->data, BF_TRAIN, index, given, bf_plan_value(t->vae.plan, l, t->vae.x));
        bf_vae_label_rows(&t->vae, l, t->labels, index, given);
    }
}

/* What a taker has spent since `updated` was read is the update's time, not the way back's. */
static void leave_to_update(bf_trainer *t, double updated)
{
    t->times.seconds[BF_PHASE_BACKWARD] -= t->times.seconds[BF_PHASE_UPDATE] - updated;
}

/* Early: parameters have moved when it returns. */
static void run_lanes(bf_trainer *t, bf_update_way way, double *beta)
{
    const bf_train_setup *s = &t->setup;
    const double per_epoch = (double)t->batches.steps_per_epoch;
    *beta = bf_vae_weights(&t->vae, s->vae, &(bf_moment){ (double)t->step / per_epoch, (double)t->steps / per_epoch }, t->weights);
    const bf_taker taker = bf_update_taker(t);
    const bf_run run = { .theta = t->theta, .grads = t->grads, .stats = t->stat_rows, .samples = t->samples, .seed = s->seed, .step = (uint64_t)t->step,
                         .rows = t->rows, .weights = t->weights, .batch = (double)t->batches.batch * (double)t->per_sample, .coupler = &t->coupler,
                         .seconds = &t->times.seconds[BF_PHASE_FORWARD], .taker = way == BF_UPDATE_EARLY ? &taker : NULL,
                         .defers = way == BF_UPDATE_FACTORED, .laps = t->laps };
    const double updated = t->times.seconds[BF_PHASE_UPDATE];
    bf_plan_run(t->vae.plan, &run);
    leave_to_update(t, updated);
}

/* Leaves the batch's statistics and the team's votes in numbers, the same on every rank. */
static void sum_numbers(bf_trainer *t, int flags)
{
    double *n = t->numbers, *votes = n + t->stats;
    bf_tree_f64(t->stat_rows, t->lanes, (size_t)t->stats);
    memcpy(n, t->stat_rows, (size_t)t->stats * sizeof *n);
    votes[BF_VOTE_STOP] = (flags & BF_TICK_STOP) != 0;
    votes[BF_VOTE_SAVE] = (flags & BF_TICK_CHECKPOINT) != 0;
    votes[BF_VOTE_LOST] = t->lost;
    /* Votes are per rank, not per lane: they join after the lanes are summed. */
    if (t->team.ranks > 1) bf_comm_tree_f64(t->setup.team, n, (size_t)t->stats + BF_VOTES, t->team.scratch64);
}

/* The loss of the batch, summed over its samples. A sum that is not finite is the end of this configuration. */
static bf_status weigh_terms(const bf_trainer *t, double *loss)
{
    *loss = 0.0;
    for (int i = 0; i < bf_plan_terms(t->vae.plan); i++) {
        double sum = t->numbers[t->term_sums[i]];
        if (!isfinite(sum))
            return BF_FAIL(BF_E_DIVERGED, "step %lld: the loss term '%s' is not finite", (long long)t->step + 1, bf_plan_term_name(t->vae.plan, i));
        *loss += t->weights[i] * sum;
    }
    return BF_DONE;
}

static bool epoch_ends(const bf_trainer *t, int64_t steps_done)
{
    return steps_done % t->batches.steps_per_epoch == 0 || steps_done == t->steps;
}

static void update_together(bf_trainer *t, bool take_norm, double *norm)
{
    double then = bf_clock_seconds();
    bf_update_sum_gradients(t);
    bf_times_lap(&t->times, BF_PHASE_REDUCE, &then);
    t->lost = !bf_update_slice(t, take_norm, norm);
    bf_times_lap(&t->times, BF_PHASE_UPDATE, &then);
}

/* The products that the way back left out are its time, though they are made here. */
static void update_factored(bf_trainer *t)
{
    const bf_taker taker = bf_update_taker(t);
    const double updated = t->times.seconds[BF_PHASE_UPDATE];
    double then = bf_clock_seconds();
    bf_factored_gather(&t->factored, t->grads, t->size, t->team.scratch32);
    bf_times_lap(&t->times, BF_PHASE_REDUCE, &then);
    bf_factored_hand_over(&t->factored, t->slice, t->grads, &taker);
    bf_times_lap(&t->times, BF_PHASE_BACKWARD, &then);
    leave_to_update(t, updated);
}

/* Collective over team. The slice is updated before anybody knows whether the step was sound: the answer travels with the statistics,
 * and a training that diverged needs its parameters no more. */
static bf_status take_step(bf_trainer *t, int flags)
{
    const bool take_norm = epoch_ends(t, t->step + 1), fault = bf_fault_nan(t->setup.team, "train.nan");
    const bf_update_way way = bf_update_way_of(t, take_norm || (fault && t->team.ranks == 1));     /* nobody else's business there */
    bf_step_record record = { .stats = t->numbers, .grad_norm = NAN };
    double then = bf_clock_seconds();
    fill_lanes(t);
    bf_times_lap(&t->times, BF_PHASE_DATA, &then);
    record.lr = bf_schedule_lr(t->schedule, t->setup.train, t->step, t->batches.steps_per_epoch, t->steps) * t->setup.lr_scale;
    bf_optimizer_begin(&t->optimizer_options, record.lr, t->step + 1);
    run_lanes(t, way, &record.beta);
    if (fault) t->grads[way == BF_UPDATE_FACTORED ? bf_factored_rest(&t->factored) : 0] = NAN;
    if (way == BF_UPDATE_FACTORED) update_factored(t);
    if (way == BF_UPDATE_TOGETHER) update_together(t, take_norm, &record.grad_norm);
    then = bf_clock_seconds();
    sum_numbers(t, flags);
    BF_TRY(weigh_terms(t, &record.loss));
    if (t->numbers[t->stats + BF_VOTE_LOST] > 0.0) return bf_update_blame(t);
    bf_update_share(t);
    bf_times_lap(&t->times, BF_PHASE_REDUCE, &then);
    bf_history_add(&t->history, &record);
    t->times.flops += t->step_flops;
    t->times.update_bytes += bf_update_bytes(t, way, take_norm);
    t->step++;
    return BF_DONE;
}

/* Collective over team. On the test part; e belongs to the caller. */
static bf_status evaluate_epoch(bf_trainer *t, bf_evaluation *e)
{
    double log_variance = NAN;
    if (t->likelihood->refit) {
        BF_TRY(bf_evaluate(t->evaluator, t->theta, BF_TRAIN, NAN, false, e));
        log_variance = e->log_variance;
        bf_evaluation_free(e);
    }
    return bf_evaluate(t->evaluator, t->theta, BF_TEST, log_variance, false, e);
}

/* The test part's columns of an epoch's row, and what early stopping makes of them. */
static void note_evaluation(bf_trainer *t, const bf_evaluation *e, double *row)
{
    row[BF_HISTORY_TEST_RATE] = e->rate;
    row[BF_HISTORY_TEST_DISTORTION] = e->distortion;
    row[BF_HISTORY_TEST_ELBO] = -(e->rate + e->distortion);
    /* An autoencoder has no ELBO; its distortion decides. */
    const double score = isnan(e->rate) ? -e->distortion : row[BF_HISTORY_TEST_ELBO];
    if (bf_early_note(&t->early, score, t->history.done, t->theta)) t->ended = 1;
}

void bf_trainer_mark_epoch(bf_trainer *t)
{
    t->epoch_clock = bf_clock_seconds();
    t->epoch_clock_step = t->step;
}

/* Collective over team. An evaluation that is stopped leaves the epoch as it was: at its last step, and not ended. */
static bf_status end_epoch(bf_trainer *t)
{
    double seconds = bf_clock_seconds() - t->epoch_clock;
    double samples = (double)(t->step - t->epoch_clock_step) * (double)t->batches.batch;
    const bool evaluates = bf_trainer_evaluates(t, t->history.done + 1);
    bf_evaluation test = { 0 };
    BF_TRY(bf_finite_check(t->params, t->theta, "the value", t->step));
    double then = bf_clock_seconds();
    const bf_status s = evaluates ? evaluate_epoch(t, &test) : BF_DONE;
    bf_times_lap(&t->times, BF_PHASE_EVALUATION, &then);
    if (s.code) return s;
    double *row = bf_history_close(&t->history, t->batches.batch * t->per_sample, seconds > 0.0 && samples > 0.0 ? samples / seconds : NAN);
    if (evaluates) note_evaluation(t, &test, row);
    bf_evaluation_free(&test);
    if (t->step == t->steps) t->ended = 1;
    bf_trainer_mark_epoch(t);
    return BF_DONE;
}

/* Collective over team. */
static bf_status save(bf_trainer *t)
{
    const bf_train_hooks *h = &t->setup.hooks;
    bf_update_gather_state(t);
    return h->checkpoint ? h->checkpoint(h->self, t) : BF_DONE;
}

static bf_status end_epoch_or_save(bf_trainer *t)
{
    const bf_status s = end_epoch(t);
    if (s.code == BF_E_STOPPED) BF_TRY(save(t));
    return s;
}

/* Collective over team. A stop saves before it returns; a training that has just ended has nothing left to stop. */
static bf_status answer_flags(bf_trainer *t)
{
    const double *votes = t->numbers + t->stats;
    const bool stop = votes[BF_VOTE_STOP] > 0.0;
    if (t->ended || !(stop || votes[BF_VOTE_SAVE] > 0.0)) return BF_DONE;
    BF_TRY(save(t));
    if (stop) return BF_FAIL(BF_E_STOPPED, "stopped after step %lld of %lld", (long long)t->step, (long long)t->steps);
    return BF_DONE;
}

static bf_status run_steps(bf_trainer *t)
{
    const bf_train_hooks *h = &t->setup.hooks;
    if (t->history.done < bf_trainer_epochs_made(t)) BF_TRY(end_epoch_or_save(t));
    while (!t->ended) {
        int flags = 0;
        if (h->tick) {
            const bf_train_progress p = bf_trainer_progress(t);
            flags = h->tick(h->self, &p);
        }
        BF_TRY(take_step(t, flags));
        if (epoch_ends(t, t->step)) BF_TRY(end_epoch_or_save(t));
        BF_TRY(answer_flags(t));
    }
    bf_update_gather_state(t);
    return BF_DONE;
}

/* Short vectors are everybody's slice: each rank updates all of its own. */
bf_status bf_trainer_run(bf_trainer *t)
{
    const bool shares = t->slice.count < t->size;
    bf_factored_agree(&t->factored);
    if (shares) t->theta = bf_shared_weights_enter(&t->shared, t->setup.team, t->theta, t->size);
    t->run_clock = bf_clock_seconds();
    t->run_clock_step = t->step;
    bf_trainer_mark_epoch(t);
    const bf_status s = run_steps(t);
    if (shares) t->theta = bf_shared_weights_leave(&t->shared, t->theta, t->size);
    return s;
}
