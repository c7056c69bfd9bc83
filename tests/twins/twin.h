/* A backend in double whose kernels are the definitions: plain loops, no shared helpers, tests only. Every other backend answers to it,
 * and finite differences of it are sharp enough to check gradients. */
#ifndef BF_TWINS_TWIN_H
#define BF_TWINS_TWIN_H
#include "nn/optimizer.h"
#include "nn/plan.h"

typedef struct bf_twin { const char *op; bf_kernels run; } bf_twin;
/* They end with a NULL name. */
extern const bf_twin bf_twins_nn[], bf_twins_conv[], bf_twins_norm[], bf_twins_vae[], bf_twins_likelihood[], bf_twins_condition[], bf_twins_objective[], bf_twins_bench[];
extern const bf_backend bf_backend_twin;

/* One optimiser step of one element in double; state is (states). */
void bf_twin_optimizer(const char *name, const bf_optimizer_options *o, double decay, int64_t step, double *theta, double grad, double *state);
#endif
