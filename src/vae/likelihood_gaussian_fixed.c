/* gaussian/fixed: the decoder's variance is a constant of the study. */
#include "vae/gaussian.h"
#include "vae/ops.h"
#include <math.h>

static void forward(const bf_node *n, const bf_lane *l) { bf_gaussian_forward(n, l, n->option[1]); }
static void backward(const bf_node *n, const bf_lane *l) { bf_gaussian_backward(n, l, n->option[1]); }

const bf_op bf_op_gaussian_fixed = { .name = "gaussian.fixed", .portable = { forward, backward } };

static bf_value nll(bf_builder *b, const bf_vae_options *o, const bf_vae_data *d, bf_value x, bf_heads heads)
{
    bf_node *n = bf_gaussian_node(b, &bf_op_gaussian_fixed, d, bf_gaussian_errors(b, o, x, heads));
    n->option[1] = isnan(o->variance_value) ? 1.0 : o->variance_value;
    return n->output;
}

const bf_likelihood bf_likelihood_gaussian_fixed = {
    .name = "gaussian", .variance = "fixed", .help = "gaussian of constant variance (likelihood.value)",
    .heads = bf_gaussian_heads, .mean = bf_gaussian_mean, .nll = nll,
    .distortion = bf_gaussian_distortion, .row_variance = bf_gaussian_row_variance,
};
