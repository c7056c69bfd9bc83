/* A trainer is put together here: the plan, the evaluator and every buffer of a step. */
#include "train/trainer_state.h"

#include "base/clock.h"
#include "base/power_of_two.h"
#include "base/rng.h"
#include "vae/draws.h"

#include <stdlib.h>

static bf_status check(const bf_train_setup *s)
{
    const bf_train_options *o = s->train;
    const int ranks = bf_comm_size(s->team);
    int64_t rows = 0;
    BF_TRY(bf_draws_check(s->vae));
    if (!bf_power_of_two(o->lanes)) return BF_FAIL(BF_E_INPUT, "train.lanes: %lld is no power of two", (long long)o->lanes);
    if (o->batch < 1 || __builtin_mul_overflow(o->batch, bf_sample_rows(s->vae), &rows) || rows % o->lanes)
        return BF_FAIL(BF_E_INPUT, "train.batch: %lld%s is no multiple of train.lanes, %lld", (long long)o->batch,
                       bf_sample_rows_keys(s->vae), (long long)o->lanes);
    if (!bf_power_of_two(ranks) || ranks > o->lanes)
        return BF_FAIL(BF_E_INPUT, "a team of %d ranks cannot share %lld lanes", ranks, (long long)o->lanes);
    if (rows / o->lanes > INT32_MAX) return BF_FAIL(BF_E_INPUT, "train.batch: %lld samples%s are too many", (long long)o->batch, bf_sample_rows_keys(s->vae));
    if (o->steps < 1 && o->epochs < 1) return BF_FAIL(BF_E_INPUT, "train.epochs: nothing to train");
    if (s->backend == NULL) return BF_FAIL(BF_E_INPUT, "train.backend: this betafield was built without %s", o->backend);
    if (s->backend->element != sizeof(float)) return BF_FAIL(BF_E_INTERNAL, "backend %s: training needs float activations", s->backend->name);
    return BF_DONE;
}

static bf_status choose_rows(bf_trainer *t)
{
    const bf_train_options *o = t->setup.train;
    t->optimizer = bf_optimizer_find(o->optimizer);
    if (!t->optimizer) return BF_FAIL(BF_E_INPUT, "train.optimizer: there is no '%s'", o->optimizer);
    t->schedule = bf_schedule_find(o->schedule);
    if (!t->schedule) return BF_FAIL(BF_E_INPUT, "train.schedule: there is no '%s'", o->schedule);
    t->likelihood = bf_likelihood_find(t->setup.vae->likelihood, t->setup.vae->variance);
    if (!t->likelihood) return BF_FAIL(BF_E_INPUT, "likelihood.kind: there is no '%s'", t->setup.vae->likelihood);
    t->optimizer_options = (bf_optimizer_options){
        .lr = o->lr, .momentum = o->momentum, .weight_decay = o->weight_decay, .epsilon = o->epsilon, .betas = { o->betas[0], o->betas[1] } };
    return BF_DONE;
}

static bf_status build_model(bf_trainer *t)
{
    const bf_train_setup *s = &t->setup;
    const bf_data_info *info = bf_dataset_info(s->data);
    const bf_vae_data d = { .dims = info->dims, .shape = { info->shape[0], info->shape[1], info->shape[2] },
                            .width = info->width, .classes = info->labels, .variance = info->variance };
    const bf_plan_shape shape = { .rows = t->rows, .lanes = t->lanes, .backward = true, .narrow = bf_train_narrow(s->train),
                                  .batch_lanes = (int)s->train->lanes };
    t->params = bf_params_create();
    if (!t->params) return BF_FAIL(BF_E_MEMORY, "parameters of a model");
    BF_TRY(bf_vae_build(s->vae, &d, BF_VAE_TRAIN, &shape, s->backend, BF_USE_EPS, t->params, &t->vae));
    BF_TRY(bf_evaluator_create(s->team, s->data, s->vae, s->seed, s->measure, t->params, s->backend, &t->evaluator));
    t->labels = bf_label_conditioned(s->vae) ? bf_dataset_labels(s->data, BF_TRAIN) : NULL;
    t->size = bf_params_size(t->params);
    t->stats = bf_plan_stats_size(t->vae.plan);
    t->factored = (bf_factored){ .plan = t->vae.plan, .team = s->team, .lanes = t->lanes };
    return BF_DONE;
}

static void step_memory(bf_trainer *t, bf_arena *a)
{
    size_t lanes = (size_t)t->lanes, stats = (size_t)t->stats, numbers = stats + BF_VOTES, terms = (size_t)bf_plan_terms(t->vae.plan);
    bool alone = t->team.ranks == 1;
    t->theta           = BF_TAKE(a, float, t->size);
    t->best            = bf_early_keeps_best(t->setup.train) ? BF_TAKE(a, float, t->size) : NULL;
    t->grads           = (float *)bf_arena_take(a, t->size, sizeof(float) * lanes);
    t->stat_rows       = BF_TAKE(a, double, lanes * stats);
    t->numbers         = BF_TAKE(a, double, numbers);
    t->squares         = BF_TAKE(a, double, t->size / BF_NORM_BLOCK + 1);
    t->weights         = BF_TAKE(a, double, terms);
    t->term_sums       = BF_TAKE(a, int, terms);
    t->sums            = BF_TAKE(a, double, BF_SUM_STATS + stats);
    t->samples         = BF_TAKE(a, int64_t, lanes * (size_t)t->rows);
    t->indices         = BF_TAKE(a, int64_t, lanes * (size_t)(t->rows / t->together));
    t->team.columns    = BF_TAKE(a, double, lanes * BF_TEAM_SUM_COLUMNS);
    t->team.scratch32  = alone ? NULL : BF_TAKE(a, float, t->size);
    bf_factored_lay_out(&t->factored, a, t->size);
    t->team.scratch64  = alone ? NULL : BF_TAKE(a, double, numbers > BF_TEAM_SUM_COLUMNS ? numbers : BF_TEAM_SUM_COLUMNS);
}

/* Zeros that cost nothing until they are touched. */
static bf_status state_memory(bf_trainer *t)
{
    enum { ALIGN = 64 };
    size_t count = 0;
    bool fits = !__builtin_mul_overflow(t->size, (size_t)t->optimizer->states, &count) && count < SIZE_MAX / sizeof(float) - ALIGN;
    t->state_memory = fits ? calloc(count + ALIGN / sizeof(float), sizeof(float)) : NULL;
    if (!t->state_memory) return BF_FAIL(BF_E_MEMORY, "the optimiser's state of %zu numbers", t->size);
    char *base = t->state_memory;
    t->optimizer_state = (float *)(void *)(base + (ALIGN - (uintptr_t)base % ALIGN) % ALIGN);
    return BF_DONE;
}

/* What a step would otherwise look up or count every time. */
static void resolve(bf_trainer *t)
{
    for (int i = 0; i < bf_plan_terms(t->vae.plan); i++)
        t->term_sums[i] = bf_plan_stat_find(t->vae.plan, bf_plan_term_name(t->vae.plan, i))->offset;
    t->slice = bf_comm_slice(t->setup.team, t->size);
    t->step_flops = bf_plan_flops(t->vae.plan) * t->team.ranks;
}

/* How many steps, and how many rows of history they make. */
static bf_status plan_steps(bf_trainer *t)
{
    const bf_train_options *o = t->setup.train;
    int64_t per_epoch = t->batches.steps_per_epoch;
    if (o->steps > 0) t->steps = o->steps;
    else if (__builtin_mul_overflow(o->epochs, per_epoch, &t->steps))
        return BF_FAIL(BF_E_INPUT, "train.epochs: %lld epochs of %lld steps are too many", (long long)o->epochs, (long long)per_epoch);
    t->history.epochs = t->steps / per_epoch + (t->steps % per_epoch != 0);
    return BF_DONE;
}

static bf_status build(bf_trainer *t)
{
    const bf_train_options *o = t->setup.train;
    BF_TRY(check(&t->setup));
    t->team.team = t->setup.team;
    t->team.ranks = bf_comm_size(t->setup.team);
    t->lanes = t->team.lanes = (int)(o->lanes / t->team.ranks);
    t->per_sample = bf_sample_rows(t->setup.vae);
    t->rows = (int)(o->batch * t->per_sample / o->lanes);
    t->together = bf_draws_together(t->setup.vae, t->rows);
    BF_TRY(choose_rows(t));
    BF_TRY(bf_batches_create(t->setup.seed, bf_dataset_info(t->setup.data)->rows[BF_TRAIN], o->batch, &t->batches));
    BF_TRY(plan_steps(t));
    BF_TRY(build_model(t));
    BF_TRY(bf_fault_at(t->setup.team, "train.allocate", BF_E_MEMORY));
    step_memory(t, &t->arena);
    BF_TRY(bf_arena_commit(&t->arena));
    step_memory(t, &t->arena);
    BF_TRY(state_memory(t));
    resolve(t);
    /* Not part of step memory: a training of a million epochs must not touch the rows it has not reached. */
    t->rows_of_history = calloc((size_t)t->history.epochs, sizeof(double) * BF_HISTORY_COLUMNS);
    if (!t->rows_of_history) return BF_FAIL(BF_E_MEMORY, "the history of %lld epochs", (long long)t->history.epochs);
    t->coupler = bf_team_sum_coupler(&t->team);
    bf_params_init(t->params, t->setup.seed, t->theta);
    bf_history_start(&t->history, t->vae.plan, t->sums, t->rows_of_history, t->history.epochs);
    bf_early_start(&t->early, o, t->best, t->size);
    return BF_DONE;
}

bf_status bf_trainer_create(const bf_train_setup *setup, bf_trainer **out)
{
    *out = NULL;
    bf_trainer *t = calloc(1, sizeof *t);
    if (!t) return BF_FAIL(BF_E_MEMORY, "a trainer");
    t->setup = *setup;
    bf_status s = build(t);
    if (s.code) bf_trainer_destroy(&t);
    else *out = t;
    return s;
}

void bf_trainer_destroy(bf_trainer **trainer)
{
    bf_trainer *t = *trainer;
    if (!t) return;
    free(t->laps);
    free(t->rows_of_history);
    free(t->state_memory);
    bf_arena_release(&t->arena);
    bf_batches_destroy(&t->batches);
    bf_evaluator_destroy(&t->evaluator);
    bf_vae_destroy(&t->vae);
    bf_params_destroy(&t->params);
    free(t);
    *trainer = NULL;
}

bf_params *bf_trainer_params(const bf_trainer *t) { return t->params; }
bf_evaluator *bf_trainer_evaluator(const bf_trainer *t) { return t->evaluator; }

/* The best weights have their own vector, so the state that a checkpoint writes stays that of the last step. */
float *bf_trainer_theta(const bf_trainer *t)
{
    return t->ended && t->best && t->early.epoch > 0 ? t->best : t->theta;
}

bf_train_progress bf_trainer_progress(const bf_trainer *t)
{
    double seconds = bf_clock_seconds() - t->run_clock;
    double samples = (double)(t->step - t->run_clock_step) * (double)t->batches.batch;
    return (bf_train_progress){ .step = t->step, .steps = t->steps, .epoch = t->step / t->batches.steps_per_epoch, .epochs = t->history.epochs,
                                .samples_per_second = seconds > 0.0 ? samples / seconds : 0.0 };
}

bf_status bf_trainer_time_nodes(bf_trainer *t)
{
    free(t->laps);
    t->laps = calloc((size_t)bf_plan_nodes(t->vae.plan), 2 * sizeof *t->laps);
    return t->laps ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory to time a plan's nodes");
}

const bf_plan *bf_trainer_plan(const bf_trainer *t) { return t->vae.plan; }
const double *bf_trainer_laps(const bf_trainer *t) { return t->laps; }

int bf_trainer_history_columns(const bf_trainer *t, const bf_column **columns)
{
    (void)t;
    int count;
    *columns = bf_history_columns(&count);
    return count;
}

bf_times bf_trainer_times(const bf_trainer *t)
{
    bf_times s = t->times;
    s.rank_seconds = bf_times_step_seconds(&s) * t->team.ranks;
    return s;
}

const double *bf_trainer_history(const bf_trainer *t, int64_t *epochs_done)
{
    *epochs_done = t->history.done;
    return t->history.rows;
}
