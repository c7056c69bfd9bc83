/* The backend: which nodes get primitives. The others, and those the library has no good kernel for, keep the portable ones; its version and
 * instruction set, which the kernel identity names, decide that. A library without memory decides nothing: then there is no plan. */
#include "nn/onednn/layer.h"
#include "nn/onednn/onednn.h"
#include "nn/ops.h"
#include <stdlib.h>

typedef bool (*maker)(const bf_plan *p, const bf_node *n, bf_dnnl_layer *o);

static maker maker_of(const bf_op *op)
{
    return op == &bf_op_dense ? bf_dnnl_dense : op == &bf_op_conv ? bf_dnnl_conv : op == &bf_op_deconv ? bf_dnnl_deconv : NULL;
}

static bf_status prepare(const bf_plan *p, bf_node *n, bool *own)
{
    const maker make = maker_of(n->op);
    *own = false;
    if (make == NULL) return BF_DONE;
    bf_dnnl_layer *o = calloc(1, sizeof *o);
    bool short_of_memory = o == NULL;
    *own = o != NULL && bf_dnnl_open(&o->library, &o->short_of_memory) && make(p, n, o) && bf_dnnl_layer_complete(p, n, o);
    if (!*own && o != NULL) {
        short_of_memory = o->short_of_memory;
        bf_dnnl_layer_destroy(o);
        free(o);
    }
    return short_of_memory ? BF_FAIL(BF_E_MEMORY, "no memory for oneDNN's kernels of a layer (%s)", n->op->name) : BF_DONE;
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
