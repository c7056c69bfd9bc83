/* Between f32 and bf16: the builder puts casts where a narrow plan needs them. The gradient crosses the other way. */
#include "nn/bf16.h"
#include "nn/ops.h"
#include <string.h>

static void convert(const void *from, bf_format have, void *to, bf_format want, size_t n)
{
    if (have == want) memcpy(to, from, n * bf_format_size(have));
    else if (want == BF_BF16) bf_narrow_all(from, to, n);
    else bf_widen_all(from, to, n);
}

static void forward(const bf_node *n, const bf_lane *l)
{
    convert(bf_lane_value(l, n->input[0]), bf_plan_format_of(l->plan, n->input[0]), bf_lane_value(l, n->output),
            bf_plan_format_of(l->plan, n->output), bf_shape_count(bf_lane_shape(l, n->output)));
}

/* Adding a bf16 gradient to an f32 one, or the reverse: the sum is taken in f32. */
static void add(const void *from, bf_format have, void *to, bf_format want, size_t n)
{
    const uint16_t *narrow_from = from;
    const float *wide_from = from;
    uint16_t *narrow_to = to;
    float *wide_to = to;
    for (size_t i = 0; i < n; i++) {
        const float g = have == BF_BF16 ? bf_widen(narrow_from[i]) : wide_from[i];
        if (want == BF_BF16) narrow_to[i] = bf_narrow(bf_widen(narrow_to[i]) + g);
        else wide_to[i] += g;
    }
}

static void backward(const bf_node *n, const bf_lane *l)
{
    if (!n->wants[0]) return;
    const size_t count = bf_shape_count(bf_lane_shape(l, n->output));
    const void *dy = bf_lane_gradient(l, n->output);
    void *dx = bf_lane_gradient(l, n->input[0]);
    (n->adds[0] ? add : convert)(dy, bf_plan_format_of(l->plan, n->output), dx, bf_plan_format_of(l->plan, n->input[0]), count);
}

const bf_op bf_op_cast = { .name = "cast", .portable = { forward, backward }, .width = BF_EITHER };
