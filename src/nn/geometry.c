/* Window arithmetic in 64 bits; what is stored fits an int with room for sums of a few. */
#include "nn/geometry.h"
#include "nn/ops.h"
#include <limits.h>

#define MOST (INT_MAX / 4)

/* How windows lie along one side of the convolution. */
typedef struct side { int64_t in, out, before; } side;

static int64_t least_pad(int64_t in, int64_t out, const bf_conv_spec *w)
{
    const int64_t pad = (out - 1) * w->stride + w->kernel - in;
    return pad > 0 ? pad : 0;
}

static side side_conv(const bf_conv_spec *w, int64_t in)
{
    if (!w->same) {
        const int64_t room = in + 2 * (int64_t)w->pad - w->kernel;
        return (side){ in, room < 0 ? 0 : room / w->stride + 1, w->pad };
    }
    const int64_t out = (in + w->stride - 1) / w->stride;
    return (side){ in, out, least_pad(in, out, w) / 2 };
}

/* What the transposed convolution makes from `out` positions; with out_pad < stride the convolution of that has `out` positions again. */
static side side_deconv(const bf_conv_spec *w, int64_t out)
{
    if (w->same) return side_conv(w, out * w->stride);
    return (side){ (out - 1) * w->stride - 2 * (int64_t)w->pad + w->kernel + w->out_pad, out, w->pad };
}

static bool fits(side s) { return s.in > 0 && s.in <= MOST && s.out > 0 && s.out <= MOST; }

static bf_status check_window(const bf_conv_spec *w, const char *name)
{
    if (w->kernel < 1 || w->kernel > MOST || w->stride < 1 || w->stride > MOST || w->pad < 0 || w->pad > MOST)
        return BF_FAIL(BF_E_INPUT, "%s: a window of kernel %d, stride %d, padding %d is none", name, w->kernel, w->stride, w->pad);
    if (w->out_pad < 0 || w->out_pad >= w->stride)
        return BF_FAIL(BF_E_INPUT, "%s: output padding %d is not below the stride %d", name, w->out_pad, w->stride);
    return BF_DONE;
}

/* BLAS counts the entries of a window in ints. */
static bf_status assemble(const bf_conv_spec *w, side y, side x, int in_channels, int out_channels, const char *name, bf_geometry *out)
{
    int entries = 0;
    if (__builtin_mul_overflow(w->kernel, w->kernel, &entries) || __builtin_mul_overflow(entries, in_channels, &entries))
        return BF_FAIL(BF_E_INPUT, "%s: a window of kernel %d over %d channels is too large", name, w->kernel, in_channels);
    *out = (bf_geometry){ .in_height = (int)y.in, .in_width = (int)x.in, .in_channels = in_channels, .out_height = (int)y.out,
                          .out_width = (int)x.out, .out_channels = out_channels, .kernel = w->kernel, .stride = w->stride,
                          .pad_top = (int)y.before, .pad_left = (int)x.before };
    return BF_DONE;
}

bf_status bf_geometry_conv(const bf_conv_spec *w, bf_shape in, int channels, const char *name, bf_geometry *out)
{
    BF_TRY(check_window(w, name));
    const side y = side_conv(w, in.height), x = side_conv(w, in.width);
    if (!fits(y) || !fits(x))
        return BF_FAIL(BF_E_INPUT, "%s: a window of %d with padding %d does not fit %d x %d positions", name, w->kernel, w->pad, in.height, in.width);
    return assemble(w, y, x, in.channels, channels, name, out);
}

bf_status bf_geometry_deconv(const bf_conv_spec *w, bf_shape in, int channels, const char *name, bf_geometry *out)
{
    BF_TRY(check_window(w, name));
    const side y = side_deconv(w, in.height), x = side_deconv(w, in.width);
    if (!fits(y) || !fits(x))
        return BF_FAIL(BF_E_INPUT, "%s: a transposed window of %d, stride %d, padding %d leaves nothing of %d x %d positions", name, w->kernel,
                       w->stride, w->pad, in.height, in.width);
    return assemble(w, y, x, channels, in.channels, name, out);
}

bf_geometry bf_geometry_of(const bf_plan *p, const bf_node *n)
{
    const bool transposed = n->op == &bf_op_deconv;
    const bf_shape x = bf_plan_shape_of(p, n->input[0]), y = bf_plan_shape_of(p, n->output), in = transposed ? y : x, out = transposed ? x : y;
    return (bf_geometry){ .in_height = in.height, .in_width = in.width, .in_channels = in.channels, .out_height = out.height,
                          .out_width = out.width, .out_channels = out.channels, .kernel = (int)n->option[0], .stride = (int)n->option[1],
                          .pad_top = (int)n->option[2], .pad_left = (int)n->option[3] };
}
