/* Counting a configuration, and the line through what was measured. */
#include "farm/cost.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"
#include "measure/measure.h"
#include "study/study.h"
#include "vae/vae.h"

static const bf_data_info data = { .rows = { 1000, 100 }, .dims = 1, .shape = { 25 }, .width = 25, .variance = NAN };

static void configure(const char *keys, bf_config *c)
{
    bf_problems problems = { 0 };
    bf_study *s = NULL;
    char text[400];
    snprintf(text, sizeof text, "study: cost\ntrain: {%s, batch: 64}\nmodel: {hidden: [20, 10], latent: 4}\n", keys);
    assert_int_equal(bf_study_parse(text, strlen(text), NULL, 0, &problems, &s).code, BF_OK);
    bf_study_config(s, 0, c);
    bf_study_free(&s);
    bf_problems_free(&problems);
}

static bf_cost count(const char *keys)
{
    bf_config *c = malloc(sizeof *c);
    bf_cost cost;
    configure(keys, c);
    assert_int_equal(bf_cost_count(c, &data, &cost).code, BF_OK);
    free(c);
    return cost;
}

static void test_cost__counts_what_a_model_has(void **state)
{
    (void)state;
    const bf_cost c = count("epochs: 3");
    const int64_t encoder = 25 * 20 + 20 + 20 * 10 + 10 + 2 * (10 * 4 + 4), decoder = 4 * 10 + 10 + 10 * 20 + 20 + 20 * 25 + 25;
    assert_true(c.parameters == encoder + decoder || c.parameters == encoder + decoder + 1);      /* a learned variance is one more */
    assert_int_equal(c.steps_per_epoch, 15);
    assert_int_equal(c.steps, 45);
    /* Matrix products: two flops per weight and row forward, at most twice that backward. */
    const double forward = 2.0 * 64 * (double)(encoder + decoder);
    assert_true(c.flops_per_step > 2.0 * forward && c.flops_per_step < 4.0 * forward);
    assert_true(c.evaluation_flops > 1100.0 / 64 * forward && c.evaluation_flops < 4.0 * 1100.0 / 64 * forward);
    assert_true(c.memory > (size_t)c.parameters * 4 * 4 && c.memory < 8u << 20);
    assert_true(c.disk > c.parameters * 4 && c.checkpoints > 2 * 3 * 4 * c.parameters);
}

static size_t plan_bytes(const bf_config *c, bf_vae_purpose purpose, int rows)
{
    const bf_vae_data d = { .dims = 1, .shape = { 25 }, .width = 25, .variance = 1.0 };
    const bf_plan_shape shape = { .rows = rows, .lanes = 1, .backward = purpose == BF_VAE_TRAIN };
    bf_params *params = bf_params_create();
    bf_vae vae;
    assert_int_equal(bf_vae_build(&c->vae, &d, purpose, &shape, &bf_backend_portable, BF_USE_EPS, params, &vae).code, BF_OK);
    const size_t bytes = bf_plan_bytes(vae.plan);
    bf_vae_destroy(&vae);
    bf_params_destroy(&params);
    return bytes;
}

/* A trainer's plan, and those of its evaluator: both splits and the decoder alone. */
static void test_cost__memory_holds_every_plan(void **state)
{
    (void)state;
    bf_config *c = malloc(sizeof *c);
    bf_cost cost;
    configure("epochs: 3, evaluate_every: 1, keep: best", c);
    assert_int_equal(bf_cost_count(c, &data, &cost).code, BF_OK);
    const size_t plans = plan_bytes(c, BF_VAE_TRAIN, 64) + 2 * plan_bytes(c, BF_VAE_EVALUATE, BF_EVAL_ROWS) + plan_bytes(c, BF_VAE_DECODE, BF_EVAL_ROWS);
    assert_true(cost.memory > plans);
    assert_true(cost.memory < plans + (plans >> 2));
    assert_true(cost.memory - count("epochs: 3").memory >= (size_t)cost.parameters * sizeof(float));
    free(c);
}

static void test_cost__measures_that_decode_again_are_counted(void **state)
{
    (void)state;
    bf_config *c = malloc(sizeof *c);
    bf_cost with;
    configure("epochs: 3", c);
    snprintf(c->measure.name[c->measure.count++], BF_NAME, "nll");
    snprintf(c->measure.name[c->measure.count++], BF_NAME, "traversal");
    c->measure.nll_samples = 50;
    c->measure.nll_rows = 300;
    c->measure.traversal_bases = 200;
    assert_int_equal(bf_cost_count(c, &data, &with).code, BF_OK);
    assert_true(with.memory - count("epochs: 3").memory >= plan_bytes(c, BF_VAE_JUDGE, BF_EVAL_ROWS));
    free(c);
    /* 300 and 100 samples, 50 draws each; 200 and 100 bases, 4 latents, 11 points. */
    const double rows = 50.0 * (300 + 100) + 11.0 * 4 * (200 + 100), decoder = 2.0 * (4 * 10 + 10 * 20 + 20 * 25);
    const double more = with.evaluation_flops - count("epochs: 3").evaluation_flops;
    assert_true(fabs(more / (rows * decoder) - 1.0) < 1e-9);        /* biases are not counted */
}

/* What is known in closed form takes no draws. */
static void test_cost__an_affine_decoder_is_measured_without_draws(void **state)
{
    (void)state;
    static const char *const activation[] = { "linear", "relu" };
    for (int i = 0; i < 2; i++) {
        bf_config *c = malloc(sizeof *c);
        bf_cost one, more;
        configure("epochs: 3", c);
        snprintf(c->vae.activation, sizeof c->vae.activation, "%s", activation[i]);
        assert_int_equal(bf_cost_count(c, &data, &one).code, BF_OK);
        snprintf(c->measure.name[c->measure.count++], BF_NAME, "nll");
        c->measure.nll_samples = 50;
        c->measure.nll_rows = 300;
        c->measure.rd_samples = 64;
        assert_int_equal(bf_cost_count(c, &data, &more).code, BF_OK);
        free(c);
        assert_true((more.evaluation_flops == one.evaluation_flops) == (i == 0));
        assert_true((more.evaluation_terms == one.evaluation_terms) == (i == 0));
    }
}

/* What a tiny network does for a draw is little beside the draw. */
static void test_cost__importance_samples_are_more_than_products(void **state)
{
    (void)state;
    bf_config *c = malloc(sizeof *c);
    bf_cost with, without = count("epochs: 3");
    bf_cost_model m;
    configure("epochs: 3", c);
    snprintf(c->measure.name[c->measure.count++], BF_NAME, "nll");
    c->measure.nll_samples = 200;
    c->measure.nll_rows = -1;
    assert_int_equal(bf_cost_count(c, &data, &with).code, BF_OK);
    free(c);
    bf_cost_model_start(&m, 1e11);
    const double products = (with.evaluation_flops - without.evaluation_flops) * m.per_flop, all = bf_cost_seconds(&m, &with) - bf_cost_seconds(&m, &without);
    assert_true(all > 5.0 * products);
}

/* 256 logits of every entry: one exponential forward, two backward; in evaluation one, and two for the mean, of the draw and of the posterior's
 * mean. Beside short rows of weights they are a good part of a step. */
static void test_cost__what_a_categorical_decoder_takes_besides_products_is_counted(void **state)
{
    (void)state;
    bf_config *c = malloc(sizeof *c);
    bf_cost cost;
    bf_cost_model m;
    configure("epochs: 3", c);
    snprintf(c->vae.likelihood, sizeof c->vae.likelihood, "categorical");
    assert_int_equal(bf_cost_count(c, &data, &cost).code, BF_OK);
    free(c);
    const double logits = 256.0 * 25;
    assert_true(cost.terms_per_step >= 3.0 * 64 * logits && cost.terms_per_step < 1.01 * 3.0 * 64 * logits);
    assert_true(cost.evaluation_terms > 1100.0 * 6.0 * logits && cost.evaluation_terms < 1.3 * 1100.0 * 6.0 * logits);
    bf_cost products = cost;
    products.terms_per_step = 0.0;
    bf_cost_model_start(&m, 1e11);
    assert_true(bf_cost_seconds(&m, &cost) > 1.5 * bf_cost_seconds(&m, &products));
}

/* A model that is told beta, stored at so many of them and measured at so many others. */
static bf_cost count_betas(int betas, int grid)
{
    bf_config *c = malloc(sizeof *c);
    bf_cost cost;
    configure("epochs: 3", c);
    c->vae.grid.count = grid;
    for (int i = 0; i < grid; i++) c->vae.grid.at[i] = 1.0 + 0.1 * i;
    snprintf(c->vae.condition, sizeof c->vae.condition, "beta");
    c->vae.beta = NAN;
    c->vae.beta_range[0] = 0.1;
    c->vae.beta_range[1] = 10.0;
    c->output.betas.count = betas;
    for (int i = 0; i < betas; i++) c->output.betas.at[i] = 1.0 + i;
    assert_int_equal(bf_cost_count(c, &data, &cost).code, BF_OK);
    free(c);
    return cost;
}

static void test_cost__what_is_stored_at_more_betas_is_counted(void **state)
{
    (void)state;
    const bf_cost none = count_betas(0, 20), three = count_betas(3, 20);
    const int64_t rows = 1000 + 100, view = 4 * (3 * 4 * rows + 2 * 64 * 25) + 8 * 4 * (3 + 203);
    assert_true(three.disk - none.disk >= 3 * view && three.disk - none.disk < 3 * (view + 32768));
    assert_true(three.evaluation_flops / none.evaluation_flops > 22.9 / 20.0 && three.evaluation_flops / none.evaluation_flops < 23.1 / 20.0);
    assert_int_equal(three.memory, none.memory);
}

/* Every column has two values for every beta, in the configuration's file and in study.h5; one posterior is kept while another is measured. */
static void test_cost__the_tables_by_beta_are_counted(void **state)
{
    (void)state;
    const bf_cost one = count_betas(0, 1), many = count_betas(0, 1000);
    bf_config *c = malloc(sizeof *c);
    configure("epochs: 3", c);
    const int64_t columns = bf_measure_columns(&c->measure, NULL), tables = 999 * (2 * 2 * 8 * columns + 8);
    free(c);
    assert_int_equal(many.disk - one.disk, tables);
    assert_int_equal(many.memory - one.memory, 3 * 4 * 4 * (1000 + 100));
    assert_int_equal(count_betas(1, 1).memory, many.memory);
}

static void test_cost__lanes_change_memory_but_not_arithmetic(void **state)
{
    (void)state;
    const bf_cost one = count("epochs: 3"), four = count("epochs: 3, lanes: 4");
    assert_true(fabs(four.flops_per_step / one.flops_per_step - 1.0) < 0.02);
    assert_true(four.memory > one.memory);
    assert_int_equal(four.parameters, one.parameters);
}

static void test_cost__steps_replace_epochs(void **state)
{
    (void)state;
    assert_int_equal(count("steps: 7").steps, 7);
}

static bf_cost work(int64_t steps, double flops) { return (bf_cost){ .steps = steps, .flops_per_step = flops }; }

static void test_cost_model__finds_the_line_it_is_taught(void **state)
{
    (void)state;
    const double per_step = 3e-5, per_flop = 1e-10;
    bf_cost_model m;
    bf_cost_model_start(&m, 1e9);
    for (int i = 1; i <= 40; i++) {
        const bf_cost c = work(100 * i, 1e5 * (1 + i % 7));
        bf_cost_model_learn(&m, &c, per_step * (double)c.steps + per_flop * (double)c.steps * c.flops_per_step);
    }
    assert_int_equal(m.rows, 40);
    assert_true(fabs(m.per_step / per_step - 1.0) < 0.02 && fabs(m.per_flop / per_flop - 1.0) < 0.02);
}

static void test_cost_model__one_row_is_enough_to_predict_its_like(void **state)
{
    (void)state;
    bf_cost_model m;
    const bf_cost c = work(1000, 1e6);
    bf_cost_model_start(&m, 1e11);
    bf_cost_model_learn(&m, &c, 12.0);
    assert_true(fabs(bf_cost_seconds(&m, &c) / 12.0 - 1.0) < 0.01);
    assert_true(m.per_step >= 0.0 && m.per_flop >= 0.0);
}

static void test_cost_model__never_goes_negative(void **state)
{
    (void)state;
    bf_cost_model m;
    bf_cost_model_start(&m, 1e11);
    /* More arithmetic in less time: a free line would slope down. */
    for (int i = 0; i < 10; i++) {
        bf_cost a = work(100, 1e7), b = work(100, 1e9);
        bf_cost_model_learn(&m, &a, 2.0);
        bf_cost_model_learn(&m, &b, 1.0);
    }
    assert_true(m.per_step >= 0.0 && m.per_flop >= 0.0);
    const bf_cost tiny = work(1, 1.0);
    assert_true(bf_cost_seconds(&m, &tiny) > 0.0);
}

static void test_cost_model__nonsense_teaches_nothing(void **state)
{
    (void)state;
    bf_cost_model m, before;
    const bf_cost c = work(1000, 1e6), none = work(0, 0.0);
    bf_cost_model_start(&m, 1e11);
    before = m;
    bf_cost_model_learn(&m, &c, 0.0);
    bf_cost_model_learn(&m, &c, -1.0);
    bf_cost_model_learn(&m, &c, NAN);
    bf_cost_model_learn(&m, &none, 1.0);
    assert_memory_equal(&m, &before, sizeof m);
}

static void test_cost_model__costlier_is_longer_from_the_start(void **state)
{
    (void)state;
    bf_cost_model m;
    const bf_cost small = work(1000, 1e6), deep = work(1000, 1e8), more = work(9000, 1e6);
    bf_cost_model_start(&m, bf_cost_gemm_rate());
    assert_true(bf_cost_seconds(&m, &small) < bf_cost_seconds(&m, &deep));
    assert_true(bf_cost_seconds(&m, &small) < bf_cost_seconds(&m, &more));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost__counts_what_a_model_has),
        cmocka_unit_test(test_cost__memory_holds_every_plan),
        cmocka_unit_test(test_cost__measures_that_decode_again_are_counted),
        cmocka_unit_test(test_cost__what_is_stored_at_more_betas_is_counted),
        cmocka_unit_test(test_cost__the_tables_by_beta_are_counted),
        cmocka_unit_test(test_cost__an_affine_decoder_is_measured_without_draws),
        cmocka_unit_test(test_cost__importance_samples_are_more_than_products),
        cmocka_unit_test(test_cost__what_a_categorical_decoder_takes_besides_products_is_counted),
        cmocka_unit_test(test_cost__lanes_change_memory_but_not_arithmetic),
        cmocka_unit_test(test_cost__steps_replace_epochs),
        cmocka_unit_test(test_cost_model__finds_the_line_it_is_taught),
        cmocka_unit_test(test_cost_model__one_row_is_enough_to_predict_its_like),
        cmocka_unit_test(test_cost_model__never_goes_negative),
        cmocka_unit_test(test_cost_model__nonsense_teaches_nothing),
        cmocka_unit_test(test_cost_model__costlier_is_longer_from_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
