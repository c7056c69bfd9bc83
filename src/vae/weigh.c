/* Where beta meets the loss and the posterior of a conditioned model: log beta of a row is middle + slope n. */
#include "base/vector_math.h"
#include "vae/ops.h"

static double log_beta(const bf_node *n, float told) { return n->option[0] + n->option[1] * (double)told; }
static float beta(const bf_node *n, float told) { return bf_exp((float)log_beta(n, told)); }

/* --- rates times beta --------------------------------------------------------------------------------------------- */

static void weigh_forward(const bf_node *n, const bf_lane *l)
{
    const int rows = bf_lane_shape(l, n->output).rows;
    const float *rate = bf_lane_value(l, n->input[0]), *told = bf_lane_value(l, n->input[1]);
    float *y = bf_lane_value(l, n->output);
    double *sum = bf_lane_stat(l, n, 0);
    for (int r = 0; r < rows; r++) y[r] = rate[r] * beta(n, told[r]);
    for (int r = 0; r < l->rows; r++) *sum += (double)rate[r];
}

static void weigh_backward(const bf_node *n, const bf_lane *l)
{
    const int rows = bf_lane_shape(l, n->output).rows;
    const float *told = bf_lane_value(l, n->input[1]), *dy = bf_lane_gradient(l, n->output);
    float *drate = bf_lane_gradient(l, n->input[0]);
    for (int r = 0; n->wants[0] && r < rows; r++) {
        const float g = dy[r] * beta(n, told[r]);
        drate[r] = n->adds[0] ? drate[r] + g : g;
    }
}

const bf_op bf_op_weigh = { .name = "weigh", .portable = { weigh_forward, weigh_backward }, .needs = 1u << 1 };

bf_value bf_weigh(bf_builder *b, bf_value rate, bf_value n, double middle, double slope)
{
    bf_node *node = bf_node_add(b, &bf_op_weigh, 2, (const bf_value[]){ rate, n }, bf_builder_shape(b, rate));
    node->option[0] = middle;
    node->option[1] = slope;
    bf_node_stat(b, node, "rate", 1);
    return node->output;
}

/* --- log beta beside a posterior's log variance -------------------------------------------------------------------- */

static void lift_forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->output);
    const size_t cols = bf_shape_cols(s);
    const float *restrict x = bf_lane_value(l, n->input[0]), *told = bf_lane_value(l, n->input[1]), *restrict a = bf_lane_slot(l, n, 0);
    float *restrict y = bf_lane_value(l, n->output);
    for (int r = 0; r < s.rows; r++, x += cols, y += cols) {
        const float lift = (float)log_beta(n, told[r]);
        for (size_t j = 0; j < cols; j++) y[j] = x[j] + a[j] * lift;
    }
}

static void lift_backward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->output);
    const size_t cols = bf_shape_cols(s);
    const float *restrict told = bf_lane_value(l, n->input[1]), *restrict dy = bf_lane_gradient(l, n->output);
    float *restrict dx = bf_lane_gradient(l, n->input[0]), *restrict da = bf_lane_slot_gradient(l, n, 0);
    for (size_t j = 0; j < cols; j++) {
        double sum = 0.0;
        for (size_t r = 0; r < (size_t)s.rows; r++) sum += (double)dy[r * cols + j] * log_beta(n, told[r]);
        da[j] = n->slot_adds[0] ? da[j] + (float)sum : (float)sum;
    }
    if (!n->wants[0]) return;
    for (size_t i = 0; i < (size_t)s.rows * cols; i++) dx[i] = n->adds[0] ? dx[i] + dy[i] : dy[i];
}

const bf_op bf_op_lift = { .name = "lift", .portable = { lift_forward, lift_backward }, .needs = 1u << 1 };

bf_value bf_lift(bf_builder *b, bf_value x, bf_value n, double middle, double slope, const char *name)
{
    const bf_shape s = bf_builder_shape(b, x);
    const int64_t cols[1] = { (int64_t)bf_shape_cols(s) };
    bf_node *node = bf_node_add(b, &bf_op_lift, 2, (const bf_value[]){ x, n }, s);
    node->option[0] = middle;
    node->option[1] = slope;
    bf_node_slot(b, node, name, 1, cols, (bf_init){ BF_INIT_CONST, 1.0 }, false);
    return node->output;
}
