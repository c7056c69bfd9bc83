#include "measure/linear_density.h"

#include "base/arena.h"
#include "measure/affine.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOG_TWO_PI 1.8378770664093453

void dpotrf_(const char *triangle, const int *n, double *a, const int *lda, int *info);
void dpotrs_(const char *triangle, const int *n, const int *columns, const double *a, const int *lda, double *b, const int *ldb, int *info);

struct bf_linear_density {
    int      width, latent, block;
    int      centres;                       /* one for every class; 1 without classes */
    double   log_variance, constant;        /* constant: of -2 log p, all that x does not change */
    bf_arena arena;
    double  *weight, *centre;               /* (width, latent), (centres, width): x at z = 0 */
    double  *factor;                        /* (latent, latent) Cholesky factor of M */
    double  *residual, *mean;               /* (block, width), (block, latent) */
};

static void memory(bf_linear_density *d, bf_arena *a)
{
    const size_t width = (size_t)d->width, latent = (size_t)d->latent, block = (size_t)d->block;
    d->weight   = BF_TAKE(a, double, width * latent);
    d->centre   = (double *)bf_arena_take(a, (size_t)d->centres, width * sizeof *d->centre);
    d->factor   = BF_TAKE(a, double, latent * latent);
    d->residual = BF_TAKE(a, double, block * width);
    d->mean     = BF_TAKE(a, double, block * latent);
}

/* M, its factor and its determinant. Row-major upper is LAPACK's lower. */
static void factorise(bf_linear_density *d)
{
    const int latent = d->latent;
    const double variance = exp(d->log_variance);
    double log_determinant = 0.0;
    int info = 0;
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, latent, d->width, 1.0, d->weight, latent, 0.0, d->factor, latent);
    for (size_t j = 0; j < (size_t)latent; j++) d->factor[j * (size_t)latent + j] += variance;
    dpotrf_("L", &latent, d->factor, &latent, &info);
    for (size_t j = 0; j < (size_t)latent; j++) log_determinant += 2.0 * log(d->factor[j * (size_t)latent + j]);
    d->constant = info == 0 ? d->width * LOG_TWO_PI + (d->width - latent) * d->log_variance + log_determinant : NAN;
}

static void take_column(void *self, int j, const double *column)
{
    bf_linear_density *d = self;
    for (size_t i = 0; i < (size_t)d->width; i++) d->weight[i * (size_t)d->latent + (size_t)j] = column[i];
}

bf_status bf_linear_density_create(bf_evaluator *e, const float *theta, double log_variance, int block, bf_linear_density **out)
{
    *out = NULL;
    bf_linear_density *d = calloc(1, sizeof *d);
    if (!d) return BF_FAIL(BF_E_MEMORY, "the density of a linear model");
    *d = (bf_linear_density){ .width = e->decoder.width, .latent = e->decoder.latent, .centres = bf_label_conditioned(e->options) ? e->shape.classes : 1,
                              .block = block, .log_variance = log_variance };
    memory(d, &d->arena);
    bf_status s = bf_arena_commit(&d->arena);
    if (s.code) {
        free(d);
        return s;
    }
    memory(d, &d->arena);
    bf_affine_columns(e, theta, d->residual, take_column, d);
    for (int c = 0; c < d->centres; c++) bf_affine_centre(e, theta, c, d->centre + (size_t)c * (size_t)d->width);
    factorise(d);
    *out = d;
    return BF_DONE;
}

void bf_linear_density_destroy(bf_linear_density **density)
{
    if (!*density) return;
    bf_arena_release(&(*density)->arena);
    free(*density);
    *density = NULL;
}

static double sum_of_squares(const double *v, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += v[i] * v[i];
    return sum;
}

void bf_linear_density_nll(bf_linear_density *d, const float *x, const int32_t *labels, int n, double *nll)
{
    const size_t width = (size_t)d->width, latent = (size_t)d->latent;
    int info = 0;
    if (isnan(d->constant)) {
        for (int i = 0; i < n; i++) nll[i] = NAN;
        return;
    }
    memset(d->residual, 0, (size_t)d->block * width * sizeof *d->residual);
    for (size_t i = 0; i < (size_t)n; i++) {
        const double *centre = d->centre + (labels ? (size_t)labels[i] : 0) * width;
        for (size_t j = 0; j < width; j++) d->residual[i * width + j] = (double)x[i * width + j] - centre[j];
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, d->block, d->latent, d->width, 1.0, d->residual, d->width, d->weight, d->latent, 0.0,
                d->mean, d->latent);
    dpotrs_("L", &d->latent, &d->block, d->factor, &d->latent, d->mean, &d->latent, &info);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, d->block, d->width, d->latent, -1.0, d->mean, d->latent, d->weight, d->latent, 1.0,
                d->residual, d->width);
    for (size_t i = 0; i < (size_t)n; i++)
        nll[i] = 0.5 * (d->constant + sum_of_squares(d->residual + i * width, d->width) * exp(-d->log_variance) +
                        sum_of_squares(d->mean + i * latent, d->latent));
}
