/* Definitions of the ops over grids of positions. Of a convolution and the transposed one, `fine` is the side windows slide over. */
#include "twins/twin.h"
#include <math.h>
#include <string.h>

#define SHAPE(v) bf_lane_shape(l, n->input[v])
#define YSHAPE bf_lane_shape(l, n->output)
#define IN(v) ((const double *)bf_lane_value(l, n->input[v]))
#define DIN(v) ((double *)bf_lane_gradient(l, n->input[v]))
#define OUT ((double *)bf_lane_value(l, n->output))
#define DOUT ((const double *)bf_lane_gradient(l, n->output))

static void give(double *to, bool adds, double g) { *to = adds ? *to + g : g; }

static void start(double *to, size_t count, bool adds)
{
    if (!adds) memset(to, 0, count * sizeof *to);
}

/* --- convolutions ------------------------------------------------------------------------------------------------ */

typedef enum result { COARSE, FINE, WEIGHT } result;

static size_t at(bf_shape s, int r, int y, int x, int c) { return (((size_t)r * (size_t)s.height + (size_t)y) * (size_t)s.width + (size_t)x) * (size_t)s.channels + (size_t)c; }

/* Adds every product of the triple sum to what is asked for. */
static void products(const bf_node *n, bf_shape fs, bf_shape cs, double *fine, double *coarse, double *weight, result asked)
{
    const int kernel = (int)n->option[0], stride = (int)n->option[1], top = (int)n->option[2], left = (int)n->option[3];
    for (int r = 0; r < cs.rows; r++)
        for (int y = 0; y < cs.height; y++)
            for (int x = 0; x < cs.width; x++)
                for (int ky = 0; ky < kernel; ky++)
                    for (int kx = 0; kx < kernel; kx++) {
                        const int fy = y * stride - top + ky, fx = x * stride - left + kx;
                        if (fy < 0 || fy >= fs.height || fx < 0 || fx >= fs.width) continue;
                        for (int o = 0; o < cs.channels; o++)
                            for (int c = 0; c < fs.channels; c++) {
                                double *w = &weight[((o * fs.channels + c) * kernel + ky) * kernel + kx];
                                double *a = &fine[at(fs, r, fy, fx, c)], *b = &coarse[at(cs, r, y, x, o)];
                                if (asked == COARSE) *b += *w * *a;
                                else if (asked == FINE) *a += *w * *b;
                                else *w += *a * *b;
                            }
                    }
}

static void add_bias(const bf_node *n, const bf_lane *l)
{
    const double *bias = bf_lane_slot(l, n, 1);
    for (size_t i = 0; n->n_slots > 1 && i < bf_shape_count(YSHAPE); i++) OUT[i] += bias[i % (size_t)YSHAPE.channels];
}

static void bias_gradient(const bf_node *n, const bf_lane *l)
{
    if (n->n_slots < 2) return;
    double *db = bf_lane_slot_gradient(l, n, 1);
    start(db, (size_t)YSHAPE.channels, n->slot_adds[1]);
    for (size_t i = 0; i < bf_shape_count(YSHAPE); i++) db[i % (size_t)YSHAPE.channels] += DOUT[i];
}

static void start_weight(const bf_node *n, const bf_lane *l)
{
    const bf_shape x = SHAPE(0), y = YSHAPE;
    const size_t taps = (size_t)(n->option[0] * n->option[0]);
    start(bf_lane_slot_gradient(l, n, 0), (size_t)x.channels * (size_t)y.channels * taps, n->slot_adds[0]);
}

static void conv_forward(const bf_node *n, const bf_lane *l)
{
    start(OUT, bf_shape_count(YSHAPE), false);
    products(n, SHAPE(0), YSHAPE, (double *)IN(0), OUT, (double *)bf_lane_slot(l, n, 0), COARSE);
    add_bias(n, l);
}

static void conv_backward(const bf_node *n, const bf_lane *l)
{
    bias_gradient(n, l);
    start_weight(n, l);
    products(n, SHAPE(0), YSHAPE, (double *)IN(0), (double *)DOUT, bf_lane_slot_gradient(l, n, 0), WEIGHT);
    if (!n->wants[0]) return;
    start(DIN(0), bf_shape_count(SHAPE(0)), n->adds[0]);
    products(n, SHAPE(0), YSHAPE, DIN(0), (double *)DOUT, (double *)bf_lane_slot(l, n, 0), FINE);
}

static void deconv_forward(const bf_node *n, const bf_lane *l)
{
    start(OUT, bf_shape_count(YSHAPE), false);
    products(n, YSHAPE, SHAPE(0), OUT, (double *)IN(0), (double *)bf_lane_slot(l, n, 0), FINE);
    add_bias(n, l);
}

static void deconv_backward(const bf_node *n, const bf_lane *l)
{
    bias_gradient(n, l);
    start_weight(n, l);
    products(n, YSHAPE, SHAPE(0), (double *)DOUT, (double *)IN(0), bf_lane_slot_gradient(l, n, 0), WEIGHT);
    if (!n->wants[0]) return;
    start(DIN(0), bf_shape_count(SHAPE(0)), n->adds[0]);
    products(n, YSHAPE, SHAPE(0), (double *)DOUT, DIN(0), (double *)bf_lane_slot(l, n, 0), COARSE);
}

/* --- sums and grids ---------------------------------------------------------------------------------------------- */

static void add_forward(const bf_node *n, const bf_lane *l)
{
    for (size_t i = 0; i < bf_shape_count(YSHAPE); i++) OUT[i] = IN(0)[i] + IN(1)[i];
}

static void add_backward(const bf_node *n, const bf_lane *l)
{
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; n->wants[k] && i < bf_shape_count(YSHAPE); i++) give(&DIN(k)[i], n->adds[k], DOUT[i]);
}

/* Entry i of a fine grid lies over entry owner(i) of the coarse one. */
static size_t owner(bf_shape fine, bf_shape coarse, size_t i)
{
    const size_t c = i % (size_t)fine.channels, p = i / (size_t)fine.channels, x = p % (size_t)fine.width, y = p / (size_t)fine.width % (size_t)fine.height;
    const size_t r = p / ((size_t)fine.width * (size_t)fine.height);
    return at(coarse, (int)r, (int)y / (fine.height / coarse.height), (int)x / (fine.width / coarse.width), (int)c);
}

static void pool_forward(const bf_node *n, const bf_lane *l)
{
    start(OUT, bf_shape_count(YSHAPE), false);
    const double share = (double)bf_shape_count(YSHAPE) / (double)bf_shape_count(SHAPE(0));
    for (size_t i = 0; i < bf_shape_count(SHAPE(0)); i++) OUT[owner(SHAPE(0), YSHAPE, i)] += share * IN(0)[i];
}

static void pool_backward(const bf_node *n, const bf_lane *l)
{
    const double share = (double)bf_shape_count(YSHAPE) / (double)bf_shape_count(SHAPE(0));
    for (size_t i = 0; i < bf_shape_count(SHAPE(0)); i++) give(&DIN(0)[i], n->adds[0], share * DOUT[owner(SHAPE(0), YSHAPE, i)]);
}

static void upsample_forward(const bf_node *n, const bf_lane *l)
{
    for (size_t i = 0; i < bf_shape_count(YSHAPE); i++) OUT[i] = IN(0)[owner(YSHAPE, SHAPE(0), i)];
}

static void upsample_backward(const bf_node *n, const bf_lane *l)
{
    start(DIN(0), bf_shape_count(SHAPE(0)), n->adds[0]);
    for (size_t i = 0; i < bf_shape_count(YSHAPE); i++) DIN(0)[owner(YSHAPE, SHAPE(0), i)] += DOUT[i];
}

static void concat_forward(const bf_node *n, const bf_lane *l)
{
    const size_t first = bf_shape_cols(SHAPE(0)), all = bf_shape_cols(YSHAPE);
    for (size_t i = 0; i < bf_shape_count(YSHAPE); i++)
        OUT[i] = i % all < first ? IN(0)[i / all * first + i % all] : IN(1)[i / all * (all - first) + i % all - first];
}

static void concat_backward(const bf_node *n, const bf_lane *l)
{
    const size_t first = bf_shape_cols(SHAPE(0)), all = bf_shape_cols(YSHAPE);
    for (size_t i = 0; i < bf_shape_count(YSHAPE); i++) {
        const bool left = i % all < first;
        if (left && n->wants[0]) give(&DIN(0)[i / all * first + i % all], n->adds[0], DOUT[i]);
        if (!left && n->wants[1]) give(&DIN(1)[i / all * (all - first) + i % all - first], n->adds[1], DOUT[i]);
    }
}

const bf_twin bf_twins_conv[] = {
    { "conv", { conv_forward, conv_backward } },
    { "deconv", { deconv_forward, deconv_backward } },
    { "add", { add_forward, add_backward } },
    { "concat", { concat_forward, concat_backward } },
    { "pool", { pool_forward, pool_backward } },
    { "upsample", { upsample_forward, upsample_backward } },
    { NULL, { NULL, NULL } },
};
