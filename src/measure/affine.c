#include "measure/affine.h"

#include <string.h>

/* Columns are the difference of two far points over their distance: the constant goes with the difference, and beside a point so far its rounding is
 * nothing. A power of two, which rounds nothing itself. */
#define FAR 1024.0f

static void decode(bf_evaluator *e, const float *theta, int rows)
{
    const bf_run run = { .theta = theta, .stats = e->stats, .seed = e->seed, .rows = rows, .batch = rows };
    bf_plan_run(e->decoder.plan, &run);
}

void bf_affine_columns(bf_evaluator *e, const float *theta, double *column, void (*take)(void *self, int j, const double *column), void *self)
{
    const bf_vae *v = &e->decoder;
    const size_t latent = (size_t)v->latent, width = (size_t)v->width;
    const int block = e->rows / 2;
    float *z = bf_plan_value(v->plan, 0, v->z);
    const float *x = bf_plan_value(v->plan, 0, v->recon);
    for (int first = 0; first < v->latent; first += block) {
        const int count = v->latent - first < block ? v->latent - first : block;
        memset(z, 0, (size_t)e->rows * latent * sizeof *z);
        for (int j = 0; j < count; j++) {
            float *there = z + 2 * (size_t)j * latent + (size_t)(first + j);
            there[0] = FAR;
            there[latent] = -FAR;
            for (int row = 2 * j; row < 2 * j + 2; row++) bf_vae_label(v, 0, row, 0);      /* any, but both the same */
        }
        decode(e, theta, 2 * count);
        for (int j = 0; j < count; j++) {
            const float *there = x + 2 * (size_t)j * width, *back = there + width;
            for (size_t i = 0; i < width; i++) column[i] = ((double)there[i] - (double)back[i]) / (2.0 * (double)FAR);
            take(self, first + j, column);
        }
    }
}

void bf_affine_centre(bf_evaluator *e, const float *theta, int label, double *centre)
{
    const bf_vae *v = &e->decoder;
    const float *x = bf_plan_value(v->plan, 0, v->recon);
    memset(bf_plan_value(v->plan, 0, v->z), 0, (size_t)e->rows * (size_t)v->latent * sizeof(float));
    bf_vae_label(v, 0, 0, label);
    decode(e, theta, 1);
    for (size_t i = 0; i < (size_t)v->width; i++) centre[i] = (double)x[i];
}
