/* A small model with everything a run needs, in any backend's element type. */
#ifndef BF_TESTS_VAE_RIG_H
#define BF_TESTS_VAE_RIG_H
#include "vae/registry.h"
#include "vae/vae.h"

typedef struct vae_rig {
    bf_params      *params;
    bf_vae          vae;
    bf_vae_options  options;
    bool            wide;           /* double */
    int             rows, lanes, draws, first_row;
    size_t          size;
    void           *theta, *grads;  /* (size), (lanes, size) */
    double         *stats;          /* (lanes, stats) */
    int64_t        *samples;
    double          weights[8], batch;
    const bf_coupler *coupler;
} vae_rig;

enum { RIG_WIDTH = 4, RIG_CLASSES = 3 };
/* mlp 5-3 with 2 latents, gaussian/learned, beta 0.7. */
bf_vae_options vae_rig_options(void);
/* Rows first_row .. first_row + lanes * rows - 1 of a fixed data set in (0, 1); weights and biases all nonzero. Row i is of
 * class i modulo RIG_CLASSES, where the model is told. In training options.draws of them, one after the other, are one sample's. */
vae_rig vae_rig_create(const bf_vae_options *o, bf_vae_purpose purpose, const bf_backend *backend, int rows, int lanes, int first_row);
/* The same on data of another shape. */
vae_rig vae_rig_create_on(const bf_vae_options *o, const bf_vae_data *d, bf_vae_purpose purpose, const bf_backend *backend, int rows, int lanes,
                          int first_row);
void vae_rig_run(vae_rig *r, int rows_in_use);
/* The weighted sum of the terms after a run. */
double vae_rig_loss(const vae_rig *r);
/* A statistic, summed over the rig's lanes. */
double vae_rig_stat(const vae_rig *r, const char *name);
double vae_rig_get(const vae_rig *r, const void *at, size_t i);
void vae_rig_destroy(vae_rig *r);
#endif
