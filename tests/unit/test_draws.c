/* The rows of a sample: what noise their draws have, what they share, and that a step learns from their mean. */
#include "vae/draws.h"
#include "base/rng.h"
#include "close.h"
#include "vae_rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 64, MOST_COLS = 9, SEED = 11, STEP = 4, USE = 3 };

/* --- noise -------------------------------------------------------------------------------------------------------- */

/* Rows first .. first + rows - 1 of sample 12, of an op that makes (rows, cols). */
static void make(bf_value (*record)(bf_builder *b, int rows, int cols), int first, int rows, int cols, float *out)
{
    bf_params *params = bf_params_create();
    bf_plan *plan;
    int64_t samples[MOST_ROWS];
    double stats[1];
    float theta[1] = { 0.0f };
    const bf_plan_shape shape = { .rows = rows, .lanes = 1 };
    bf_builder *b = bf_builder_create(params, &shape, &bf_backend_portable);
    const bf_value v = record(b, rows, cols);
    bf_keep(b, v);
    assert_int_equal(bf_builder_finish(&b, &plan).code, BF_OK);
    for (int r = 0; r < rows; r++) samples[r] = bf_row_address(12, first + r);
    bf_plan_run(plan, &(bf_run){ .theta = theta, .stats = stats, .samples = samples, .seed = SEED, .step = STEP, .rows = rows, .batch = rows });
    memcpy(out, bf_plan_value(plan, 0, v), (size_t)rows * (size_t)cols * sizeof *out);
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
}

static bf_value drawn(bf_builder *b, int rows, int cols, const char *name)
{
    return bf_noise_drawn(b, rows, cols, (bf_noise){ bf_drawing_find(name)->op, USE });
}

static bf_value random_rows(bf_builder *b, int rows, int cols) { return drawn(b, rows, cols, "random"); }
static bf_value pairs(bf_builder *b, int rows, int cols) { return drawn(b, rows, cols, "antithetic"); }
static bf_value points(bf_builder *b, int rows, int cols) { return drawn(b, rows, cols, "sigma-points"); }

/* Whatever else a sample draws, its first row has the noise that it has alone. */
static void test_draws__the_first_random_draw_is_that_of_one_draw(void **state)
{
    (void)state;
    float got[4 * MOST_COLS], want[4][MOST_COLS];
    make(random_rows, 0, 4, MOST_COLS, got);
    for (int r = 0; r < 4; r++) {
        const bf_draw d = { .seed = SEED, .step = STEP, .sample = 12 + ((uint64_t)r << 40), .use = USE };
        bf_rng_normal(&d, want[r], MOST_COLS);
    }
    assert_memory_equal(got, want, sizeof want);
}

static void test_draws__antithetic_rows_are_opposite(void **state)
{
    (void)state;
    float got[MOST_ROWS * MOST_COLS], alone[MOST_ROWS / 2 * MOST_COLS], late[5 * MOST_COLS];
    make(pairs, 0, MOST_ROWS, MOST_COLS, got);
    make(random_rows, 0, MOST_ROWS / 2, MOST_COLS, alone);
    for (int r = 0; r < MOST_ROWS; r++)
        for (int j = 0; j < MOST_COLS; j++)
            assert_true(got[r * MOST_COLS + j] == (r % 2 == 0 ? 1.0f : -1.0f) * alone[r / 2 * MOST_COLS + j]);
    make(pairs, 3, 5, MOST_COLS, late);                 /* a lane that begins between the two of a pair */
    assert_memory_equal(late, got + 3 * MOST_COLS, sizeof late);
}

static void test_draws__sigma_points_have_mean_0_and_covariance_1(void **state)
{
    (void)state;
    float z[MOST_ROWS * MOST_COLS];
    for (int k = 1; k <= MOST_COLS; k++) {
        make(points, 2 * k, 2 * k, k, z);               /* those of a second beta: the same */
        for (int i = 0; i < k; i++) {
            double sum = 0.0;
            for (int r = 0; r < 2 * k; r++) sum += (double)z[r * k + i];
            assert_true(sum == 0.0);
            for (int j = 0; j < k; j++) {
                double product = 0.0;
                for (int r = 0; r < 2 * k; r++) product += (double)z[r * k + i] * (double)z[r * k + j] / (2 * k);
                BF_CHECK_NEAR(product, i == j ? 1.0 : 0.0, 2e-7);
            }
        }
    }
}

static bf_value told_each(bf_builder *b, int rows, int cols) { (void)cols; return bf_noise_even(b, rows, 1, 1.0, USE); }
static bf_value told_four(bf_builder *b, int rows, int cols) { (void)cols; return bf_noise_even(b, rows, 4, 1.0, USE); }
static bf_value picked_four(bf_builder *b, int rows, int cols) { (void)cols; return bf_noise_listed(b, rows, 4, 0.0, 1.0, 1000, USE); }

static void test_draws__of_one_beta_are_told_the_same(void **state)
{
    (void)state;
    float each[8], four[32], picked[32];
    make(told_each, 0, 8, 1, each);
    make(told_four, 0, 32, 1, four);
    make(picked_four, 0, 32, 1, picked);
    for (int r = 0; r < 32; r++) {
        assert_true(four[r] == each[r / 4]);
        assert_true(picked[r] == picked[r / 4 * 4]);
    }
    for (int i = 1; i < 8; i++) assert_true(each[i] != each[0] && picked[4 * i] != picked[0]);
}

/* --- what is learned from them ------------------------------------------------------------------------------------ */

/* All draws of one sample in a batch of their own. */
static void fill(vae_rig *r, int first, int rows)
{
    float *x = bf_plan_value(r->vae.plan, 0, r->vae.x);
    for (int i = 0; i < rows; i++) {
        r->samples[i] = bf_row_address(12, first + i);
        for (int j = 0; j < RIG_WIDTH; j++) x[i * RIG_WIDTH + j] = 0.2f + 0.1f * (float)j;
    }
}

static void check_mean(const char *draw, int draws, const char *objective)
{
    bf_vae_options o = vae_rig_options();
    snprintf(o.draw, sizeof o.draw, "%s", draw);
    snprintf(o.objective, sizeof o.objective, "%s", objective);
    snprintf(o.capacity_of, sizeof o.capacity_of, "sample");
    o.draws = draws;
    vae_rig all = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, draws, 1, 0);
    vae_rig one = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, 1, 1, 0);
    double *mean = calloc(one.size, sizeof *mean), loss = 0.0;
    assert_non_null(mean);
    for (int r = 0; r < draws; r++) {
        fill(&one, r, 1);
        vae_rig_run(&one, 1);
        loss += vae_rig_loss(&one) / draws;
        for (size_t i = 0; i < one.size; i++) mean[i] += vae_rig_get(&one, one.grads, i) / draws;
    }
    fill(&all, 0, draws);
    vae_rig_run(&all, draws);
    BF_CHECK_NEAR(vae_rig_loss(&all), loss, 1e-5 * fabs(loss));
    for (size_t i = 0; i < one.size; i++) BF_CHECK_NEAR(vae_rig_get(&all, all.grads, i), mean[i], 1e-4);
    free(mean);
    vae_rig_destroy(&one);
    vae_rig_destroy(&all);
}

static void test_draws__the_gradient_is_the_mean_over_draws(void **state)
{
    (void)state;
    check_mean("random", 5, "beta-vae");
    check_mean("antithetic", 6, "beta-vae");
    check_mean("sigma-points", 4, "beta-vae");
    check_mean("sigma-points", 4, "capacity");
}

/* --- what is counted ---------------------------------------------------------------------------------------------- */

static void test_draws__are_counted_for_every_beta(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    assert_int_equal(bf_sample_rows(&o), 1);
    assert_string_equal(bf_sample_rows_keys(&o), "");
    o.draws = 3;
    assert_int_equal(bf_sample_rows(&o), 3);
    assert_string_equal(bf_sample_rows_keys(&o), " times objective.draws");
    o.betas_per_sample = 7;                             /* of no model that is told one */
    assert_int_equal(bf_sample_rows(&o), 3);
    snprintf(o.condition, sizeof o.condition, "beta");
    assert_int_equal(bf_sample_rows(&o), 21);
    o.draws = 0;
    snprintf(o.draw, sizeof o.draw, "antithetic");
    assert_int_equal(bf_sample_rows(&o), 14);
    snprintf(o.draw, sizeof o.draw, "sigma-points");
    assert_int_equal(bf_sample_rows(&o), 28);           /* two latents */
    assert_string_equal(bf_sample_rows_keys(&o), " times objective.betas_per_sample times objective.draws");
}

static void test_draws__say_what_does_not_fit(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    assert_int_equal(bf_draws_check(&o).code, BF_OK);
    snprintf(o.draw, sizeof o.draw, "halton");
    assert_string_equal(bf_draws_check(&o).what, "objective.draw: there is no drawing 'halton'");
    snprintf(o.draw, sizeof o.draw, "random");
    o.draws = BF_MAX_SAMPLE_ROWS;
    assert_int_equal(bf_draws_check(&o).code, BF_OK);
    o.draws++;
    assert_non_null(strstr(bf_draws_check(&o).what, "more rows of a sample than"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draws__the_first_random_draw_is_that_of_one_draw), cmocka_unit_test(test_draws__antithetic_rows_are_opposite),
        cmocka_unit_test(test_draws__sigma_points_have_mean_0_and_covariance_1), cmocka_unit_test(test_draws__of_one_beta_are_told_the_same),
        cmocka_unit_test(test_draws__the_gradient_is_the_mean_over_draws), cmocka_unit_test(test_draws__are_counted_for_every_beta),
        cmocka_unit_test(test_draws__say_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
