/* The rows of the optimiser table, and what two of them share. */
#ifndef BF_NN_OPTIMIZER_ROWS_H
#define BF_NN_OPTIMIZER_ROWS_H
#include "base/vector_math.h"
#include "nn/optimizer.h"
extern const bf_optimizer bf_optimizer_adam, bf_optimizer_adamw, bf_optimizer_sgd;

/* Adam's step in floats: a = 1 - b, rate = lr / (1 - b1^t), scale = 1 / (1 - b2^t); found in double. */
typedef struct bf_adam_constants { float b1, a1, b2, a2, rate, scale, epsilon; } bf_adam_constants;
bf_adam_constants bf_adam_constants_of(const bf_optimizer_options *o);

/* 1 for an infinity or a NaN: loops gather it without a branch. */
static inline uint32_t bf_not_finite(float x) { return (bf_bits_of(x) & 0x7fffffffu) >= 0x7f800000u; }
#endif
