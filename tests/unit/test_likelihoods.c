/* Likelihoods of single entries and rows: numbers known in closed form, probabilities that sum to one, and digits kept in long rows. */
#include "close.h"
#include "twins/twin.h"
#include "vae/ops.h"
#include "vae/softclip.h"
#include "vae_rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INPUTS = 4 };
typedef struct job {
    bf_value (*op)(bf_builder *b, const bf_value *in);
    int rows, inputs, cols[MAX_INPUTS];
    const float *value[MAX_INPUTS];     /* (rows, cols) each */
} job;

static void fill(const bf_plan *plan, bf_value v, const float *from, size_t n, bool wide)
{
    void *to = bf_plan_value(plan, 0, v);
    for (size_t i = 0; i < n; i++) {
        if (wide) ((double *)to)[i] = (double)from[i];
        else ((float *)to)[i] = from[i];
    }
}

/* out (count): the op's output. */
static void run(const job *j, const bf_backend *backend, double *out, int count)
{
    const bool wide = backend->element == sizeof(double);
    bf_params *params = bf_params_create();
    bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = j->rows, .lanes = 1 }, backend);
    bf_value in[MAX_INPUTS];
    for (int i = 0; i < j->inputs; i++) in[i] = bf_input(b, "in", bf_shape_flat(j->rows, j->cols[i]));
    const bf_value y = j->op(b, in);
    bf_keep(b, y);
    bf_plan *plan;
    assert_int_equal(bf_builder_finish(&b, &plan).code, BF_OK);
    for (int i = 0; i < j->inputs; i++) fill(plan, in[i], j->value[i], (size_t)j->rows * (size_t)j->cols[i], wide);
    double stats[8] = { 0.0 };
    bf_plan_run(plan, &(bf_run){ .stats = stats, .rows = j->rows, .batch = j->rows });
    assert_int_equal((size_t)count, bf_shape_count(bf_plan_shape_of(plan, y)));
    for (int i = 0; i < count; i++) {
        const void *at = bf_plan_value(plan, 0, y);
        out[i] = wide ? ((const double *)at)[i] : (double)((const float *)at)[i];
    }
    bf_plan_destroy(&plan);
    bf_params_destroy(&params);
}

static double number(const job *j)
{
    double y;
    run(j, &bf_backend_portable, &y, 1);
    return y;
}

static bf_value student_t(bf_builder *b, const bf_value *in) { return bf_student_t(b, in[0], in[1], in[2], in[3]); }
static bf_value per_pixel(bf_builder *b, const bf_value *in) { return bf_gaussian_per_pixel(b, in[0], in[1], in[2]); }
static bf_value log_abs(bf_builder *b, const bf_value *in) { return bf_log_abs(b, in[0], in[1], 1e-4); }
static bf_value levels(bf_builder *b, const bf_value *in) { return bf_levels(b, in[0], BF_LEVELS); }
static bf_value categorical(bf_builder *b, const bf_value *in) { return bf_categorical(b, bf_levels(b, in[0], BF_LEVELS), in[1]); }
static bf_value bitwise(bf_builder *b, const bf_value *in) { return bf_bernoulli(b, bf_bits(b, bf_levels(b, in[0], BF_LEVELS)), in[1]); }
static bf_value mixture(bf_builder *b, const bf_value *in) { return bf_logistic_mixture(b, bf_levels(b, in[0], BF_LEVELS), in[1]); }
static bf_value categorical_mean(bf_builder *b, const bf_value *in) { return bf_categorical_mean(b, in[0], BF_LEVELS); }
static bf_value bits_mean(bf_builder *b, const bf_value *in) { return bf_bits_mean(b, in[0]); }
static bf_value mixture_mean(bf_builder *b, const bf_value *in) { return bf_logistic_mixture_mean(b, in[0], 2); }

/* --- continuous -------------------------------------------------------------------------------------------------- */

static void test_likelihoods__softclip_of_a_table(void **state)
{
    (void)state;
    static const double table[][2] = { { 0, .00247569 }, { -1, -.99328465 }, { -3, -2.95141265 }, { -5, -4.68673831 },
                                       { -6, -5.30685282 }, { -7, -5.68673831 }, { -10, -5.98185007 } };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        BF_CHECK_NEAR((double)bf_softclip((float)table[i][0]), table[i][1], 1e-6);
        BF_CHECK_NEAR(bf_softclip_inverse(table[i][1]), table[i][0], 1e-5);
    }
    assert_true(isnan(bf_softclip(NAN)) && isfinite(bf_softclip(-1e30f)) && isfinite(bf_softclip_inverse(-100.0)));
}

static double student(double r, double s, double dof_head)
{
    const float x = (float)r, mean = 0.0f, scale = (float)bf_softclip_inverse(log(s)), dof = (float)dof_head;
    return number(&(job){ student_t, 1, 4, { 1, 1, 1, 1 }, { &x, &mean, &scale, &dof } });
}

static double dof_head(double nu) { return log(expm1(nu - 0.01)); }

static void test_likelihoods__student_t_of_a_table(void **state)
{
    (void)state;
    BF_CHECK_NEAR(student(.3, .1, dof_head(3)), 1.47089248, 2e-6);
    BF_CHECK_NEAR(student(0, .2, dof_head(5)), -.64081832, 2e-6);
    BF_CHECK_NEAR(student(2, .5, dof_head(1)), 3.28479605, 2e-6);
    /* The limit is the Gaussian, on both sides of where it takes over. */
    BF_CHECK_NEAR(student(.3, .1, 9e5), 3.11635344, 1e-4);
    BF_CHECK_NEAR(student(.3, .1, 1.1e6), 3.11635344, 2e-6);
    BF_CHECK_NEAR(student(.3, .1, 1e30), 3.11635344, 2e-6);
}

/* --- bytes ------------------------------------------------------------------------------------------------------- */

static void test_likelihoods__bytes_come_back_as_they_were_stored(void **state)
{
    (void)state;
    float x[BF_LEVELS];
    double level[BF_LEVELS];
    for (int v = 0; v < BF_LEVELS; v++) x[v] = (float)v * (1.0f / 255.0f);
    run(&(job){ levels, 1, 1, { BF_LEVELS }, { x } }, &bf_backend_portable, level, BF_LEVELS);
    for (int v = 0; v < BF_LEVELS; v++) BF_CHECK_NEAR(level[v], v, 0.0);
}

/* The sum over the 256 values of an entry of what op gives to heads (numbers). */
static double total_probability(bf_value (*op)(bf_builder *, const bf_value *), const float *heads, int numbers)
{
    double sum = 0.0;
    for (int v = 0; v < BF_LEVELS; v++) {
        const float x = (float)v / 255.0f;
        sum += exp(-number(&(job){ op, 1, 2, { 1, numbers }, { &x, heads } }));
    }
    return sum;
}

static void test_likelihoods__probabilities_of_a_byte_sum_to_one(void **state)
{
    (void)state;
    float logits[BF_LEVELS], sharp[6] = { 2.0f, -1.0f, 0.3f, -0.9f, -9.0f, -6.0f }, wide[6] = { 0.0f, 0.0f, -3.0f, 30.0f, 3.0f, 1.0f };
    for (int k = 0; k < BF_LEVELS; k++) logits[k] = 5.0f * sinf(1.7f * (float)k);
    BF_CHECK_NEAR(total_probability(categorical, logits, BF_LEVELS), 1.0, 3e-6);
    BF_CHECK_NEAR(total_probability(bitwise, logits, 8), 1.0, 3e-6);
    BF_CHECK_NEAR(total_probability(mixture, sharp, 6), 1.0, 1e-5);
    BF_CHECK_NEAR(total_probability(mixture, wide, 6), 1.0, 1e-5);
}

static void test_likelihoods__logistic_mixture_of_a_table(void **state)
{
    (void)state;
    const float heads[6] = { logf(.3f), logf(.7f), -.2f, .5f, logf(.05f), logf(.2f) };
    static const double table[][2] = { { 0, 7.83753845 }, { 100, 4.40633238 }, { 255, 2.91745780 } };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const float x = (float)table[i][0] / 255.0f;
        BF_CHECK_NEAR(number(&(job){ mixture, 1, 2, { 1, 6 }, { &x, heads } }), table[i][1], 5e-6);
    }
    BF_CHECK_NEAR(total_probability(mixture, heads, 6), 1.0, 3e-6);
}

/* Scales far outside what training visits: narrow ones stop at the clamp, wide ones make every inner bin equally small. */
static void test_likelihoods__logistic_mixture_is_exact_for_any_scale(void **state)
{
    (void)state;
    const float x = 100.0f / 255.0f, broad[3] = { 0.0f, 0.0f, 60.0f }, narrow[3] = { 0.0f, 1.0f, -1e3f };
    BF_CHECK_NEAR(number(&(job){ mixture, 1, 2, { 1, 3 }, { &x, broad } }), 60.0 + 2.0 * log(2.0) - log(2.0 / 255.0), 1e-4);
    /* Far in the tail ln p is linear in the distance: (1 - y - 1/255) / s less what the bin's width adds. */
    const double s = exp(-7.0), y = 2.0 * 100.0 / 255.0 - 1.0, want = (1.0 - y - 1.0 / 255.0) / s - log(-expm1(-2.0 / 255.0 / s));
    BF_CHECK_NEAR(number(&(job){ mixture, 1, 2, { 1, 3 }, { &x, narrow } }), want, 1e-6 * want);
}

static void test_likelihoods__means_are_expectations(void **state)
{
    (void)state;
    float logits[BF_LEVELS], p[8] = { 1, 0, 0, 1, 0, 0, 0, 0.5f }, inside[6] = { 0, 0, -0.4f, 0.8f, 0, 0 }, outside[6] = { 0, 5, 0, 3, 0, 0 };
    double mean, sum = 0.0, weights = 0.0;
    for (int k = 0; k < BF_LEVELS; k++) {
        logits[k] = 2.0f * cosf(0.3f * (float)k);
        weights += exp((double)logits[k]);
        sum += k / 255.0 * exp((double)logits[k]);
    }
    run(&(job){ categorical_mean, 1, 1, { BF_LEVELS }, { logits } }, &bf_backend_portable, &mean, 1);
    BF_CHECK_NEAR(mean, sum / weights, 1e-6);
    run(&(job){ bits_mean, 1, 1, { 8 }, { p } }, &bf_backend_portable, &mean, 1);
    BF_CHECK_NEAR(mean, (1 + 8 + 64) / 255.0, 1e-7);
    run(&(job){ mixture_mean, 1, 1, { 6 }, { inside } }, &bf_backend_portable, &mean, 1);
    BF_CHECK_NEAR(mean, 0.6, 1e-6);
    run(&(job){ mixture_mean, 1, 1, { 6 }, { outside } }, &bf_backend_portable, &mean, 1);
    BF_CHECK_NEAR(mean, 1.0, 0.0);
}

/* --- long rows --------------------------------------------------------------------------------------------------- */

/* -log p of rows of an image's width keeps the digits of the float it is handed over in. */
static void check_digits(bf_value (*op)(bf_builder *, const bf_value *), int inputs, const int *per_entry, double spread)
{
    enum { ROWS = 3, WIDTH = 784 };
    job j = { .op = op, .rows = ROWS, .inputs = inputs };
    float *value[MAX_INPUTS] = { NULL };
    for (int i = 0; i < inputs; i++) {
        const int n = ROWS * WIDTH * per_entry[i];
        j.cols[i] = WIDTH * per_entry[i];
        j.value[i] = value[i] = malloc((size_t)n * sizeof(float));
        assert_non_null(value[i]);
        for (int k = 0; k < n; k++) value[i][k] = (float)(i == 0 ? 0.5 + 0.5 * sin(1.3 * k) : spread * sin(0.7 * i + 2.1 * k));
    }
    double fast[ROWS], twin[ROWS];
    run(&j, &bf_backend_portable, fast, ROWS);
    run(&j, &bf_backend_twin, twin, ROWS);
    for (int r = 0; r < ROWS; r++) BF_CHECK_NEAR(fast[r], twin[r], 1e-7 * fabs(twin[r]));
    for (int i = 0; i < inputs; i++) free(value[i]);
}

static void test_likelihoods__long_rows_keep_their_digits(void **state)
{
    (void)state;
    check_digits(per_pixel, 3, (const int[]){ 1, 1, 1 }, 1.0);
    check_digits(student_t, 4, (const int[]){ 1, 1, 1, 1 }, 2.0);
    check_digits(log_abs, 2, (const int[]){ 1, 1 }, 1.0);
    check_digits(categorical, 2, (const int[]){ 1, BF_LEVELS }, 3.0);
    check_digits(bitwise, 2, (const int[]){ 1, 8 }, 3.0);
    check_digits(mixture, 2, (const int[]){ 1, 30 }, 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_likelihoods__softclip_of_a_table),
        cmocka_unit_test(test_likelihoods__student_t_of_a_table),
        cmocka_unit_test(test_likelihoods__bytes_come_back_as_they_were_stored),
        cmocka_unit_test(test_likelihoods__probabilities_of_a_byte_sum_to_one),
        cmocka_unit_test(test_likelihoods__logistic_mixture_of_a_table),
        cmocka_unit_test(test_likelihoods__logistic_mixture_is_exact_for_any_scale),
        cmocka_unit_test(test_likelihoods__means_are_expectations),
        cmocka_unit_test(test_likelihoods__long_rows_keep_their_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
