/* Noise of posteriors and of conditions: addressed by seed, step and row (draws.h), so neither ranks nor batches nor restarts change it. */
#include "base/rng.h"
#include "vae/draws.h"
#include "vae/ops.h"
#include <math.h>
#include <string.h>

/* --- of posteriors ------------------------------------------------------------------------------------------------ */

static bf_draw draw_of(const bf_node *n, const bf_lane *l) { return (bf_draw){ .seed = l->seed, .step = l->step, .use = (uint32_t)n->kind }; }
static size_t cols_of(const bf_node *n, const bf_lane *l) { return bf_shape_cols(bf_lane_shape(l, n->output)); }

/* Rows that are not in use are 0. */
static void pad(const bf_node *n, const bf_lane *l)
{
    const size_t cols = cols_of(n, l), used = (size_t)l->rows * cols;
    float *noise = bf_lane_value(l, n->output);
    memset(noise + used, 0, ((size_t)bf_lane_shape(l, n->output).rows * cols - used) * sizeof *noise);
}

static void normal(const bf_node *n, const bf_lane *l)
{
    const bf_draw d = draw_of(n, l);
    bf_rng_normal_rows(&d, l->samples, (size_t)l->rows, cols_of(n, l), bf_lane_value(l, n->output));
    pad(n, l);
}

static void negate(float *restrict x, size_t count)
{
    for (size_t i = 0; i < count; i++) x[i] = -x[i];
}

/* A lane may begin between the two rows of a pair, so both are drawn. */
static void antithetic(const bf_node *n, const bf_lane *l)
{
    enum { CHUNK = 64 };
    int64_t pairs[CHUNK];
    const size_t cols = cols_of(n, l);
    const bf_draw d = draw_of(n, l);
    float *noise = bf_lane_value(l, n->output);
    for (int first = 0; first < l->rows; first += CHUNK) {
        const int rows = l->rows - first < CHUNK ? l->rows - first : CHUNK;
        const int64_t *samples = l->samples + first;
        float *chunk = noise + (size_t)first * cols;
        for (int r = 0; r < rows; r++) pairs[r] = bf_row_shared(samples[r], 2);
        bf_rng_normal_rows(&d, pairs, (size_t)rows, cols, chunk);
        for (int r = 0; r < rows; r++)
            if (bf_row_number(samples[r]) % 2 != 0) negate(chunk + (size_t)r * cols, cols);
    }
    pad(n, l);
}

static void sigma_points(const bf_node *n, const bf_lane *l)
{
    const size_t cols = cols_of(n, l);
    const float root = sqrtf((float)cols);
    float *noise = bf_lane_value(l, n->output);
    memset(noise, 0, (size_t)l->rows * cols * sizeof *noise);
    for (int r = 0; r < l->rows; r++) {
        const size_t point = (size_t)bf_row_number(l->samples[r]) % (2 * cols);
        noise[(size_t)r * cols + point / 2] = point % 2 == 0 ? root : -root;
    }
    pad(n, l);
}

const bf_op bf_op_noise_normal = { .name = "noise.normal", .portable = { normal, NULL } };
const bf_op bf_op_noise_antithetic = { .name = "noise.antithetic", .portable = { antithetic, NULL } };
const bf_op bf_op_noise_sigma_points = { .name = "noise.sigma_points", .portable = { sigma_points, NULL } };

bf_value bf_noise_drawn(bf_builder *b, int cols, bf_noise noise)
{
    bf_node *n = bf_node_add(b, noise.op, 0, NULL, bf_shape_flat(bf_builder_rows(b), cols));
    n->kind = (int)noise.use;
    return n->output;
}

/* --- of conditions ------------------------------------------------------------------------------------------------ */

enum { SHARED = 3 };            /* the option that says how many rows of a sample, one after the other, have one number */

/* A uniform number u in (0, 1), and what becomes of it. */
static void fill_rows(const bf_node *n, const bf_lane *l, double (*value)(const bf_node *n, double u))
{
    const int rows = bf_lane_shape(l, n->output).rows, copies = bf_lane_copies(l, n->output);
    float *noise = bf_lane_value(l, n->output);
    bf_draw d = draw_of(n, l);
    memset(noise, 0, (size_t)rows * sizeof *noise);
    for (int r = 0; r < l->rows / copies; r++) {
        float u;
        d.sample = (uint64_t)bf_row_shared(l->samples[r * copies], (int64_t)n->option[SHARED]);
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

bf_value bf_noise_even(bf_builder *b, int rows, int64_t shared, double spread, uint32_t use)
{
    bf_node *n = bf_node_add(b, &bf_op_noise_even, 0, NULL, bf_shape_flat(rows, 1));
    n->kind = (int)use;
    n->option[0] = spread;
    n->option[SHARED] = (double)shared;
    return n->output;
}

bf_value bf_noise_listed(bf_builder *b, int rows, int64_t shared, double first, double step, int count, uint32_t use)
{
    bf_node *n = bf_node_add(b, &bf_op_noise_listed, 0, NULL, bf_shape_flat(rows, 1));
    n->kind = (int)use;
    n->option[0] = first;
    n->option[1] = step;
    n->option[2] = count;
    n->option[SHARED] = (double)shared;
    return n->output;
}
