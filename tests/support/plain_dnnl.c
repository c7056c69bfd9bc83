/* Stands in for nn/onednn/library.c: the same tasks as plain loops over strides, in every element type on every processor, so that what is built
 * around the primitives is tested where the library would refuse bf16. Weights whose layout is left open lie as (kernel, kernel, in, out). */
#include "nn/bf16.h"
#include "nn/onednn/library.h"
#include <stdlib.h>
#include <string.h>

enum { COPY = -1 };

typedef struct plain {
    int kind;                               /* dnnl_primitive_kind_t, or COPY */
    dnnl_prop_kind_t way;
    bf_dnnl_after after;
    int64_t stride[2], before[2];
    dnnl_memory_desc_t of[BF_DNNL_ARGS];    /* as the caller passes them */
    int at[4];                              /* where among them: matmul a, b, c, bias; convolution in, weights, out, bias; copy from, to. -1: none */
} plain;

bool bf_dnnl_open(bf_dnnl *d, bool *short_of_memory)
{
    *d = (bf_dnnl){ .short_of_memory = short_of_memory };
    return true;
}

void bf_dnnl_close(bf_dnnl *d) { (void)d; }

bool bf_dnnl_hint_create(const bf_dnnl *d, const_dnnl_op_desc_t op, dnnl_primitive_desc_t *out)
{
    (void)d;
    (void)op;
    *out = NULL;
    return true;
}

void bf_dnnl_hint_destroy(dnnl_primitive_desc_t hint) { (void)hint; }

/* --- making ------------------------------------------------------------------------------------------------------ */

static bf_dnnl_task wrap(const plain *q, int args)
{
    plain *kept = malloc(sizeof *kept);
    if (kept == NULL) abort();
    *kept = *q;
    return (bf_dnnl_task){ .primitive = (dnnl_primitive_t)(void *)kept, .args = args + 1 };
}

static const plain *plain_of(const bf_dnnl_task *t) { return (const plain *)(const void *)t->primitive; }

static void place(plain *q, const int *which, int role, int name, const dnnl_memory_desc_t *m)
{
    q->at[role] = -1;
    for (int i = 0; which[i] != 0; i++) {
        if (which[i] != name) continue;
        q->at[role] = i;
        q->of[i] = *m;
        if (m->format_kind == dnnl_format_kind_any) dnnl_memory_desc_init_by_tag(&q->of[i], m->ndims, m->dims, m->data_type, dnnl_cdba);
    }
}

static plain plain_matmul(const dnnl_matmul_desc_t *op, const int *which)
{
    plain q = { .kind = dnnl_matmul };
    place(&q, which, 0, DNNL_ARG_SRC, &op->src_desc);
    place(&q, which, 1, DNNL_ARG_WEIGHTS, &op->weights_desc);
    place(&q, which, 2, DNNL_ARG_DST, &op->dst_desc);
    place(&q, which, 3, DNNL_ARG_BIAS, &op->bias_desc);
    return q;
}

static plain plain_convolution(const dnnl_convolution_desc_t *op, const int *which)
{
    plain q = { .kind = dnnl_convolution, .way = op->prop_kind, .stride = { op->strides[0], op->strides[1] },
                .before = { op->padding[0][0], op->padding[0][1] } };
    const bool data = op->prop_kind == dnnl_backward_data, weights = op->prop_kind == dnnl_backward_weights;
    place(&q, which, 0, data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, data ? &op->diff_src_desc : &op->src_desc);
    place(&q, which, 1, weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, weights ? &op->diff_weights_desc : &op->weights_desc);
    place(&q, which, 2, data || weights ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, data || weights ? &op->diff_dst_desc : &op->dst_desc);
    place(&q, which, 3, DNNL_ARG_BIAS, &op->bias_desc);
    return q;
}

bool bf_dnnl_task_create(const bf_dnnl *d, const_dnnl_op_desc_t op, const bf_dnnl_after *after, const_dnnl_primitive_desc_t hint, const int *which,
                         bf_dnnl_task *out)
{
    (void)d;
    (void)hint;
    const dnnl_primitive_kind_t kind = *(const dnnl_primitive_kind_t *)op;
    plain q = kind == dnnl_matmul ? plain_matmul(op, which) : plain_convolution(op, which);
    if (after != NULL) q.after = *after;
    int args = 0;
    while (which[args] != 0) args++;
    *out = wrap(&q, args);
    return true;
}

bool bf_dnnl_copy_create(const bf_dnnl *d, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to, bool adds, bf_dnnl_task *out)
{
    (void)d;
    *out = wrap(&(plain){ .kind = COPY, .after = { .adds = adds }, .of = { *from, *to }, .at = { 0, 1, -1, -1 } }, 2);
    return true;
}

void bf_dnnl_task_destroy(bf_dnnl_task *t)
{
    free((void *)t->primitive);
    *t = (bf_dnnl_task){ .primitive = NULL };
}

const dnnl_memory_desc_t *bf_dnnl_task_arg(const bf_dnnl_task *t, int i) { return &plain_of(t)->of[i]; }

/* --- running ----------------------------------------------------------------------------------------------------- */

typedef struct tensor { const dnnl_memory_desc_t *m; void *at; } tensor;

static tensor tensor_of(const plain *q, int role, const void *const *address)
{
    const int i = q->at[role];
    return i < 0 ? (tensor){ NULL, NULL } : (tensor){ &q->of[i], (void *)address[i] };
}

static int64_t place_of(tensor t, const int64_t *index)
{
    int64_t at = t.m->offset0;
    for (int k = 0; k < t.m->ndims; k++) at += index[k] * t.m->format_desc.blocking.strides[k];
    return at;
}

static float get(tensor t, const int64_t *index)
{
    const int64_t at = place_of(t, index);
    return t.m->data_type == dnnl_bf16 ? bf_widen(((const uint16_t *)t.at)[at]) : ((const float *)t.at)[at];
}

static void put(const plain *q, tensor t, const int64_t *index, double v)
{
    const int64_t at = place_of(t, index);
    if (q->after.adds) v += (double)get(t, index);
    if (q->after.leaks && v < 0.0) v *= (double)q->after.leak;
    if (t.m->data_type == dnnl_bf16) ((uint16_t *)t.at)[at] = bf_narrow((float)v);
    else ((float *)t.at)[at] = (float)v;
}

/* Steps through all indices of a tensor; false behind the last. */
static bool next(const dnnl_memory_desc_t *m, int64_t *index)
{
    for (int k = m->ndims - 1; k >= 0; k--) {
        if (++index[k] < m->dims[k]) return true;
        index[k] = 0;
    }
    return false;
}

static void run_copy(const plain *q, tensor from, tensor to)
{
    int64_t i[4] = { 0 };
    do put(q, to, i, (double)get(from, i));
    while (next(to.m, i));
}

static void run_matmul(const plain *q, tensor a, tensor b, tensor c, tensor bias)
{
    int64_t i[2] = { 0 };
    do {
        double sum = bias.at == NULL ? 0.0 : (double)get(bias, (int64_t[]){ 0, i[1] });
        for (int64_t k = 0; k < a.m->dims[1]; k++) sum += (double)get(a, (int64_t[]){ i[0], k }) * (double)get(b, (int64_t[]){ k, i[1] });
        put(q, c, i, sum);
    } while (next(c.m, i));
}

/* The entry of `in` that weight w of output position o meets; false outside. */
static bool meets(const plain *q, tensor in, const int64_t *o, const int64_t *w, int64_t *out)
{
    out[0] = o[0];
    out[1] = w[1];
    for (int k = 0; k < 2; k++) {
        out[2 + k] = o[2 + k] * q->stride[k] - q->before[k] + w[2 + k];
        if (out[2 + k] < 0 || out[2 + k] >= in.m->dims[2 + k]) return false;
    }
    return true;
}

static size_t flat(const dnnl_memory_desc_t *m, const int64_t *index)
{
    size_t at = 0;
    for (int k = 0; k < m->ndims; k++) at = at * (size_t)m->dims[k] + (size_t)index[k];
    return at;
}

/* All three ways: every pair of an output entry and a weight adds one product to the sum of what is made. */
static void run_convolution(const plain *q, tensor in, tensor weights, tensor out, tensor bias)
{
    const tensor made = q->way == dnnl_backward_data ? in : q->way == dnnl_backward_weights ? weights : out;
    size_t count = 1;
    for (int k = 0; k < 4; k++) count *= (size_t)made.m->dims[k];
    double *sum = calloc(count, sizeof *sum);
    if (sum == NULL) abort();
    int64_t o[4] = { 0 }, from[4], made_at[4] = { 0 };
    do {
        int64_t w[4] = { 0 };
        do {
            if (w[0] != o[1] || !meets(q, in, o, w, from)) continue;
            if (q->way == dnnl_backward_data) sum[flat(in.m, from)] += (double)get(weights, w) * (double)get(out, o);
            else if (q->way == dnnl_backward_weights) sum[flat(weights.m, w)] += (double)get(in, from) * (double)get(out, o);
            else sum[flat(out.m, o)] += (double)get(in, from) * (double)get(weights, w);
        } while (next(weights.m, w));
    } while (next(out.m, o));
    do put(q, made, made_at, sum[flat(made.m, made_at)] + (bias.at == NULL ? 0.0 : (double)get(bias, &made_at[1])));
    while (next(made.m, made_at));
    free(sum);
}

void bf_dnnl_task_run(const bf_dnnl *d, const bf_dnnl_task *t, const void *const *address, void *scratch)
{
    (void)d;
    (void)scratch;
    const plain *q = plain_of(t);
    const tensor first = tensor_of(q, 0, address), second = tensor_of(q, 1, address), third = tensor_of(q, 2, address);
    if (q->kind == COPY) run_copy(q, first, second);
    else if (q->kind == dnnl_matmul) run_matmul(q, first, second, third, tensor_of(q, 3, address));
    else run_convolution(q, first, second, third, tensor_of(q, 3, address));
}
