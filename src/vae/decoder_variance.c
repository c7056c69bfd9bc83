/* The variance a decoder gives a row: the mean over its heads h of exp(2 softclip(h)). A report, so no gradient passes. */
#include "nn/ways.h"
#include "vae/ops.h"
#include "vae/softclip.h"

static double row_mean(const float *restrict h, size_t cols)
{
    enum { PIECE = 256 };
    float piece[PIECE];
    double way[BF_WAYS] = { 0.0 };
    for (size_t first = 0; first < cols; first += PIECE) {
        const size_t n = cols - first < PIECE ? cols - first : PIECE;
        for (size_t j = 0; j < n; j++) piece[j] = bf_exp(2.0f * bf_softclip(h[first + j]));
        bf_ways_add(way, piece, n);
    }
    return bf_ways_total(way) / (double)cols;
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_shape s = bf_lane_shape(l, n->input[0]);
    const size_t cols = bf_shape_cols(s);
    const float *h = bf_lane_value(l, n->input[0]);
    float *mean = bf_lane_value(l, n->output);
    double total = 0.0;
    for (int r = 0; r < s.rows; r++, h += cols) {
        mean[r] = (float)row_mean(h, cols);
        if (r < l->rows) total += (double)mean[r];
    }
    *bf_lane_stat(l, n, 0) += total;
}

const bf_op bf_op_decoder_variance = { .name = "decoder_variance", .portable = { forward, NULL }, .elementary = { 3.0f, 0.0f } };

bf_value bf_decoder_variance(bf_builder *b, bf_value heads)
{
    bf_node *n = bf_node_add(b, &bf_op_decoder_variance, 1, &heads, bf_shape_flat(bf_builder_shape(b, heads).rows, 1));
    bf_node_stat(b, n, "variance_sum", 1);
    return n->output;
}
