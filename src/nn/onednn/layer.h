/* What dense layers and convolutions have in common when the library multiplies: y = f(W x + b), dW of dy and x, dx = W^T dy. They differ in how
 * the three products are described; this is everything around the products: weights and their gradient in the layout a product wants, bias,
 * activation, bf16, and what is added to. */
#ifndef BF_NN_ONEDNN_LAYER_H
#define BF_NN_ONEDNN_LAYER_H
#include "nn/onednn/library.h"
#include "nn/plan.h"

/* A node's own: n->own of the nodes that this backend runs. */
typedef struct bf_dnnl_layer {
    bf_dnnl          library;
    bool             short_of_memory;               /* why there are no primitives, when it is that */
    /* Decided by bf_dnnl_layer_begin. */
    dnnl_data_type_t operand, product;              /* elements of x, dy, dx and of packed weights; of what forward writes */
    bf_dnnl_after    after;                         /* what forward does on its way out */
    bool             biased, activated;             /* forward adds the bias; there is no activation left to apply */
    bool             through;                       /* forward writes f32 to work, from where y is rounded */
    /* Made by the node's kind, arguments in this order. */
    size_t           cols;                          /* entries of the bias: y is (rows, cols), whatever a row is */
    bf_dnnl_task     forward;                       /* x, w, y and, when `biased`, the bias */
    bf_dnnl_task     weight;                        /* x, dy, dw */
    bf_dnnl_task     input;                         /* dy, w, dx */
    bool             weight_adds, input_adds;       /* to what is there, where that is to be done */
    dnnl_memory_desc_t flat[3];                     /* slot 0 in the flat vector, f32, as w of forward, dw of weight and w of input */
    /* Made by bf_dnnl_layer_complete. */
    bf_dnnl_task     pack_forward, pack_input, unpack;  /* between the flat vector's layout and a product's; none where they are the same */
    size_t           weights, values, slope;        /* where in work: packed weights; forward's product, or dy in bf16; dx before it is added */
    size_t           high;                          /* rows of y that a pass in several steps takes at a time */
} bf_dnnl_layer;

/* able: forward may have a bias and post-operations. */
void bf_dnnl_layer_begin(const bf_plan *p, const bf_node *n, bool able, bf_dnnl_layer *o);
/* Local. The products are there: makes the rest and gives the node its kernels. False when the library has no way. */
bool bf_dnnl_layer_complete(const bf_plan *p, bf_node *n, bf_dnnl_layer *o);
void bf_dnnl_layer_destroy(bf_dnnl_layer *o);

/* One maker for each kind of node: the products in o, or false where the portable kernels are better or the library has none. */
bool bf_dnnl_dense(const bf_plan *p, const bf_node *n, bf_dnnl_layer *o);
bool bf_dnnl_conv(const bf_plan *p, const bf_node *n, bf_dnnl_layer *o);
bool bf_dnnl_deconv(const bf_plan *p, const bf_node *n, bf_dnnl_layer *o);
#endif
