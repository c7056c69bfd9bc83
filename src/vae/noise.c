/* Noise of posteriors and of conditions: addressed by seed, step and sample, so neither ranks nor batches nor restarts change it. */
#include "base/rng.h"
#include "vae/ops.h"
#include <string.h>

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->output);
    const size_t cols = bf_shape_cols(s), rows = (size_t)l->rows;
    float *noise = bf_lane_value(l, n->output);
    const bf_draw d = { .seed = l->seed, .step = l->step, .use = (uint32_t)n->kind };
    bf_rng_normal_rows(&d, l->samples, rows, cols, noise);
    memset(noise + rows * cols, 0, ((size_t)s.rows - rows) * cols * sizeof *noise);
}

const bf_op bf_op_noise_normal = { .name = "noise.normal", .portable = { forward, NULL } };

static void even_forward(const bf_node *n, const bf_lane *l)
{
    const int rows = bf_lane_shape(l, n->output).rows;
    const float spread = (float)n->option[0];
    float *noise = bf_lane_value(l, n->output);
    bf_draw d = { .seed = l->seed, .step = l->step, .use = (uint32_t)n->kind };
    for (int r = 0; r < rows; r++) {
        noise[r] = 0.0f;
        if (r >= l->rows) continue;
        d.sample = (uint64_t)l->samples[r];
        bf_rng_uniform(&d, &noise[r], 1);
        noise[r] = spread * (2.0f * noise[r] - 1.0f);
    }
}

const bf_op bf_op_noise_even = { .name = "noise.even", .portable = { even_forward, NULL } };

bf_value bf_noise_even(bf_builder *b, int rows, double spread, uint32_t use)
{
    bf_node *n = bf_node_add(b, &bf_op_noise_even, 0, NULL, bf_shape_flat(rows, 1));
    n->kind = (int)use;
    n->option[0] = spread;
    return n->output;
}

bf_value bf_noise_normal(bf_builder *b, int rows, int cols, uint32_t use)
{
    bf_node *n = bf_node_add(b, &bf_op_noise_normal, 0, NULL, bf_shape_flat(rows, cols));
    n->kind = (int)use;
    return n->output;
}
