/* Convolutions: three primitives over NHWC values; the library chooses how weights lie. A transposed convolution is made of the same three, its
 * forward being the way back to the input. Winograd's algorithm is not asked for: its rounding is not that of a sum of products. */
#include "nn/geometry.h"
#include "nn/onednn/layer.h"

/* One convolution, as the adjoint pair sees it. */
typedef struct window {
    dnnl_dims_t in, out, weights, stride, dilation, before, after;
} window;

static int64_t behind(int in, int out, const bf_geometry *g, int before)
{
    const int64_t reach = (int64_t)(out - 1) * g->stride + g->kernel - in - before;
    return reach > 0 ? reach : 0;       /* less than nothing: the last entries are in no window */
}

static window window_of(const bf_geometry *g, int64_t rows)
{
    return (window){
        .in = { rows, g->in_channels, g->in_height, g->in_width },
        .out = { rows, g->out_channels, g->out_height, g->out_width },
        .weights = { g->out_channels, g->in_channels, g->kernel, g->kernel },
        .stride = { g->stride, g->stride },
        .before = { g->pad_top, g->pad_left },
        .after = { behind(g->in_height, g->out_height, g, g->pad_top), behind(g->in_width, g->out_width, g, g->pad_left) },
    };
}

typedef struct descriptions { dnnl_memory_desc_t in, out, weights, bias; } descriptions;

static bool describe(const window *w, dnnl_data_type_t in, dnnl_data_type_t out, dnnl_data_type_t weights, descriptions *d)
{
    return dnnl_memory_desc_init_by_tag(&d->in, 4, w->in, in, dnnl_nhwc) == dnnl_success &&
           dnnl_memory_desc_init_by_tag(&d->out, 4, w->out, out, dnnl_nhwc) == dnnl_success &&
           dnnl_memory_desc_init_by_tag(&d->weights, 4, w->weights, weights, dnnl_format_tag_any) == dnnl_success &&
           dnnl_memory_desc_init_by_tag(&d->bias, 1, (dnnl_dims_t){ w->weights[0] }, dnnl_f32, dnnl_a) == dnnl_success;
}

/* in -> out. */
static bool make_across(const bf_dnnl *l, const window *w, const bf_dnnl_layer *o, dnnl_data_type_t to, bool biased, const bf_dnnl_after *after,
                        const int *order, bf_dnnl_task *out)
{
    descriptions d;
    dnnl_convolution_desc_t op;
    return describe(w, o->operand, to, o->operand, &d) &&
           dnnl_convolution_forward_desc_init(&op, dnnl_forward_training, dnnl_convolution_direct, &d.in, &d.weights, biased ? &d.bias : NULL, &d.out,
                                              w->stride, w->before, w->after) == dnnl_success &&
           bf_dnnl_task_create(l, &op, after, NULL, order, out);
}

/* What the library wants to know of the way there before it makes a way back. */
static bool make_hint(const bf_dnnl *l, const window *w, dnnl_data_type_t operand, dnnl_primitive_desc_t *out)
{
    descriptions d;
    dnnl_convolution_desc_t op;
    return describe(w, operand, operand, operand, &d) &&
           dnnl_convolution_forward_desc_init(&op, dnnl_forward_training, dnnl_convolution_direct, &d.in, &d.weights, NULL, &d.out, w->stride,
                                              w->before, w->after) == dnnl_success &&
           bf_dnnl_hint_create(l, &op, out);
}

/* out -> in. */
static bool make_back(const bf_dnnl *l, const window *w, const bf_dnnl_layer *o, dnnl_data_type_t to, const int *order, bf_dnnl_task *out)
{
    descriptions d;
    dnnl_convolution_desc_t op;
    dnnl_primitive_desc_t hint = NULL;
    const bool good = make_hint(l, w, o->operand, &hint) && describe(w, to, o->operand, o->operand, &d) &&
                      dnnl_convolution_backward_data_desc_init(&op, dnnl_convolution_direct, &d.in, &d.weights, &d.out, w->stride, w->before,
                                                               w->after) == dnnl_success &&
                      bf_dnnl_task_create(l, &op, NULL, hint, order, out);
    bf_dnnl_hint_destroy(hint);
    return good;
}

/* in, out -> weights, in f32. */
static bool make_weight(const bf_dnnl *l, const window *w, const bf_dnnl_layer *o, const int *order, bf_dnnl_task *out)
{
    descriptions d;
    dnnl_convolution_desc_t op;
    dnnl_primitive_desc_t hint = NULL;
    const bool good = make_hint(l, w, o->operand, &hint) && describe(w, o->operand, o->operand, dnnl_f32, &d) &&
                      dnnl_convolution_backward_weights_desc_init(&op, dnnl_convolution_direct, &d.in, &d.weights, NULL, &d.out, w->stride, w->before,
                                                                  w->after) == dnnl_success &&
                      bf_dnnl_task_create(l, &op, NULL, hint, order, out);
    bf_dnnl_hint_destroy(hint);
    return good;
}

/* The window of a node, and slot 0 as the flat vector has it: (out, in, kernel, kernel) for both kinds. */
static bool begin(const bf_plan *p, const bf_node *n, bool able, window *w, bf_dnnl_layer *o)
{
    const bf_geometry g = bf_geometry_of(p, n);
    const bf_shape y = bf_plan_shape_of(p, n->output);
    *w = window_of(&g, y.rows);
    bf_dnnl_layer_begin(p, n, able, o);
    o->cols = (size_t)y.channels;
    for (int i = 0; i < 3; i++)
        if (dnnl_memory_desc_init_by_tag(&o->flat[i], 4, w->weights, dnnl_f32, dnnl_abcd) != dnnl_success) return false;
    return true;
}

bool bf_dnnl_conv(const bf_plan *p, const bf_node *n, bf_dnnl_layer *o)
{
    window w;
    if (!begin(p, n, true, &w, o)) return false;
    const int there[] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, o->biased ? DNNL_ARG_BIAS : 0, 0 };
    static const int weight[] = { DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS, 0 };
    static const int back[] = { DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC, 0 };
    if (!make_across(&o->library, &w, o, o->product, o->biased, &o->after, there, &o->forward)) return false;
    if (n->run.backward == NULL) return true;
    return make_weight(&o->library, &w, o, weight, &o->weight) && (!n->wants[0] || make_back(&o->library, &w, o, o->operand, back, &o->input));
}

bool bf_dnnl_deconv(const bf_plan *p, const bf_node *n, bf_dnnl_layer *o)
{
    window w;
    static const int there[] = { DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC, 0 };
    static const int weight[] = { DNNL_ARG_DIFF_DST, DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, 0 };
    static const int back[] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, 0 };
    if (!begin(p, n, false, &w, o) || !make_back(&o->library, &w, o, o->product, there, &o->forward)) return false;
    if (n->run.backward == NULL) return true;
    o->input_adds = true;
    const bf_dnnl_after after = { .adds = n->adds[0] };
    return make_weight(&o->library, &w, o, weight, &o->weight) &&
           (!n->wants[0] || make_across(&o->library, &w, o, o->operand, false, &after, back, &o->input));
}
