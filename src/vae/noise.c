/* Noise of posteriors and of conditions: addressed by seed, step and sample, so neither ranks nor batches nor restarts change it. */
#include "base/rng.h"
#include "vae/ops.h"
#include <math.h>
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

/* One uniform number u in (0, 1) for every row, and what becomes of it. */
static void fill_rows(const bf_node *n, const bf_lane *l, double (*value)(const bf_node *n, double u))
{
    const int rows = bf_lane_shape(l, n->output).rows;
    float *noise = bf_lane_value(l, n->output);
    bf_draw d = { .seed = l->seed, .step = l->step, .use = (uint32_t)n->kind };
    memset(noise, 0, (size_t)rows * sizeof *noise);
    for (int r = 0; r < l->rows; r++) {
        float u;
        d.sample = (uint64_t)l->samples[r];
        bf_rng_uniform(&d, &u, 1);
        noise[r] = (float)value(n, (double)u);
    }
}

static double even(const bf_node *n, double u) { return n->option[0] * (2.0 * u - 1.0); }
static double listed(const bf_node *n, double u) { return n->option[0] + n->option[1] * floor(u * n->option[2]); }
static void even_forward(const bf_node *n, const bf_lane *l) { fill_rows(n, l, even); }
static void listed_forward(const bf_node *n, const bf_lane *l) { fill_rows(n, l, listed); }

const bf_op bf_op_noise_even = { .name = "noise.even", .portable = { even_forward, NULL } };
const bf_op bf_op_noise_listed = { .name = "noise.listed", .portable = { listed_forward, NULL } };

bf_value bf_noise_even(bf_builder *b, int rows, double spread, uint32_t use)
{
    bf_node *n = bf_node_add(b, &bf_op_noise_even, 0, NULL, bf_shape_flat(rows, 1));
    n->kind = (int)use;
    n->option[0] = spread;
    return n->output;
}

bf_value bf_noise_listed(bf_builder *b, int rows, double first, double step, int count, uint32_t use)
{
    bf_node *n = bf_node_add(b, &bf_op_noise_listed, 0, NULL, bf_shape_flat(rows, 1));
    n->kind = (int)use;
    n->option[0] = first;
    n->option[1] = step;
    n->option[2] = count;
    return n->output;
}

bf_value bf_noise_normal(bf_builder *b, int rows, int cols, uint32_t use)
{
    bf_node *n = bf_node_add(b, &bf_op_noise_normal, 0, NULL, bf_shape_flat(rows, cols));
    n->kind = (int)use;
    return n->output;
}
