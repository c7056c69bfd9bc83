/* Measures on posteriors made by hand, against closed forms: the values are those of the methods' analytic checks. */
#include "measure/measure.h"
#include "measure/subset.h"

#include "base/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "close.h"

static bf_comm *world;

/* n samples with room for mean, logvar and z. */
static bf_evaluation made(int64_t n, int latent)
{
    size_t count = (size_t)n * (size_t)latent;
    bf_evaluation e = { .samples = n, .rows = n, .latent = latent, .rate = 1.0 };
    e.mean = calloc(count, sizeof *e.mean);
    e.logvar = calloc(count, sizeof *e.logvar);
    e.z = calloc(count, sizeof *e.z);
    e.kl = calloc(5 * (size_t)latent, sizeof *e.kl);
    e.mean_sum = e.kl + latent;
    e.mean_square = e.kl + 2 * latent;
    e.variance_sum = e.kl + 4 * latent;
    assert_true(e.mean && e.logvar && e.z && e.kl);
    return e;
}

static void normals(float *out, int64_t sample, int n, uint64_t seed)
{
    const bf_draw d = { .seed = seed, .sample = (uint64_t)sample, .use = BF_USE_MEASURE };
    bf_rng_normal(&d, out, (size_t)n);
}

static void take_of(const char *name, const bf_vae_options *vae, const bf_evaluation *e, double *values)
{
    bf_measure_options o = { .count = 1 };
    strncpy(o.name[0], name, sizeof o.name[0] - 1);
    const bf_measure_input in = { .team = world, .vae = vae, .options = &o, .evaluation = e, .width = 4, .unit = 255.0, .integers = true };
    bf_status s = bf_measure_take(&in, values);
    if (s.code) fail_msg("%s", s.what);
}

static void take(const char *name, const bf_evaluation *e, double *values)
{
    const bf_vae_options vae = { .likelihood = "gaussian", .variance = "learned" };
    take_of(name, &vae, e, values);
}

static double mmd_of(int64_t n, int latent, const double *mean, const double *deviation)
{
    bf_evaluation e = made(n, latent);
    for (int64_t i = 0; i < n; i++) {
        float *z = e.z + i * latent;
        normals(z, i, latent, 11);
        for (int j = 0; j < latent; j++) z[j] = (float)(mean[j] + deviation[j] * (double)z[j]);
    }
    double v[BF_MAX_COLUMNS];
    take("mmd", &e, v);
    bf_evaluation_free(&e);
    return v[0];
}

static void test_measure__mmd_of_gaussians(void **state)
{
    (void)state;
    const double none[16] = { 0 }, one[16] = { 1, 1 }, half[2] = { 0.5, 0.5 }, right[2] = { 1, 0 }, curve[2] = { 1, 0 };
    const double shift[4] = { 0.5, -0.5, 0, 0 }, mixed[4] = { sqrt(0.5), sqrt(0.5), 1, sqrt(2.0) };
    double small[16];
    for (int j = 0; j < 16; j++) small[j] = sqrt(0.5);
    BF_CHECK_NEAR(mmd_of(3000, 2, none, one), 0.0, 0.003);
    BF_CHECK_NEAR(mmd_of(3000, 2, right, one), 0.48031986, 0.05);
    BF_CHECK_NEAR(mmd_of(3000, 2, none, half), 0.36194106, 0.02);
    BF_CHECK_NEAR(mmd_of(3000, 2, none, curve), 0.36968967, 0.02);
    BF_CHECK_NEAR(mmd_of(3000, 4, shift, mixed), 0.17858477, 0.02);
    BF_CHECK_NEAR(mmd_of(3000, 16, none, small), 0.12462690, 0.004);
}

/* All draws at the origin: no noise left, k(z, z') = 7, and the prior's side is a known pair of integrals. */
static void test_measure__mmd_of_a_point_is_exact(void **state)
{
    (void)state;
    const double none[64] = { 0 };
    const struct { int latent; double pp; } row[] = { { 2, 4.04833814 }, { 16, 3.57153929 }, { 64, 3.51780629 } };
    for (int r = 0; r < 3; r++) {
        /* E_p k(0, .) by plain midpoints in u = t C for each scale. */
        const double scale[] = { 0.1, 0.2, 0.5, 1, 2, 5, 10 };
        double cross = 0.0;
        for (int s = 0; s < 7; s++)
            for (int k = 0; k < 40000; k++) {
                double u = (k + 0.5) * 0.001, t = u / (2.0 * row[r].latent * scale[s]);
                cross += 0.001 * exp(-u) * pow(1.0 + 2.0 * t, -0.5 * row[r].latent);
            }
        BF_CHECK_NEAR(mmd_of(300, row[r].latent, none, none), 7.0 + row[r].pp - 2.0 * cross, 2e-6);
    }
}

/* The same number in double, straight from its definition; the last tile of samples is not full. */
static void test_measure__mmd_matches_plain_twin(void **state)
{
    (void)state;
    enum { N = 150, STEPS = 12000 };
    static const double scale[] = { 0.1, 0.2, 0.5, 1, 2, 5, 10 };
    bf_evaluation e = made(N, 2);
    double pairs = 0.0, cross = 0.0, v[BF_MAX_COLUMNS];
    normals(e.z, 0, 2 * N, 5);
    for (int i = 0; i < N; i++) e.z[2 * i] = 0.7f * e.z[2 * i] + 0.4f;
    for (int i = 0; i < N; i++) {
        const double norm = (double)e.z[2 * i] * (double)e.z[2 * i] + (double)e.z[2 * i + 1] * (double)e.z[2 * i + 1];
        for (int s = 0; s < 7; s++) {
            const double c = 4.0 * scale[s];
            for (int j = 0; j < N; j++) {
                const double x = (double)e.z[2 * i] - (double)e.z[2 * j], y = (double)e.z[2 * i + 1] - (double)e.z[2 * j + 1];
                if (j != i) pairs += c / (c + x * x + y * y) / (N * (N - 1.0));
            }
            for (int k = 0; k < STEPS; k++) {           /* plain midpoints in r, t C = r^2 */
                const double r = (k + 0.5) * 6.4 / STEPS, t = r * r / c;
                cross += 6.4 / STEPS * 2.0 * r * exp(-r * r - t * norm / (1.0 + 2.0 * t)) / (1.0 + 2.0 * t) / N;
            }
        }
    }
    take("mmd", &e, v);
    BF_CHECK_NEAR(v[0], pairs + 4.04833814 - 2.0 * cross, 1e-6);
    bf_evaluation_free(&e);
}

static void test_measure__spectrum_of_scaled_axes(void **state)
{
    (void)state;
    enum { N = 1000, K = 4 };
    const float scale[K] = { 2.0f, 0.1f, 3.0f, 1.0f };
    bf_evaluation e = made(N, K);
    for (int i = 0; i < N; i++) e.z[i * K + i % K] = scale[i % K];
    const bf_measure_input in = { .team = world, .evaluation = &e };
    double s[K], v[BF_MAX_COLUMNS];
    assert_int_equal(bf_spectrum(&in, s).code, BF_OK);
    const double want[K] = { 1.5, 1.0, 0.5, 0.05 };
    for (int j = 0; j < K; j++) BF_CHECK_NEAR(s[j], want[j], 1e-7);
    take("spectrum", &e, v);
    BF_CHECK_NEAR(v[0], 0.95, 1e-7);
    BF_CHECK_NEAR(v[1], 1.0, 0.0);
    /* A mirror that mixes all axes changes none of it. */
    const double u[K] = { 1.0, -2.0, 0.5, 3.0 }, length = 14.25;
    for (int i = 0; i < N; i++) {
        const double along = 2.0 * (double)e.z[i * K + i % K] * u[i % K] / length;
        for (int j = 0; j < K; j++) e.z[i * K + j] = (float)((double)e.z[i * K + j] - along * u[j]);
    }
    assert_int_equal(bf_spectrum(&in, s).code, BF_OK);
    for (int j = 0; j < K; j++) BF_CHECK_NEAR(s[j], want[j], 2e-6);
    bf_evaluation_free(&e);
}

/* mean = A x, x ~ N(0, S), posterior variances s2: the aggregated posterior is Gaussian and everything is known. */
static bf_evaluation linear_posterior(int64_t n)
{
    bf_evaluation e = made(n, 3);
    const double s2[3] = { 0.1, 0.3, 1.0 };
    for (int64_t i = 0; i < n; i++) {
        float u[5];
        normals(u, i, 5, 3);
        double x1 = u[0], x2 = 0.3 * (double)u[0] + sqrt(2.0 - 0.09) * (double)u[1];
        const double mean[3] = { 0.9 * x1 + 0.2 * x2, 0.1 * x1 + 0.5 * x2, 0.0 };
        for (int j = 0; j < 3; j++) {
            e.mean[i * 3 + j] = (float)mean[j];
            e.logvar[i * 3 + j] = (float)log(s2[j]);
            e.z[i * 3 + j] = (float)(mean[j] + sqrt(s2[j]) * (double)u[2 + j]);
        }
    }
    return e;
}

static void test_measure__decomposition_of_a_gaussian(void **state)
{
    (void)state;
    bf_evaluation e = linear_posterior(5000);
    double v[BF_MAX_COLUMNS];
    take("decomposition", &e, v);
    BF_CHECK_NEAR(v[0], 1.60039598, 0.08);
    BF_CHECK_NEAR(v[1], 0.11245145, 0.03);
    BF_CHECK_NEAR(v[2], 0.00943152, 0.03);
    BF_CHECK_NEAR(v[3], 0.12188297, 0.04);
    BF_CHECK_NEAR(v[0] + v[1] + v[2], 1.72227895, 0.08);
    bf_evaluation_free(&e);
}

/* The same numbers in double, straight from their definition. */
static void test_measure__decomposition_matches_plain_twin(void **state)
{
    (void)state;
    enum { N = 300, K = 3 };
    bf_evaluation e = linear_posterior(N);
    for (int i = 0; i < N * K; i++) e.logvar[i] += 0.5f * (float)sin(i);
    double want[3] = { 0 }, v[BF_MAX_COLUMNS];
    for (int s = 0; s < N; s++) {
        double joint = 0.0, product = 0.0, own = 0.0, prior = 0.0, coordinate[K] = { 0 };
        for (int i = 0; i < N; i++) {
            double all = 0.0;
            for (int j = 0; j < K; j++) {
                double lv = e.logvar[i * K + j], r = (double)e.z[s * K + j] - (double)e.mean[i * K + j];
                double l = -0.5 * (log(2 * 3.14159265358979323846) + lv + r * r * exp(-lv));
                coordinate[j] += exp(l) / N;
                all += l;
            }
            joint += exp(all) / N;
        }
        for (int j = 0; j < K; j++) {
            double z = e.z[s * K + j], log_2pi = log(2 * 3.14159265358979323846);
            product += log(coordinate[j]);
            own -= 0.5 * (1.0 + log_2pi + (double)e.logvar[s * K + j]);
            prior -= 0.5 * (log_2pi + z * z);
        }
        want[0] += (own - log(joint)) / N;
        want[1] += (log(joint) - product) / N;
        want[2] += (product - prior) / N;
    }
    take("decomposition", &e, v);
    for (int k = 0; k < 3; k++) BF_CHECK_NEAR(v[k], want[k], 2e-6);
    bf_evaluation_free(&e);
}

/* Codes that do not overlap: N of them can be told apart, so the estimate ends at log N; the second dimension knows one of 16 groups. */
static void test_measure__decomposition_of_separate_codes_is_the_logarithm_of_their_number(void **state)
{
    (void)state;
    enum { N = 512, GROUPS = 16 };
    bf_evaluation e = made(N, 2);
    double v[BF_MAX_COLUMNS];
    for (int i = 0; i < N; i++) {
        e.mean[2 * i] = 0.5f * (float)i;
        e.mean[2 * i + 1] = (float)(i % GROUPS);
        for (int j = 2 * i; j < 2 * i + 2; j++) {
            e.logvar[j] = (float)log(1.0 / 4096.0);
            e.z[j] = e.mean[j] + (i % 3 == 0 ? 1.0f : -1.0f) / 64.0f;       /* one deviation away, as E log q(z|x) has it */
        }
    }
    take("decomposition", &e, v);
    BF_CHECK_NEAR(v[0], log(N), 1e-5);
    BF_CHECK_NEAR(v[1], log(GROUPS), 1e-5);
    bf_evaluation_free(&e);
}

static void test_measure__subsets_are_spread_over_the_split(void **state)
{
    (void)state;
    bf_evaluation e = made(1000, 2);
    for (int i = 0; i < 2000; i++) e.z[i] = (float)i;
    bf_subset s;
    assert_int_equal(bf_subset_gather(world, &e, 300, BF_SUBSET_Z, &s).code, BF_OK);
    assert_int_equal(s.count, 300);
    for (int k = 0; k < 300; k++) {
        const int i = k * 1000 / 300;
        BF_CHECK_NEAR(s.z[2 * k], 2 * i, 0.0);
        BF_CHECK_NEAR(s.z[2 * k + 1], 2 * i + 1, 0.0);
    }
    assert_null(s.mean);
    bf_subset_free(&s);
    bf_evaluation_free(&e);
}

static void test_measure__active_counts_dimensions(void **state)
{
    (void)state;
    enum { K = 5 };
    bf_evaluation e = made(100, K);
    const double mean_square[K] = { 0.5, 0.02, 0.009, 0.95, 0.0 }, mean[K] = { 0.0, 0.11, 0.0, 0.0, 0.0 };
    const double variance[K] = { 0.1, 0.49, 0.9, 0.05, 1.0 }, kl[K] = { 2.0, 0.5, 0.001, 3.0, 0.0 };
    for (int j = 0; j < K; j++) {
        e.mean_sum[j] = 100 * mean[j];
        e.mean_square[j] = 100 * mean_square[j];
        e.variance_sum[j] = 100 * variance[j];
        e.kl[j] = 100 * kl[j];
    }
    double v[BF_MAX_COLUMNS];
    take("active", &e, v);
    BF_CHECK_NEAR(v[0], 2.0, 0.0);          /* active_units: the second's 0.02 is mostly its squared mean */
    BF_CHECK_NEAR(v[1], 3.0, 0.0);          /* informative_units */
    BF_CHECK_NEAR(v[2], 1.0, 0.0);          /* below 0.1, and not at it */
    BF_CHECK_NEAR(v[3], 3.0, 0.0);          /* below 0.9 */
    BF_CHECK_NEAR(v[4], 3.0, 0.0);          /* rate_units */
    assert_true(isnan(v[5]));               /* norm_units: no decoder here */
    e.mean_square[1] = e.variance_sum[2] = e.kl[3] = NAN;
    take("active", &e, v);
    for (int c = 0; c < 5; c++) assert_true(isnan(v[c]));       /* of five dimensions one is not known: no count is */
    bf_evaluation_free(&e);
}

/* --- variances of the posterior ------------------------------------------------------------------------------------ */

static bf_array kept[4];
static int n_kept;

static bf_status keep(void *self, const bf_array *a)
{
    (void)self;
    const size_t bytes = (size_t)bf_array_count(a) * bf_type_size(a->type);
    kept[n_kept] = *a;
    kept[n_kept].data = malloc(bytes);
    assert_non_null(kept[n_kept].data);
    memcpy(kept[n_kept++].data, a->data, bytes);
    return BF_DONE;
}

static void test_measure__collapse_counts_variances(void **state)
{
    (void)state;
    enum { N = 10, K = 3 };
    bf_evaluation e = made(N, K);
    const double variance[K] = { 1e-3, 0.5, 1.0 };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < K; j++) e.logvar[i * K + j] = (float)log(variance[j]);
    e.logvar[0 * K + 0] = -30.0f;           /* under both histograms' ranges: 1e-13 */
    e.logvar[1 * K + 2] = 10.0f;            /* over both */
    e.logvar[2 * K + 2] = 0.0f;
    double v[BF_MAX_COLUMNS];
    bf_measure_options o = { .count = 1, .name = { "collapse" } };
    const bf_vae_options vae = { .likelihood = "gaussian", .variance = "learned" };
    const bf_measure_input in = { .team = world, .vae = &vae, .options = &o, .evaluation = &e, .width = 4, .unit = 1.0, .keep = keep };
    n_kept = 0;
    assert_int_equal(bf_measure_take(&in, v).code, BF_OK);
    BF_CHECK_NEAR(v[0], 1.0 / 3.0, 1e-15);
    BF_CHECK_NEAR(v[1], 1.0 / 3.0, 1e-15);
    BF_CHECK_NEAR(v[2], 1.0 / 3.0, 1e-15);
    assert_int_equal(n_kept, 2);
    assert_string_equal(kept[0].name, "latents/variance_histogram");
    const int64_t *linear = kept[0].data, *logarithmic = kept[1].data;
    assert_int_equal(linear[0 * 102 + 1], 10);              /* [0, 0.012) */
    assert_int_equal(linear[1 * 102 + 1 + 41], 10);         /* 0.5 in [0.492, 0.504) */
    assert_int_equal(linear[2 * 102 + 1 + 83], 9);          /* 1.0 in [0.996, 1.008) */
    assert_int_equal(linear[2 * 102 + 101], 1);
    assert_int_equal(logarithmic[0], 1);
    assert_int_equal(logarithmic[0 * 122 + 1 + 76], 9);     /* 10^-3 in [10^-3.033, 10^-2.942) */
    assert_int_equal(logarithmic[2 * 122 + 1 + 109], 9);    /* 1 in [10^-0.008, 10^0.083) */
    assert_int_equal(logarithmic[2 * 122 + 121], 1);
    e.logvar[5] = NAN;
    take("collapse", &e, v);
    for (int c = 0; c < 3; c++) assert_true(isnan(v[c]));
    for (int i = 0; i < n_kept; i++) free(kept[i].data);
    bf_evaluation_free(&e);
}

static void test_measure__bits_per_dim_of_a_density_of_bytes(void **state)
{
    (void)state;
    bf_evaluation e = { .samples = 1, .rate = 3.0, .distortion = -1.0, .latent = 1 };
    double v[BF_MAX_COLUMNS];
    take("rd", &e, v);
    BF_CHECK_NEAR(v[6], -2.0, 0.0);
    BF_CHECK_NEAR(v[7], -2.0 - 4 * 5.54126355, 1e-7);       /* as a probability of bytes */
    BF_CHECK_NEAR(v[11], 2.0 / (4 * log(2.0)) + 7.99435344, 1e-6);
}

/* Where exp(-distortion) is neither density nor probability, nothing says how many bits a sample takes. */
static void test_measure__bits_per_dim_of_what_is_no_distribution(void **state)
{
    (void)state;
    static const struct { const char *likelihood, *variance; int64_t non_binary; bool has; } row[] = {
        { "gaussian", "per-image", 1, false }, { "log-abs", "", 1, false }, { "bernoulli", "", 1, false }, { "bernoulli", "", 0, true },
        { "categorical", "", 1, true }, { "student-t", "", 1, true } };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        bf_evaluation e = { .samples = 1, .rate = 3.0, .distortion = -1.0, .latent = 1, .non_binary = row[i].non_binary };
        bf_vae_options vae = { .latent = 1 };
        double v[BF_MAX_COLUMNS];
        snprintf(vae.likelihood, sizeof vae.likelihood, "%s", row[i].likelihood);
        snprintf(vae.variance, sizeof vae.variance, "%s", row[i].variance);
        take_of("rd", &vae, &e, v);
        assert_true(isfinite(v[11]) == row[i].has);
    }
}

static void test_measure__no_value_has_one_pattern_of_bits(void **state)
{
    (void)state;
    const double nan_of_the_language = NAN;
    bf_evaluation e = { .samples = 1, .rate = NAN, .distortion = -1.0, .latent = 1 };
    double v[BF_MAX_COLUMNS];
    take("rd", &e, v);
    assert_memory_equal(&v[6], &nan_of_the_language, sizeof v[6]);      /* elbo, a negated NaN */
}

static void test_measure__columns_follow_the_table(void **state)
{
    (void)state;
    const bf_measure_options o = { .count = 2, .name = { "mmd", "rd" } };
    const bf_column *at[2 * BF_MAX_COLUMNS];
    int n = bf_measure_columns(&o, at);
    assert_int_equal(n, bf_measure_columns(&o, NULL));
    assert_string_equal(at[0]->name, "rate");
    assert_string_equal(at[n - 1]->name, "mmd");
    for (int i = 0; bf_measure_names[i]; i++) {
        assert_ptr_equal(bf_measure_find(bf_measure_names[i]), bf_measure_row(i));
        for (const bf_column *c = bf_measure_row(i)->column; c->name; c++) assert_true(c->unit && c->long_name && c->definition);
    }
    assert_null(bf_measure_find("taste"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measure__mmd_of_gaussians),
        cmocka_unit_test(test_measure__mmd_of_a_point_is_exact),
        cmocka_unit_test(test_measure__mmd_matches_plain_twin),
        cmocka_unit_test(test_measure__spectrum_of_scaled_axes),
        cmocka_unit_test(test_measure__decomposition_of_a_gaussian),
        cmocka_unit_test(test_measure__decomposition_matches_plain_twin),
        cmocka_unit_test(test_measure__decomposition_of_separate_codes_is_the_logarithm_of_their_number),
        cmocka_unit_test(test_measure__subsets_are_spread_over_the_split),
        cmocka_unit_test(test_measure__active_counts_dimensions),
        cmocka_unit_test(test_measure__collapse_counts_variances),
        cmocka_unit_test(test_measure__bits_per_dim_of_a_density_of_bytes),
        cmocka_unit_test(test_measure__bits_per_dim_of_what_is_no_distribution),
        cmocka_unit_test(test_measure__no_value_has_one_pattern_of_bits),
        cmocka_unit_test(test_measure__columns_follow_the_table),
    };
    bf_status s = bf_comm_init(&argc, &argv, NULL, &world);
    if (s.code) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bf_comm_finalize(&world);
    return failed;
}
