/* prior normal: independent standard normal latents. */
#include "vae/registry.h"

const bf_prior bf_prior_normal = { .name = "normal", .help = "standard normal" };
