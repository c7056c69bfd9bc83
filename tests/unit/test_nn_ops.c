/* Every op of nn/ against its twin in double, and the twins against finite differences. */
#include "close.h"
#include "nn/layers.h"
#include "op_bench.h"

static void dense(bf_bench *g)
{
    bf_bench_probe(g, bf_dense(g->b, bf_bench_leaf(g, "x", g->cols, 1.0), 34 - g->cols, "layer", 1.0, 0.25));
}

/* Fused on fast backends, two nodes on the twin. The leaf is used once more, so that gradients are added, too. */
static void dense_activated(bf_bench *g, bf_activation kind, const char *name)
{
    const bf_value x = bf_bench_leaf(g, name, g->cols, 1.0);
    bf_bench_probe(g, bf_activate(g->b, bf_dense(g->b, x, 34 - g->cols, "layer", 1.0, 0.25), kind));
    bf_bench_probe(g, bf_activate(g->b, bf_dense(g->b, x, 7, "other", 1.0, 0.25), kind));
}
static void dense_relu(bf_bench *g) { dense_activated(g, BF_RELU, "x"); }
static void dense_tanh(bf_bench *g) { dense_activated(g, BF_TANH, "x"); }

static void activate(bf_bench *g, bf_activation kind) { bf_bench_probe(g, bf_activate(g->b, bf_bench_leaf(g, "x", g->cols, 2.0), kind)); }
static void relu(bf_bench *g) { activate(g, BF_RELU); }
static void leaky_relu(bf_bench *g) { activate(g, BF_LEAKY_RELU); }
static void tanh_case(bf_bench *g) { activate(g, BF_TANH); }
static void softplus(bf_bench *g) { activate(g, BF_SOFTPLUS); }
static void elu(bf_bench *g) { activate(g, BF_ELU); }
static void sigmoid(bf_bench *g) { activate(g, BF_SIGMOID); }
static void steep(bf_bench *g) { activate(g, BF_LEAKY_RELU_2); }
static void clamp(bf_bench *g) { bf_bench_probe(g, bf_clamp(g->b, bf_bench_leaf(g, "x", g->cols, 1.0), -0.6, 0.9, "hits")); }
static void moments(bf_bench *g) { bf_column_moments(g->b, bf_bench_leaf(g, "x", g->cols, 1.0), "x"); }
static void term(bf_bench *g)
{
    bf_loss(g->b, g->round == 0 ? "first" : "second", bf_bench_leaf(g, "x", 1, 1.0));
    g->terms++;
}

static void row_total(bf_bench *g) { bf_bench_watch_totals(g, bf_row_total(g->b, bf_bench_leaf(g, "x", g->cols, 1.0)), g->cols); }

static void dense_plain(bf_bench *g)
{
    bf_bench_probe(g, bf_dense_plain(g->b, bf_bench_grid(g, "x", 2, 1, g->cols, 1.0), (bf_shape){ g->rows, 1, 3, 4 }, "layer", 1.0));
}

/* test_conv goes through the geometries. */
static const bf_conv_spec window = { .kernel = 3, .stride = 2, .pad = 1 };
static void conv(bf_bench *g) { bf_bench_probe(g, bf_conv(g->b, bf_bench_grid(g, "x", 4, 3, g->cols, 1.0), 2, &window, "layer", 1.0)); }
static void deconv(bf_bench *g) { bf_bench_probe(g, bf_deconv(g->b, bf_bench_grid(g, "x", 1, 2, g->cols, 1.0), 2, &window, "layer", 1.0)); }
static void add(bf_bench *g) { bf_bench_probe(g, bf_add(g->b, bf_bench_leaf(g, "x", g->cols, 1.0), bf_bench_leaf(g, "y", g->cols, 1.0))); }
static void concat(bf_bench *g) { bf_bench_probe(g, bf_concat(g->b, bf_bench_leaf(g, "x", g->cols, 1.0), bf_bench_leaf(g, "y", 3, 1.0))); }
static void repeat(bf_bench *g)
{
    const int rows = g->rows;
    g->rows = 1;
    const bf_value x = bf_bench_grid(g, "x", 2, 1, g->cols, 1.0);
    g->rows = rows;
    bf_bench_probe(g, bf_repeat(g->b, x));
}
static void pool(bf_bench *g)
{
    const bf_value x = bf_bench_grid(g, "x", 6, 3, g->cols, 1.0);
    bf_bench_probe(g, bf_average_pool(g->b, x, 3));
    bf_bench_probe(g, bf_mean_pool(g->b, x));
}
static void upsample(bf_bench *g) { bf_bench_probe(g, bf_upsample(g->b, bf_bench_grid(g, "x", 2, 3, g->cols, 1.0), 2)); }

static void batch_norm(bf_bench *g)
{
    const bf_value x = bf_bench_grid(g, "x", 2, 3, g->cols, 1.0);
    bf_bench_probe(g, bf_batch_norm(g->b, x, "norm", 0.1, 1e-3));
    bf_bench_probe(g, bf_activate(g->b, bf_batch_norm(g->b, x, "second", 0.1, 1e-3), BF_TANH));
}

/* Two layers of unlike form; the weight is used by the product and by its norm. */
static void spectral(bf_bench *g)
{
    g->settle = 400;
    const bf_value x = bf_bench_grid(g, "x", 2, 3, g->cols, 1.0);
    const bf_value h = bf_conv(g->b, x, 4, &(bf_conv_spec){ .kernel = 2, .stride = 1, .plain = true }, "conv", 1.0);
    const bf_value d = bf_dense_plain(g->b, bf_bench_leaf(g, "flat", g->cols, 1.0), (bf_shape){ g->rows, 1, 1, 5 }, "dense", 1.0);
    bf_bench_probe(g, bf_activate(g->b, bf_spectral(g->b, h, "conv"), BF_SOFTPLUS));
    bf_bench_probe(g, bf_spectral(g->b, d, "dense"));
}

static const bf_op_case cases[] = {
    { "term", term }, { "dense", dense }, { "dense", dense_relu }, { "dense", dense_tanh },
    { "leaky-relu-0.2", steep }, { "relu", relu }, { "leaky-relu", leaky_relu }, { "tanh", tanh_case }, { "softplus", softplus },
    { "elu", elu }, { "sigmoid", sigmoid }, { "clamp", clamp }, { "moments", moments }, { "row_total", row_total },
    { "dense", dense_plain }, { "conv", conv }, { "deconv", deconv }, { "add", add }, { "concat", concat }, { "repeat", repeat }, { "pool", pool }, { "upsample", upsample },
    { "batch_norm", batch_norm }, { "batch_norm.sums", batch_norm }, { "batch_norm.frozen", batch_norm },
    { "spectral", spectral }, { "spectral.norm", spectral }, { NULL, NULL },
};

static void test_nn_ops__match_their_twins(void **state)
{
    (void)state;
    bf_bench_check(bf_nn_ops, cases);
}

/* Divergence must reach the loss: no activation and no clamp may turn a NaN into a number. */
static void test_nn_ops__nan_stays_nan(void **state)
{
    (void)state;
    enum { COLS = 19 };     /* a vector body and a tail */
    for (int kind = BF_RELU; kind <= BF_SIGMOID; kind++) {
        bf_params *params = bf_params_create();
        bf_builder *b = bf_builder_create(params, &(bf_plan_shape){ .rows = 1, .lanes = 1 }, &bf_backend_portable);
        const bf_value x = bf_input(b, "x", bf_shape_flat(1, COLS));
        const bf_value y = bf_clamp(b, bf_activate(b, x, (bf_activation)kind), -1.0, 1.0, "hits");
        bf_keep(b, y);
        bf_plan *plan;
        assert_int_equal(bf_builder_finish(&b, &plan).code, BF_OK);
        for (int j = 0; j < COLS; j++) ((float *)bf_plan_value(plan, 0, x))[j] = NAN;
        double stats[1];
        bf_plan_run(plan, &(bf_run){ .stats = stats, .rows = 1, .batch = 1 });
        for (int j = 0; j < COLS; j++) assert_true(isnan(((float *)bf_plan_value(plan, 0, y))[j]));
        bf_plan_destroy(&plan);
        bf_params_destroy(&params);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nn_ops__match_their_twins),
        cmocka_unit_test(test_nn_ops__nan_stays_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
