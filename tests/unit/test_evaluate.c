/* Evaluation against what can be known: exact expectations, refits, draws, blocks; and linear models trained to their analytic optimum. */
#include "measure/evaluator.h"
#include "measure/measure.h"

#include "ok.h"
#include "small_training.h"

static bf_comm *world;
static small_training small;

static int group_setup(void **state)
{
    (void)state;
    return small_training_open(world, 600, 300, &small).code;   /* neither part is a multiple of a block */
}

static int group_teardown(void **state)
{
    (void)state;
    small_training_close(&small);
    return 0;
}

/* A trainer that has run: the model every test below evaluates. */
static bf_trainer *trained(void)
{
    bf_trainer *t;
    ok(small_trainer(&small, world, (bf_train_hooks){ 0 }, &t));
    ok(bf_trainer_run(t));
    return t;
}

static bf_evaluation evaluated(const bf_trainer *t, bf_split split, double log_variance)
{
    bf_evaluation e;
    ok(bf_evaluate(bf_trainer_evaluator(t), bf_trainer_theta(t), split, log_variance, true, &e));
    return e;
}

static double gaussian_nll(double sse, int width, double variance)
{
    return sse / (2.0 * variance) + 0.5 * width * log(2.0 * 3.14159265358979323846 * variance);
}

/* --- what an evaluation adds up ---------------------------------------------------------------------------------- */

static void test_evaluate__sums_follow_from_the_rows(void **state)
{
    (void)state;
    bf_trainer *t = trained();
    bf_evaluation e = evaluated(t, BF_TEST, NAN);
    assert_int_equal(e.rows, 300);
    double rate = 0.0, *x_hat_error = calloc(2, sizeof(double));
    for (int j = 0; j < 4; j++) {
        double mean = 0.0, square = 0.0, variance = 0.0, kl = 0.0;
        for (int i = 0; i < 300; i++) {
            double m = e.mean[i * 4 + j], lv = e.logvar[i * 4 + j];
            mean += m;
            square += m * m;
            variance += exp(lv);
            kl += 0.5 * (m * m + exp(lv) - lv - 1.0);
        }
        BF_CHECK_NEAR(e.mean_sum[j], mean, 1e-9);
        BF_CHECK_NEAR(e.mean_square[j], square, 1e-9);
        BF_CHECK_NEAR(e.variance_sum[j], variance, 1e-9);
        BF_CHECK_NEAR(e.kl[j], kl, 1e-8);
        rate += kl / 300;
    }
    BF_CHECK_NEAR(e.rate, rate, 1e-5);
    /* Reconstructions decoded from the stored rows give the errors that were reported. */
    float *recon = malloc(300 * 6 * sizeof *recon), *x = malloc(300 * 6 * sizeof *x);
    assert_true(recon && x && x_hat_error);
    bf_dataset_block(small.data, BF_TEST, 0, 300, x);
    for (int which = 0; which < 2; which++) {
        ok(bf_evaluator_decode(bf_trainer_evaluator(t), bf_trainer_theta(t), which ? e.z : e.mean, NULL, 300, recon));
        for (int i = 0; i < 1800; i++) x_hat_error[which] += ((double)x[i] - (double)recon[i]) * ((double)x[i] - (double)recon[i]);
    }
    BF_CHECK_NEAR(e.mse, x_hat_error[0] / 1800, 1e-6);
    BF_CHECK_NEAR(e.mse_sampled, x_hat_error[1] / 1800, 1e-6);
    BF_CHECK_NEAR(e.distortion, gaussian_nll(x_hat_error[1] / 300, 6, e.variance), 1e-4);
    BF_CHECK_NEAR(e.distortion_refit, gaussian_nll(x_hat_error[1] / 300, 6, x_hat_error[1] / 1800), 1e-5);
    assert_true(isnan(e.distortion_se));
    free(recon);
    free(x);
    free(x_hat_error);
    bf_evaluation_free(&e);
    bf_trainer_destroy(&t);
}

/* Plans of fewer rows run more often and find the same. */
static void test_evaluate__a_block_may_be_several_runs(void **state)
{
    (void)state;
    bf_trainer *t = trained();
    bf_evaluator *e = bf_trainer_evaluator(t);
    float x[2][6 * 300];
    bf_evaluation whole = evaluated(t, BF_TEST, NAN);
    ok(bf_evaluator_decode(e, bf_trainer_theta(t), whole.z, NULL, 300, x[0]));
    assert_int_equal(e->rows, BF_EVAL_ROWS);
    e->rows = 32;                           /* of a plan that has room for more */
    bf_evaluation parts = evaluated(t, BF_TEST, NAN);
    ok(bf_evaluator_decode(e, bf_trainer_theta(t), whole.z, NULL, 300, x[1]));
    BF_CHECK_NEAR(parts.rate, whole.rate, 1e-6);
    BF_CHECK_NEAR(parts.distortion, whole.distortion, 1e-6);
    BF_CHECK_NEAR(parts.mse_sampled, whole.mse_sampled, 1e-6);
    for (int i = 0; i < 300 * 4; i++) BF_CHECK_NEAR(parts.z[i], whole.z[i], 1e-5);
    for (int i = 0; i < 300 * 6; i++) BF_CHECK_NEAR(x[1][i], x[0][i], 1e-5);
    bf_evaluation_free(&whole);
    bf_evaluation_free(&parts);
    bf_trainer_destroy(&t);
}

/* 256 values of 784 entries are a quarter of a million numbers to a sample. */
static void test_evaluate__large_plans_have_fewer_rows(void **state)
{
    (void)state;
    const bf_vae_data images = { .dims = 2, .shape = { 28, 28 }, .width = 784, .variance = 0.1 };
    bf_vae_options o = small.vae;
    for (int k = 0; k < 2; k++) {
        int rows;
        bf_vae v;
        bf_params *params = bf_params_create();
        ok(bf_evaluator_rows(&o, &images, params, &rows));
        const bf_plan_shape shape = { .rows = rows, .lanes = 1, .counted = true };
        ok(bf_vae_build(&o, &images, BF_VAE_EVALUATE, &shape, &bf_backend_portable, BF_USE_EPS_EVAL, params, &v));
        assert_true(k == 0 ? rows == BF_EVAL_ROWS : rows < BF_EVAL_ROWS && rows >= 16);
        assert_in_range(bf_plan_bytes(v.plan), 0, 129u << 20);
        bf_vae_destroy(&v);
        bf_params_destroy(&params);
        small_name(o.likelihood, "categorical");
    }
}

static void test_evaluate__many_draws_agree_with_the_exact_expectation(void **state)
{
    (void)state;
    const small_training before = small;
    small_name(small.vae.net, "linear");
    bf_trainer *t = trained();
    bf_evaluation exact = evaluated(t, BF_TEST, NAN);
    BF_CHECK_NEAR(exact.distortion_se, 0.0, 0.0);
    /* Without what is known of its decoder, draws have to find it. */
    small.measure.rd_samples = 200;
    bf_evaluator *e;
    ok(bf_evaluator_create(world, small.data, &small.vae, 3, &small.measure, bf_trainer_params(t), &bf_backend_portable, &e));
    e->affine = false;
    bf_evaluation drawn;
    ok(bf_evaluate(e, bf_trainer_theta(t), BF_TEST, NAN, true, &drawn));
    assert_true(drawn.distortion_se > 0.0 && drawn.distortion_se < 0.1);
    BF_CHECK_NEAR(drawn.distortion, exact.distortion, 5.0 * drawn.distortion_se);
    assert_memory_equal(drawn.z, exact.z, 300 * 4 * sizeof(float));         /* the stored draw is the first of them */
    bf_evaluation_free(&drawn);
    bf_evaluation_free(&exact);
    bf_evaluator_destroy(&e);
    bf_trainer_destroy(&t);
    small = before;
}

static void test_evaluate__optimal_variance_is_the_training_parts(void **state)
{
    (void)state;
    const small_training before = small;
    small_name(small.vae.variance, "optimal");
    bf_trainer *t = trained();
    bf_evaluation train = evaluated(t, BF_TRAIN, NAN), test = evaluated(t, BF_TEST, train.log_variance);
    BF_CHECK_NEAR(exp(train.log_variance), train.mse_sampled, 1e-9);
    BF_CHECK_NEAR(train.distortion, train.distortion_refit, 1e-12);
    BF_CHECK_NEAR(test.variance, train.variance, 0.0);
    BF_CHECK_NEAR(test.distortion, gaussian_nll(6 * test.mse_sampled, 6, train.variance), 1e-9);
    BF_CHECK_NEAR(test.distortion_refit, gaussian_nll(6 * test.mse_sampled, 6, test.mse_sampled), 1e-9);
    assert_true(test.distortion_refit < test.distortion);
    bf_evaluation_free(&train);
    bf_evaluation_free(&test);
    bf_trainer_destroy(&t);
    small = before;
}

static void test_evaluate__autoencoder_has_distortion_but_no_rate(void **state)
{
    (void)state;
    const small_training before = small;
    small_name(small.vae.posterior, "delta");
    bf_trainer *t = trained();
    bf_evaluation e = evaluated(t, BF_TEST, NAN);
    assert_true(isnan(e.rate) && e.logvar == NULL);
    assert_memory_equal(e.z, e.mean, 300 * 4 * sizeof(float));
    BF_CHECK_NEAR(e.mse, e.mse_sampled, 0.0);
    BF_CHECK_NEAR(e.distortion, gaussian_nll(6 * e.mse, 6, e.variance), 1e-9);
    bf_evaluation_free(&e);
    bf_trainer_destroy(&t);
    small = before;
}

static void test_evaluate__per_image_variances_are_averaged_not_their_errors(void **state)
{
    (void)state;
    const small_training before = small;
    small_name(small.vae.variance, "per-image");
    bf_trainer *t = trained();
    bf_evaluation e = evaluated(t, BF_TEST, NAN);
    BF_CHECK_NEAR(e.variance, e.mse_sampled, 1e-9);
    assert_true(e.distortion < gaussian_nll(6 * e.mse_sampled, 6, e.mse_sampled) - 0.1);    /* Jensen, and not by a little */
    assert_int_equal(e.variance_floor_hits, 0);
    bf_evaluation_free(&e);
    bf_trainer_destroy(&t);
    small = before;
}

/* --- linear models at their optimum: methods 5.2 and 5.4 --------------------------------------------------------- */

static bf_evaluation linear_optimum(const char *variance, double beta)
{
    const small_training before = small;
    small_name(small.vae.net, "linear");
    small_name(small.vae.variance, variance);
    small_name(small.train.schedule, "cosine");
    small.vae.beta = beta;
    small.train.batch = 100;
    small.train.epochs = 500;
    small.train.lr = 2e-2;
    bf_trainer *t = trained();
    bf_evaluation e = evaluated(t, BF_TRAIN, NAN);
    bf_trainer_destroy(&t);
    small = before;
    return e;
}

static void test_evaluate__linear_vae_lies_on_shannons_curve(void **state)
{
    (void)state;
    bf_evaluation e = linear_optimum("fixed", 0.2);
    /* theta = 0.2: four dimensions, SSE = 4 theta + 0.15. */
    double sse = 2.0 * (e.distortion - gaussian_nll(0.0, 6, 1.0));
    BF_CHECK_NEAR(sse, 0.95, 0.04);
    BF_CHECK_NEAR(e.rate, 3.91202301, 0.15);
    BF_CHECK_NEAR(e.distortion + 0.2 * e.rate, 6.77103580, 0.01);
    bf_evaluation_free(&e);
    e = linear_optimum("fixed", 5.0);                   /* above every eigenvalue: collapse */
    BF_CHECK_NEAR(e.rate, 0.0, 0.01);
    BF_CHECK_NEAR(e.distortion + 5.0 * e.rate, 9.33863120, 0.01);
    bf_evaluation_free(&e);
}

static void test_evaluate__linear_vae_learns_the_discarded_variance(void **state)
{
    (void)state;
    const char *const variance[] = { "learned", "optimal" };
    for (int i = 0; i < 2; i++) {
        bf_evaluation e = linear_optimum(variance[i], 1.0);
        BF_CHECK_NEAR(e.distortion + e.rate, 6.61651121, 0.05);
        BF_CHECK_NEAR(e.variance, 0.075, 0.01);
        BF_CHECK_NEAR(e.rate, 5.87368151, 0.3);
        bf_evaluation_free(&e);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evaluate__sums_follow_from_the_rows),
        cmocka_unit_test(test_evaluate__a_block_may_be_several_runs),
        cmocka_unit_test(test_evaluate__large_plans_have_fewer_rows),
        cmocka_unit_test(test_evaluate__many_draws_agree_with_the_exact_expectation),
        cmocka_unit_test(test_evaluate__optimal_variance_is_the_training_parts),
        cmocka_unit_test(test_evaluate__autoencoder_has_distortion_but_no_rate),
        cmocka_unit_test(test_evaluate__per_image_variances_are_averaged_not_their_errors),
        cmocka_unit_test(test_evaluate__linear_vae_lies_on_shannons_curve),
        cmocka_unit_test(test_evaluate__linear_vae_learns_the_discarded_variance),
    };
    bf_status s = bf_comm_init(&argc, &argv, NULL, &world);
    if (s.code) return 1;
    int failed = cmocka_run_group_tests(tests, group_setup, group_teardown);
    bf_comm_finalize(&world);
    return failed;
}
