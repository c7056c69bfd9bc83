/* Whatever the team's size, up to the lanes, training and evaluation leave the same bits: teams of 1, 2 and 4 ranks against one alone. */
#include "measure/measure.h"
#include "nn/gemm.h"
#include "nn/threads.h"
#include "train/history.h"
#include "train/trainer.h"
#include "train/update.h"

#include <stdio.h>

#include "ok.h"
#include "small_training.h"

static bf_comm *world;
static small_training small;
#define NO_ROOM(at) { .point = "segment.create", .rank = at, .action = BF_FAULT_FAIL }
static bf_fault_plan faults = { .count = 5, .fault = { { .point = "train.nan", .rank = 0, .nth = -1, .action = BF_FAULT_NAN },
                                                       NO_ROOM(0), NO_ROOM(1), NO_ROOM(2), NO_ROOM(3) } };

enum { LATENT = 4, TRAIN = 1100, TEST = 300, COLUMNS = 64 };

/* Everything a training leaves that is promised to be the same bits. */
typedef struct outcome {
    size_t  size;
    float   theta[4096];
    int64_t epochs;
    double  history[64][16];
    bf_evaluation e[BF_SPLITS];     /* sums only; rows below */
    double  sums[BF_SPLITS][5 * LATENT];
    double  measures[BF_SPLITS][COLUMNS];
    float   z[TRAIN * LATENT];      /* of the training part, all rows */
} outcome;

static void take_history(const bf_trainer *t, outcome *o)
{
    const bf_column *c;
    int n = bf_trainer_history_columns(t, &c);
    const double *h = bf_trainer_history(t, &o->epochs);
    assert_true(n <= 16 && o->epochs <= 64);
    for (int64_t e = 0; e < o->epochs; e++)
        for (int i = 0; i < n; i++)
            o->history[e][i] = strcmp(c[i].name, "samples_per_second") ? h[e * n + i] : 0.0;
}

static void take_evaluation(const bf_trainer *t, const bf_comm *team, outcome *o)
{
    double log_variance = NAN;
    for (int split = 0; split < BF_SPLITS; split++) {
        bf_evaluation *e = &o->e[split];
        ok(bf_evaluate(bf_trainer_evaluator(t), bf_trainer_theta(t), (bf_split)split, log_variance, true, e));
        log_variance = e->log_variance;
        const bf_measure_input in = { .team = team, .vae = &small.vae, .options = &small.measure, .evaluation = e, .seed = 3, .width = 6, .unit = 1.0 };
        assert_true(bf_measure_columns(&small.measure, NULL) <= COLUMNS);
        ok(bf_measure_take(&in, o->measures[split]));
        memcpy(o->sums[split], e->kl, sizeof o->sums[split]);
        if (split == BF_TRAIN) bf_comm_allgather(team, e->z, (size_t)e->rows * LATENT * sizeof(float), o->z, NULL);
        free(e->kl);
        free(e->mean);
        free(e->logvar);
        free(e->z);
        e->kl = e->mean_sum = e->mean_square = e->logvar_sum = e->variance_sum = NULL;
        e->mean = e->logvar = e->z = NULL;
        e->first = e->rows = 0;
    }
}

static outcome *train_in_team(int ranks)
{
    bf_comm *team;
    bf_trainer *t;
    outcome *o = calloc(1, sizeof *o);
    assert_non_null(o);
    ok(bf_comm_split(world, bf_comm_rank(world) / ranks, bf_comm_rank(world), &team));
    ok(small_trainer(&small, team, (bf_train_hooks){ 0 }, &t));
    ok(bf_trainer_run(t));
    o->size = bf_params_size(bf_trainer_params(t));
    assert_true(o->size <= 4096);
    memcpy(o->theta, bf_trainer_theta(t), o->size * sizeof(float));
    take_history(t, o);
    take_evaluation(t, team, o);
    bf_trainer_destroy(&t);
    bf_comm_free(&team);
    return o;
}

static void test_train_team__same_bits_for_every_team_size(void **state)
{
    (void)state;
    enum { CASES = 5 };
    const char *const variance[CASES] = { "learned", "optimal", "per-image", "learned", "optimal" };
    for (int v = 0; v < CASES; v++) {
        small_name(small.vae.variance, variance[v]);
        small.vae.free_bits = v == 3 ? 0.5 : 0.0;
        small_name(small.vae.objective, v == 4 ? "capacity" : "beta-vae");
        outcome *alone = train_in_team(1);
        for (int ranks = 2; ranks <= bf_comm_size(world); ranks *= 2) {
            outcome *o = train_in_team(ranks);
            assert_memory_equal(o->theta, alone->theta, sizeof o->theta);
            assert_memory_equal(o->history, alone->history, sizeof o->history);
            assert_memory_equal(o->e, alone->e, sizeof o->e);
            assert_memory_equal(o->sums, alone->sums, sizeof o->sums);
            assert_memory_equal(o->measures, alone->measures, sizeof o->measures);
            assert_memory_equal(o->z, alone->z, sizeof o->z);
            free(o);
        }
        free(alone);
    }
    small_name(small.vae.objective, "beta-vae");
}

/* A batch in four lanes has the rows of one lane alone; teams share the lanes. */
static void check_lanes(int64_t batch, double near)
{
    small.train.batch = batch;
    small.train.steps = 40;
    small.train.lanes = 1;
    outcome *one_lane = train_in_team(1);
    small.train.lanes = 4;
    outcome *alone = train_in_team(1);
    for (size_t i = 0; i < alone->size; i++) BF_CHECK_NEAR((double)alone->theta[i], (double)one_lane->theta[i], near);
    for (int ranks = 2; ranks <= bf_comm_size(world); ranks *= 2) {
        outcome *o = train_in_team(ranks);
        assert_memory_equal(o->theta, alone->theta, sizeof o->theta);
        assert_memory_equal(o->history, alone->history, sizeof o->history);
        assert_memory_equal(o->z, alone->z, sizeof o->z);
        free(o);
    }
    free(alone);
    free(one_lane);
}

/* Of two samples every lane has half of a sample's rows. */
static void check_split(void) { check_lanes(2, 1e-4); }

static void test_train_team__betas_of_a_sample_are_split_over_lanes_and_ranks(void **state)
{
    (void)state;
    const small_training before = small;
    small_name(small.vae.condition, "beta");
    small_name(small.vae.modulation, "concat");
    small.vae.beta = NAN;
    small.vae.beta_range[0] = 0.1;
    small.vae.beta_range[1] = 10.0;
    small.vae.betas_per_sample = 8;
    check_split();
    small_name(small.vae.draw, "antithetic");
    small.vae.betas_per_sample = 3;
    small.vae.draws = 2;
    check_split();
    small = before;
}

/* Six draws of a sample in two lanes: one lane ends and the next begins between the two of a pair. */
static void test_train_team__draws_of_a_sample_are_split_over_lanes_and_ranks(void **state)
{
    (void)state;
    static const struct { const char *draw; int64_t draws; } cases[] = { { "random", 6 }, { "antithetic", 6 }, { "sigma-points", 0 } };
    const small_training before = small;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        small_name(small.vae.draw, cases[i].draw);
        small.vae.draws = cases[i].draws;
        check_split();
    }
    small = before;
}

/* Eight samples' draws in four lanes, two samples in each: what an encoder normalises is the samples of all lanes. */
static void test_train_team__an_encoder_normalises_samples_however_often_they_are_drawn(void **state)
{
    (void)state;
    const small_training before = small;
    small_name(small.vae.net, "described");
    small.vae.encoder = (bf_layer_texts){ 1, { "fc 12 bn tanh" } };
    small.vae.decoder = (bf_layer_texts){ 1, { "fc 12 bn tanh" } };
    small_name(small.vae.draw, "sigma-points");
    check_lanes(8, 1e-3);
    small = before;
}

/* One rank asks to stop: all of a team stop at the same step. */
static int stop_on_one(void *self, const bf_train_progress *p)
{
    (void)self;
    return bf_comm_rank(world) == bf_comm_size(world) - 1 && p->step == 5 ? BF_TICK_STOP : 0;
}

static bf_status count(void *self, bf_trainer *t)
{
    (void)t;
    ++*(int *)self;
    return BF_DONE;
}

static void test_train_team__one_flag_stops_all(void **state)
{
    (void)state;
    int saved = 0;
    bf_trainer *t;
    ok(small_trainer(&small, world, (bf_train_hooks){ .self = &saved, .tick = stop_on_one, .checkpoint = count }, &t));
    assert_int_equal(bf_trainer_run(t).code, BF_E_STOPPED);
    assert_int_equal(bf_trainer_progress(t).step, 6);
    assert_int_equal(saved, 1);
    bf_trainer_destroy(&t);
}

/* One rank is asked to, some have no block of the test part: all stop in the same evaluation. */
static bool asked(void *self)
{
    (void)self;
    return bf_comm_rank(world) == bf_comm_size(world) - 1;
}

static void test_train_team__one_rank_stops_an_evaluation(void **state)
{
    (void)state;
    int saved = 0;
    bf_trainer *t;
    ok(small_trainer(&small, world, (bf_train_hooks){ .self = &saved, .checkpoint = count }, &t));
    bf_evaluator_on_block(bf_trainer_evaluator(t), asked, NULL);
    assert_int_equal(bf_trainer_run(t).code, BF_E_STOPPED);
    assert_int_equal(bf_trainer_progress(t).step, 34);      /* the end of the second epoch */
    assert_int_equal(saved, 1);
    bf_trainer_destroy(&t);
}

/* --- a vector long enough to be shared --------------------------------------------------------------------------- */

enum { STOP_AT = 13, STATE = 16 };

/* A state as a checkpoint would hold it: rank 0's. */
typedef struct kept { int n; bf_array array[STATE]; } kept;

static size_t bytes_of(const bf_array *a) { return (size_t)bf_array_count(a) * bf_type_size(a->type); }

static bf_status keep(void *self, bf_trainer *t)
{
    kept *k = self;
    k->n = bf_trainer_state(t, k->array, STATE);
    for (int i = 0; i < k->n; i++) {
        void *copy = malloc(bytes_of(&k->array[i]) + 1);
        assert_non_null(copy);
        k->array[i].data = memcpy(copy, k->array[i].data, bytes_of(&k->array[i]));
    }
    return BF_DONE;
}

/* A running team's parameters are in memory it shares, unless there is none to share. */
static bool no_room;

static bf_status keep_running(void *self, bf_trainer *t)
{
    const bool teams = t->team.ranks > 1 && t->slice.count < t->size;
    assert_true((t->shared.segment != NULL) == (teams && !no_room));
    return keep(self, t);
}

static int stop_later(void *self, const bf_train_progress *p)
{
    (void)self;
    return p->step == STOP_AT ? BF_TICK_STOP : 0;
}

static void forget(kept *k)
{
    for (int i = 0; i < k->n; i++) free(k->array[i].data);
    k->n = 0;
}

/* What a training leaves: parameters, history without its clock, and on rank 0 the optimiser's whole state. */
static void same_state(const kept *a, const kept *b)
{
    assert_int_equal(a->n, b->n);
    for (int i = 0; i < a->n; i++) {
        double *ha = a->array[i].data, *hb = b->array[i].data;
        for (int64_t e = 0; !strcmp(a->array[i].name, "history") && e < a->array[i].shape[0]; e++)
            ha[e * a->array[i].shape[1] + BF_HISTORY_SAMPLES_PER_SECOND] = hb[e * a->array[i].shape[1] + BF_HISTORY_SAMPLES_PER_SECOND] = 0.0;
        if (memcmp(ha, hb, bytes_of(&a->array[i]))) fail_msg("%s differs", a->array[i].name);
    }
}

/* Trains in a team of so many ranks, from `from` on when it is given (rank 0 of each team has it), to the end or to STOP_AT. */
static void train_shared(int ranks, const kept *from, bool stop, kept *end)
{
    bf_comm *team;
    bf_trainer *t;
    *end = (kept){ 0 };
    ok(bf_comm_split(world, bf_comm_rank(world) / ranks, bf_comm_rank(world), &team));
    ok(small_trainer(&small, team, (bf_train_hooks){ .self = end, .tick = stop ? stop_later : NULL, .checkpoint = keep_running }, &t));
    const bool factored = small.vae.hidden.count == 2 && bf_gemm_can_be_taken(16, 512, 640);
    assert_int_equal(bf_update_way_of(t, false), factored ? BF_UPDATE_FACTORED : BF_UPDATE_TOGETHER);
    if (from) {
        bf_array here[STATE];
        assert_int_equal(bf_trainer_state(t, here, STATE), from->n);
        for (int i = 0; i < from->n && bf_comm_rank(team) == 0; i++) memcpy(here[i].data, from->array[i].data, bytes_of(&here[i]));
        bf_trainer_share_state(t);
        ok(bf_trainer_resume(t));
    }
    for (int i = 1; i < faults.count; i++) faults.fault[i].nth = no_room ? faults.fault[i].visits + 1 : 0;
    bf_status s = bf_trainer_run(t);
    if (stop) assert_int_equal(s.code, BF_E_STOPPED);
    else ok(s);
    if (!stop) ok(keep(end, t));
    assert_null(t->shared.segment);
    /* Only rank 0 of a team holds the whole state; everybody holds the parameters. */
    if (bf_comm_rank(team) > 0) {
        bf_array theta = end->array[0];
        assert_string_equal(theta.name, "theta");
        for (int i = 1; i < end->n; i++) free(end->array[i].data);
        *end = (kept){ .n = 1, .array = { theta } };
    }
    const bf_slice slice = bf_comm_slice(team, bf_params_size(bf_trainer_params(t)));
    assert_true(ranks == 1 || slice.count < bf_params_size(bf_trainer_params(t)));      /* else this shows nothing */
    bf_trainer_destroy(&t);
    bf_comm_free(&team);
}

/* As much of the whole as this rank has. */
static void same_part(const kept *whole, const kept *mine)
{
    kept part = *whole;
    part.n = mine->n;
    same_state(&part, mine);
}

static void test_train_team__shares_of_the_update_give_the_same_bits(void **state)
{
    (void)state;
    const bf_vae_options vae = small.vae;
    const bf_train_options train = small.train;
    small.vae.hidden.at[0] = 700;                   /* about 17,000 parameters: five blocks of the norm for up to four ranks */
    small.train.steps = STOP_AT + 7;                /* past the end of the first epoch, whose steps are 17 */
    const struct { const char *optimizer; double clip, lr; } cases[] = { { "adam", 0.5, 1e-3 }, { "sgd", 0.0, 1e-4 } };
    for (int c = 0; c < 2; c++) {
        kept whole, stopped, end;
        small_name(small.train.optimizer, cases[c].optimizer);
        small.train.clip = cases[c].clip;
        small.train.lr = cases[c].lr;
        train_shared(1, NULL, false, &whole);
        for (int ranks = 1; ranks <= bf_comm_size(world); ranks *= 2) {
            train_shared(ranks, NULL, false, &end);
            same_part(&whole, &end);
            forget(&end);
            no_room = c == 1;
            /* Stopped in a team of this size, continued in teams of every size: rank 0 of the world hands its state round. */
            train_shared(ranks, NULL, true, &stopped);
            kept first = { 0 };
            if (bf_comm_rank(world) == 0) first = stopped;
            bf_comm_bcast(world, &first.n, sizeof first.n, 0);
            for (int i = 0; i < first.n; i++) {
                void *data = first.array[i].data;
                bf_comm_bcast(world, &first.array[i], sizeof first.array[i], 0);
                first.array[i].data = bf_comm_rank(world) == 0 ? data : malloc(bytes_of(&first.array[i]) + 1);
                assert_non_null(first.array[i].data);
                bf_comm_bcast(world, first.array[i].data, bytes_of(&first.array[i]), 0);
            }
            for (int then = 1; then <= bf_comm_size(world); then *= 2) {
                train_shared(then, &first, false, &end);
                same_part(&whole, &end);
                forget(&end);
            }
            no_room = false;
            forget(&first);
            if (bf_comm_rank(world) > 0) forget(&stopped);
        }
        forget(&whole);
    }
    small.vae = vae;
    small.train = train;
}

/* Two tensors whose gradients are sent as factors: two ranks' slices are cut between them, four ranks' inside them. */
static void test_train_team__factors_give_the_same_bits(void **state)
{
    (void)state;
    const small_training before = small;
    kept alone, end;
    small.vae.hidden = (bf_i64_list){ 2, { 640, 512 } };
    small.train.clip = 0.0;
    small.train.steps = 4;
    small.train.evaluate_every = 0;
    train_shared(1, NULL, false, &alone);
    for (int ranks = 2; ranks <= bf_comm_size(world); ranks *= 2) {
        train_shared(ranks, NULL, false, &end);
        same_part(&alone, &end);
        forget(&end);
    }
    forget(&alone);
    small = before;
}

/* A gradient that is lost in one rank's slice is lost for all, at the same step and by the same name. */
static void one_loses_a_gradient(bf_i64_list hidden, double clip)
{
    const small_training before = small;
    bf_trainer *t;
    small.vae.hidden = hidden;
    small.train.clip = clip;
    faults.fault[0].nth = 7;
    faults.fault[0].visits = 0;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    bf_status s = bf_trainer_run(t);
    char want[128];
    snprintf(want, sizeof want, "step 7: gradient of %s is not finite", bf_params_at(bf_trainer_params(t), 0)->name);
    assert_int_equal(s.code, BF_E_DIVERGED);
    assert_string_equal(s.what, want);
    assert_int_equal(bf_trainer_progress(t).step, 6);
    bf_trainer_destroy(&t);
    faults.fault[0].nth = -1;
    small = before;
}

static void test_train_team__a_lost_gradient_is_everybodys(void **state)
{
    (void)state;
    one_loses_a_gradient((bf_i64_list){ 1, { 700 } }, 5.0);
    one_loses_a_gradient((bf_i64_list){ 2, { 640, 512 } }, 0.0);        /* factored */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_train_team__same_bits_for_every_team_size),
        cmocka_unit_test(test_train_team__betas_of_a_sample_are_split_over_lanes_and_ranks),
        cmocka_unit_test(test_train_team__draws_of_a_sample_are_split_over_lanes_and_ranks),
        cmocka_unit_test(test_train_team__an_encoder_normalises_samples_however_often_they_are_drawn),
        cmocka_unit_test(test_train_team__one_flag_stops_all),
        cmocka_unit_test(test_train_team__one_rank_stops_an_evaluation),
        cmocka_unit_test(test_train_team__shares_of_the_update_give_the_same_bits),
        cmocka_unit_test(test_train_team__factors_give_the_same_bits),
        cmocka_unit_test(test_train_team__a_lost_gradient_is_everybodys),
    };
    bf_threads_set(1);
    bf_status s = bf_comm_init(&argc, &argv, &faults, &world);
    if (!s.code) s = small_training_open(world, TRAIN, TEST, &small);
    if (s.code) return 1;
    small.train.lanes = 4;
    small.train.evaluate_every = 2;
    small.train.clip = 5.0;
    small.measure = (bf_measure_options){ .count = 5, .name = { "rd", "active", "mmd", "spectrum", "decomposition" }, .rd_samples = 3 };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    small_training_close(&small);
    bf_comm_finalize(&world);
    return failed;
}
