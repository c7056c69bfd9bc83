#include "vae_rig.h"
#include "base/rng.h"
#include "close.h"
#include "vae/draws.h"
#include <stdlib.h>
#include <string.h>

bf_vae_options vae_rig_options(void)
{
    return (bf_vae_options){
        .net = "mlp", .hidden = { .count = 2, .at = { 5, 3 } }, .latent = 2, .activation = "tanh", .output = "linear",
        .posterior = "gaussian", .prior = "normal", .likelihood = "gaussian", .variance = "learned", .variance_value = 0.5, .components = 2, .floor = 1e-2,
        .objective = "beta-vae", .draw = "random", .beta = 0.7, .warmup = 0.0, .capacity = 0.4, .gamma = 1.3,
    };
}

static void put(const vae_rig *r, void *at, size_t i, double v)
{
    if (r->wide) ((double *)at)[i] = v;
    else ((float *)at)[i] = (float)v;
}

double vae_rig_get(const vae_rig *r, const void *at, size_t i) { return r->wide ? ((const double *)at)[i] : (double)((const float *)at)[i]; }

static void fill_theta(vae_rig *r)
{
    float *init = calloc(r->size + 1, sizeof *init);
    assert_non_null(init);
    bf_params_init(r->params, 3, init);
    for (int s = 0; s < bf_params_slots(r->params); s++) {
        const bf_slot *slot = bf_params_at(r->params, s);
        for (size_t i = slot->offset; i < slot->offset + slot->count; i++)
            put(r, r->theta, i, (double)(float)((double)init[i] + 0.1 * sin(1.0 + 2.0 * (double)i)));
    }
    free(init);
}

/* Row i of a lane's plan is a draw of this one. */
static int sample_of(const vae_rig *r, int lane, int i) { return (r->first_row + lane * r->rows + i) / r->draws; }

static void fill_x(vae_rig *r)
{
    const int given = bf_plan_shape_of(r->vae.plan, r->vae.x).rows;
    for (int l = 0; l < r->lanes; l++) {
        void *x = bf_plan_value(r->vae.plan, l, r->vae.x);
        for (int i = 0; i < given * r->vae.width; i++) {
            const int row = sample_of(r, l, i / r->vae.width * (r->rows / given));
            put(r, x, (size_t)i, (double)(float)(0.5 + 0.45 * sin(1.7 * row + 2.9 * (i % r->vae.width) + 0.3)));
        }
    }
}

/* Classes in turn. */
static void fill_labels(vae_rig *r)
{
    const int given = r->vae.label == BF_NO_VALUE ? 0 : bf_plan_shape_of(r->vae.plan, r->vae.label).rows;
    for (int l = 0; l < r->lanes; l++)
        for (int i = 0; i < given; i++) bf_vae_label(&r->vae, l, i, sample_of(r, l, i * (r->rows / given)) % RIG_CLASSES);
}

vae_rig vae_rig_create(const bf_vae_options *o, bf_vae_purpose purpose, const bf_backend *backend, int rows, int lanes, int first_row)
{
    const bf_vae_data d = { .dims = 1, .shape = { RIG_WIDTH }, .width = RIG_WIDTH, .classes = RIG_CLASSES, .variance = 0.1 };
    return vae_rig_create_on(o, &d, purpose, backend, rows, lanes, first_row);
}

vae_rig vae_rig_create_on(const bf_vae_options *o, const bf_vae_data *d, bf_vae_purpose purpose, const bf_backend *backend, int rows, int lanes,
                          int first_row)
{
    vae_rig r = { .params = bf_params_create(), .options = *o, .wide = backend->element == sizeof(double), .rows = rows, .lanes = lanes,
                  .draws = purpose == BF_VAE_TRAIN ? (int)bf_draws(o) : 1, .first_row = first_row, .batch = rows * lanes };
    assert_non_null(r.params);
    const bf_plan_shape shape = { .rows = rows, .lanes = lanes, .backward = purpose == BF_VAE_TRAIN };
    const bf_status s = bf_vae_build(o, d, purpose, &shape, backend, 3, r.params, &r.vae);
    if (s.code) fail_msg("%s", s.what);
    r.size = bf_params_size(r.params);
    r.theta = calloc(r.size, backend->element);
    r.grads = calloc(r.size * (size_t)lanes, backend->element);
    r.stats = calloc((size_t)(bf_plan_stats_size(r.vae.plan) * lanes) + 1, sizeof *r.stats);
    r.samples = calloc((size_t)(rows * lanes), sizeof *r.samples);
    assert_true(r.theta != NULL && r.grads != NULL && r.stats != NULL && r.samples != NULL);
    for (int i = 0; i < rows * lanes; i++) r.samples[i] = bf_row_address(7 * ((first_row + i) / r.draws) + 1, (first_row + i) % r.draws);
    bf_vae_weights(&r.vae, o, &(bf_moment){ 1.0, 4.0 }, r.weights);
    fill_theta(&r);
    if (r.vae.x != BF_NO_VALUE) fill_x(&r);
    fill_labels(&r);
    return r;
}

void vae_rig_run(vae_rig *r, int rows_in_use)
{
    const bf_run run = { .theta = r->theta, .grads = r->grads, .stats = r->stats, .samples = r->samples, .seed = 11, .step = 4,
                         .rows = rows_in_use, .weights = r->weights, .batch = r->batch, .coupler = r->coupler };
    bf_plan_run(r->vae.plan, &run);
}

double vae_rig_stat(const vae_rig *r, const char *name)
{
    const bf_stat_info *info = bf_plan_stat_find(r->vae.plan, name);
    assert_non_null(info);
    double sum = 0;
    for (int l = 0; l < r->lanes; l++) sum += r->stats[l * bf_plan_stats_size(r->vae.plan) + info->offset];
    return sum;
}

double vae_rig_loss(const vae_rig *r)
{
    double sum = 0;
    for (int t = 0; t < bf_plan_terms(r->vae.plan); t++) sum += r->weights[t] * vae_rig_stat(r, bf_plan_term_name(r->vae.plan, t));
    return sum / r->batch;
}

void vae_rig_destroy(vae_rig *r)
{
    free(r->theta);
    free(r->grads);
    free(r->stats);
    free(r->samples);
    bf_vae_destroy(&r->vae);
    bf_params_destroy(&r->params);
}
