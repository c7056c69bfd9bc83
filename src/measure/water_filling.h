/* The analytic rate-distortion curve of Gaussian data: reverse water-filling.
 *
 * A linear beta-VAE with decoder variance g keeps the directions among its `latent` largest whose eigenvalue lies above the level beta g,
 * at 1/2 log(eigenvalue / level) nats each, and leaves a squared error of the level in each of them and of the whole eigenvalue in
 * the others. With enough latent dimensions that is Shannon's curve, which no model beats. Pure arithmetic; all Local. */
#ifndef BF_MEASURE_WATER_FILLING_H
#define BF_MEASURE_WATER_FILLING_H
#include <stdbool.h>
#include "data/options.h"
#include "vae/options.h"

typedef struct bf_water {
    int    kept, width;         /* dimensions above the level; entries of a sample */
    double variance;            /* of the decoder at the optimum; 0 where learning it has no end */
    double level;               /* beta * variance */
    double rate;                /* nats; infinite at level 0 */
    double sse;                 /* expected squared error of a sample */
} bf_water;

/* lambda (n) falls. The variance is fixed. */
void bf_water_fixed(const double *lambda, int n, int latent, double beta, double variance, bf_water *out);
/* The variance is learned or optimal: the root of g (n - beta k(g)) = sum of the eigenvalues that are not kept at g. */
void bf_water_fitted(const double *lambda, int n, int latent, double beta, bf_water *out);
/* -E log p(x|z), nats, charged with that variance: the model's own, or another accounting's. */
double bf_water_distortion(const bf_water *w, double variance);
/* The optimum of a linear model of this kind on these data; false where no closed form is known: other data or likelihoods. */
bool bf_water_of_model(const bf_data_options *data, const bf_vae_options *vae, double beta, bf_water *out);
#endif
