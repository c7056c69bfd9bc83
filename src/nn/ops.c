/* Every op row of this room: the tests walk over the table. */
#include "nn/ops.h"
#include "nn/layers.h"

const bf_op *const bf_nn_ops[] = {
    &bf_op_term, &bf_op_dense, &bf_op_activation[BF_RELU], &bf_op_activation[BF_LEAKY_RELU], &bf_op_activation[BF_TANH],
    &bf_op_activation[BF_SOFTPLUS], &bf_op_activation[BF_ELU], &bf_op_activation[BF_SIGMOID], &bf_op_activation[BF_LEAKY_RELU_2], &bf_op_clamp, &bf_op_moments,
    &bf_op_row_total, &bf_op_conv, &bf_op_deconv, &bf_op_add, &bf_op_concat, &bf_op_repeat, &bf_op_pool, &bf_op_upsample,
    &bf_op_batch_sums, &bf_op_batch_norm, &bf_op_batch_frozen, &bf_op_spectral_norm, &bf_op_spectral, NULL
};
