/* Studies made by hand become curves: who is on which, replicates, tables by beta, and which curve is compared with which. */
#include "cli/curve_set.h"

#include <string.h>

#include "close.h"
#include "scratch.h"
#include "store/h5_write.h"
#include "store/study_file.h"

enum { MOST = 16 };

static char dir[2][128];
static bf_comm *world;

static int setup(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) scratch_make(dir[i]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) scratch_remove(dir[i]);
    return 0;
}

static const bf_column columns[] = { { "rate", "nat", "rate", NULL }, { "distortion", "nat", "distortion", NULL } };

/* A study with that sweep and those points: (rate, distortion) of the test part, the training part's is 100 more. */
static void write_study(const char *to, const char *sweep, int n, const double (*point)[2], const int8_t *status)
{
    char yaml[512];
    bf_result r[MOST];
    const bf_schema schema = { .n_metrics = 2, .metrics = columns };
    const int length = snprintf(yaml, sizeof yaml, "study: made\ndata: {source: gaussian}\nlikelihood: {variance: fixed}\nsweep: {%s}\n", sweep);
    scratch_write(to, "study.yaml", yaml, (size_t)length);
    for (int i = 0; i < n; i++) {
        assert_int_equal(bf_result_create(&r[i], 2, 0, 0).code, BF_OK);
        r[i].id = i;
        r[i].status = status ? status[i] : BF_CONFIG_DONE;
        for (int k = 0; k < 4; k++) r[i].metrics[k] = point[i][k % 2] + (k < 2 ? 100.0 : 0.0);
    }
    const bf_study_tables t = { .study = "made", .uuid = "u", .created = "c", .configs = n, .results = r, .schema = &schema };
    assert_int_equal(bf_study_file_write(world, &(bf_site){ to, "tag", -1 }, &t).code, BF_OK);
    for (int i = 0; i < n; i++) bf_result_free(&r[i]);
}

static void make(const char *first, const char *second, int split, const double *corner, bf_curve_set *s)
{
    bf_curve_points p = { 0 };
    const bf_texts dirs = { .count = second ? 2 : 1, .at = { first, second } };
    bf_status status = bf_curve_points_read(&dirs, split, "distortion", &p);
    if (!status.code) status = bf_curve_set_make(&p, "distortion", corner, s);
    if (status.code) fail_msg("%s", status.what);
    bf_curve_points_free(&p);
}

static double point(const bf_curve_set *s, int column, int row) { return bf_column_real(&s->point[column], row); }

static void test_curve_set__configurations_find_their_curve(void **state)
{
    static const double at[][2] = { { 5, 1 }, { 4, 2 }, { 3, 2 }, { 2, 2 }, { 1, 3 }, { 0, 9 } };
    bf_curve_set s;
    (void)state;
    write_study(dir[0], "objective.beta: [0.1, 1, 10], model.latent: [2, 4]", 6, at, NULL);
    make(dir[0], NULL, 1, NULL, &s);
    assert_int_equal(s.curves, 2);
    assert_string_equal(bf_column_text(&s.curve[BF_CURVE_LABEL], 0), "model.latent 2");
    assert_string_equal(bf_column_text(&s.curve[BF_CURVE_FOLDER], 1), dir[0]);
    static const double rates[] = { 1, 3, 5, 0, 2, 4 };
    static const int ids[] = { 4, 2, 0, 5, 3, 1 };
    for (int i = 0; i < 6; i++) {
        BF_CHECK_NEAR(point(&s, BF_POINT_RATE, i), rates[i], 0.0);
        assert_int_equal(bf_column_integer(&s.point[BF_POINT_CONFIG], i), ids[i]);
        assert_int_equal(bf_column_integer(&s.point[BF_POINT_CURVE], i), i / 3);
    }
    BF_CHECK_NEAR(point(&s, BF_POINT_BETA, 0), 10.0, 0.0);
    BF_CHECK_NEAR(s.corner[0], 5.0, 0.0);
    BF_CHECK_NEAR(s.corner[1], 9.0, 0.0);
    BF_CHECK_NEAR(point(&s, BF_POINT_SLOPE, 1), 0.5, 1e-12);
    assert_true(isnan(point(&s, BF_POINT_SLOPE, 3)));        /* the next curve begins */
    bf_curve_set_free(&s);
    make(dir[0], NULL, 0, (const double[]){ 200.0, 300.0 }, &s);
    BF_CHECK_NEAR(point(&s, BF_POINT_RATE, 0), 101.0, 0.0);
    BF_CHECK_NEAR(s.corner[1], 300.0, 0.0);
    bf_curve_set_free(&s);
}

static void test_curve_set__seeds_are_averaged(void **state)
{
    static const double at[][2] = { { 1, 8 }, { 2, 9 }, { 3, 13 }, { 7, 4 }, { NAN, 4 }, { 9, 6 } };
    bf_curve_set s;
    (void)state;
    write_study(dir[0], "objective.beta: [10, 1], seed: [1, 2, 3]", 6, at, NULL);
    make(dir[0], NULL, 1, NULL, &s);
    assert_int_equal(s.curves, 1);
    assert_int_equal(s.points, 2);
    assert_true(s.replicates);
    BF_CHECK_NEAR(point(&s, BF_POINT_RATE, 0), 2.0, 1e-12);
    BF_CHECK_NEAR(point(&s, BF_POINT_DISTORTION, 0), 10.0, 1e-12);
    BF_CHECK_NEAR(point(&s, BF_POINT_RATE_SE, 0), sqrt(1.0 / 3.0), 1e-12);
    BF_CHECK_NEAR(point(&s, BF_POINT_DISTORTION_SE, 0), sqrt(7.0 / 3.0), 1e-12);
    assert_int_equal(bf_column_integer(&s.point[BF_POINT_REPLICATES], 1), 2);        /* the one without a rate is left out */
    BF_CHECK_NEAR(point(&s, BF_POINT_RATE, 1), 8.0, 1e-12);
    bf_curve_set_free(&s);
}

static void test_curve_set__only_finished_ones_count(void **state)
{
    static const double at[][2] = { { 1, 8 }, { 2, 6 }, { 3, 5 }, { 4, 4 } };
    static const int8_t status[] = { BF_CONFIG_DONE, BF_DIVERGED, BF_RUNNING, BF_PENDING };
    bf_curve_set s;
    (void)state;
    write_study(dir[0], "objective.beta: [10, 1, 0.1, 0.01]", 4, at, status);
    make(dir[0], NULL, 1, NULL, &s);
    assert_int_equal(s.points, 1);
    BF_CHECK_NEAR(bf_column_real(&s.curve[BF_CURVE_HYPERVOLUME], 0), 0.0, 0.0);
    assert_int_equal(bf_column_integer(&s.curve[BF_CURVE_REFERENCE], 0), -1);
    assert_true(isnan(bf_column_real(&s.curve[BF_CURVE_AREA], 0)));
    bf_curve_set_free(&s);
}

static void test_curve_set__other_studies_meet_the_first(void **state)
{
    static const double a[][2] = { { 0, 4 }, { 0, 8 }, { 2, 2 }, { 2, 6 } }, b[][2] = { { 0, 9 }, { 0, 3 }, { 2, 7 }, { 2, 2 } };
    static const int reference[] = { -1, 0, 1, 0 };
    static const double area[] = { NAN, 8.0, 2.0, -1.0 };       /* b's first has latent 4, its second latent 8, which a lacks */
    bf_curve_set s;
    (void)state;
    write_study(dir[0], "objective.beta: [5, 1], model.latent: [2, 4]", 4, a, NULL);
    write_study(dir[1], "objective.beta: [5, 1], model.latent: [4, 8]", 4, b, NULL);
    make(dir[0], dir[1], 1, NULL, &s);
    assert_int_equal(s.curves, 4);
    for (int c = 0; c < 4; c++) {
        assert_int_equal(bf_column_integer(&s.curve[BF_CURVE_REFERENCE], c), reference[c]);
        if (c) BF_CHECK_NEAR(bf_column_real(&s.curve[BF_CURVE_AREA], c), area[c], 1e-12);
        if (c) BF_CHECK_NEAR(bf_column_real(&s.curve[BF_CURVE_MEAN], c), area[c] / 2.0, 1e-12);
    }
    bf_curve_set_free(&s);
}

/* A configuration over a range of beta has no row in /metrics; its curve is its row by beta. */
static void test_curve_set__a_range_of_beta_is_a_curve(void **state)
{
    static const double at[][2] = { { NAN, NAN }, { NAN, NAN } }, grid[] = { 0.1, 1.0, 10.0 };
    static const double rate[2][3][2] = { { { 9, 3 }, { 9, 2 }, { 9, 1 } }, { { 9, 6 }, { 9, NAN }, { 9, 4 } } };
    static const double distortion[2][3][2] = { { { 0, 1 }, { 0, 2 }, { 0, 5 } }, { { 0, 1 }, { 0, 2 }, { 0, 5 } } };
    char path[256];
    hid_t file;
    bf_curve_set s;
    (void)state;
    write_study(dir[0], "model.latent: [2, 4]", 2, at, NULL);
    snprintf(path, sizeof path, "%s/study.h5", dir[0]);
    const bf_h5_dataset g = { .name = "/beta_grid", .type = H5T_IEEE_F64LE, .rank = 1, .shape = { 3 } };
    bf_h5_dataset t = { .name = "/metrics_by_beta/rate", .type = H5T_IEEE_F64LE, .rank = 3, .shape = { 2, 3, 2 } };
    assert_int_equal(bf_h5_open(path, true, MPI_COMM_NULL, &file).code, BF_OK);
    assert_int_equal(bf_h5_put(file, &g, grid, NULL).code, BF_OK);
    assert_int_equal(bf_h5_put(file, &t, rate, NULL).code, BF_OK);
    t.name = "/metrics_by_beta/distortion";
    assert_int_equal(bf_h5_put(file, &t, distortion, NULL).code, BF_OK);
    assert_int_equal(bf_h5_close(&file, path).code, BF_OK);
    make(dir[0], NULL, 1, NULL, &s);
    assert_int_equal(s.curves, 2);
    assert_int_equal(s.points, 5);
    static const double betas[] = { 10.0, 1.0, 0.1, 10.0, 0.1 };
    for (int i = 0; i < 5; i++) BF_CHECK_NEAR(point(&s, BF_POINT_BETA, i), betas[i], 0.0);
    BF_CHECK_NEAR(point(&s, BF_POINT_RATE, 3), 4.0, 0.0);
    assert_true(s.theory);
    BF_CHECK_NEAR(point(&s, BF_POINT_THEORY_RATE, 2), 5.29831737 - 0.5 * log(0.5 / 0.1) - 0.5 * log(1.0 / 0.1), 1e-8);     /* latent 2 */
    BF_CHECK_NEAR(point(&s, BF_POINT_THEORY_RATE, 4), 5.29831737, 1e-8);
    bf_curve_set_free(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_curve_set__configurations_find_their_curve, setup, teardown),
        cmocka_unit_test_setup_teardown(test_curve_set__seeds_are_averaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_curve_set__only_finished_ones_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_curve_set__other_studies_meet_the_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_curve_set__a_range_of_beta_is_a_curve, setup, teardown),
    };
    if (bf_comm_init(&argc, &argv, NULL, &world).code) return 70;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bf_comm_finalize(&world);
    return failed;
}
