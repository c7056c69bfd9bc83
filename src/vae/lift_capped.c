/* lift.capped: y = x + min(0, a log beta + level), a and level one number for every column: log variances of a linear model's posterior, which
 * rise with beta up to the prior's. log beta of a row is middle + slope n. */
#include "vae/ops.h"

static double log_beta(const bf_node *n, float told) { return n->option[0] + n->option[1] * (double)told; }
static float lift_of(float a, float level, double log_beta) { return a * (float)log_beta + level; }

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->output);
    const size_t cols = bf_shape_cols(s);
    const float *restrict x = bf_lane_value(l, n->input[0]), *told = bf_lane_value(l, n->input[1]);
    const float *restrict a = bf_lane_slot(l, n, 0), *restrict level = bf_lane_slot(l, n, 1);
    float *restrict y = bf_lane_value(l, n->output);
    for (int r = 0; r < s.rows; r++, x += cols, y += cols)
        for (size_t j = 0; j < cols; j++) {
            const float lift = lift_of(a[j], level[j], log_beta(n, told[r]));
            y[j] = lift < 0.0f ? x[j] + lift : x[j];
        }
}

/* At the cap a and level do not count; x does everywhere. */
static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->output);
    const size_t cols = bf_shape_cols(s);
    const float *restrict told = bf_lane_value(l, n->input[1]), *restrict dy = bf_lane_gradient(l, n->output);
    const float *restrict a = bf_lane_slot(l, n, 0), *restrict level = bf_lane_slot(l, n, 1);
    float *restrict dx = bf_lane_gradient(l, n->input[0]);
    float *restrict da = bf_lane_slot_gradient(l, n, 0), *restrict dlevel = bf_lane_slot_gradient(l, n, 1);
    for (size_t j = 0; j < cols; j++) {
        double slope = 0.0, sum = 0.0;
        for (size_t r = 0; r < (size_t)s.rows; r++) {
            const double lb = log_beta(n, told[r]);
            if (lift_of(a[j], level[j], lb) >= 0.0f) continue;
            slope += (double)dy[r * cols + j] * lb;
            sum += (double)dy[r * cols + j];
        }
        da[j] = n->slot_adds[0] ? da[j] + (float)slope : (float)slope;
        dlevel[j] = n->slot_adds[1] ? dlevel[j] + (float)sum : (float)sum;
    }
    if (!n->wants[0]) return;
    for (size_t i = 0; i < (size_t)s.rows * cols; i++) dx[i] = n->adds[0] ? dx[i] + dy[i] : dy[i];
}

const bf_op bf_op_lift_capped = { .name = "lift.capped", .portable = { forward, backward }, .needs = 1u << 1 };

bf_value bf_lift_capped(bf_builder *b, bf_value x, bf_value n, double middle, double slope, const char *name, const char *level,
                        double start)
{
    const bf_shape s = bf_builder_shape(b, x);
    const int64_t cols[1] = { (int64_t)bf_shape_cols(s) };
    bf_node *node = bf_node_add(b, &bf_op_lift_capped, 2, (const bf_value[]){ x, n }, s);
    node->option[0] = middle;
    node->option[1] = slope;
    bf_node_slot(b, node, name, 1, cols, (bf_init){ BF_INIT_CONST, 1.0 }, false);
    bf_node_slot(b, node, level, 1, cols, (bf_init){ BF_INIT_CONST, start }, false);
    return node->output;
}
