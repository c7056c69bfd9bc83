/* Whatever the team's size, up to the lanes, training and evaluation leave the same bits: teams of 1, 2 and 4 ranks against one alone. */
#include "measure/measure.h"
#include "train/trainer.h"

#include "close.h"
#include "small_training.h"

static bf_comm *world;
static small_training small;

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

static void ok(bf_status s)
{
    if (s.code) fail_msg("%s: %s", s.where, s.what);
}

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
    const char *const variance[] = { "learned", "optimal", "per-image" };
    for (int v = 0; v < 3; v++) {
        small_name(small.vae.variance, variance[v]);
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_train_team__same_bits_for_every_team_size),
        cmocka_unit_test(test_train_team__one_flag_stops_all),
    };
    bf_status s = bf_comm_init(&argc, &argv, NULL, &world);
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
