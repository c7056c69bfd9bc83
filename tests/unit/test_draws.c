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
static void make(bf_value (*record)(bf_builder *b, int cols), int first, int rows, int cols, float *out)
{
    bf_params *params = bf_params_create();
    bf_plan *plan;
    int64_t samples[MOST_ROWS];
    double stats[1];
    float theta[1] = { 0.0f };
    const bf_plan_shape shape = { .rows = rows, .lanes = 1 };
    bf_builder *b = bf_builder_create(params, &shape, &bf_backend_portable);
    const bf_value v = record(b, cols);
    bf_keep(b, v);
    assert_int_equal(bf_builder_finish(&b, &plan).code, BF_OK);
    for (int r = 0; r < rows; r++) samples[r] = bf_row_address(12, first + r);
    bf_plan_run(plan, &(bf_run){ .theta = theta, .stats = stats, .samples = samples, .seed = SEED, .step = STEP, .rows = rows, .batch = rows });
    memcpy(out, bf_plan_value(plan, 0, v), (size_t)rows * (size_t)cols * sizeof *out);
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
}

static bf_value drawn(bf_builder *b, int cols, const char *name)
{
    return bf_noise_drawn(b, cols, (bf_noise){ bf_drawing_find(name)->op, USE });
}

static bf_value random_rows(bf_builder *b, int cols) { return drawn(b, cols, "random"); }
static bf_value pairs(bf_builder *b, int cols) { return drawn(b, cols, "antithetic"); }
static bf_value points(bf_builder *b, int cols) { return drawn(b, cols, "sigma-points"); }

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

static bf_value told_each(bf_builder *b, int cols) { (void)cols; return bf_noise_even(b, bf_builder_rows(b), 1, 1.0, USE); }
static bf_value told_four(bf_builder *b, int cols) { (void)cols; return bf_noise_even(b, bf_builder_rows(b), 4, 1.0, USE); }
static bf_value picked_four(bf_builder *b, int cols) { (void)cols; return bf_noise_listed(b, bf_builder_rows(b), 4, 0.0, 1.0, 1000, USE); }

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
    const int given = bf_plan_shape_of(r->vae.plan, r->vae.x).rows;
    float *x = bf_plan_value(r->vae.plan, 0, r->vae.x);
    for (int i = 0; i < rows; i++) r->samples[i] = bf_row_address(12, first + i);
    for (int i = 0; i < given; i++)
        for (int j = 0; j < RIG_WIDTH; j++) x[i * RIG_WIDTH + j] = 0.2f + 0.1f * (float)j;
}

static void check_mean_of(const bf_vae_options *options, const char *draw, int draws)
{
    bf_vae_options o = *options;
    snprintf(o.draw, sizeof o.draw, "%s", draw);
    o.draws = draws;
    vae_rig all = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, draws, 1, 0);
    vae_rig one = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, 1, 1, 0);
    double *mean = calloc(one.size, sizeof *mean), loss = 0.0;
    assert_non_null(mean);
    assert_int_equal(bf_plan_shape_of(all.vae.plan, all.vae.x).rows, 1);
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

static void check_mean(const char *draw, int draws, const char *objective)
{
    bf_vae_options o = vae_rig_options();
    snprintf(o.objective, sizeof o.objective, "%s", objective);
    snprintf(o.capacity_of, sizeof o.capacity_of, "sample");
    check_mean_of(&o, draw, draws);
}

static void test_draws__the_gradient_is_the_mean_over_draws(void **state)
{
    (void)state;
    check_mean("random", 5, "beta-vae");
    check_mean("antithetic", 6, "beta-vae");
    check_mean("sigma-points", 4, "beta-vae");
    check_mean("sigma-points", 4, "capacity");
}

/* Alone, a draw is told the beta that the draws of it share. */
static void test_draws__share_the_beta_and_class_that_is_told(void **state)
{
    (void)state;
    bf_vae_options o = vae_rig_options();
    snprintf(o.condition, sizeof o.condition, "beta label");
    o.beta = NAN;
    o.beta_range[0] = 0.1;
    o.beta_range[1] = 3.0;
    for (int m = 0; bf_modulation_names[m] != NULL; m++) {
        snprintf(o.modulation, sizeof o.modulation, "%s", bf_modulation_names[m]);
        check_mean_of(&o, "random", 3);
        check_mean_of(&o, "sigma-points", 4);
    }
}

/* --- the encoder's work ------------------------------------------------------------------------------------------- */

enum { SAMPLES = 5, DRAWS = 3, ROWS = SAMPLES * DRAWS };

static bf_vae_options normalised(void)
{
    bf_vae_options o = vae_rig_options();
    snprintf(o.net, sizeof o.net, "described");
    o.encoder = (bf_layer_texts){ 2, { "fc 6 bn tanh", "res-fc 4 relu" } };
    o.decoder = (bf_layer_texts){ 2, { "fc 4 bn tanh", "fc 5 tanh" } };
    snprintf(o.condition, sizeof o.condition, "label");
    return o;
}

/* A model that is told of no draws, on a batch that has every sample as often: the repeated way. */
static vae_rig repeated_rig(const bf_vae_options *o, const vae_rig *like)
{
    bf_vae_options once = *o;
    once.draws = 1;
    vae_rig r = vae_rig_create(&once, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 1, 0);
    float *x = bf_plan_value(r.vae.plan, 0, r.vae.x);
    const float *given = bf_plan_value(like->vae.plan, 0, like->vae.x);
    for (int i = 0; i < ROWS; i++) {
        memcpy(x + i * RIG_WIDTH, given + i / DRAWS * RIG_WIDTH, RIG_WIDTH * sizeof *x);
        bf_vae_label(&r.vae, 0, i, i / DRAWS % RIG_CLASSES);
        r.samples[i] = like->samples[i];
    }
    return r;
}

/* Batch normalisation has the same moments of samples and of their repetitions. */
static void check_repeated(const bf_vae_options *options)
{
    bf_vae_options o = *options;
    o.draws = DRAWS;
    vae_rig shared = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, ROWS, 1, 0), repeated = repeated_rig(&o, &shared);
    const float *got = shared.grads, *want = repeated.grads;
    double scale = 0.0;
    assert_int_equal(bf_plan_shape_of(shared.vae.plan, shared.vae.x).rows, SAMPLES);
    vae_rig_run(&shared, ROWS);
    vae_rig_run(&repeated, ROWS);
    for (int i = 0; i < bf_plan_stats_size(shared.vae.plan); i++) BF_CHECK_NEAR(shared.stats[i], repeated.stats[i], 1e-5 * (1.0 + fabs(repeated.stats[i])));
    for (size_t i = 0; i < shared.size; i++) scale = fmax(scale, fabs((double)want[i]));
    for (size_t i = 0; i < shared.size; i++) BF_CHECK_NEAR((double)got[i], (double)want[i], 1e-5 * scale);
    assert_true(bf_plan_flops(shared.vae.plan) < bf_plan_flops(repeated.vae.plan));
    vae_rig_destroy(&shared);
    vae_rig_destroy(&repeated);
}

static void test_draws__of_one_encoding_are_those_of_repeated_ones(void **state)
{
    (void)state;
    const bf_vae_options plain = vae_rig_options(), norm = normalised();
    bf_vae_options free_bits = plain;
    free_bits.free_bits = 0.3;
    check_repeated(&plain);
    check_repeated(&free_bits);
    check_repeated(&norm);
}

/* Products of both layers and heads for one row, there and back; nothing goes back to the sample. */
static void test_draws__cost_the_decoder_alone(void **state)
{
    (void)state;
    const double encoder = 2 * 2 * RIG_WIDTH * 5 + 3 * 2 * 5 * 3 + 3 * 2 * 2 * 3 * 2;
    bf_vae_options o = vae_rig_options();
    vae_rig one = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, 1, 1, 0);
    o.draws = 4;
    vae_rig four = vae_rig_create(&o, BF_VAE_TRAIN, &bf_backend_portable, 4, 1, 0);
    assert_true(4 * bf_plan_flops(one.vae.plan) - bf_plan_flops(four.vae.plan) == 3 * encoder);
    vae_rig_destroy(&one);
    vae_rig_destroy(&four);
}

/* Lanes that are cut between the draws of a sample have an encoder row for each part of them. */
static void test_draws__stand_together_in_a_lane(void **state)
{
    (void)state;
    static const struct { int draws, rows, together; } cases[] = {
        { 1, 64, 1 }, { 8, 64, 8 }, { 8, 4, 4 }, { 6, 3, 3 }, { 6, 9, 3 }, { 3, 4, 1 }, { 5, 1, 1 },
    };
    bf_vae_options o = vae_rig_options();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        o.draws = cases[i].draws;
        assert_int_equal(bf_draws_together(&o, cases[i].rows), cases[i].together);
    }
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
        cmocka_unit_test(test_draws__the_gradient_is_the_mean_over_draws), cmocka_unit_test(test_draws__share_the_beta_and_class_that_is_told),
        cmocka_unit_test(test_draws__of_one_encoding_are_those_of_repeated_ones), cmocka_unit_test(test_draws__cost_the_decoder_alone),
        cmocka_unit_test(test_draws__stand_together_in_a_lane), cmocka_unit_test(test_draws__are_counted_for_every_beta),
        cmocka_unit_test(test_draws__say_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
