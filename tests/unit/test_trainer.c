#include "train/trainer.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "nn/gemm.h"
#include "nn/plan_state.h"
#include "nn/threads.h"
#include "ok.h"
#include "small_training.h"
#include "train/update.h"

static bf_comm *world;
static bf_fault_plan faults = { .count = 1, .fault = { { .point = "train.nan", .rank = 0, .nth = -1, .action = BF_FAULT_NAN } } };
static small_training small;

static void restart_faults(int nth)
{
    faults.fault[0].visits = 0;
    faults.fault[0].nth = nth;
}

static int group_setup(void **state)
{
    (void)state;
    return small_training_open(world, 512, 300, &small).code;
}

static int group_teardown(void **state)
{
    (void)state;
    small_training_close(&small);
    return 0;
}

/* --- stopping and going on --------------------------------------------------------------------------------------- */

enum { MAX_ARRAYS = 16 };
typedef struct saved {
    int64_t  stop_at;           /* the tick at this step asks to stop; -1 never */
    int64_t  save_at;           /* ... to save */
    int      times;             /* checkpoints taken */
    int      n;
    bf_array array[MAX_ARRAYS]; /* copies of the state */
} saved;

static size_t bytes_of(const bf_array *a)
{
    size_t n = bf_type_size(a->type);
    for (int i = 0; i < a->rank; i++) n *= (size_t)a->shape[i];
    return n;
}

static int tick(void *self, const bf_train_progress *p)
{
    const saved *s = self;
    return (p->step == s->stop_at ? BF_TICK_STOP : 0) | (p->step == s->save_at ? BF_TICK_CHECKPOINT : 0);
}

static bf_status checkpoint(void *self, bf_trainer *t)
{
    saved *s = self;
    for (int i = 0; i < s->n; i++) free(s->array[i].data);
    s->times++;
    s->n = bf_trainer_state(t, s->array, MAX_ARRAYS);
    for (int i = 0; i < s->n; i++) {
        void *copy = malloc(bytes_of(&s->array[i]) + 1);
        if (!copy) return BF_FAIL(BF_E_MEMORY, "a copy of %s", s->array[i].name);
        memcpy(copy, s->array[i].data, bytes_of(&s->array[i]));
        s->array[i].data = copy;
    }
    return BF_DONE;
}

static void restore(const saved *s, bf_trainer *t)
{
    bf_array here[MAX_ARRAYS];
    assert_int_equal(bf_trainer_state(t, here, MAX_ARRAYS), s->n);
    for (int i = 0; i < s->n; i++) {
        assert_string_equal(here[i].name, s->array[i].name);
        assert_int_equal(bytes_of(&here[i]), bytes_of(&s->array[i]));
        memcpy(here[i].data, s->array[i].data, bytes_of(&here[i]));
    }
    ok(bf_trainer_resume(t));
}

static void forget(saved *s)
{
    for (int i = 0; i < s->n; i++) free(s->array[i].data);
}

static int speed_column(const bf_trainer *t)
{
    const bf_column *c;
    int n = bf_trainer_history_columns(t, &c);
    for (int i = 0; i < n; i++)
        if (!strcmp(c[i].name, "samples_per_second")) return i;
    fail_msg("no column samples_per_second");
    return -1;
}

static void same_training(const bf_trainer *a, const bf_trainer *b)
{
    const bf_column *c;
    int64_t epochs, epochs_b;
    int columns = bf_trainer_history_columns(a, &c), speed = speed_column(a);
    const double *ha = bf_trainer_history(a, &epochs), *hb = bf_trainer_history(b, &epochs_b);
    assert_memory_equal(bf_trainer_theta(a), bf_trainer_theta(b), bf_params_size(bf_trainer_params(a)) * sizeof(float));
    assert_int_equal(epochs, epochs_b);
    for (int64_t e = 0; e < epochs; e++)
        for (int i = 0; i < columns; i++)
            if (i != speed && memcmp(&ha[e * columns + i], &hb[e * columns + i], sizeof *ha))
                fail_msg("epoch %d, %s: %.17g and %.17g", (int)e, c[i].name, ha[e * columns + i], hb[e * columns + i]);
}

/* What was saved becomes what was never stopped; it is forgotten. */
static void goes_on(saved *s, const bf_trainer *whole)
{
    bf_trainer *second;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &second));
    restore(s, second);
    ok(bf_trainer_run(second));
    same_training(whole, second);
    bf_trainer_destroy(&second);
    forget(s);
}

static void stop_and_go_on(int64_t stop_at)
{
    bf_trainer *whole, *first;
    saved s = { .stop_at = stop_at, .save_at = -1 };
    const bf_train_hooks hooks = { .self = &s, .tick = tick, .checkpoint = checkpoint };
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &whole));
    ok(bf_trainer_run(whole));
    ok(small_trainer(&small, world, hooks, &first));
    assert_int_equal(bf_trainer_run(first).code, BF_E_STOPPED);
    assert_int_equal(s.times, 1);
    goes_on(&s, whole);
    bf_trainer_destroy(&whole);
    bf_trainer_destroy(&first);
}

static void test_trainer__stop_and_resume_equals_uninterrupted(void **state)
{
    (void)state;
    const bf_train_options before = small.train;
    small.train.evaluate_every = 2;
    small.train.clip = 1.0;
    small_name(small.train.keep, "best");
    small_name(small.train.schedule, "cosine");
    small.vae.warmup = 2.0;
    for (int i = 0; i < 3; i++) stop_and_go_on((const int64_t[]){ 3, 15, 30 }[i]);      /* inside, at an epoch's end, one before the last */
    small.train = before;
    small.train.steps = 21;                         /* a partial last epoch, of 8 steps each */
    stop_and_go_on(18);
    small.train = before;
    small.vae.warmup = 0.0;
    small_name(small.vae.objective, "capacity");
    small.vae.capacity_epochs = NAN;                /* where it stands follows from the step and the length */
    stop_and_go_on(13);
    small.vae.capacity_epochs = 0.0;
    small_name(small.vae.objective, "beta-vae");
}

/* Wide enough that products hand their rows over, or leave them as factors; the spectral norm gives a part of the first layer's gradient. */
static void widen(small_training *s, bool spectral)
{
    if (!spectral) {
        s->vae.hidden = (bf_i64_list){ .count = 2, .at = { 640, 640 } };
        return;
    }
    small_name(s->vae.net, "described");
    s->vae.encoder = (bf_layer_texts){ 3, { "fc 640 relu", "fc 640 sn relu", "fc 16 relu" } };
    s->vae.decoder = (bf_layer_texts){ 2, { "fc 640 relu", "fc 640 sn bn relu" } };
}

static int handing(const bf_plan *p, bool defers)
{
    int count = 0;
    for (int i = 0; i < p->nodes; i++) count += defers ? p->node[i].defers : p->node[i].hands;
    return count;
}

/* A limit no norm reaches makes the other training wait for the whole gradient. */
static void same_as_together(int lanes, bool spectral, bf_update_way way)
{
    const small_training before = small;
    bf_trainer *quick, *together;
    widen(&small, spectral);
    small.train.weight_decay = 1e-3;
    small.train.lanes = lanes;
    small.train.steps = 10;                         /* one epoch's end among them */
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &quick));
    const bool ours = bf_gemm_can_be_taken(64 / lanes, 640, 640);
    if (ours) assert_int_equal(handing(quick->vae.plan, way == BF_UPDATE_FACTORED), spectral ? 4 : 2);     /* a norm counts, too */
    assert_int_equal(bf_update_way_of(quick, false), !ours && way == BF_UPDATE_FACTORED ? BF_UPDATE_TOGETHER : way);
    assert_int_equal(bf_update_way_of(quick, true), BF_UPDATE_TOGETHER);
    ok(bf_trainer_run(quick));
    small.train.clip = 1e30;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &together));
    assert_int_equal(bf_update_way_of(together, false), BF_UPDATE_TOGETHER);
    ok(bf_trainer_run(together));
    assert_memory_equal(quick->theta, together->theta, quick->size * sizeof(float));
    assert_memory_equal(quick->optimizer_state, together->optimizer_state, 2 * quick->size * sizeof(float));
    bf_trainer_destroy(&quick);
    bf_trainer_destroy(&together);
    small = before;
}

static void test_trainer__every_way_to_update_gives_the_same_bits(void **state)
{
    (void)state;
    for (int spectral = 0; spectral < 2; spectral++) {
        same_as_together(1, spectral, BF_UPDATE_EARLY);
        same_as_together(2, spectral, BF_UPDATE_FACTORED);
    }
}

static void test_trainer__an_early_gradient_that_is_lost_is_blamed(void **state)
{
    (void)state;
    bf_trainer *t;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    const bf_slot *slot = bf_params_at(bf_trainer_params(t), 2);
    const bf_taker taker = bf_update_taker(t);
    float gradient[2] = { 1.0f, 1.0f };
    taker.take(taker.self, slot->offset, 2, gradient);
    assert_false(t->lost);
    gradient[1] = INFINITY;
    taker.take(taker.self, slot->offset + 3, 2, gradient);
    assert_true(t->lost);
    char want[128];
    snprintf(want, sizeof want, "step 1: gradient of %s is not finite", slot->name);
    assert_string_equal(bf_update_blame(t).what, want);
    bf_trainer_destroy(&t);
}

static int64_t epochs_of_a_run(void)
{
    bf_trainer *t;
    int64_t done;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    ok(bf_trainer_run(t));
    (void)bf_trainer_history(t, &done);
    bf_trainer_destroy(&t);
    return done;
}

static void test_trainer__resume_remembers_the_best_and_the_patience(void **state)
{
    (void)state;
    const bf_train_options before = small.train;
    small.train.epochs = 60;
    small.train.lr = 0.2;                           /* restless: patience ends it */
    small.train.evaluate_every = 1;
    small.train.patience = 3;
    small_name(small.train.keep, "best");
    int64_t epochs = epochs_of_a_run();
    assert_in_range(epochs, 4, 59);
    for (int64_t left = 1; left < 4; left++) stop_and_go_on(8 * (epochs - left) + 2);
    small.train = before;
}

static void test_trainer__a_checkpoint_changes_nothing(void **state)
{
    (void)state;
    bf_trainer *plain, *saving;
    saved s = { .stop_at = -1, .save_at = 9 };
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &plain));
    ok(small_trainer(&small, world, (bf_train_hooks){ .self = &s, .tick = tick, .checkpoint = checkpoint }, &saving));
    ok(bf_trainer_run(plain));
    ok(bf_trainer_run(saving));
    assert_int_equal(s.times, 1);
    same_training(plain, saving);
    bf_trainer_destroy(&plain);
    bf_trainer_destroy(&saving);
    forget(&s);
}

static void test_trainer__a_state_of_another_training_is_refused(void **state)
{
    (void)state;
    bf_trainer *t;
    bf_array a[MAX_ARRAYS];
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    int n = bf_trainer_state(t, a, MAX_ARRAYS);
    for (int i = 0; i < n; i++) {
        if (strcmp(a[i].name, "step") && strcmp(a[i].name, "history.epochs") && strcmp(a[i].name, "best.epoch")) continue;
        *(int64_t *)a[i].data = 5000;
        assert_int_equal(bf_trainer_resume(t).code, BF_E_FORMAT);
        *(int64_t *)a[i].data = -1;
        assert_int_equal(bf_trainer_resume(t).code, BF_E_FORMAT);
        *(int64_t *)a[i].data = 0;
    }
    *(float *)a[0].data = NAN;
    assert_int_equal(bf_trainer_resume(t).code, BF_E_FORMAT);
    bf_trainer_destroy(&t);
}

/* --- stopping in an evaluation ------------------------------------------------------------------------------------ */

/* Stops for good after so many blocks. */
static bool out_of_blocks(void *self)
{
    return --*(int *)self < 0;
}

static void stop_and_evaluate_again(int blocks, int64_t step)
{
    bf_trainer *whole, *first;
    saved s = { .stop_at = -1, .save_at = -1 };
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &whole));
    ok(bf_trainer_run(whole));
    ok(small_trainer(&small, world, (bf_train_hooks){ .self = &s, .tick = tick, .checkpoint = checkpoint }, &first));
    bf_evaluator_on_block(bf_trainer_evaluator(first), out_of_blocks, &blocks);
    assert_int_equal(bf_trainer_run(first).code, BF_E_STOPPED);
    assert_int_equal(s.times, 1);
    assert_int_equal(bf_trainer_progress(first).step, step);
    goes_on(&s, whole);
    bf_trainer_destroy(&whole);
    bf_trainer_destroy(&first);
}

/* 8 steps an epoch, 2 blocks of each part. */
static void test_trainer__a_stopped_evaluation_is_made_again(void **state)
{
    (void)state;
    const small_training before = small;
    small.train.evaluate_every = 2;
    small_name(small.train.keep, "best");
    for (int blocks = 0; blocks < 4; blocks++) stop_and_evaluate_again(blocks, blocks < 2 ? 16 : 32);
    small.train.patience = 2;
    small_name(small.vae.variance, "optimal");          /* on the training part first */
    for (int blocks = 1; blocks < 8; blocks += 2) stop_and_evaluate_again(blocks, blocks < 4 ? 16 : 32);
    small.train.steps = 12;                             /* the second epoch is half of one */
    stop_and_evaluate_again(1, 12);
    small = before;
}

/* --- where the time went ----------------------------------------------------------------------------------------- */

static void test_trainer__times_are_told_by_phase(void **state)
{
    (void)state;
    const bf_train_options before = small.train;
    bf_trainer *t;
    small.train.evaluate_every = 1;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    const bf_times none = bf_trainer_times(t);
    assert_true(none.flops == 0.0 && none.rank_seconds == 0.0 && bf_times_step_seconds(&none) == 0.0);
    const double start = bf_clock_seconds();
    ok(bf_trainer_run(t));
    const double spent = bf_clock_seconds() - start;
    const bf_times times = bf_trainer_times(t);
    double sum = 0.0;
    for (int p = 0; p < BF_PHASES; p++) {
        if (p == BF_PHASE_FILES) assert_true(times.seconds[p] == 0.0);      /* a trainer has none */
        else assert_true(times.seconds[p] > 0.0);
        sum += times.seconds[p];
    }
    assert_true(sum <= spent);
    assert_true(times.rank_seconds == bf_times_step_seconds(&times));
    /* 6-16-4-16-6, heads of mean and log variance: three products of 64 rows per layer, without the first one's input gradient. */
    const double layers = 2.0 * 64.0 * (6 * 16 + 2 * 16 * 4 + 4 * 16 + 16 * 6);
    const double steps = (double)bf_trainer_progress(t).step;
    BF_CHECK_NEAR(times.flops / steps, 3.0 * layers - 2.0 * 64.0 * 6 * 16, 0.0);
    /* Parameters and two states go both ways. The gradient is taken from the cache, but at the end of an epoch read, once more for its norm. */
    const double per_epoch = 8.0, usual = 24.0, last = 32.0;
    BF_CHECK_NEAR(times.update_bytes / steps, ((per_epoch - 1.0) * usual + last) / per_epoch * (double)bf_params_size(bf_trainer_params(t)), 0.0);
    bf_trainer_destroy(&t);
    small.train = before;
}

/* --- divergence -------------------------------------------------------------------------------------------------- */

static void test_trainer__divergence_names_step_and_tensor(void **state)
{
    (void)state;
    bf_trainer *t;
    restart_faults(7);
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    bf_status s = bf_trainer_run(t);
    restart_faults(-1);
    assert_int_equal(s.code, BF_E_DIVERGED);
    char want[128];
    snprintf(want, sizeof want, "step 7: gradient of %s is not finite", bf_params_at(bf_trainer_params(t), 0)->name);
    assert_string_equal(s.what, want);
    bf_trainer_destroy(&t);
}

static void test_trainer__divergence_of_a_loss_term_names_it(void **state)
{
    (void)state;
    const bf_train_options before = small.train;
    small.train.lr = 1e30;
    small_name(small.train.optimizer, "sgd");
    bf_trainer *t;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    bf_status s = bf_trainer_run(t);
    assert_int_equal(s.code, BF_E_DIVERGED);
    assert_non_null(strstr(s.what, "is not finite"));
    assert_non_null(strstr(s.what, "step 2"));
    bf_trainer_destroy(&t);
    small.train = before;
}

/* --- options ----------------------------------------------------------------------------------------------------- */

static double history(const bf_trainer *t, int64_t epoch, const char *name)
{
    const bf_column *c;
    int64_t done;
    int n = bf_trainer_history_columns(t, &c);
    const double *h = bf_trainer_history(t, &done);
    assert_true(epoch < done);
    for (int i = 0; i < n; i++)
        if (!strcmp(c[i].name, name)) return h[epoch * n + i];
    fail_msg("no column %s", name);
    return NAN;
}

static void test_trainer__history_has_a_row_for_every_epoch(void **state)
{
    (void)state;
    const bf_train_options before = small.train;
    small.train.steps = 20;                             /* 8 steps an epoch: 8, 8, 4 */
    small.train.evaluate_every = 2;
    small.train.warmup = 1.0;
    bf_trainer *t;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    ok(bf_trainer_run(t));
    int64_t done;
    (void)bf_trainer_history(t, &done);
    assert_int_equal(done, 3);
    for (int e = 0; e < 3; e++) {
        BF_CHECK_NEAR(history(t, e, "loss"), history(t, e, "rate") + history(t, e, "distortion"), 1e-9);
        assert_true(history(t, e, "variance") > 0.1 && history(t, e, "variance") < 2.0);
        assert_true(history(t, e, "grad_norm") > 0.0);
        assert_in_range(history(t, e, "active_units"), 0, 4);
    }
    BF_CHECK_NEAR(history(t, 0, "lr"), 1e-2 * (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8) / 64, 1e-12);
    BF_CHECK_NEAR(history(t, 1, "lr"), 1e-2, 1e-12);
    assert_true(isnan(history(t, 0, "test_elbo")));
    BF_CHECK_NEAR(history(t, 1, "test_elbo"), -(history(t, 1, "test_rate") + history(t, 1, "test_distortion")), 1e-12);
    assert_true(history(t, 2, "loss") < history(t, 0, "loss"));
    bf_trainer_destroy(&t);
    small.train = before;
}

/* 8 steps an epoch. A rate that has arrived at its capacity is pulled to both sides. */
static void test_trainer__history_has_the_weight_of_the_rate(void **state)
{
    (void)state;
    const bf_vae_options vae = small.vae;
    const bf_train_options train = small.train;
    bf_trainer *t;
    small.vae.beta = 2.0;
    small.vae.cycles = 2;                               /* of 2 epochs; beta rises over the first */
    small.vae.ramp = 0.5;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    ok(bf_trainer_run(t));
    for (int64_t e = 0; e < 4; e++) BF_CHECK_NEAR(history(t, e, "beta"), e % 2 == 0 ? 2.0 * 3.5 / 8.0 : 2.0, 1e-12);
    bf_trainer_destroy(&t);
    small.vae = vae;
    small_name(small.vae.objective, "capacity");
    small.train.epochs = 40;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    ok(bf_trainer_run(t));
    BF_CHECK_NEAR(history(t, 39, "rate"), small.vae.capacity, 0.2);
    assert_true(history(t, 0, "beta") == -small.vae.gamma || fabs(history(t, 0, "beta")) < small.vae.gamma);
    assert_true(history(t, 39, "beta") > -small.vae.gamma && history(t, 39, "beta") < small.vae.gamma);
    bf_trainer_destroy(&t);
    small.vae = vae;
    small.train = train;
}

static void test_trainer__active_units_of_means_that_are_no_numbers(void **state)
{
    (void)state;
    bf_trainer *t;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    t->sums[BF_SUM_STEPS] = 1.0;
    t->sums[BF_SUM_STATS + bf_plan_stat_find(t->vae.plan, "mean.square")->offset + 1] = NAN;
    assert_true(isnan(bf_history_close(&t->history, t->batches.batch, NAN)[BF_HISTORY_ACTIVE_UNITS]));
    bf_trainer_destroy(&t);
}

static void test_trainer__keeps_the_best_weights(void **state)
{
    (void)state;
    const bf_train_options before = small.train;
    small.train.evaluate_every = 1;
    small.train.epochs = 60;
    small.train.lr = 0.2;                               /* restless: the last epoch is not the best one */
    small.train.patience = 3;
    small_name(small.train.keep, "best");
    bf_trainer *t;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    ok(bf_trainer_run(t));
    int64_t done, best = 0;
    (void)bf_trainer_history(t, &done);
    for (int64_t e = 1; e < done; e++)
        if (history(t, e, "test_elbo") > history(t, best, "test_elbo")) best = e;
    assert_int_equal(best, done - 1 - 3);
    assert_true(done < 60);
    bf_evaluation e;
    ok(bf_evaluate(bf_trainer_evaluator(t), bf_trainer_theta(t), BF_TEST, NAN, false, &e));
    BF_CHECK_NEAR(-(e.rate + e.distortion), history(t, best, "test_elbo"), 0.0);
    bf_evaluation_free(&e);
    bf_trainer_destroy(&t);
    small.train = before;
}

static void test_trainer__refuses_lanes_that_do_not_fit(void **state)
{
    (void)state;
    const bf_train_options before = small.train;
    bf_trainer *t;
    small.train.lanes = 3;
    assert_int_equal(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t).code, BF_E_INPUT);
    assert_null(t);
    small.train.lanes = 128;
    assert_int_equal(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t).code, BF_E_INPUT);
    small.train = before;
    small.train.batch = 1024;
    assert_int_equal(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t).code, BF_E_INPUT);
    small.train = before;
}

static void test_trainer__trains_every_variance_and_the_autoencoder(void **state)
{
    (void)state;
    const bf_vae_options before = small.vae;
    const char *const variance[] = { "fixed", "learned", "optimal", "per-image" };
    for (int i = 0; i < 8; i++) {
        small_name(small.vae.variance, variance[i % 4]);
        small_name(small.vae.posterior, i < 4 ? "gaussian" : "delta");
        bf_trainer *t;
        ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
        ok(bf_trainer_run(t));
        assert_true(history(t, 3, "loss") < history(t, 0, "loss"));
        assert_true(isnan(history(t, 3, "rate")) == (i >= 4));
        assert_true(isnan(history(t, 3, "beta")) == (i >= 4));
        assert_true(history(t, 3, "variance") > 0.0);
        bf_trainer_destroy(&t);
    }
    small.vae = before;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trainer__stop_and_resume_equals_uninterrupted),
        cmocka_unit_test(test_trainer__resume_remembers_the_best_and_the_patience),
        cmocka_unit_test(test_trainer__every_way_to_update_gives_the_same_bits),
        cmocka_unit_test(test_trainer__an_early_gradient_that_is_lost_is_blamed),
        cmocka_unit_test(test_trainer__a_checkpoint_changes_nothing),
        cmocka_unit_test(test_trainer__a_state_of_another_training_is_refused),
        cmocka_unit_test(test_trainer__a_stopped_evaluation_is_made_again),
        cmocka_unit_test(test_trainer__times_are_told_by_phase),
        cmocka_unit_test(test_trainer__divergence_names_step_and_tensor),
        cmocka_unit_test(test_trainer__divergence_of_a_loss_term_names_it),
        cmocka_unit_test(test_trainer__history_has_a_row_for_every_epoch),
        cmocka_unit_test(test_trainer__history_has_the_weight_of_the_rate),
        cmocka_unit_test(test_trainer__active_units_of_means_that_are_no_numbers),
        cmocka_unit_test(test_trainer__keeps_the_best_weights),
        cmocka_unit_test(test_trainer__refuses_lanes_that_do_not_fit),
        cmocka_unit_test(test_trainer__trains_every_variance_and_the_autoencoder),
    };
    bf_status s = bf_comm_init(&argc, &argv, &faults, &world);
    if (s.code) return 1;
    bf_threads_set(1);
    int failed = cmocka_run_group_tests(tests, group_setup, group_teardown);
    bf_comm_finalize(&world);
    return failed;
}
