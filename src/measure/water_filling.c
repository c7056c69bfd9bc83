#include "measure/water_filling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void fill(const double *lambda, int n, int latent, double beta, double variance, bf_water *out)
{
    *out = (bf_water){ .width = n, .variance = variance, .level = beta * variance };
    for (int i = 0; i < n; i++) {
        const bool kept = i < latent && lambda[i] > out->level;
        out->kept += kept;
        out->rate += kept ? 0.5 * log(lambda[i] / out->level) : 0.0;
        out->sse += kept ? out->level : lambda[i];
    }
}

void bf_water_fixed(const double *lambda, int n, int latent, double beta, double variance, bf_water *out)
{
    fill(lambda, n, latent, beta, variance, out);
}

/* h(g) = g (n - beta k(g)) - (what is not kept at g) has the sign of the loss's derivative. It is continuous, convex and straight while k
 * stays; so its greatest zero, the loss's minimum, lies on the first stretch, from above, at whose lower end h is not positive. */
void bf_water_fitted(const double *lambda, int n, int latent, double beta, bf_water *out)
{
    const int most = latent < n ? latent : n;
    double lost = 0.0;
    int k = 0;
    for (int i = 0; i < n; i++) lost += lambda[i];
    for (; k < most; k++) {
        const double end = lambda[k] / beta;            /* below it, dimension k is kept too */
        if (end * (n - beta * k) <= lost) break;
        lost -= lambda[k];
    }
    /* What a subtraction leaves of nothing is not a variance. */
    lost = 0.0;
    for (int i = k; i < n; i++) lost += lambda[i];
    fill(lambda, n, latent, beta, lost > 0.0 ? lost / (n - beta * k) : 0.0, out);
}

double bf_water_distortion(const bf_water *w, double variance)
{
    const double two_pi = 6.283185307179586476925;
    return 0.5 * w->sse / variance + 0.5 * w->width * log(two_pi * variance);
}

static int falling(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

bool bf_water_of_model(const bf_data_options *data, const bf_vae_options *vae, double beta, bf_water *out)
{
    double lambda[BF_MAX_EIGENVALUES];
    const bf_f64_list *given = &data->gaussian.eigenvalues;
    const bool plain = strcmp(data->binarize, "none") == 0 && (strcmp(data->scale, "auto") == 0 || strcmp(data->scale, "none") == 0);
    const bool fixed = strcmp(vae->variance, "fixed") == 0;
    const bool fitted = strcmp(vae->variance, "learned") == 0 || strcmp(vae->variance, "optimal") == 0;
    if (strcmp(data->source, "gaussian") != 0 || !plain || strcmp(vae->likelihood, "gaussian") != 0 || !(fixed || fitted)) return false;
    if (strcmp(vae->prior, "normal") != 0 || strcmp(vae->posterior, "delta") == 0 || strcmp(vae->objective, "beta-vae") != 0) return false;
    if (vae->free_bits > 0.0) return false;         /* their optimum is another */
    memcpy(lambda, given->at, (size_t)given->count * sizeof *lambda);
    qsort(lambda, (size_t)given->count, sizeof *lambda, falling);
    const int latent = vae->latent < given->count ? (int)vae->latent : given->count;
    if (fixed) bf_water_fixed(lambda, given->count, latent, beta, isnan(vae->variance_value) ? 1.0 : vae->variance_value, out);
    else bf_water_fitted(lambda, given->count, latent, beta, out);
    return true;
}
