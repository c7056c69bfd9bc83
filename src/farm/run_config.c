#include "farm/run_config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "farm/extend.h"
#include "farm/init_from.h"
#include "farm/outputs.h"
#include "nn/backend.h"
#include "nn/kernels_info.h"
#include "store/checkpoint.h"
#include "store/config_file.h"
#include "store/times_attrs.h"
#include "vae/condition.h"

#define BF_TELL_SECONDS 2.0     /* a leader's letters are cheap; what the desk publishes every progress_seconds should be fresh */
#define BF_ASK_AHEAD 0.9        /* a leader asks for the next configuration when this much of the current one is done */

static double seconds_so_far(const bf_job *job) { return job->seconds_before + bf_clock_seconds() - job->started; }

/* Where the time of this attempt went, the steps that it resumed aside. */
static bf_times attempt_times(const bf_job *job)
{
    bf_times t = job->trainer ? bf_trainer_times(job->trainer) : (bf_times){ .flops = 0.0 };
    bf_times_add(&t, &job->own);
    return t;
}

static bf_times times_so_far(const bf_job *job)
{
    bf_times t = attempt_times(job);
    bf_times_add(&t, &job->before);
    return t;
}

/* Of this run, those of attempts that diverged included. */
static int64_t steps_of_run(const bf_job *job)
{
    return job->lost_steps + (job->trainer ? bf_trainer_progress(job->trainer).step - job->first_step : 0);
}

/* --- hooks of the trainer ------------------------------------------------------------------------------------------ */

static void send_progress(bf_job *job, const bf_train_progress *p, double now)
{
    bf_running r = { .id = job->id, .step = p->step, .steps = p->steps, .epoch = p->epoch, .epochs = p->epochs,
                     .samples_per_second = p->samples_per_second, .steps_now = steps_of_run(job), .checkpoint_seconds = job->checkpoint_seconds };
    job->next_progress = now + fmin(job->crew->progress_seconds, BF_TELL_SECONDS);
    bf_crew_tell_progress(job->crew, &r);
}

/* Local, between two steps or two blocks of an evaluation: whether this rank is asked to stop. Leaders see to their letters. */
static bool asked_to_stop(void *self)
{
    bf_crew *crew = self;
    const bool signalled = bf_stop_requested() != 0;
    bf_crew_serve(crew);
    if (crew->leader && signalled) bf_crew_please_stop(crew);
    return signalled || crew->stop;
}

static int tick(void *self, const bf_train_progress *p)
{
    bf_job *job = self;
    bf_crew *crew = job->crew;
    int flags = asked_to_stop(crew) ? BF_TICK_STOP : 0;
    if (!crew->leader) return flags;
    double now = bf_clock_seconds();
    if ((double)p->step >= BF_ASK_AHEAD * (double)p->steps && !crew->stop) bf_crew_ask(crew);
    if (now >= job->next_progress) send_progress(job, p, now);
    if (now >= job->next_checkpoint) flags |= BF_TICK_CHECKPOINT;
    return flags;
}

/* Local, the leader. */
static bf_status write_checkpoint(const bf_job *job, bf_trainer *t)
{
    enum { OTHERS = 4 };
    const bf_crew *crew = job->crew;
    const bf_times times = times_so_far(job);
    char kernels[160];
    bf_array state[BF_MAX_STATE];
    bf_kernel_identity(bf_backend_find(job->config.train.backend), kernels, sizeof kernels);
    bf_attr attrs[OTHERS + BF_TIMES_ATTRS] = {
        { .name = "config_hash", .type = 's', .text = job->task.hash }, { .name = "kernels", .type = 's', .text = kernels },
        { .name = "attempt", .type = 'i', .integer = job->attempt }, { .name = "seconds", .type = 'f', .real = seconds_so_far(job) },
    };
    bf_times_to_attrs(&times, attrs + OTHERS);
    int n = bf_trainer_state(t, state, BF_MAX_STATE);
    return bf_checkpoint_write(crew->team, &crew->site, job->id, state, n, attrs, OTHERS + BF_TIMES_ATTRS);
}

static bf_status checkpoint(void *self, bf_trainer *t)
{
    bf_job *job = self;
    bf_crew *crew = job->crew;
    bf_status s = BF_DONE;
    double then = bf_clock_seconds();
    if (crew->leader) {
        const double start = then;
        s = write_checkpoint(job, t);
        double end = bf_clock_seconds();
        job->checkpoint_seconds = fmax(job->checkpoint_seconds, end - start);
        job->next_checkpoint = end + job->config.train.checkpoint_seconds;
    }
    s = bf_comm_agree(crew->team, s);
    bf_times_lap(&job->own, BF_PHASE_FILES, &then);
    return s;
}

/* --- one attempt --------------------------------------------------------------------------------------------------- */

static bf_train_setup trainer_setup(bf_job *job)
{
    const bf_config *c = &job->config;
    return (bf_train_setup){
        .team = job->crew->team, .data = job->data, .vae = &c->vae, .train = &c->train, .measure = &c->measure,
        .backend = bf_backend_find(c->train.backend), .seed = c->seed, .lr_scale = pow(c->train.retry_factor, job->attempt - 1),
        .hooks = { .self = job, .tick = tick, .checkpoint = checkpoint },
    };
}

/* Local, the leader. What was drawn gives way to the weights of a neighbour, or to those of train.init_from. */
static bf_status load_weights(const bf_job *job, const bf_params *p, float *theta)
{
    const bf_task *t = &job->task;
    if (t->parent >= 0) return bf_init_from_parent(job->crew->site.dir, t->parent, t->origin, job->crew->schema, p, theta);
    return bf_init_from(job->config.train.init_from, t->origin, p, theta);
}

static bf_status create_trainer(bf_job *job)
{
    const bf_train_setup setup = trainer_setup(job);
    bf_trainer_destroy(&job->trainer);
    job->first_step = 0;
    BF_TRY(bf_comm_agree(job->crew->team, bf_trainer_create(&setup, &job->trainer)));
    bf_evaluator_on_block(bf_trainer_evaluator(job->trainer), asked_to_stop, job->crew);
    if (!job->task.origin[0]) return BF_DONE;
    float *theta = bf_trainer_theta(job->trainer);
    const bf_params *params = bf_trainer_params(job->trainer);
    BF_TRY(bf_comm_agree(job->crew->team, job->crew->leader ? load_weights(job, params, theta) : BF_DONE));
    bf_comm_bcast(job->crew->team, theta, bf_params_size(params) * sizeof *theta, 0);
    return BF_DONE;
}

/* Where a training begins: afresh, at its checkpoint, or where its file of fewer epochs ended. Bytes, as the leader sends them. */
typedef enum bf_origin_kind { BF_AFRESH, BF_CHECKPOINT, BF_SHORTER } bf_origin_kind;
typedef struct bf_origin { bf_origin_kind kind; int attempt; double seconds; bf_times times; } bf_origin;

static bool may_be_attempt(const bf_job *job, int64_t attempt) { return attempt >= 1 && attempt <= job->config.train.retries + 1; }

/* Local, the leader. A checkpoint serves when it says that it belongs to this configuration. Those of earlier versions do not tell where the time
 * went; then that count begins here. */
static bf_status take_checkpoint(const bf_job *job, const bf_checkpoint *saved, bf_origin *o)
{
    bf_attr about[] = { { .name = "config_hash", .type = 's' }, { .name = "attempt", .type = 'i' }, { .name = "seconds", .type = 'f' } };
    bf_attr times[BF_TIMES_ATTRS];
    bf_status s = bf_checkpoint_attrs(saved, about, 3);
    if (s.code == BF_E_MEMORY) return s;
    if (!s.code && strcmp(about[0].text, job->task.hash) == 0 && may_be_attempt(job, about[1].integer))
        *o = (bf_origin){ BF_CHECKPOINT, (int)about[1].integer, about[2].real, { .flops = 0.0 } };
    else
        bf_crew_note(job->crew, "c%04d: its checkpoint is of other keys, of other weights to start from, or of an earlier version; it is not used", job->id);
    free((void *)about[0].text);
    bf_times_to_attrs(NULL, times);
    if (o->kind == BF_CHECKPOINT && bf_checkpoint_attrs(saved, times, BF_TIMES_ATTRS).code == BF_OK) bf_times_from_attrs(times, &o->times);
    return BF_DONE;
}

/* Local, the leader. *saved, where there is one, is the checkpoint that everything is read from: its arrays once there is a trainer for them. */
static bf_status find_origin(const bf_job *job, bf_origin *o, bf_checkpoint **saved)
{
    char note[256];
    bf_result shorter;
    BF_TRY(bf_checkpoint_open(job->crew->site.dir, job->id, true, saved, note, sizeof note));
    if (note[0]) bf_crew_note(job->crew, "%s", note);
    if (*saved) BF_TRY(take_checkpoint(job, *saved, o));
    if (o->kind != BF_AFRESH || job->task.extends == 0) return BF_DONE;
    const bf_status s = bf_config_file_read_result(job->crew->site.dir, job->id, job->crew->schema, &shorter);
    if (s.code) return s.code == BF_E_IO ? s : BF_DONE;
    if (may_be_attempt(job, shorter.attempts)) *o = (bf_origin){ BF_SHORTER, shorter.attempts, shorter.seconds, shorter.times };
    bf_result_free(&shorter);
    return BF_DONE;
}

/* Local, the leader. */
static bf_status fill_state(bf_job *job, const bf_origin *o, const bf_checkpoint *saved)
{
    bf_array state[BF_MAX_STATE];
    const bf_train_setup setup = trainer_setup(job);
    if (o->kind == BF_SHORTER) return bf_extend_load(job->crew->site.dir, job->id, job->task.extends, &setup, job->trainer);
    BF_TRY(bf_fault_at(job->crew->team, "checkpoint.read", BF_E_IO));
    return bf_checkpoint_arrays(saved, state, bf_trainer_state(job->trainer, state, BF_MAX_STATE));
}

/* Collective over the team. One rank reads and all get the bytes: ranks that looked for themselves might see different files of a shared folder. */
static bf_status share_state(bf_job *job, const bf_origin *o, const bf_checkpoint *saved)
{
    double then = bf_clock_seconds();
    BF_TRY(bf_comm_agree(job->crew->team, job->crew->leader ? fill_state(job, o, saved) : BF_DONE));
    bf_trainer_share_state(job->trainer);
    bf_times_lap(&job->own, BF_PHASE_FILES, &then);
    BF_TRY(bf_comm_agree(job->crew->team, bf_trainer_resume(job->trainer)));
    job->first_step = bf_trainer_progress(job->trainer).step;
    return BF_DONE;
}

static bf_status begin_at(bf_job *job, const bf_origin *o)
{
    job->attempt = o->attempt;
    job->seconds_before = o->seconds;
    job->before = o->times;
    return create_trainer(job);
}

/* Collective over the team. What cannot be resumed starts afresh; what cannot be read today may be tomorrow, and is not thrown away. */
static bf_status resume(bf_job *job)
{
    const bf_origin afresh = { .kind = BF_AFRESH, .attempt = 1 };
    bf_origin o = afresh;
    bf_checkpoint *saved = NULL;
    bf_status s;
    double then = bf_clock_seconds();
    BF_TRY_DONE(bf_comm_agree(job->crew->team, job->crew->leader ? find_origin(job, &o, &saved) : BF_DONE));
    bf_times_lap(&job->own, BF_PHASE_FILES, &then);
    bf_comm_bcast(job->crew->team, &o, sizeof o, 0);
    BF_TRY_DONE(begin_at(job, &o));
    if (o.kind != BF_AFRESH) s = share_state(job, &o, saved);
    if (s.code && s.code != BF_E_IO) {
        bf_crew_note(job->crew, "c%04d: its saved state does not serve; training starts again. %s", job->id, s.what);
        s = begin_at(job, &afresh);
    }
done:
    bf_checkpoint_close(&saved);
    return s;
}

static bf_status train(bf_job *job)
{
    bf_status s = resume(job);
    for (;;) {
        if (!s.code) s = bf_trainer_run(job->trainer);
        if (s.code != BF_E_DIVERGED || job->attempt > job->config.train.retries) return s;
        if (job->crew->leader) bf_checkpoint_remove(&job->crew->site, job->id);
        bf_crew_note(job->crew, "c%04d: %s; attempt %d with a learning rate %g times smaller", job->id, s.what, job->attempt + 1,
                     1.0 / job->config.train.retry_factor);
        const bf_times diverged = attempt_times(job);
        bf_times_add(&job->lost, &diverged);
        job->lost_steps = steps_of_run(job);
        job->own = job->before = (bf_times){ .flops = 0.0 };
        job->attempt++;
        s = create_trainer(job);
    }
}

/* --- after training ------------------------------------------------------------------------------------------------- */

/* A measure's hook: a copy that lives until the configuration's file is written. */
static bf_status keep(void *self, const bf_array *a)
{
    bf_job *job = self;
    if (job->n_kept == BF_MAX_KEPT) return BF_FAIL(BF_E_INTERNAL, "measures leave more than %d arrays", BF_MAX_KEPT);
    const size_t bytes = (size_t)bf_array_count(a) * bf_type_size(a->type);
    void *data = malloc(bytes + 1);
    if (!data) return BF_FAIL(BF_E_MEMORY, "no memory for %s of c%04d", a->name, job->id);
    memcpy(data, a->data, bytes);
    job->kept[job->n_kept] = *a;
    job->kept[job->n_kept++].data = data;
    return BF_DONE;
}

/* Both parts, as the evaluator's model is: what measures say lands in values (splits, metrics), rows in e (splits), which belongs to the caller. */
static bf_status measure_model(bf_job *job, bool keeps, bf_evaluation *e, double *values)
{
    const bf_config *c = &job->config;
    const bf_data_info *d = bf_dataset_info(job->data);
    bf_evaluator *evaluator = bf_trainer_evaluator(job->trainer);
    const float *theta = bf_trainer_theta(job->trainer);
    double log_variance = NAN;
    for (int split = BF_TRAIN; split < BF_SPLITS; split++) {
        BF_TRY(bf_evaluate(evaluator, theta, (bf_split)split, log_variance, true, &e[split]));
        log_variance = e[split].log_variance;
        const bf_measure_input in = { .team = job->crew->team, .vae = &c->vae, .options = &c->measure, .evaluation = &e[split], .seed = c->seed,
                                      .width = d->width, .unit = d->stored == BF_STORED_U8 ? 1.0 / d->scale : 1.0,
                                      .integers = d->stored == BF_STORED_U8, .evaluator = evaluator, .theta = theta, .split = (bf_split)split,
                                      .keep = keeps && split == BF_TRAIN ? keep : NULL, .keep_self = job };
        BF_TRY(bf_measure_take(&in, values + (size_t)split * (size_t)job->crew->schema->n_metrics));
        bf_crew_serve(job->crew);
    }
    return BF_DONE;
}

/* A conditioned model, at every beta of the grid; what is stored beside the tables is of one of them, which it is told in the end. */
static bf_status measure_by_beta(bf_job *job, bf_result *r)
{
    bf_f64_list grid;
    bf_evaluator *evaluator = bf_trainer_evaluator(job->trainer);
    bf_condition_grid(&job->config.vae, &grid);
    job->told = bf_condition_stored_beta(&job->config.vae);
    BF_TRY(bf_comm_agree(job->crew->team, bf_result_add_betas(r, grid.count)));
    for (int b = 0; b < grid.count; b++) {
        const bool stored = grid.at[b] == job->told;
        bf_evaluation passing[BF_SPLITS] = { 0 };
        bf_evaluator_tell(evaluator, grid.at[b]);
        const bf_status s = measure_model(job, stored, stored ? job->evaluation : passing,
                                          r->by_beta + (size_t)b * BF_SPLITS * (size_t)r->n_metrics);
        for (int split = 0; split < BF_SPLITS; split++) bf_evaluation_free(&passing[split]);
        if (s.code) return s;
    }
    bf_evaluator_tell(evaluator, job->told);
    return BF_DONE;
}

static bf_status measure(bf_job *job, bf_result *r)
{
    if (bf_beta_conditioned(&job->config.vae)) return measure_by_beta(job, r);
    BF_TRY(measure_model(job, true, job->evaluation, r->metrics));
    /* `optimal`: the training set's variance is part of the model from now on. */
    const bf_params *params = bf_trainer_params(job->trainer);
    const int slot = bf_params_find(params, "likelihood.log_variance");
    const double log_variance = job->evaluation[BF_TEST].log_variance;
    if (slot >= 0 && isfinite(log_variance)) bf_trainer_theta(job->trainer)[bf_params_at(params, slot)->offset] = (float)log_variance;
    return BF_DONE;
}

static bf_status start_result(const bf_job *job, bf_result *r)
{
    const double *history = NULL;
    int64_t epochs = 0;
    if (job->trainer) history = bf_trainer_history(job->trainer, &epochs);
    BF_TRY(bf_result_create(r, job->crew->schema->n_metrics, job->crew->schema->n_history, epochs));
    r->id = job->id;
    r->attempts = job->attempt;
    r->epochs_done = epochs;
    if (epochs) memcpy(r->history, history, (size_t)epochs * (size_t)r->n_history * sizeof *history);
    if (job->trainer) {
        r->steps = bf_trainer_progress(job->trainer).step;
        r->parameters = bf_params_count(bf_trainer_params(job->trainer));
    }
    r->parent = job->task.parent;
    memcpy(r->hash, job->task.hash, sizeof r->hash);
    memcpy(r->origin, job->task.origin, sizeof r->origin);
    return BF_DONE;
}

/* Which of a configuration's failures are its own, to be recorded as a row, and which end the study. */
static bool is_a_row(bf_code code)
{
    return code == BF_E_DIVERGED || code == BF_E_INPUT || code == BF_E_FORMAT || code == BF_E_MEMORY || code == BF_E_STOPPED;
}

/* Local, the leader. Floating-point operations per second that this configuration's steps are compared with; NaN where it made none. */
static double roof_of(bf_job *job, const bf_result *r)
{
    return job->crew->leader && r->times.flops > 0.0 ? bf_roof_of(&job->crew->roofs, &job->config.train) : NAN;
}

static bf_config_status status_of(bf_code code)
{
    return code == BF_OK ? BF_CONFIG_DONE : code == BF_E_STOPPED ? BF_STOPPED : code == BF_E_DIVERGED ? BF_DIVERGED : BF_CONFIG_FAILED;
}

/* What the row says of how it went so far. */
static void note_outcome(bf_job *job, bf_status outcome, bf_result *r)
{
    r->status = status_of(outcome.code);
    if (r->status == BF_DIVERGED || r->status == BF_CONFIG_FAILED) snprintf(r->error, sizeof r->error, "%s", outcome.what);
    r->seconds = seconds_so_far(job);
    r->times = times_so_far(job);
    r->gflops = bf_times_gflops(&r->times);
    r->roof_share = r->gflops / (1e-9 * roof_of(job, r));
}

/* What keeps a trained model from its file today, and need not tomorrow. */
static bool may_be_tried_again(bf_code code) { return code == BF_E_MEMORY || code == BF_E_STOPPED; }

/* Collective over the team. As after the last step: only what comes after it is made again. */
static bf_status keep_trained(bf_job *job, bf_status why)
{
    const bf_status saved = checkpoint(job, job->trainer);
    return saved.code && saved.code != why.code ? saved : why;
}

/* Collective over the team. Where it cannot be, the configuration's checkpoint is what it was trained to. */
static bf_status measure_and_write(bf_job *job, bf_result *r)
{
    double then = bf_clock_seconds();
    bf_status s = measure(job, r);
    bf_times_lap(&job->own, BF_PHASE_EVALUATION, &then);
    if (!s.code) {
        note_outcome(job, s, r);
        s = bf_outputs_write(job, r, &job->own);
    }
    return may_be_tried_again(s.code) ? keep_trained(job, s) : s;
}

/* Collective over the team. The file of what did not become a model holds its rows alone; what was stopped has none yet. */
static bf_status write_row(bf_job *job, bf_status outcome, bf_result *r)
{
    note_outcome(job, outcome, r);
    bf_result_forget_measures(r);
    return r->status == BF_STOPPED ? BF_DONE : bf_outputs_write(job, r, &job->own);
}

/* Collective over the team. A checkpoint has served when there is a model, or none will come of it; what failed may succeed another time. */
static bf_status conclude(bf_job *job, bf_status trained, bf_result *r)
{
    if (trained.code && !is_a_row(trained.code)) return trained;
    BF_TRY(bf_comm_agree(job->crew->team, start_result(job, r)));
    const bf_status s = trained.code ? trained : measure_and_write(job, r);
    if (s.code && !is_a_row(s.code)) return s;
    if (s.code) BF_TRY(write_row(job, s, r));
    double then = bf_clock_seconds();
    if (job->crew->leader && (r->status == BF_CONFIG_DONE || r->status == BF_DIVERGED)) bf_checkpoint_remove(&job->crew->site, job->id);
    bf_times_lap(&job->own, BF_PHASE_FILES, &then);
    r->steps_now = steps_of_run(job);
    r->now = attempt_times(job);
    bf_times_add(&r->now, &job->lost);
    r->now.roof_seconds = r->now.flops > 0.0 ? r->now.flops / roof_of(job, r) : 0.0;
    return BF_DONE;
}

bf_status bf_run_config(bf_crew *crew, const bf_task *task, bf_result *out)
{
    const int id = task->id;
    bf_job *job = calloc(1, sizeof *job);
    bf_status s = bf_comm_agree(crew->team, job ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for configuration %d", id));
    if (s.code) goto done;
    job->crew = crew;
    job->task = *task;
    job->id = id;
    job->attempt = 1;
    job->started = bf_clock_seconds();
    bf_study_config(crew->study, crew->order[id], &job->config);
    job->data = crew->data->set[crew->data->of[crew->order[id]]];
    job->next_checkpoint = job->started + job->config.train.checkpoint_seconds;
    s = conclude(job, train(job), out);
    bf_trainer_destroy(&job->trainer);
    for (int split = 0; split < BF_SPLITS; split++) bf_evaluation_free(&job->evaluation[split]);
    for (int i = 0; i < job->n_kept; i++) free(job->kept[i].data);
done:
    free(job);
    return s;
}
