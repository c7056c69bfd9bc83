/* -log p(x): exact where the model is one Gaussian (affine decoder, one variance, normal prior), else by importance sampling. Evenly spaced
 * samples of the split, in tiles that ranks own whole; the tiles' numbers are gathered and averaged in order. */
#include "measure/comparable.h"
#include "measure/importance.h"
#include "measure/linear_density.h"
#include "measure/pause.h"
#include "measure/rows.h"
#include "measure/subset.h"

#include "base/arena.h"

#include <math.h>
#include <string.h>

#define TILE 32         /* samples; small, so that a thousand of them keep many ranks busy */
#define PER_PAIR 120.0  /* terms that a pair of sample and draw takes, and each of its latent dimensions: measured */
#define PER_DRAW 9.0

typedef struct search {
    const bf_measure_input *in;
    bf_importance     *importance;      /* one of these two */
    bf_linear_density *linear;
    bf_subset set;
    int64_t   first, own;               /* samples of the set: this rank's */
    bf_arena  arena;
    int64_t  *index;                    /* (TILE) in the data set */
    float    *x;                        /* (TILE, width) */
    double   *nll;                      /* (TILE) */
    int32_t  *label;                    /* (TILE) NULL where the model is told no classes */
    bf_estimate_of_p *mine, *all;       /* (own), (set.count) */
} search;

static void memory(search *s, bf_arena *a)
{
    s->index = BF_TAKE(a, int64_t, TILE);
    s->x     = (float *)bf_arena_take(a, (size_t)s->in->width, TILE * sizeof *s->x);
    s->nll   = BF_TAKE(a, double, TILE);
    s->label = s->in->evaluator->labels[s->in->split] ? BF_TAKE(a, int32_t, TILE) : NULL;
    s->mine  = BF_TAKE(a, bf_estimate_of_p, s->own);
    s->all   = BF_TAKE(a, bf_estimate_of_p, s->set.count);
}

static bool is_exact(const bf_measure_input *in) { return in->evaluator->affine && strcmp(in->vae->prior, "normal") == 0; }

static int64_t tile_start(const search *s, int rank)
{
    const int64_t tiles = (s->set.count + TILE - 1) / TILE, at = tiles * rank / bf_comm_size(s->in->team) * TILE;
    return at < s->set.count ? at : s->set.count;
}

/* Local. Everything that can fail. */
static bf_status prepare(search *s)
{
    const bf_measure_input *in = s->in;
    bf_evaluator *e = in->evaluator;
    const int rank = bf_comm_rank(in->team);
    s->first = tile_start(s, rank);
    s->own = tile_start(s, rank + 1) - s->first;
    BF_TRY(bf_fault_at(in->team, "measure.allocate", BF_E_MEMORY));
    memory(s, &s->arena);
    BF_TRY(bf_arena_commit(&s->arena));
    memory(s, &s->arena);
    if (is_exact(in)) return bf_linear_density_create(e, in->theta, in->evaluation->log_variance, TILE, &s->linear);
    return bf_importance_create(e, in->split, in->options->nll_samples, TILE, &s->importance);
}

/* n samples from number `first` of the set on. */
static void take_tile(search *s, int64_t first, int n, bf_estimate_of_p *out)
{
    const bf_measure_input *in = s->in;
    const size_t at = (size_t)first * (size_t)s->set.latent;
    for (int i = 0; i < n; i++) s->index[i] = bf_subset_index(first + i, s->set.count, in->evaluation->samples);
    bf_dataset_rows(in->evaluator->data, in->split, s->index, n, s->x);
    if (s->importance) {
        bf_importance_take(s->importance, in->theta, in->evaluation->log_variance, s->x, s->set.mean + at, s->set.logvar + at, s->index, n, out);
        return;
    }
    for (int i = 0; s->label && i < n; i++) s->label[i] = in->evaluator->labels[in->split][s->index[i]];
    bf_linear_density_nll(s->linear, s->x, s->label, n, s->nll);
    for (int i = 0; i < n; i++) out[i] = (bf_estimate_of_p){ .nll = s->nll[i], .ess = NAN, .bias = 0.0 };
}

enum { NLL, NLL_SE, ESS, BIAS, STORED, COLUMNS };
_Static_assert(COLUMNS < BF_MAX_COLUMNS, "a row ends with a NULL name");

static void average(const search *s, double *v)
{
    const double n = (double)s->set.count;
    bf_estimate_of_p sum = { 0.0, 0.0, 0.0 };
    double scatter = 0.0;
    for (int64_t i = 0; i < s->set.count; i++) {
        sum.nll += s->all[i].nll;
        sum.ess += s->all[i].ess;
        sum.bias += s->all[i].bias;
    }
    v[NLL] = sum.nll / n;
    for (int64_t i = 0; i < s->set.count; i++) scatter += (s->all[i].nll - v[NLL]) * (s->all[i].nll - v[NLL]);
    v[NLL_SE] = sqrt(scatter / (n - 1.0) / n);
    v[ESS] = sum.ess / n;
    v[BIAS] = sum.bias / n;
    v[STORED] = bf_nll_of_stored(s->in, v[NLL]);
}

static void search_end(search *s)
{
    bf_arena_release(&s->arena);
    bf_importance_destroy(&s->importance);
    bf_linear_density_destroy(&s->linear);
    bf_subset_free(&s->set);
}

static bf_status take(const bf_measure_input *in, double *v)
{
    const bf_evaluation *e = in->evaluation;
    const bool possible = in->evaluator && in->evaluator->posterior && in->evaluator->posterior->log_density && e->samples > 0 &&
                          bf_nll_kind_of(in->vae, e) != BF_NLL_NEITHER;
    if (!possible) return BF_DONE;
    const int64_t rows = in->options->nll_rows < 0 ? e->samples : in->options->nll_rows;
    search s = { .in = in };
    BF_TRY(bf_subset_gather(in->team, e, rows, is_exact(in) ? 0 : BF_SUBSET_POSTERIOR, &s.set));
    bf_status status = bf_comm_agree(in->team, prepare(&s));
    if (!status.code) {
        for (int64_t i = 0; i < s.own && !bf_pause(in->evaluator); i += TILE)
            take_tile(&s, s.first + i, s.own - i < TILE ? (int)(s.own - i) : TILE, s.mine + i);
        status = bf_pause_end(in->evaluator);
    }
    if (!status.code) {
        bf_comm_allgather(in->team, s.mine, (size_t)s.own * sizeof *s.mine, s.all, NULL);
        average(&s, v);
    }
    search_end(&s);
    return status;
}

/* Every pair of sample and draw is a row: a copy of the sample, noise and three densities of a draw, one weight. */
static bf_measure_work work(const bf_vae_options *vae, const bf_measure_options *o, int64_t samples)
{
    const bool all = o->nll_rows < 0 || o->nll_rows > samples;
    const double rows = (double)(all ? samples : o->nll_rows) * (double)o->nll_samples;
    return (bf_measure_work){ .plan = BF_VAE_JUDGE, .rows = rows, .terms = rows * (PER_PAIR + PER_DRAW * (double)vae->latent) };
}

#define WHERE "; at most measure.nll.rows evenly spaced samples of the split"

const bf_measure bf_measure_nll = {
    .name = "nll", .help = "negative log-likelihood of the data, by importance sampling or exact",
    .column = {
        [NLL] = { "nll", "nat", "negative log-likelihood",
            "mean over samples of -log (1/K) sum_k p(x|z_k) p(z_k) / q(z_k|x), z_k ~ q(z|x), K = measure.nll.samples, an upper bound in "
            "expectation; exact, -log N(x; b, W W^T + variance I), for affine decoders with one variance. NaN where p(x|z) is no density: "
            "bernoulli on values between 0 and 1, variance: per-image, posterior: delta. Models told a sample's label have p(x|z, label), so this "
            "is -log p(x|label)" WHERE },
        [NLL_SE] = { "nll_se", "nat", "standard error of nll over the samples", "sqrt(sum_i (nll_i - nll)^2 / (n - 1) / n)" WHERE },
        [ESS] = { "nll_ess", "1", "effective number of importance samples",
            "mean over samples of (sum_k w_k)^2 / sum_k w_k^2, at most K; NaN where nll is exact" WHERE },
        [BIAS] = { "nll_bias", "nat", "what nll is expected to be too large by",
            "mean over samples of Var(w) / (2 K mean(w)^2), to first order in 1/K; 0 where nll is exact, NaN for K = 1" WHERE },
        [STORED] = { "nll_discrete", "nat", "negative log-probability of the stored values",
            "nll of discrete likelihoods, and of bernoulli on bits; a density of x becomes one of the stored v by + d log c, c as for elbo_discrete; NaN for "
            "densities of reals" },
    },
    .take = take, .work = work, .closed = true,
};
