#include "vae/draws.h"
#include "vae/condition.h"
#include "vae/ops.h"
#include "vae/registry.h"
#include <string.h>

static int64_t one(const bf_vae_options *o)
{
    (void)o;
    return 1;
}

static int64_t pair(const bf_vae_options *o)
{
    (void)o;
    return 2;
}

/* model.latent may not have been checked yet. */
static int64_t two_an_axis(const bf_vae_options *o) { return 2 * (o->latent < BF_MAX_WIDTH ? o->latent : BF_MAX_WIDTH); }

/* random: L draws of Kingma and Welling (2014). antithetic: row 2 p + 1 of a sample has minus the noise of row 2 p, which is that of row p where
 * all are drawn at random; what is odd in the noise cancels. sigma-points: not random. +sqrt(k) and -sqrt(k) along each of the k axes have mean 0 and
 * covariance I, so what is quadratic in the noise, such as the squared error of an affine decoder, has its exact expectation (unscented
 * autoencoders: Janjos, Rosenbaum, Dolgov and Zollner 2023). */
static const bf_drawing table[] = {
    { .name = "random", .op = &bf_op_noise_normal, .count = one },
    { .name = "antithetic", .op = &bf_op_noise_antithetic, .count = pair },
    { .name = "sigma-points", .op = &bf_op_noise_sigma_points, .count = two_an_axis, .once = true },
};
const char *const bf_drawing_names[] = { "random", "antithetic", "sigma-points", NULL };

const bf_drawing *bf_drawing_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0) return &table[i];
    return NULL;
}

static int64_t betas(const bf_vae_options *o) { return bf_beta_conditioned(o) && o->betas_per_sample > 1 ? o->betas_per_sample : 1; }

int64_t bf_draws(const bf_vae_options *o)
{
    const bf_drawing *drawing = bf_drawing_find(o->draw);
    return o->draws > 0 ? o->draws : drawing != NULL ? drawing->count(o) : 1;
}

int64_t bf_sample_rows(const bf_vae_options *o) { return betas(o) * bf_draws(o); }

int bf_draws_together(const bf_vae_options *o, int rows)
{
    int64_t a = bf_draws(o), b = rows;
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return (int)a;
}

const char *bf_sample_rows_keys(const bf_vae_options *o)
{
    if (bf_draws(o) == 1) return betas(o) == 1 ? "" : " times objective.betas_per_sample";
    return betas(o) == 1 ? " times objective.draws" : " times objective.betas_per_sample times objective.draws";
}

bf_status bf_draws_check(const bf_vae_options *o)
{
    const bf_drawing *drawing = bf_drawing_find(o->draw);
    const bf_posterior *posterior = bf_posterior_find(o->posterior);
    if (drawing == NULL) return BF_FAIL(BF_E_INPUT, "objective.draw: there is no drawing '%s'", o->draw);
    const int64_t draws = bf_draws(o), group = drawing->count(o);
    if (drawing->once && draws != group)
        return BF_FAIL(BF_E_INPUT, "objective.draws: %lld is not twice model.latent, the number of %s; left out, it is", (long long)draws, drawing->name);
    if (!drawing->once && draws % group != 0)
        return BF_FAIL(BF_E_INPUT, "objective.draws: %lld is no multiple of %lld, as objective.draw: %s asks", (long long)draws, (long long)group, drawing->name);
    if (draws > BF_MAX_SAMPLE_ROWS / betas(o))
        return BF_FAIL(BF_E_INPUT, "objective.draws: %lld%s are more rows of a sample than %d", (long long)draws,
                       betas(o) > 1 ? " times objective.betas_per_sample" : "", BF_MAX_SAMPLE_ROWS);
    if (draws > 1 && posterior != NULL && !posterior->stochastic)
        return BF_FAIL(BF_E_INPUT, "objective.draw%s: posterior: %s has nothing to draw", group > 1 ? "" : "s", o->posterior);
    return BF_DONE;
}
