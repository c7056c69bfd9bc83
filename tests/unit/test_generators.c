/* What the generators make: spectra, scales, ranks, grids. */
#include <stdlib.h>
#include <string.h>

#include "close.h"
#include "data_rig.h"

static const bf_comm *world, *node;

static bf_dataset *open_set(const bf_data_options *o)
{
    bf_dataset *ds = NULL;
    const bf_status s = bf_dataset_open(world, node, o, &ds);
    if (s.code) fail_msg("%s", s.what);
    return ds;
}

/* 1/N about the mean; c (d, d), mean (d). */
static void covariance(const bf_dataset *ds, bf_split split, double *c, double *mean)
{
    const bf_data_info *info = bf_dataset_info(ds);
    const size_t d = (size_t)info->width, n = (size_t)info->rows[split];
    const float *x = bf_dataset_stored(ds, split);
    memset(c, 0, d * d * sizeof *c);
    memset(mean, 0, d * sizeof *mean);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++) mean[j] += x[i * d + j] / (double)n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++)
            for (size_t k = 0; k < d; k++) c[j * d + k] += (x[i * d + j] - mean[j]) * (x[i * d + k] - mean[k]) / (double)n;
}

/* Eigenvalues of symmetric c by Jacobi rotations; they end on the diagonal. */
static void jacobi(double *c, int d)
{
    for (int sweep = 0; sweep < 30; sweep++)
        for (int p = 0; p < d; p++)
            for (int q = p + 1; q < d; q++) {
                const double angle = 0.5 * atan2(2 * c[p * d + q], c[q * d + q] - c[p * d + p]), co = cos(angle), si = sin(angle);
                for (int k = 0; k < d; k++) {
                    const double a = c[k * d + p], b = c[k * d + q];
                    c[k * d + p] = co * a - si * b;
                    c[k * d + q] = si * a + co * b;
                }
                for (int k = 0; k < d; k++) {
                    const double a = c[p * d + k], b = c[q * d + k];
                    c[p * d + k] = co * a - si * b;
                    c[q * d + k] = si * a + co * b;
                }
            }
}

static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static void spectrum(const bf_dataset *ds, bf_split split, double *values, double *mean)
{
    const int d = bf_dataset_info(ds)->width;
    double *c = malloc((size_t)d * (size_t)d * sizeof *c);
    covariance(ds, split, c, mean);
    jacobi(c, d);
    for (int i = 0; i < d; i++) values[i] = c[i * d + i];
    qsort(values, (size_t)d, sizeof *values, descending);
    free(c);
}

static void test_generators__gaussian_has_its_eigenvalues(void **state)
{
    bf_data_options o;
    double values[6], mean[6];
    (void)state;
    data_rig_options(&o, "gaussian");
    o.train = 40000;
    bf_dataset *ds = open_set(&o);
    spectrum(ds, BF_TRAIN, values, mean);
    for (int i = 0; i < 6; i++) BF_CHECK_NEAR(values[i], o.gaussian.eigenvalues.at[i], 0.05 * o.gaussian.eigenvalues.at[i]);
    bf_dataset_close(&ds);
}

static void test_generators__whitened_sample_has_exactly_its_eigenvalues(void **state)
{
    bf_data_options o;
    double values[6], mean[6];
    (void)state;
    data_rig_options(&o, "gaussian");
    o.gaussian.whiten_sample = true;
    o.train = 500;
    bf_dataset *ds = open_set(&o);
    spectrum(ds, BF_TRAIN, values, mean);
    for (int i = 0; i < 6; i++) {
        BF_CHECK_NEAR(values[i], o.gaussian.eigenvalues.at[i], 1e-6 * o.gaussian.eigenvalues.at[i]);
        BF_CHECK_NEAR(mean[i], 0.0, 1e-6);
    }
    spectrum(ds, BF_TEST, values, mean);        /* the test part is a plain sample */
    assert_true(fabs(values[0] - 4.0) > 1e-3);
    BF_CHECK_NEAR(values[0], 4.0, 0.6);
    bf_dataset_close(&ds);
}

/* Whitened and plain samples share the rotation, and without one the axes are the eigenvectors. */
static void test_generators__rotation_is_the_seed_s(void **state)
{
    bf_data_options o;
    double c[36], plain[36], mean[6];
    (void)state;
    data_rig_options(&o, "gaussian");
    o.gaussian.whiten_sample = true;
    o.train = 60000;
    bf_dataset *ds = open_set(&o);
    covariance(ds, BF_TRAIN, c, mean);
    bf_dataset_close(&ds);
    o.gaussian.whiten_sample = false;
    ds = open_set(&o);
    covariance(ds, BF_TRAIN, plain, mean);
    bf_dataset_close(&ds);
    for (int i = 0; i < 36; i++) BF_CHECK_NEAR(plain[i], c[i], 0.06);
    o.gaussian.rotate = false;
    o.gaussian.whiten_sample = true;
    o.train = 300;
    ds = open_set(&o);
    covariance(ds, BF_TRAIN, c, mean);
    for (int i = 0; i < 36; i++) BF_CHECK_NEAR(c[i], i % 7 == 0 ? o.gaussian.eigenvalues.at[i / 7] : 0.0, 1e-6);
    bf_dataset_close(&ds);
}

static void test_generators__manifold_has_unit_spread(void **state)
{
    bf_data_options o;
    (void)state;
    for (int depth = 0; depth < 3; depth++) {
        data_rig_options(&o, "manifold");
        o.manifold.depth = depth;
        o.train = 1000;
        bf_dataset *ds = open_set(&o);
        const bf_data_info *info = bf_dataset_info(ds);
        const float *x = bf_dataset_stored(ds, BF_TRAIN);
        const size_t n = 1000 * (size_t)info->width;
        double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++) {
            sum += x[i];
            squares += (double)x[i] * x[i];
        }
        BF_CHECK_NEAR(squares / (double)n - sum / (double)n * (sum / (double)n), 1.0, 1e-6);
        assert_int_equal(info->factors, 3);
        bf_dataset_close(&ds);
    }
}

/* depth 0: the factors explain every sample linearly. */
static void test_generators__manifold_is_a_map_of_its_factors(void **state)
{
    bf_data_options o;
    double values[8], mean[8];
    (void)state;
    data_rig_options(&o, "manifold");
    o.manifold.depth = 0;
    o.manifold.ambient = 8;
    bf_dataset *ds = open_set(&o);
    spectrum(ds, BF_TRAIN, values, mean);
    assert_true(values[2] > 0.01);
    BF_CHECK_NEAR(values[3], 0.0, 1e-9);
    bf_dataset_close(&ds);
}

static void test_generators__lowrank_keeps_a_clean_part_of_its_rank(void **state)
{
    bf_data_options o;
    double values[100], mean[100];
    (void)state;
    data_rig_options(&o, "lowrank");
    o.train = 2000;
    bf_dataset *ds = open_set(&o);
    const float *x = bf_dataset_stored(ds, BF_TRAIN), *clean = bf_dataset_clean(ds, BF_TRAIN);
    int hits = 0;
    for (int i = 0; i < 200000; i++) {
        hits += x[i] != clean[i];
        assert_true(fabsf(x[i] - clean[i]) <= 10.0f + 1e-5f);
    }
    BF_CHECK_NEAR(hits / 200000.0, 0.05, 0.003);
    o.lowrank.outliers = 0;
    bf_dataset_close(&ds);
    ds = open_set(&o);
    spectrum(ds, BF_TRAIN, values, mean);
    assert_true(values[4] > 1.0);
    BF_CHECK_NEAR(values[5], 0.0, 1e-9);
    bf_dataset_close(&ds);
}

static void test_generators__patches_and_bumps_lie_in_the_unit_interval(void **state)
{
    static const char *const kind[] = { "gaussian", "laplace", "cauchy" };
    bf_data_options o;
    (void)state;
    for (int k = 0; k < 3; k++) {
        data_rig_options(&o, "patches");
        strcpy(o.patches.sources, kind[k]);
        bf_dataset *ds = open_set(&o);
        BF_CHECK_NEAR(bf_dataset_info(ds)->minimum, 0.001, 1e-8);
        BF_CHECK_NEAR(bf_dataset_info(ds)->maximum, 0.999, 1e-7);
        bf_dataset_close(&ds);
    }
    data_rig_options(&o, "bumps");
    bf_dataset *ds = open_set(&o);
    const float *f = bf_dataset_factors(ds, BF_TRAIN);
    assert_true(bf_dataset_info(ds)->minimum >= 0.0 && bf_dataset_info(ds)->maximum <= 1.0);
    assert_true(f[0] > 0.0f && f[0] < 1.0f && f[0] != f[1]);
    bf_dataset_close(&ds);
}

/* Training and test part together are the grid, once. */
static void test_generators__sprites_are_a_full_grid(void **state)
{
    bf_data_options o;
    char seen[3][4][2][3][3] = { 0 };
    (void)state;
    data_rig_options(&o, "sprites");
    o.sprites.side = 32;
    o.sprites.rotations = 2;
    o.sprites.positions = 3;
    bf_dataset *ds = open_set(&o);
    assert_int_equal(bf_dataset_info(ds)->rows[BF_TEST], 22);
    assert_int_equal(bf_dataset_info(ds)->rows[BF_TRAIN], 194);
    for (int s = 0; s < BF_SPLITS; s++) {
        const float *f = bf_dataset_factors(ds, (bf_split)s);
        const uint8_t *x = bf_dataset_stored(ds, (bf_split)s);
        for (int64_t i = 0; i < bf_dataset_info(ds)->rows[s]; i++, f += 5, x += 1024) {
            char *at = &seen[(int)f[0]][(int)lrintf((f[1] - 0.5f) * 6)][(int)lrintf(f[2] / 3.14159265f)][(int)(2 * f[3])][(int)(2 * f[4])];
            int on = 0, edge = 0;
            for (int p = 0; p < 1024; p++) {
                assert_true(x[p] == 0 || x[p] == 255);
                on += x[p] != 0;
                edge += x[p] && (p % 32 == 0 || p % 32 == 31 || p / 32 == 0 || p / 32 == 31);
            }
            assert_int_equal(*at, 0);
            *at = 1;
            assert_true(on >= 10 && edge <= 4);
        }
    }
    bf_dataset_close(&ds);
}

static void test_generators__digits_without_jitter_are_their_glyph(void **state)
{
    bf_data_options o;
    const uint8_t *first[10] = { NULL };
    (void)state;
    data_rig_options(&o, "digits");
    o.digits.jitter = 0;
    o.train = 500;
    bf_dataset *ds = open_set(&o);
    const uint8_t *x = bf_dataset_stored(ds, BF_TRAIN);
    const int32_t *label = bf_dataset_labels(ds, BF_TRAIN);
    for (int i = 0; i < 500; i++) {
        const uint8_t *image = x + 784 * i, **seen = &first[label[i]];
        if (!*seen) *seen = image;
        assert_memory_equal(image, *seen, 784);
    }
    for (int a = 0; a < 10; a++) {
        assert_non_null(first[a]);
        for (int b = 0; b < a; b++) assert_memory_not_equal(first[a], first[b], 784);
    }
    bf_dataset_close(&ds);
}

/* No two hands are alike, every class appears, and a glyph fills its image as pen strokes do. */
static void test_generators__digits_vary(void **state)
{
    bf_data_options o;
    int count[10] = { 0 };
    (void)state;
    data_rig_options(&o, "digits");
    o.train = 3000;
    bf_dataset *ds = open_set(&o);
    const bf_data_info *info = bf_dataset_info(ds);
    const uint8_t *x = bf_dataset_stored(ds, BF_TRAIN);
    const int32_t *label = bf_dataset_labels(ds, BF_TRAIN);
    assert_int_equal(info->labels, 10);
    for (int i = 0; i < 3000; i++) {
        int ink = 0;
        for (int p = 0; p < 784; p++) ink += x[784 * i + p];
        assert_true(ink > 255 * 15 && ink < 255 * 330);
        count[label[i]]++;
    }
    for (int a = 0; a < 10; a++) assert_in_range(count[a], 220, 380);
    assert_memory_not_equal(x, x + 784, 784);
    bf_dataset_close(&ds);
}

/* The mean colour of the pixels whose ink is as given; false: there are hardly any. */
static bool mean_colour(const uint8_t *ink, const uint8_t *image, int level, double colour[3])
{
    int count = 0;
    memset(colour, 0, 3 * sizeof *colour);
    for (int p = 0; p < 784; p++) {
        if (ink[p] != level) continue;
        for (int k = 0; k < 3; k++) colour[k] += image[3 * p + k];
        count++;
    }
    for (int k = 0; k < 3; k++) colour[k] /= count > 0 ? count : 1;
    return count > 3;
}

/* The phase of three channels, in turns. */
static double hue_of(const double colour[3])
{
    const double turn = 2.0 * acos(-1.0), x = colour[0] - 0.5 * (colour[1] + colour[2]), y = sqrt(0.75) * (colour[1] - colour[2]);
    const double hue = atan2(y, x) / turn;
    return hue < 0.0 ? hue + 1.0 : hue;
}

/* Where brightness grows on the ground, in turns: the plane of least squares through it. */
static double light_of(const uint8_t *ink, const uint8_t *image)
{
    double n = 0, s[5] = { 0 }, xy[5] = { 0 };          /* x, y, brightness; xx, xy, yy, x brightness, y brightness */
    for (int p = 0; p < 784; p++) {
        if (ink[p] != 0) continue;
        const double x = p % 28, y = p / 28, b = image[3 * p] + image[3 * p + 1] + image[3 * p + 2];
        n += 1;
        s[0] += x, s[1] += y, s[2] += b;
        xy[0] += x * x, xy[1] += x * y, xy[2] += y * y, xy[3] += x * b, xy[4] += y * b;
    }
    const double a = xy[0] - s[0] * s[0] / n, c = xy[1] - s[0] * s[1] / n, e = xy[2] - s[1] * s[1] / n;
    const double u = xy[3] - s[0] * s[2] / n, v = xy[4] - s[1] * s[2] / n;
    const double turn = atan2(a * v - c * u, e * u - c * v) / (2.0 * acos(-1.0));
    return turn < 0.0 ? turn + 1.0 : turn;
}

static void assert_turn(double found, double said)
{
    const double apart = fabs(found - said);
    if (fmin(apart, 1.0 - apart) > 0.01) fail_msg("%g turns are found, the factor says %g", found, said);
}

/* The same hands as in grey, in hues and under a light that the factors say. */
static void test_generators__digits_in_colour_are_painted_as_their_factors_say(void **state)
{
    bf_data_options o;
    int quarter[3][4] = { { 0 } }, full = 0;
    (void)state;
    data_rig_options(&o, "digits");
    o.train = 400;
    bf_dataset *grey = open_set(&o);
    o.digits.colour = true;
    bf_dataset *set = open_set(&o);
    const bf_data_info *info = bf_dataset_info(set);
    assert_true(info->dims == 3 && info->shape[0] == 28 && info->shape[1] == 28 && info->shape[2] == 3 && info->width == 2352);
    assert_true(info->stored == BF_STORED_U8 && info->factors == 3 && bf_dataset_info(grey)->factors == 0);
    assert_memory_equal(bf_dataset_labels(set, BF_TRAIN), bf_dataset_labels(grey, BF_TRAIN), 400 * sizeof(int32_t));
    const uint8_t *ink = bf_dataset_stored(grey, BF_TRAIN), *image = bf_dataset_stored(set, BF_TRAIN);
    const float *factor = bf_dataset_factors(set, BF_TRAIN);
    for (int i = 0; i < 400; i++, ink += 784, image += 2352, factor += 3) {
        double stroke[3], ground[3];
        assert_true(mean_colour(ink, image, 0, ground));
        assert_turn(hue_of(ground), factor[1]);
        assert_turn(light_of(ink, image), factor[2]);
        if (mean_colour(ink, image, 255, stroke)) {         /* a fine pen leaves no pixel full */
            assert_turn(hue_of(stroke), factor[0]);
            assert_true(stroke[0] + stroke[1] + stroke[2] > 1.5 * (ground[0] + ground[1] + ground[2]));
            full++;
        }
        for (int k = 0; k < 3; k++) quarter[k][(int)(4 * factor[k])]++;
    }
    assert_true(full > 300);
    for (int k = 0; k < 3; k++)
        for (int q = 0; q < 4; q++) assert_in_range(quarter[k][q], 65, 140);
    bf_dataset_close(&set);
    bf_dataset_close(&grey);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generators__gaussian_has_its_eigenvalues),
        cmocka_unit_test(test_generators__whitened_sample_has_exactly_its_eigenvalues),
        cmocka_unit_test(test_generators__rotation_is_the_seed_s),
        cmocka_unit_test(test_generators__manifold_has_unit_spread),
        cmocka_unit_test(test_generators__manifold_is_a_map_of_its_factors),
        cmocka_unit_test(test_generators__lowrank_keeps_a_clean_part_of_its_rank),
        cmocka_unit_test(test_generators__patches_and_bumps_lie_in_the_unit_interval),
        cmocka_unit_test(test_generators__sprites_are_a_full_grid),
        cmocka_unit_test(test_generators__digits_without_jitter_are_their_glyph),
        cmocka_unit_test(test_generators__digits_vary),
        cmocka_unit_test(test_generators__digits_in_colour_are_painted_as_their_factors_say),
    };
    bf_comm *all = NULL, *shared = NULL;
    if (bf_comm_init(&argc, &argv, NULL, &all).code || bf_comm_node(all, &shared).code) return 1;
    world = all;
    node = shared;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bf_comm_free(&shared);
    bf_comm_finalize(&all);
    return failed;
}
