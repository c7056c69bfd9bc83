/* The affine layer's three products as matmul primitives: unlike dnnl_sgemm they keep their bits when the number of rows changes. All operands
 * lie as the plan has them; where a kernel wants blocks (AVX-512) it makes them while it reads, which costs less than a pass of its own. */
#include "nn/gemm_own.h"
#include "nn/onednn/layer.h"

typedef struct matrix { int64_t rows, cols; bool turned; } matrix;      /* turned: it lies in memory as (cols, rows) */

static bool describe(matrix m, dnnl_data_type_t type, dnnl_memory_desc_t *out)
{
    return dnnl_memory_desc_init_by_tag(out, 2, (dnnl_dims_t){ m.rows, m.cols }, type, m.turned ? dnnl_ba : dnnl_ab) == dnnl_success;
}

typedef struct product { matrix a, b; bool biased; bf_dnnl_after after; dnnl_data_type_t from, to; int order[BF_DNNL_ARGS + 1]; } product;

/* c = a b (+ bias). */
static bool make(const bf_dnnl *d, const product *q, bf_dnnl_task *out)
{
    dnnl_memory_desc_t a, b, c, bias;
    dnnl_matmul_desc_t op;
    const matrix made = { q->a.rows, q->b.cols, false };
    return describe(q->a, q->from, &a) && describe(q->b, q->from, &b) && describe(made, q->to, &c) &&
           describe((matrix){ 1, q->b.cols, false }, dnnl_f32, &bias) &&
           dnnl_matmul_desc_init(&op, &a, &b, q->biased ? &bias : NULL, &c) == dnnl_success &&
           bf_dnnl_task_create(d, &op, &q->after, NULL, q->order, out);
}

typedef struct sizes { int64_t rows, in, out; } sizes;

static bool make_forward(sizes s, bf_dnnl_layer *o)
{
    const matrix weights = { s.in, s.out, true };
    const product q = { .a = { s.rows, s.in, false }, .b = weights, .biased = o->biased, .after = o->after, .from = o->operand, .to = o->product,
                        .order = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, o->biased ? DNNL_ARG_BIAS : 0 } };
    return describe(weights, dnnl_f32, &o->flat[0]) && make(&o->library, &q, &o->forward);
}

static bool make_weight(sizes s, bool adds, bf_dnnl_layer *o)
{
    const product q = { .a = { s.out, s.rows, true }, .b = { s.rows, s.in, false }, .after = { .adds = adds }, .from = o->operand, .to = dnnl_f32,
                        .order = { DNNL_ARG_WEIGHTS, DNNL_ARG_SRC, DNNL_ARG_DST } };
    o->weight_adds = true;
    return describe((matrix){ s.out, s.in, false }, dnnl_f32, &o->flat[1]) && make(&o->library, &q, &o->weight);
}

static bool make_input(sizes s, bool adds, bf_dnnl_layer *o)
{
    const matrix weights = { s.out, s.in, false };
    const product q = { .a = { s.rows, s.out, false }, .b = weights, .after = { .adds = adds }, .from = o->operand, .to = o->operand,
                        .order = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST } };
    o->input_adds = true;
    return describe(weights, dnnl_f32, &o->flat[2]) && make(&o->library, &q, &o->input);
}

bool bf_dnnl_dense(const bf_plan *p, const bf_node *n, bf_dnnl_layer *o)
{
    const bf_shape x = bf_plan_shape_of(p, n->input[0]), y = bf_plan_shape_of(p, n->output);
    const sizes s = { x.rows, (int64_t)bf_shape_cols(x), (int64_t)bf_shape_cols(y) };
    bf_dnnl_layer_begin(p, n, true, o);
    /* What is small is over before the library has found its kernel. */
    if (o->operand == dnnl_f32 && bf_gemm_is_small((int)s.rows, (int)s.out, (int)s.in)) return false;
    o->cols = (size_t)s.out;
    if (!make_forward(s, o)) return false;
    if (n->run.backward == NULL) return true;
    return make_weight(s, n->slot_adds[0], o) && (!n->wants[0] || make_input(s, n->adds[0], o));
}
