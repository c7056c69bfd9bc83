/* The op rows of this room, for its table. */
#ifndef BF_NN_OPS_H
#define BF_NN_OPS_H
#include "nn/plan.h"
extern const bf_op bf_op_cast, bf_op_term, bf_op_dense, bf_op_activation[], bf_op_clamp, bf_op_moments, bf_op_row_total,
                   bf_op_conv, bf_op_deconv, bf_op_add, bf_op_concat, bf_op_repeat, bf_op_pool, bf_op_upsample,
                   bf_op_batch_sums, bf_op_batch_norm, bf_op_batch_frozen, bf_op_spectral_norm, bf_op_spectral;
#endif
