/* Puts a model together from the registries. The same functions record every purpose, so training, evaluation, encoding and decoding
 * cannot drift apart. */
#include "vae/vae.h"
#include "nn/layers.h"
#include "vae/draws.h"
#include "vae/network_described.h"
#include "vae/ops.h"
#include "vae/registry.h"
#include "vae/rows.h"
#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct model {
    const bf_vae_options *o;
    const bf_vae_data    *d;
    const bf_network     *network;
    const bf_posterior   *posterior;
    const bf_rate        *rate;
    const bf_likelihood  *likelihood;
    const bf_objective   *objective;
} model;

/* --- what may be built ------------------------------------------------------------------------------------------- */

static bf_status resolve(const bf_vae_options *o, model *m)
{
    m->o = o;
    m->network = bf_network_find(o->net);
    m->posterior = bf_posterior_find(o->posterior);
    m->rate = bf_rate_find(o->posterior, o->prior);
    m->likelihood = bf_likelihood_find(o->likelihood, o->variance);
    m->objective = bf_objective_find(o->objective);
    if (m->network == NULL) return BF_FAIL(BF_E_INPUT, "model.net: there is no network '%s'", o->net);
    if (m->posterior == NULL) return BF_FAIL(BF_E_INPUT, "posterior: there is no posterior '%s'", o->posterior);
    if (bf_prior_find(o->prior) == NULL) return BF_FAIL(BF_E_INPUT, "prior: there is no prior '%s'", o->prior);
    if (m->rate == NULL)
        return BF_FAIL(BF_E_INPUT, "posterior: a '%s' posterior has no rate against a '%s' prior", o->posterior, o->prior);
    if (m->likelihood == NULL)
        return BF_FAIL(BF_E_INPUT, "likelihood.kind: there is no likelihood '%s' with variance '%s'", o->likelihood, o->variance);
    if (m->objective == NULL) return BF_FAIL(BF_E_INPUT, "objective.kind: there is no objective '%s'", o->objective);
    if (bf_activation_find(o->activation) < 0)
        return BF_FAIL(BF_E_INPUT, "model.activation: there is no activation '%s'", o->activation);
    if (bf_activation_find(o->output) != BF_LINEAR && bf_activation_find(o->output) != BF_SIGMOID)
        return BF_FAIL(BF_E_INPUT, "model.output: '%s' is neither linear nor sigmoid", o->output);
    BF_TRY(bf_draws_check(o));
    return m->network == &bf_network_own ? bf_described_check(o) : BF_DONE;
}

static bf_status check_sizes(const model *m)
{
    const bf_vae_options *o = m->o;
    if (m->likelihood->check != NULL) BF_TRY(m->likelihood->check(o));
    if (o->latent < 1 || o->latent > BF_MAX_WIDTH)
        return BF_FAIL(BF_E_INPUT, "model.latent: %lld is not between 1 and %d", (long long)o->latent, BF_MAX_WIDTH);
    if (o->hidden.count < 0 || o->hidden.count > BF_MAX_HIDDEN)
        return BF_FAIL(BF_E_INPUT, "model.hidden: %d layers; at most %d", o->hidden.count, BF_MAX_HIDDEN);
    for (int i = 0; i < o->hidden.count; i++)
        if (o->hidden.at[i] < 1 || o->hidden.at[i] > BF_MAX_WIDTH)
            return BF_FAIL(BF_E_INPUT, "model.hidden: %lld is not between 1 and %d", (long long)o->hidden.at[i], BF_MAX_WIDTH);
    return BF_DONE;
}

static bf_status check_numbers(const bf_vae_options *o)
{
    if (!isnan(o->beta) && (!(o->beta >= 0.0) || isinf(o->beta))) return BF_FAIL(BF_E_INPUT, "objective.beta: %g is not a number from 0 on", o->beta);
    if (!isnan(o->variance_value) && (!(o->variance_value > 0.0) || isinf(o->variance_value)))
        return BF_FAIL(BF_E_INPUT, "likelihood.value: a variance of %g is not above 0", o->variance_value);
    return BF_DONE;
}

bf_status bf_vae_check(const bf_vae_options *o, double minimum, double maximum, double step)
{
    model m = { .d = NULL };
    BF_TRY(resolve(o, &m));
    BF_TRY(check_sizes(&m));
    BF_TRY(check_numbers(o));
    BF_TRY(bf_condition_check(o));
    BF_TRY(m.objective->check(o, m.rate));
    if (m.likelihood->needs_unit_interval && minimum == -INFINITY)
        return BF_FAIL(BF_E_INPUT, "likelihood.kind: %s needs data in [0, 1], these may lie anywhere", o->likelihood);
    if (m.likelihood->needs_unit_interval && (minimum < 0.0 || maximum > 1.0))
        return BF_FAIL(BF_E_INPUT, "likelihood.kind: %s needs data in [0, 1], these lie in [%g, %g]", o->likelihood, minimum, maximum);
    if (m.likelihood->discrete && !isnan(step) && step != 1.0 / (BF_LEVELS - 1))
        return BF_FAIL(BF_E_INPUT, "likelihood.kind: %s is a discrete likelihood: it needs u8 data with data.scale: auto", o->likelihood);
    return BF_DONE;
}

/* --- recording --------------------------------------------------------------------------------------------------- */

static bf_value input_x(bf_builder *b, const model *m, int rows)
{
    return bf_input(b, "x", bf_network_in_words(m->network) ? bf_described_input(m->o, m->d, rows) : bf_shape_flat(rows, m->d->width));
}

/* What the encoder is told, a row for a posterior, and what the rest of the model is, a row for a draw of it. */
typedef struct told { bf_condition encoder, draw; } told;

static bf_posterior_values encode(bf_builder *b, const model *m, const told *t, bf_value x, bf_noise noise)
{
    const bf_value features = m->network->encoder(b, m->o, &t->encoder, m->d, bf_tell(b, m->o, &t->encoder, x));
    const bf_posterior_values q = m->posterior->build(b, m->o, &t->draw, features, noise);
    bf_column_moments(b, q.mean, "mean");
    return q;
}

static bf_heads decode(bf_builder *b, const model *m, const bf_condition *c, bf_value z)
{
    return m->likelihood->heads(b, m->o, m->d, m->network->decoder(b, m->o, c, m->d, bf_tell(b, m->o, c, z)));
}

static bf_value rate_of(bf_builder *b, const model *m, const bf_posterior_values *q)
{
    return m->rate->build == NULL ? BF_NO_VALUE : m->rate->build(b, q);
}

static bf_value rate_in_training(bf_builder *b, const model *m, const bf_posterior_values *q)
{
    const bool each = m->rate->each != NULL && m->objective->each != NULL && m->objective->each(m->o);
    return each ? m->rate->each(b, q) : rate_of(b, m, q);
}

static void take_posterior(bf_vae *v, const bf_posterior_values *q)
{
    v->mean = q->mean;
    v->logvar = q->logvar;
    v->z = q->z;
}

static void record_train(bf_builder *b, const model *m, const told *t, int rows, bf_noise noise, bf_vae *v)
{
    v->x = input_x(b, m, rows);
    const bf_posterior_values q = encode(b, m, t, v->x, noise);
    const bf_value rate = rate_in_training(b, m, &q);
    const bf_heads heads = decode(b, m, &t->draw, q.z);
    const bf_value nll = m->likelihood->nll(b, m->o, m->d, bf_repeat(b, v->x), heads);
    if (m->likelihood->own_variance != NULL) v->variance = m->likelihood->own_variance(b, heads);
    m->objective->build(b, m->o, &t->draw, nll, rate, &q);
    const bf_status acted = bf_condition_acted(m->o, &t->encoder);
    if (acted.code) bf_builder_fail(b, acted);
    take_posterior(v, &q);
}

typedef struct decoded { bf_value recon, fit, sse, variance; } decoded;

static decoded judge(bf_builder *b, const model *m, const bf_condition *c, bf_value x, bf_value z)
{
    const bf_likelihood *l = m->likelihood;
    const bf_heads heads = decode(b, m, c, z);
    decoded d;
    d.recon = l->mean(b, m->o, heads);
    d.sse = bf_squared_error(b, x, d.recon);
    d.fit = l->fit == NULL ? d.sse : l->fit(b, m->o, m->d, x, heads);
    d.variance = l->own_variance == NULL ? BF_NO_VALUE : l->own_variance(b, heads);
    return d;
}

static void record_evaluate(bf_builder *b, const model *m, const told *t, int rows, bf_noise noise, bf_vae *v)
{
    v->x = input_x(b, m, rows);
    const bf_posterior_values q = encode(b, m, t, v->x, noise);
    const decoded draw = judge(b, m, &t->draw, v->x, q.z);
    const decoded mean = q.z == q.mean ? draw : judge(b, m, &t->draw, v->x, q.mean);
    take_posterior(v, &q);
    v->rate = rate_of(b, m, &q);
    v->recon = draw.recon;
    v->fit = draw.fit;
    v->sse = draw.sse;
    v->variance = draw.variance;
    v->recon_mean = mean.recon;
    v->fit_mean = mean.fit;
    v->sse_mean = mean.sse;
}

static bf_value input_z(bf_builder *b, const model *m, int rows) { return bf_input(b, "z", bf_shape_flat(rows, (int)m->o->latent)); }

static void record(bf_builder *b, const model *m, bf_vae_purpose purpose, int rows, uint32_t use, bf_vae *v)
{
    const bool trains = purpose == BF_VAE_TRAIN;
    const int encoded = trains ? rows / bf_draws_together(m->o, rows) : rows;
    const bf_noise noise = { trains ? bf_drawing_find(m->o->draw)->op : &bf_op_noise_normal, use };
    int acted[BF_HALVES] = { 0 };
    told t = { .encoder = trains ? bf_condition_drawn(b, m->o, m->d->classes, encoded) : bf_condition_given(b, m->o, m->d->classes, rows) };
    t.encoder.acted = acted;
    t.draw = bf_condition_repeated(b, &t.encoder);
    if (!trains) v->n = t.encoder.n;
    v->label = t.encoder.label;
    switch (purpose) {
    case BF_VAE_TRAIN: record_train(b, m, &t, encoded, noise, v); break;
    case BF_VAE_EVALUATE: record_evaluate(b, m, &t, rows, noise, v); break;
    case BF_VAE_ENCODE: {
        v->x = input_x(b, m, rows);
        const bf_posterior_values q = encode(b, m, &t, v->x, noise);
        take_posterior(v, &q);
        break;
    }
    case BF_VAE_DECODE:
        v->z = input_z(b, m, rows);
        v->recon = m->likelihood->mean(b, m->o, decode(b, m, &t.draw, v->z));
        break;
    case BF_VAE_JUDGE:
        v->x = input_x(b, m, rows);
        v->z = input_z(b, m, rows);
        v->fit = judge(b, m, &t.draw, v->x, v->z).fit;
        break;
    }
    const bf_value kept[] = { v->mean, v->logvar, v->z, v->recon, v->recon_mean, v->rate, v->fit, v->fit_mean, v->sse, v->sse_mean,
                               v->variance };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) bf_keep(b, kept[i]);
}

/* --- building ---------------------------------------------------------------------------------------------------- */

static bf_vae empty(const model *m)
{
    return (bf_vae){
        .plan = NULL, .x = BF_NO_VALUE, .n = BF_NO_VALUE, .label = BF_NO_VALUE, .mean = BF_NO_VALUE, .logvar = BF_NO_VALUE, .z = BF_NO_VALUE,
        .recon = BF_NO_VALUE, .recon_mean = BF_NO_VALUE, .rate = BF_NO_VALUE, .fit = BF_NO_VALUE, .fit_mean = BF_NO_VALUE, .sse = BF_NO_VALUE,
        .sse_mean = BF_NO_VALUE, .variance = BF_NO_VALUE, .width = m->d->width, .latent = (int)m->o->latent,
        .objective = m->objective,
    };
}

static bf_status check_classes(const model *m)
{
    if (!bf_label_conditioned(m->o) || m->d->classes > 0) return BF_DONE;
    return BF_FAIL(BF_E_INPUT, "model.condition: label: these data have no labels; data.label may take them from factors");
}

/* Records one purpose; plan NULL: only its parameters are wanted. */
static bf_status build(const model *m, bf_vae_purpose purpose, const bf_plan_shape *shape, const bf_backend *backend, uint32_t use,
                       bf_params *params, bf_vae *v, bf_plan **plan)
{
    bf_builder *b = bf_builder_create(params, shape, backend);
    if (b == NULL) return BF_FAIL(BF_E_MEMORY, "no memory to describe the model");
    record(b, m, purpose, shape->rows, use, v);
    return bf_builder_finish(&b, plan);
}

bf_status bf_vae_build(const bf_vae_options *o, const bf_vae_data *d, bf_vae_purpose purpose, const bf_plan_shape *shape,
                       const bf_backend *backend, uint32_t use, bf_params *params, bf_vae *out)
{
    model m = { .d = d };
    BF_TRY(resolve(o, &m));
    BF_TRY(check_sizes(&m));
    BF_TRY(check_classes(&m));
    if (d->width < 1 || d->width > BF_MAX_WIDTH) return BF_FAIL(BF_E_INPUT, "the data have %d entries per sample", d->width);
    bf_plan_shape own = *shape;
    own.backward = shape->backward && purpose == BF_VAE_TRAIN;
    /* Every purpose first names the parameters of training, so that the flat vector is the same whichever plan comes first. */
    *out = empty(&m);
    BF_TRY(build(&m, BF_VAE_TRAIN, &own, backend, use, params, out, NULL));
    *out = empty(&m);
    return build(&m, purpose, &own, backend, use, params, out, &out->plan);
}

bf_status bf_vae_fits(const bf_vae_options *o, const bf_vae_data *d)
{
    model m = { .d = d };
    const bf_plan_shape shape = { .rows = 1, .lanes = 1, .backward = true };
    BF_TRY(resolve(o, &m));
    BF_TRY(check_classes(&m));
    bf_params *params = bf_params_create();
    if (params == NULL) return BF_FAIL(BF_E_MEMORY, "no memory to describe the model");
    bf_vae none = empty(&m);
    const bf_status s = build(&m, BF_VAE_TRAIN, &shape, &bf_backend_portable, 0, params, &none, NULL);
    bf_params_destroy(&params);
    return s;
}

void bf_vae_destroy(bf_vae *v) { bf_plan_destroy(&v->plan); }

void bf_vae_tell(const bf_vae *v, const bf_vae_options *o, double beta)
{
    if (v->n == BF_NO_VALUE) return;
    const int rows = bf_plan_shape_of(v->plan, v->n).rows;
    float *n = bf_plan_value(v->plan, 0, v->n);
    for (int r = 0; r < rows; r++) n[r] = (float)bf_condition_n(o, beta);
}

void bf_vae_label(const bf_vae *v, int lane, int row, int label)
{
    if (v->label == BF_NO_VALUE) return;
    const size_t classes = bf_shape_cols(bf_plan_shape_of(v->plan, v->label)), first = (size_t)row * classes;
    const size_t element = bf_format_size(bf_plan_format_of(v->plan, v->label));
    void *at = bf_plan_value(v->plan, lane, v->label);
    assert(label >= 0 && (size_t)label < classes);
    memset((char *)at + first * element, 0, classes * element);
    if (element == sizeof(double)) ((double *)at)[first + (size_t)label] = 1.0;
    else ((float *)at)[first + (size_t)label] = 1.0f;
}

void bf_vae_label_rows(const bf_vae *v, int lane, const int32_t *labels, const int64_t *index, int rows)
{
    for (int i = 0; labels != NULL && i < rows; i++) bf_vae_label(v, lane, i, labels[index != NULL ? index[i] : i]);
}

double bf_vae_weights(const bf_vae *v, const bf_vae_options *o, const bf_moment *at, double *weights)
{
    return v->objective->weights(o, at, bf_plan_terms(v->plan), weights);
}

double bf_vae_beta(const bf_vae_options *o)
{
    const bf_objective *objective = bf_objective_find(o->objective);
    return objective != NULL && objective->by_beta ? o->beta : NAN;
}

const char *bf_vae_needs_total(const bf_vae_options *o)
{
    const bf_objective *objective = bf_objective_find(o->objective);
    return objective == NULL ? NULL : objective->needs_total(o);
}

bf_status bf_vae_affine(const bf_vae *decoder, const bf_vae_options *o, bool *affine)
{
    const bf_posterior *posterior = bf_posterior_find(o->posterior);
    const bf_likelihood *l = bf_likelihood_find(o->likelihood, o->variance);
    BF_TRY(bf_plan_affine(decoder->plan, decoder->z, decoder->recon, affine));
    *affine = *affine && posterior->stochastic && l->variance != NULL && l->fit == NULL && !l->per_row;
    return BF_DONE;
}
