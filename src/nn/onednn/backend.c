/* The backend: which nodes get primitives. The others, and those the library has no good kernel for, keep the portable ones. */
#include "nn/onednn/layer.h"
#include "nn/onednn/onednn.h"
#include "nn/ops.h"
#include <stdlib.h>

typedef bool (*maker)(const bf_plan *p, const bf_node *n, bf_dnnl_layer *o);

static maker maker_of(const bf_op *op)
{
    return op == &bf_op_dense ? bf_dnnl_dense : op == &bf_op_conv ? bf_dnnl_conv : op == &bf_op_deconv ? bf_dnnl_deconv : NULL;
}

static bool prepare(const bf_plan *p, bf_node *n)
{
    const maker make = maker_of(n->op);
    bf_dnnl_layer *o = make == NULL ? NULL : calloc(1, sizeof *o);
    if (o == NULL) return false;
    if (bf_dnnl_open(&o->library) && make(p, n, o) && bf_dnnl_layer_complete(p, n, o)) return true;
    bf_dnnl_layer_destroy(o);
    free(o);
    return false;
}

static void release(bf_node *n)
{
    if (n->own == NULL) return;
    bf_dnnl_layer_destroy(n->own);
    free(n->own);
    n->own = NULL;
}

const bf_backend *bf_onednn_backend(void)
{
    static const bf_backend backend = { .name = "onednn", .element = sizeof(float), .fuses = true, .prepare = prepare, .release = release };
    return &backend;
}
