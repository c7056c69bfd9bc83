/* The squared error of every row: what all gaussian likelihoods are functions of, and what evaluation reports as mse. */
#include "nn/ways.h"
#include "vae/ops.h"

static double row_error(const float *restrict x, const float *restrict mean, size_t cols)
{
    double way[BF_WAYS] = { 0.0 };
    size_t j = 0;
    for (; j + BF_WAYS <= cols; j += BF_WAYS)
        for (size_t k = 0; k < BF_WAYS; k++) {
            const double r = (double)(x[j + k] - mean[j + k]);
            way[k] += r * r;
        }
    for (size_t k = 0; j + k < cols; k++) {
        const double r = (double)(x[j + k] - mean[j + k]);
        way[k] += r * r;
    }
    return bf_ways_total(way);
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const float *x = bf_lane_value(l, n->input[0]), *mean = bf_lane_value(l, n->input[1]);
    float *sse = bf_lane_value(l, n->output);
    for (int r = 0; r < s.rows; r++, x += cols, mean += cols) sse[r] = (float)row_error(x, mean, cols);
}

/* d (cols) = scale (a - b), or added to what is there. */
static void scaled_difference(const float *restrict a, const float *restrict b, float scale, bool adds, float *restrict d, size_t cols)
{
    if (adds)
        for (size_t j = 0; j < cols; j++) d[j] += scale * (a[j] - b[j]);
    else
        for (size_t j = 0; j < cols; j++) d[j] = scale * (a[j] - b[j]);
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const float *x = bf_lane_value(l, n->input[0]), *mean = bf_lane_value(l, n->input[1]), *dsse = bf_lane_gradient(l, n->output);
    float *dx = bf_lane_gradient(l, n->input[0]), *dmean = bf_lane_gradient(l, n->input[1]);
    for (size_t r = 0; r < (size_t)s.rows; r++) {
        const size_t at = r * cols;
        if (n->wants[0]) scaled_difference(x + at, mean + at, 2.0f * dsse[r], n->adds[0], dx + at, cols);
        if (n->wants[1]) scaled_difference(mean + at, x + at, 2.0f * dsse[r], n->adds[1], dmean + at, cols);
    }
}

const bf_op bf_op_squared_error = { .name = "squared_error", .portable = { forward, backward }, .needs = 1u << 0 | 1u << 1 };

bf_value bf_squared_error(bf_builder *b, bf_value x, bf_value mean)
{
    const bf_shape s = bf_builder_shape(b, x);
    return bf_node_add(b, &bf_op_squared_error, 2, (const bf_value[]){ x, mean }, bf_shape_flat(s.rows, 1))->output;
}
