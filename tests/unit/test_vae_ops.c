/* Every op of vae/ against its twin in double, and the twins against finite differences. */
#include "close.h"
#include "op_bench.h"
#include "nn/layers.h"
#include "vae/condition.h"
#include "vae/gaussian.h"
#include "vae/ops.h"

static bf_value drawn(bf_bench *g, int cols, const bf_op *op) { return bf_noise_drawn(g->b, cols, (bf_noise){ op, 3 }); }
static void noise(bf_bench *g) { bf_bench_watch(g, drawn(g, g->cols, &bf_op_noise_normal)); }
static void antithetic(bf_bench *g) { bf_bench_watch(g, drawn(g, g->cols, &bf_op_noise_antithetic)); }
static void sigma_points(bf_bench *g) { bf_bench_watch(g, drawn(g, g->cols, &bf_op_noise_sigma_points)); }

static void reparameterize(bf_bench *g)
{
    const bf_value mean = bf_bench_leaf(g, "mean", g->cols, 1.0), logvar = bf_bench_leaf(g, "logvar", g->cols, 1.0);
    bf_bench_probe(g, bf_reparameterize(g->b, mean, logvar, drawn(g, g->cols, &bf_op_noise_normal)));
}

static void kl(bf_bench *g)
{
    bf_bench_probe(g, bf_kl_normal(g->b, bf_bench_leaf(g, "mean", g->cols, 1.0), bf_bench_leaf(g, "logvar", g->cols, 1.0)));
}

static bf_value errors(bf_bench *g)
{
    return bf_squared_error(g->b, bf_bench_leaf(g, "x", g->cols, 1.0), bf_bench_leaf(g, "mean", g->cols, 1.0));
}

static void squared_error(bf_bench *g) { bf_bench_probe(g, errors(g)); }

static void bernoulli(bf_bench *g)
{
    bf_bench_probe(g, bf_bernoulli(g->b, bf_bench_leaf(g, "x", g->cols, 0.5), bf_bench_leaf(g, "logit", g->cols, 3.0)));
}

static bf_node *gaussian(bf_bench *g, const bf_op *op, bf_value sse)
{
    return bf_gaussian_node(g->b, op, &(bf_vae_data){ .width = g->cols }, sse);
}

static void fixed(bf_bench *g)
{
    bf_node *n = gaussian(g, &bf_op_gaussian_fixed, errors(g));
    n->option[1] = 0.3;
    bf_bench_probe(g, n->output);
}

static void learned(bf_bench *g)
{
    bf_node *n = gaussian(g, &bf_op_gaussian_learned, errors(g));
    bf_node_slot(g->b, n, "log_variance", 1, bf_gaussian_slot_shape, (bf_init){ BF_INIT_CONST, -0.7 }, false);
    bf_bench_probe(g, n->output);
}

/* The variance is the minimiser for the mean over the batch, so only an even weighting of rows makes its own gradient vanish. */
static void optimal(bf_bench *g)
{
    const bf_value sse = errors(g);
    const int total = bf_row_total(g->b, sse);
    bf_node *n = gaussian(g, &bf_op_gaussian_optimal, sse);
    const bf_value nll = n->output;
    n->coupling = total;
    bf_node_stat(g->b, n, "hits", 1);
    bf_bench_watch(g, nll);
    bf_loss(g->b, g->round == 0 ? "optimal0" : "optimal1", nll);
    g->terms++;
}

static void per_image(bf_bench *g)
{
    bf_node *n = gaussian(g, &bf_op_gaussian_per_image, errors(g));
    const bf_value nll = n->output;
    bf_node_stat(g->b, n, "hits", 1);
    bf_bench_probe(g, nll);
}

static void per_pixel(bf_bench *g)
{
    bf_bench_probe(g, bf_gaussian_per_pixel(g->b, bf_bench_leaf(g, "x", g->cols, 1.0), bf_bench_leaf(g, "mean", g->cols, 1.0),
                                            bf_bench_leaf(g, "head", g->cols, 1.0)));
}

static void decoder(bf_bench *g) { bf_bench_probe(g, bf_gaussian_decoder(g->b, errors(g), bf_bench_leaf(g, "head", 1, 1.0), g->cols)); }

/* Heads on both sides of the softclip's bend. */
static void decoder_variance(bf_bench *g) { bf_bench_watch(g, bf_decoder_variance(g->b, bf_bench_leaf(g, "head", g->cols, 4.0))); }

/* Degrees of freedom: few, some twenty alone (where parts of the slope nearly cancel), or beyond where it is a Gaussian. */
static bf_value dof(bf_bench *g)
{
    if (g->cols <= 3 || g->cols % 3 == 0) return bf_bench_leaf(g, "dof", g->cols, 3.0);
    if (g->cols % 3 == 1) return bf_clamp(g->b, bf_bench_leaf(g, "dof", g->cols, 40.0), 15.0, 30.0, "clamped");
    return bf_bench_leaf(g, "dof", g->cols, 1e12);
}

static void student_t(bf_bench *g)
{
    const bf_value x = bf_bench_leaf(g, "x", g->cols, 1.0), mean = bf_bench_leaf(g, "mean", g->cols, 1.0);
    bf_bench_probe(g, bf_student_t(g->b, x, mean, bf_bench_leaf(g, "scale", g->cols, 0.3), dof(g)));
}

static void log_abs(bf_bench *g)
{
    bf_bench_probe(g, bf_log_abs(g->b, bf_bench_leaf(g, "x", g->cols, 1.0), bf_bench_leaf(g, "mean", g->cols, 1.0), 0.05));
}

/* Data no gradient reaches: whole numbers, among them the first and the last. */
static bf_value level(bf_bench *g, int cols, int levels)
{
    const bf_value x = bf_activate(g->b, drawn(g, cols, &bf_op_noise_normal), BF_ELU);
    return bf_levels(g->b, x, levels);
}

static void levels(bf_bench *g) { bf_bench_watch(g, level(g, g->cols, 11)); }

static void bits(bf_bench *g) { bf_bench_watch(g, bf_bits(g->b, level(g, g->cols, 256))); }

static void bits_mean(bf_bench *g) { bf_bench_watch(g, bf_bits_mean(g->b, bf_bench_leaf(g, "p", 8 * g->cols, 1.0))); }

/* One entry, then several: the columns are those of the logits. */
enum { OUTCOMES = 5, COMPONENTS = 3 };
static void categorical(bf_bench *g)
{
    bf_bench_probe(g, bf_categorical(g->b, level(g, g->cols, OUTCOMES), bf_bench_leaf(g, "logits", OUTCOMES * g->cols, 2.0)));
}

static void categorical_mean(bf_bench *g)
{
    bf_bench_watch(g, bf_categorical_mean(g->b, bf_bench_leaf(g, "logits", OUTCOMES * g->cols, 2.0), OUTCOMES));
}

static void logistic_mixture(bf_bench *g)
{
    bf_bench_probe(g, bf_logistic_mixture(g->b, level(g, g->cols, BF_LEVELS), bf_bench_leaf(g, "heads", 3 * COMPONENTS * g->cols, 1.5)));
}

static void logistic_mixture_mean(bf_bench *g)
{
    bf_bench_watch(g, bf_logistic_mixture_mean(g->b, bf_bench_leaf(g, "heads", 3 * COMPONENTS * g->cols, 1.5), COMPONENTS));
}

/* What a model is told is drawn: no gradient goes there. Of one sign, so that sums over rows do not cancel. */
static bf_value told(bf_bench *g) { return bf_activate(g->b, bf_noise_even(g->b, g->rows, 1, 1.5, 12), BF_SIGMOID); }
static bf_condition condition(bf_bench *g) { return (bf_condition){ .n = told(g), .middle = -0.4, .slope = 0.6 }; }

static void even(bf_bench *g)
{
    bf_bench_watch(g, bf_noise_even(g->b, g->rows, 1, 1.5, 12));
    bf_bench_watch(g, bf_noise_even(g->b, g->rows, 2, 1.5, 12));
    bf_bench_watch(g, bf_noise_even(g->b, 1, 2, 1.5, 12));      /* one row for all of the lane */
}

static void gate(bf_bench *g)
{
    const bf_condition c = condition(g);
    bf_bench_probe(g, bf_modulation_gate.hidden(g->b, &c, bf_bench_leaf(g, "v", g->cols, 1.0), "first", BF_ENCODER));
    bf_bench_probe(g, bf_modulation_gate.hidden(g->b, &c, bf_bench_grid(g, "w", 2, 3, g->cols, 1.0), "second", BF_DECODER));
}

static bf_value picked(bf_bench *g) { return bf_noise_listed(g->b, g->rows, 2, -0.7, 0.4, 3, 12); }
static void listed(bf_bench *g)
{
    bf_bench_watch(g, picked(g));
    bf_bench_watch(g, bf_noise_listed(g->b, 1, 2, -0.7, 0.4, 3, 12));
}

static void cconv(bf_bench *g)
{
    const bf_condition c = { .n = picked(g), .first = -0.7, .step = 0.4, .count = 3 };
    bf_bench_probe(g, bf_modulation_cconv.hidden(g->b, &c, bf_bench_grid(g, "v", 2, 3, g->cols, 1.0), "first", BF_ENCODER));
}

static void film(bf_bench *g)
{
    const bf_condition c = condition(g);
    bf_bench_probe(g, bf_modulation_film.hidden(g->b, &c, bf_bench_grid(g, "v", 2, 3, g->cols, 1.0), "first", BF_ENCODER));
}

static void beside(bf_bench *g) { bf_bench_probe(g, bf_beside(g->b, bf_bench_grid(g, "v", 2, 3, g->cols, 1.0), drawn(g, 2, &bf_op_noise_normal))); }

static void weigh(bf_bench *g)
{
    const bf_condition c = condition(g);
    bf_bench_probe(g, bf_weigh(g->b, bf_bench_leaf(g, "rate", 1, 1.0), c.n, c.middle, c.slope));
}

static void lift(bf_bench *g)
{
    const bf_condition c = condition(g);
    bf_bench_probe(g, bf_lift(g->b, bf_bench_leaf(g, "x", g->cols, 1.0), c.n, c.middle, c.slope, "a"));
}

/* log beta is between -0.4 and 0.2: some rows of the second are capped. */
static void lift_capped(bf_bench *g)
{
    const bf_condition c = condition(g);
    bf_bench_probe(g, bf_lift_capped(g->b, bf_bench_leaf(g, "x", g->cols, 1.0), c.n, c.middle, c.slope, "a", "level", 0.0));
    bf_bench_probe(g, bf_lift_capped(g->b, bf_bench_leaf(g, "y", g->cols, 1.0), c.n, c.middle + 0.2, c.slope, "second", "other", 0.0));
}

static void kl_each(bf_bench *g)
{
    bf_bench_probe(g, bf_kl_normal_each(g->b, bf_bench_leaf(g, "mean", g->cols, 1.0), bf_bench_leaf(g, "logvar", g->cols, 1.0)));
}

/* Rates of both signs: some columns' means are above the limit, some below. */
static void free_bits(bf_bench *g) { bf_bench_probe(g, bf_free_bits(g->b, bf_bench_leaf(g, "rates", g->cols, 1.0), 0.1)); }

/* The capacity is a number of the bench's weights, about 1. */
static void from_capacity(bf_bench *g)
{
    bf_bench_probe(g, bf_from_capacity(g->b, bf_bench_leaf(g, "rate", 1, 1.0), false));
    bf_bench_probe(g, bf_from_capacity(g->b, bf_bench_leaf(g, "other", 1, 3.0), true));
    g->terms += 2;
}

static const bf_op_case cases[] = {
    { "noise.normal", noise }, { "noise.antithetic", antithetic }, { "noise.sigma_points", sigma_points }, { "reparameterize", reparameterize }, { "kl.normal", kl }, { "squared_error", squared_error },
    { "bernoulli", bernoulli }, { "gaussian.fixed", fixed }, { "gaussian.learned", learned }, { "gaussian.optimal", optimal },
    { "gaussian.per_image", per_image }, { "gaussian.per_pixel", per_pixel }, { "gaussian.decoder", decoder },
    { "decoder_variance", decoder_variance }, { "student_t", student_t }, { "log_abs", log_abs }, { "levels", levels }, { "bits", bits },
    { "bits.mean", bits_mean }, { "categorical", categorical }, { "categorical.mean", categorical_mean },
    { "logistic_mixture", logistic_mixture }, { "logistic_mixture.mean", logistic_mixture_mean }, { "noise.even", even }, { "gate", gate }, { "noise.listed", listed }, { "cconv", cconv }, { "film", film }, { "beside", beside },
    { "weigh", weigh }, { "lift", lift }, { "lift.capped", lift_capped }, { "kl.normal.each", kl_each }, { "free_bits", free_bits },
    { "from_capacity", from_capacity }, { NULL, NULL },
};

static void test_vae_ops__match_their_twins(void **state)
{
    (void)state;
    bf_bench_check(bf_vae_ops, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_vae_ops__match_their_twins) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
