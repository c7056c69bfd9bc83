/* z = mean + exp(logvar / 2) noise: the draw as a function of the posterior's parameters. */
#include "vae/ops.h"
#include "base/vector_math.h"
#include "base/inlined.h"

static void forward(const bf_node *n, const bf_lane *l)
{
    const size_t count = bf_shape_count(bf_lane_shape(l, n->output));
    const float *restrict mean = bf_lane_value(l, n->input[0]), *restrict logvar = bf_lane_value(l, n->input[1]);
    const float *restrict noise = bf_lane_value(l, n->input[2]);
    float *restrict z = bf_lane_value(l, n->output);
    for (size_t i = 0; i < count; i++) z[i] = mean[i] + bf_exp(0.5f * logvar[i]) * noise[i];
}

BF_INLINED void logvar_slopes(size_t count, const float *restrict logvar, const float *restrict noise, const float *restrict dz, bool adds,
                              float *restrict d)
{
    for (size_t i = 0; i < count; i++) {
        const float g = 0.5f * dz[i] * bf_exp(0.5f * logvar[i]) * noise[i];
        d[i] = adds ? d[i] + g : g;
    }
}

/* The deviation is found again rather than taken from z - mean, which loses its digits where the posterior is narrow. */
static void backward(const bf_node *n, const bf_lane *l)
{
    const size_t count = bf_shape_count(bf_lane_shape(l, n->output));
    const float *restrict logvar = bf_lane_value(l, n->input[1]), *restrict noise = bf_lane_value(l, n->input[2]);
    const float *restrict dz = bf_lane_gradient(l, n->output);
    float *restrict dmean = bf_lane_gradient(l, n->input[0]), *restrict dlogvar = bf_lane_gradient(l, n->input[1]);
    if (n->wants[0])
        for (size_t i = 0; i < count; i++) dmean[i] = n->adds[0] ? dmean[i] + dz[i] : dz[i];
    if (n->wants[1] && n->adds[1]) logvar_slopes(count, logvar, noise, dz, true, dlogvar);
    else if (n->wants[1]) logvar_slopes(count, logvar, noise, dz, false, dlogvar);
}

const bf_op bf_op_reparameterize = { .name = "reparameterize", .portable = { forward, backward }, .needs = 1u << 1 | 1u << 2 };

bf_value bf_reparameterize(bf_builder *b, bf_value mean, bf_value logvar, bf_value noise)
{
    return bf_node_add(b, &bf_op_reparameterize, 3, (const bf_value[]){ mean, logvar, noise }, bf_builder_shape(b, mean))->output;
}
