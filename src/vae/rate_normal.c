/* Rates against the normal prior: closed form for the Gaussian posterior; a point has none. */
#include "vae/ops.h"
#include "vae/registry.h"

static bf_value gaussian(bf_builder *b, const bf_posterior_values *q) { return bf_kl_normal(b, q->mean, q->logvar); }
static bf_value gaussian_each(bf_builder *b, const bf_posterior_values *q) { return bf_kl_normal_each(b, q->mean, q->logvar); }

const bf_rate bf_rate_gaussian_normal = { .posterior = "gaussian", .prior = "normal", .build = gaussian, .each = gaussian_each };
const bf_rate bf_rate_delta_normal = { .posterior = "delta", .prior = "normal", .build = NULL };
