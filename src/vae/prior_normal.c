/* prior normal: independent standard normal latents. */
#include "vae/registry.h"

static double log_density(const float *z, int latent)
{
    double sum = latent * 1.8378770664093453;       /* log 2 pi each */
    for (int j = 0; j < latent; j++) sum += (double)z[j] * (double)z[j];
    return -0.5 * sum;
}

const bf_prior bf_prior_normal = { .name = "normal", .help = "standard normal", .log_density = log_density };
