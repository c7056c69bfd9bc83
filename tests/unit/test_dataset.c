/* Rows in model units: scales, binarisation, statistics against their plain definitions. */
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

static void small(bf_data_options *o, const char *source, const char *scale)
{
    data_rig_options(o, source);
    strcpy(o->scale, scale);
    o->train = 300;
    o->test = 20;
}

/* All training rows in model units, checked to be the same by block and by index. *x is the caller's. */
static size_t rows_of(const bf_dataset *ds, float **x)
{
    const bf_data_info *i = bf_dataset_info(ds);
    const size_t n = 300 * (size_t)i->width;
    int64_t idx[300];
    float *by_index = malloc(n * sizeof(float));
    *x = malloc(n * sizeof(float));
    for (int k = 0; k < 300; k++) idx[k] = 299 - k;
    bf_dataset_block(ds, BF_TRAIN, 0, 300, *x);
    bf_dataset_rows(ds, BF_TRAIN, idx, 300, by_index);
    for (int k = 0; k < 300; k++)
        assert_memory_equal(by_index + (size_t)k * (size_t)i->width, *x + (size_t)(299 - k) * (size_t)i->width, (size_t)i->width * sizeof(float));
    free(by_index);
    return n;
}

static void moments(const float *x, size_t n, double *mean, double *variance, double *low, double *high)
{
    *mean = *variance = 0;
    *low = *high = x[0];
    for (size_t i = 0; i < n; i++) *mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        *variance += (x[i] - *mean) * (x[i] - *mean) / (double)n;
        *low = fmin(*low, x[i]);
        *high = fmax(*high, x[i]);
    }
}

static void test_dataset__bytes_become_unit_interval(void **state)
{
    bf_data_options o;
    float *x;
    (void)state;
    small(&o, "digits", "auto");
    bf_dataset *ds = open_set(&o);
    const uint8_t *stored = bf_dataset_stored(ds, BF_TRAIN);
    const size_t n = rows_of(ds, &x);
    for (size_t i = 0; i < n; i++) {
        BF_CHECK_NEAR(x[i], stored[i] / 255.0, 1e-7);
        assert_true(x[i] >= 0.0f && x[i] <= 1.0f);
    }
    assert_true(bf_dataset_info(ds)->maximum == 1.0 && bf_dataset_info(ds)->minimum == 0.0);
    free(x);
    bf_dataset_close(&ds);
    small(&o, "digits", "none");
    ds = open_set(&o);
    stored = bf_dataset_stored(ds, BF_TRAIN);
    rows_of(ds, &x);
    for (size_t i = 0; i < n; i++) assert_true(x[i] == (float)stored[i]);
    assert_true(bf_dataset_info(ds)->maximum == 255.0);
    free(x);
    bf_dataset_close(&ds);
}

static void test_dataset__minmax_and_standardize(void **state)
{
    static const char *const source[] = { "digits", "manifold" };
    bf_data_options o;
    double mean, variance, low, high;
    float *x;
    size_t n;
    (void)state;
    for (int k = 0; k < 2; k++) {
        small(&o, source[k], "minmax");
        bf_dataset *ds = open_set(&o);
        n = rows_of(ds, &x);
        moments(x, n, &mean, &variance, &low, &high);
        BF_CHECK_NEAR(low, 0.0, 1e-6);
        BF_CHECK_NEAR(high, 1.0, 1e-6);
        free(x);
        bf_dataset_close(&ds);
        small(&o, source[k], "standardize");
        ds = open_set(&o);
        n = rows_of(ds, &x);
        moments(x, n, &mean, &variance, &low, &high);
        BF_CHECK_NEAR(mean, 0.0, 1e-6);
        BF_CHECK_NEAR(variance, 1.0, 1e-6);
        free(x);
        bf_dataset_close(&ds);
    }
}

/* The variance about the mean image, in the units of the model, by its definition. */
static void test_dataset__variance_is_about_the_mean_image(void **state)
{
    static const char *const source[] = { "digits", "bumps" }, *const scale[] = { "auto", "standardize" };
    bf_data_options o;
    (void)state;
    for (int k = 0; k < 4; k++) {
        float *x;
        small(&o, source[k / 2], scale[k % 2]);
        bf_dataset *ds = open_set(&o);
        const size_t width = (size_t)bf_dataset_info(ds)->width;
        double sum = 0;
        rows_of(ds, &x);
        for (size_t j = 0; j < width; j++) {
            double mean = 0;
            for (size_t i = 0; i < 300; i++) mean += x[i * width + j] / 300.0;
            for (size_t i = 0; i < 300; i++) sum += (x[i * width + j] - mean) * (x[i * width + j] - mean);
        }
        BF_CHECK_NEAR(bf_dataset_info(ds)->variance, sum / (300.0 * (double)width), 1e-7);
        free(x);
        bf_dataset_close(&ds);
    }
}

static void test_dataset__threshold_is_one_half(void **state)
{
    static const char *const source[] = { "digits", "bumps" };
    bf_data_options o;
    float *grey, *binary;
    (void)state;
    for (int k = 0; k < 2; k++) {
        small(&o, source[k], "auto");
        bf_dataset *ds = open_set(&o);
        const size_t n = rows_of(ds, &grey);
        bf_dataset_close(&ds);
        strcpy(o.binarize, "threshold");
        ds = open_set(&o);
        rows_of(ds, &binary);
        for (size_t i = 0; i < n; i++) assert_true(binary[i] == (grey[i] >= 0.5f ? 1.0f : 0.0f));
        bf_dataset_close(&ds);
        free(grey);
        free(binary);
    }
}

/* Each entry is 1 as often as it is bright, and the draw is the same every time. */
static void test_dataset__static_binarisation_keeps_the_mean(void **state)
{
    bf_data_options o;
    double mean, variance, low, high, binary_mean;
    float *x;
    (void)state;
    small(&o, "bumps", "auto");
    bf_dataset *ds = open_set(&o);
    const size_t n = rows_of(ds, &x);
    moments(x, n, &mean, &variance, &low, &high);
    free(x);
    bf_dataset_close(&ds);
    strcpy(o.binarize, "static");
    ds = open_set(&o);
    rows_of(ds, &x);
    moments(x, n, &binary_mean, &variance, &low, &high);
    BF_CHECK_NEAR(binary_mean, mean, 5 * sqrt(0.25 / (double)n));
    for (size_t i = 0; i < n; i++) assert_true(x[i] == 0.0f || x[i] == 1.0f);
    free(x);
    const uint64_t hash = bf_dataset_info(ds)->hash;
    bf_dataset_close(&ds);
    ds = open_set(&o);
    assert_true(bf_dataset_info(ds)->hash == hash);
    bf_dataset_close(&ds);
}

static void test_dataset__what_cannot_be_scaled_is_told(void **state)
{
    bf_data_options o;
    bf_dataset *ds;
    (void)state;
    small(&o, "gaussian", "auto");
    strcpy(o.binarize, "threshold");
    bf_status s = bf_dataset_open(world, node, &o, &ds);
    assert_int_equal(s.code, BF_E_INPUT);
    assert_non_null(strstr(s.what, "entries have to lie in [0, 1]"));
    small(&o, "gaussian", "standardize");
    memset(o.gaussian.eigenvalues.at, 0, sizeof o.gaussian.eigenvalues.at);
    s = bf_dataset_open(world, node, &o, &ds);
    assert_int_equal(s.code, BF_E_INPUT);
    assert_non_null(strstr(s.what, "data.scale: standardize"));
    assert_null(ds);
}

static void test_dataset__without_a_test_part(void **state)
{
    bf_data_options o;
    (void)state;
    small(&o, "digits", "auto");
    o.test = 0;
    bf_dataset *ds = open_set(&o);
    assert_int_equal(bf_dataset_info(ds)->rows[BF_TEST], 0);
    assert_true(bf_dataset_info(ds)->maximum == 1.0);
    bf_dataset_close(&ds);
    bf_dataset_close(&ds);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dataset__bytes_become_unit_interval),
        cmocka_unit_test(test_dataset__minmax_and_standardize),
        cmocka_unit_test(test_dataset__variance_is_about_the_mean_image),
        cmocka_unit_test(test_dataset__threshold_is_one_half),
        cmocka_unit_test(test_dataset__static_binarisation_keeps_the_mean),
        cmocka_unit_test(test_dataset__what_cannot_be_scaled_is_told),
        cmocka_unit_test(test_dataset__without_a_test_part),
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
