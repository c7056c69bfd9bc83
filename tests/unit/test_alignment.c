/* Whether latent dimensions keep their place over beta: a model whose gates hand every dimension's meaning to another one, by a known angle. */
#include "hand_model.h"

#include "measure/alignment.h"
#include "measure/assignment.h"

enum { SAMPLES = 4000 };

/* Two hidden halves: one that is open below beta = 1, where the means are x0 / 2 and x1, and one open above it, which turns them by an angle. */
static rig turning(void)
{
    static const double lambda[2] = { 4, 1 };
    rig r = opened(SAMPLES, 2, lambda, "mlp", 2, 1.0, NAN);
    r.vae.hidden = (bf_i64_list){ 1, { 4 } };
    snprintf(r.vae.activation, sizeof r.vae.activation, "linear");
    snprintf(r.vae.condition, sizeof r.vae.condition, "beta");
    snprintf(r.vae.modulation, sizeof r.vae.modulation, "gate");
    r.vae.beta_range[0] = 0.05;
    r.vae.beta_range[1] = 20.0;
    r.vae.grid = (bf_f64_list){ 2, { 0.5, 8.0 } };
    r.measure = (bf_measure_options){ .count = 1, .name = { "alignment" }, .rd_samples = 1 };
    return r;
}

static void turn(rig *r, double degrees)
{
    const double angle = degrees * 3.14159265358979323846 / 180.0, c = cos(angle), s = sin(angle);
    const double mean[8] = { 1, 0, c, s, 0, 1, -s, c };
    start(r);
    for (int h = 0; h < 4; h++) {
        put(r, "encoder.0.weight", 2 * h + h % 2, h % 2 ? 1.0 : 0.5);
        put(r, "encoder.0.gate.weight", h, h < 2 ? -40.0 : 40.0);
    }
    for (int i = 0; i < 8; i++) put(r, "posterior.mean.weight", i, mean[i]);
}

static double at(rig *r, double beta, const char *name)
{
    bf_evaluator_tell(r->evaluator, beta);
    return measured(r, name);
}

static void test_alignment__of_a_turn(void **state)
{
    (void)state;
    static const struct { double degrees, diagonal, permuted; } row[] = {
        { 0, 1, 1 }, { 30, 0.8660254, 0.8660254 }, { 60, 0.5, 0.8660254 }, { 90, 0, 1 }, { 180, 1, 1 } };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        rig r = turning();
        turn(&r, row[i].degrees);
        BF_CHECK_NEAR(at(&r, 8.0, "alignment_diagonal"), row[i].diagonal, 1e-5);
        BF_CHECK_NEAR(at(&r, 8.0, "alignment_permuted"), row[i].permuted, 1e-5);
        BF_CHECK_NEAR(at(&r, 8.0, "alignment"), row[i].diagonal / row[i].permuted, 1e-5);
        BF_CHECK_NEAR(at(&r, 8.0, "alignment_units"), 2.0, 0.0);
        BF_CHECK_NEAR(at(&r, 0.5, "alignment"), 1.0, 1e-6);
        BF_CHECK_NEAR(at(&r, 0.5, "marginal_shift"), 0.0, 1e-6);
        closed(&r);
    }
}

/* Above beta = 1 the first dimension says what the second one said below, and the second one nothing. */
static void test_alignment__dimensions_that_are_given_up(void **state)
{
    (void)state;
    rig r = turning();
    turn(&r, 90);
    put(&r, "posterior.mean.weight", 6, 0.0);
    BF_CHECK_NEAR(at(&r, 8.0, "alignment_units"), 1.0, 0.0);
    BF_CHECK_NEAR(at(&r, 8.0, "alignment_diagonal"), 0.0, 1e-5);
    BF_CHECK_NEAR(at(&r, 8.0, "alignment_permuted"), 1.0, 1e-5);
    put(&r, "posterior.mean.weight", 3, 0.0);           /* nothing at all is left */
    BF_CHECK_NEAR(at(&r, 8.0, "alignment_units"), 0.0, 0.0);
    assert_true(isnan(at(&r, 8.0, "alignment")));
    closed(&r);
}

/* N(0, 2) and N(0, 1 + s^2): (sqrt(1 + s^2) - sqrt 2) E|n| apart, in one of two dimensions. */
static void test_alignment__of_marginals(void **state)
{
    (void)state;
    rig r = turning();
    turn(&r, 0);
    put(&r, "posterior.mean.weight", 2, 3.0);
    BF_CHECK_NEAR(at(&r, 8.0, "marginal_shift"), 0.5 * (sqrt(10.0) - sqrt(2.0)) * 0.79788456, 0.03);
    BF_CHECK_NEAR(at(&r, 8.0, "alignment"), 1.0, 1e-5);
    closed(&r);
}

static void test_alignment__needs_a_range(void **state)
{
    (void)state;
    static const double lambda[2] = { 4, 1 };
    rig r = opened(40, 2, lambda, "mlp", 2, 1.0, 1.0);
    r.measure = (bf_measure_options){ .count = 1, .name = { "alignment" }, .rd_samples = 1 };
    start(&r);
    assert_true(isnan(measured(&r, "alignment")) && isnan(measured(&r, "marginal_shift")));
    closed(&r);
}

/* --- by hand ------------------------------------------------------------------------------------------------------- */

enum { ROWS = 500, LATENT = 4 };

/* Means and draws of one side each; what place[d] of the first says, dimension d of the second says with that sign. */
static void places(const int *place, const float *sign, float *one, float *other)
{
    unsigned long long seed = 11;
    for (int i = 0; i < ROWS; i++) {
        for (int d = 0; d < LATENT; d++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            one[i * LATENT + d] = (float)(1 + d) * ((float)(seed >> 40) / 16777216.0f - 0.5f);
        }
        for (int d = 0; d < LATENT; d++) other[i * LATENT + d] = sign[d] * one[i * LATENT + place[d]];
    }
}

static bf_alignment compared(const float *one, const float *other)
{
    const float *const z[2] = { one, other };
    bf_alignment_work w = { .latent = LATENT, .samples = ROWS };
    bf_arena arena = { 0 };
    bf_alignment out;
    bf_alignment_memory(&w, &arena);
    assert_int_equal(bf_arena_commit(&arena).code, BF_OK);
    bf_alignment_memory(&w, &arena);
    bf_alignment_take(&w, 0, one);
    bf_alignment_take(&w, 1, other);
    bf_alignment_compare(&w, z, 0, 1, w.like);              /* in two shares */
    bf_alignment_compare(&w, z, 1, LATENT - 1, w.like + LATENT + 1);
    assert_int_equal(bf_alignment_score(&w, &out).code, BF_OK);
    bf_arena_release(&arena);
    return out;
}

static void test_alignment__of_dimensions_that_changed_places_and_signs(void **state)
{
    (void)state;
    float one[ROWS * LATENT], other[ROWS * LATENT];
    places((const int[]){ 0, 1, 2, 3 }, (const float[]){ 1, -1, -1, 1 }, one, other);
    bf_alignment a = compared(one, other);
    BF_CHECK_NEAR(a.score, 1.0, 1e-6);
    places((const int[]){ 2, 0, 3, 1 }, (const float[]){ -1, 1, 1, -1 }, one, other);
    a = compared(one, other);
    BF_CHECK_NEAR(a.permuted, 1.0, 1e-6);
    assert_true(a.diagonal < 0.15 && a.both == LATENT);
    BF_CHECK_NEAR(a.score, a.diagonal / a.permuted, 1e-12);
    BF_CHECK_NEAR(a.shift, (2 + 1 + 1 + 2) * 0.25 / 4, 0.05);       /* even on [-c/2, c/2]: |c - c'| / 4 apart */
}

/* Which dimensions are in use is not known then: neither a score nor a count leaves them out. */
static void test_alignment__of_means_that_are_no_numbers(void **state)
{
    (void)state;
    float one[ROWS * LATENT], other[ROWS * LATENT];
    for (int side = 0; side < 2; side++) {
        places((const int[]){ 0, 1, 2, 3 }, (const float[]){ 1, 1, 1, 1 }, one, other);
        (side ? other : one)[7 * LATENT + 2] = NAN;
        const bf_alignment a = compared(one, other);
        assert_true(isnan(a.score) && isnan(a.diagonal) && isnan(a.permuted) && isnan(a.shift));
        assert_int_equal(a.both, -1);
    }
    rig r = turning();
    turn(&r, 0);
    put(&r, "posterior.mean.weight", 2, NAN);
    assert_true(isnan(at(&r, 8.0, "alignment")) && isnan(at(&r, 8.0, "alignment_units")));
    closed(&r);
}

/* --- the best match, against all there are ------------------------------------------------------------------------ */

static double best_of_all(const double *weight, int rows, int cols, int row, unsigned taken)
{
    double best = -INFINITY;
    if (row == rows) return 0.0;
    for (int c = 0; c < cols; c++) {
        if (taken & 1u << c) continue;
        best = fmax(best, weight[row * cols + c] + best_of_all(weight, rows, cols, row + 1, taken | 1u << c));
    }
    return best;
}

static void test_assignment__finds_the_best_of_all(void **state)
{
    (void)state;
    unsigned long long seed = 7;
    for (int trial = 0; trial < 300; trial++) {
        const int rows = trial % 6, cols = rows + trial % 3;
        double weight[64], sum = 0.0;
        int of_row[8];
        unsigned taken = 0;
        for (int i = 0; i < rows * cols; i++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            weight[i] = (double)(seed >> 40 & 15) - 4.0;                    /* small integers: many are equal */
        }
        assert_int_equal(bf_assignment_best(weight, rows, cols, of_row).code, BF_OK);
        for (int r = 0; r < rows; r++) {
            assert_true(of_row[r] >= 0 && of_row[r] < cols && !(taken & 1u << of_row[r]));
            taken |= 1u << of_row[r];
            sum += weight[r * cols + of_row[r]];
        }
        BF_CHECK_NEAR(sum, best_of_all(weight, rows, cols, 0, 0), 0.0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment__of_a_turn),
        cmocka_unit_test(test_alignment__dimensions_that_are_given_up),
        cmocka_unit_test(test_alignment__of_marginals),
        cmocka_unit_test(test_alignment__needs_a_range),
        cmocka_unit_test(test_alignment__of_dimensions_that_changed_places_and_signs),
        cmocka_unit_test(test_alignment__of_means_that_are_no_numbers),
        cmocka_unit_test(test_assignment__finds_the_best_of_all),
    };
    bf_status s = bf_comm_init(&argc, &argv, NULL, &world);
    if (s.code) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bf_comm_finalize(&world);
    return failed;
}
