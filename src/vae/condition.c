#include "vae/condition.h"
#include "base/rng.h"
#include "nn/layers.h"
#include "vae/draws.h"
#include "vae/ops.h"
#include "vae/registry.h"
#include <math.h>
#include <string.h>

#define ROOT_3 1.7320508075688772       /* the uniform distribution on [-ROOT_3, ROOT_3] has variance 1 */
enum { GRID = 20 };

static const bf_modulation beside = { .name = "concat", .help = "beside the networks' inputs", .beside = true };
static const bf_modulation *const table[] = { &bf_modulation_gate, &bf_modulation_root, &bf_modulation_film, &beside, &bf_modulation_cconv, NULL };
const char *const bf_modulation_names[] = { "gate", "root", "film", "concat", "cconv", NULL };
const char *const bf_condition_names[] = { "none", "beta", "label", NULL };

const bf_modulation *bf_modulation_find(const char *name)
{
    for (int i = 0; table[i] != NULL; i++)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

/* No name is a part of another. */
bool bf_beta_conditioned(const bf_vae_options *o) { return strstr(o->condition, "beta") != NULL; }
bool bf_label_conditioned(const bf_vae_options *o) { return strstr(o->condition, "label") != NULL; }

/* --- what may be conditioned -------------------------------------------------------------------------------------- */

static bf_status check_range(const bf_vae_options *o)
{
    const bool is_range = isnan(o->beta), conditioned = bf_beta_conditioned(o);
    const double low = o->beta_range[0], high = o->beta_range[1];
    if (is_range && !conditioned) return BF_FAIL(BF_E_INPUT, "objective.beta: a range is learned by a model with model.condition: beta");
    if (!is_range && conditioned)
        return BF_FAIL(BF_E_INPUT, "objective.beta: with model.condition: beta it is the range to learn, such as {range: [0.01, 10]}");
    if (is_range && (!(low > 0.0) || !(high > low) || isinf(high)))
        return BF_FAIL(BF_E_INPUT, "objective.beta: a range goes from a number above 0 to a larger one, not from %g to %g", low, high);
    return BF_DONE;
}

static bf_status check_grid(const bf_vae_options *o)
{
    bf_f64_list grid;
    bf_condition_grid(o, &grid);
    for (int i = 0; i < grid.count; i++) {
        const double beta = grid.at[i];
        if (!(beta >= o->beta_range[0]) || !(beta <= o->beta_range[1]))
            return BF_FAIL(BF_E_INPUT, "objective.grid: %g is outside of the range that is learned, [%g, %g]", beta, o->beta_range[0], o->beta_range[1]);
        if (i > 0 && !(beta > grid.at[i - 1])) return BF_FAIL(BF_E_INPUT, "objective.grid: %g follows %g; the values rise", beta, grid.at[i - 1]);
    }
    return BF_DONE;
}

/* cconv counts places on the grid. */
static bool is_even(const bf_f64_list *grid)
{
    if (grid->count < 2) return false;
    const double step = log(grid->at[grid->count - 1] / grid->at[0]) / (grid->count - 1);
    for (int i = 1; i < grid->count; i++)
        if (fabs(log(grid->at[i] / grid->at[0]) - i * step) > 0.01 * step) return false;
    return true;
}

static bf_status check_list(const bf_vae_options *o)
{
    bf_f64_list grid;
    bf_condition_grid(o, &grid);
    return is_even(&grid) ? BF_DONE : BF_FAIL(BF_E_INPUT, "objective.grid: cconv learns these values alone, at least two, even in the logarithm");
}

/* Of networks in words the builder counts. */
static bool has_hidden_layers(const bf_vae_options *o)
{
    const bf_network *n = bf_network_find(o->net);
    return n != NULL && !n->affine && (!n->hidden || o->hidden.count > 0);
}

static bf_status refuse_without_hidden(const char *modulation, const char *where)
{
    return BF_FAIL(BF_E_INPUT, "model.modulation: %s acts on hidden layers and this %s has none; concat tells it beta all the same", modulation, where);
}

bf_status bf_condition_check(const bf_vae_options *o)
{
    const bf_modulation *m = bf_modulation_find(o->modulation);
    BF_TRY(check_range(o));
    if (!bf_beta_conditioned(o)) return BF_DONE;
    BF_TRY(check_grid(o));
    if (m == NULL) return BF_FAIL(BF_E_INPUT, "model.modulation: there is no modulation '%s'", o->modulation);
    if (m->listed) BF_TRY(check_list(o));
    if (!m->beside && !has_hidden_layers(o)) return refuse_without_hidden(m->name, "network");
    if (!bf_posterior_find(o->posterior)->stochastic)
        return BF_FAIL(BF_E_INPUT, "model.condition: posterior: %s has no rate that beta could weigh", o->posterior);
    if (bf_likelihood_find(o->likelihood, o->variance)->refit)
        return BF_FAIL(BF_E_INPUT, "likelihood.variance: one optimal variance for a batch would mix values of beta; per-image gives every sample its own");
    return BF_DONE;
}

/* --- beta and n --------------------------------------------------------------------------------------------------- */

/* What is known of beta, told to nothing yet. */
static bf_condition condition_of(const bf_vae_options *o)
{
    const double low = log(o->beta_range[0]), high = log(o->beta_range[1]);
    bf_condition c = { .n = BF_NO_VALUE, .label = BF_NO_VALUE, .middle = 0.5 * (low + high), .slope = 0.5 * (high - low) / ROOT_3 };
    if (!bf_modulation_find(o->modulation)->listed) return c;
    bf_f64_list grid;
    bf_condition_grid(o, &grid);
    c.count = grid.count;
    c.first = (log(grid.at[0]) - c.middle) / c.slope;
    c.step = log(grid.at[grid.count - 1] / grid.at[0]) / c.slope / (grid.count - 1);
    return c;
}

/* All but n. */
static bf_condition start(bf_builder *b, const bf_vae_options *o, int classes, int rows)
{
    bf_condition c = bf_beta_conditioned(o) ? condition_of(o) : (bf_condition){ .n = BF_NO_VALUE, .label = BF_NO_VALUE };
    if (bf_label_conditioned(o)) c.label = bf_input(b, "label", bf_shape_flat(rows, classes));
    return c;
}

bf_condition bf_condition_drawn(bf_builder *b, const bf_vae_options *o, int classes, int rows)
{
    bf_condition c = start(b, o, classes, rows);
    if (!bf_beta_conditioned(o)) return c;
    const int64_t shared = bf_draws(o);
    c.n = c.count > 0 ? bf_noise_listed(b, rows, shared, c.first, c.step, c.count, BF_USE_BETA) : bf_noise_even(b, rows, shared, ROOT_3, BF_USE_BETA);
    return c;
}

bf_condition bf_condition_given(bf_builder *b, const bf_vae_options *o, int classes, int rows)
{
    bf_condition c = start(b, o, classes, rows);
    if (bf_beta_conditioned(o)) c.n = bf_input(b, "n", bf_shape_flat(rows, 1));
    return c;
}

bf_condition bf_condition_repeated(bf_builder *b, const bf_condition *c)
{
    bf_condition all = *c;
    all.n = bf_repeat(b, c->n);
    all.label = bf_repeat(b, c->label);
    return all;
}

bool bf_condition_knows(const bf_vae_options *o, double beta)
{
    bf_f64_list grid;
    if (!(beta >= o->beta_range[0] && beta <= o->beta_range[1])) return false;
    if (!bf_modulation_find(o->modulation)->listed) return true;
    bf_condition_grid(o, &grid);
    for (int i = 0; i < grid.count; i++)
        if (fabs(beta / grid.at[i] - 1.0) < 1e-6) return true;
    return false;
}

double bf_condition_n(const bf_vae_options *o, double beta)
{
    const bf_condition c = condition_of(o);
    return (log(beta) - c.middle) / c.slope;
}

void bf_condition_grid(const bf_vae_options *o, bf_f64_list *out)
{
    const double low = o->beta_range[0], high = o->beta_range[1];
    *out = o->grid;
    if (out->count > 0) return;
    out->count = GRID;
    for (int i = 0; i < GRID; i++) out->at[i] = low * pow(high / low, (double)i / (GRID - 1));
    out->at[GRID - 1] = high;
}

double bf_condition_stored_beta(const bf_vae_options *o)
{
    bf_f64_list grid;
    bf_condition_grid(o, &grid);
    double best = grid.at[0];
    for (int i = 1; i < grid.count; i++)
        if (fabs(log(grid.at[i])) < fabs(log(best))) best = grid.at[i];
    return best;
}

/* --- into the networks -------------------------------------------------------------------------------------------- */

bf_value bf_modulate(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value v, const char *name, bf_half side)
{
    if (c->n == BF_NO_VALUE || v == BF_NO_VALUE) return v;
    const bf_modulation *m = bf_modulation_find(o->modulation);
    if (m->hidden == NULL) return v;
    if (c->acted != NULL) c->acted[side]++;
    return m->hidden(b, c, v, name, side);
}

bf_status bf_condition_acted(const bf_vae_options *o, const bf_condition *c)
{
    if (c->n == BF_NO_VALUE || c->acted == NULL) return BF_DONE;
    const bf_modulation *m = bf_modulation_find(o->modulation);
    const bool encoder = c->acted[BF_ENCODER] > 0, decoder = c->acted[BF_DECODER] > 0;
    if (m->beside || (encoder && decoder)) return BF_DONE;
    return refuse_without_hidden(m->name, encoder ? "network's decoder" : decoder ? "network's encoder" : "network");
}

bf_value bf_tell(bf_builder *b, const bf_vae_options *o, const bf_condition *c, bf_value v)
{
    if (c->n != BF_NO_VALUE && bf_modulation_find(o->modulation)->beside) v = bf_beside(b, v, c->n);
    if (c->label == BF_NO_VALUE) return v;
    const bf_shape s = bf_builder_shape(b, v);
    const int classes = bf_builder_shape(b, c->label).channels;
    if ((double)s.height * s.width * ((double)s.channels + classes) > BF_MAX_WIDTH)
        bf_builder_fail(b, BF_FAIL(BF_E_INPUT, "model.condition: %d classes beside %d x %d x %d entries are too many", classes, s.height, s.width, s.channels));
    return bf_beside(b, v, c->label);
}
