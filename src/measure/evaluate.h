/* One pass over a split: what every measure starts from. Blocks of 256 consecutive samples, the last one padded; ranks own whole
 * blocks; block sums are added in block order, so the numbers do not depend on how many ranks share the pass. */
#ifndef BF_MEASURE_EVALUATE_H
#define BF_MEASURE_EVALUATE_H
#include "comm/comm.h"
#include "data/dataset.h"
#include "measure/options.h"
#include "nn/plan.h"
#include "vae/options.h"
#include "vae/vae.h"

#define BF_EVAL_ROWS 256                /* of a block */

typedef struct bf_evaluator bf_evaluator;

/* What one pass leaves. Sums are the same on every rank; rows are this rank's own share, contiguous: first .. first+rows-1 of the split. */
typedef struct bf_evaluation {
    int64_t samples;
    double  rate, distortion, distortion_se, mse, mse_sampled, variance, fit_mean_per_entry;   /* NaN where undefined */
    double  distortion_half, distortion_beta, distortion_refit;             /* of a gaussian, under one other variance: see accounting.c */
    double  log_variance;                   /* the one used; optimal: the training split's */
    int64_t variance_floor_hits, logvar_clamp_hits;
    int64_t non_binary;                     /* samples with an entry that is neither 0 nor 1 */
    double *kl, *mean_sum, *mean_square, *logvar_sum, *variance_sum;        /* (latent) sums over all samples */
    int64_t first, rows;
    float  *mean, *logvar, *z;              /* (rows, latent) or NULL when not kept; logvar NULL for delta posteriors */
    int     latent;
} bf_evaluation;

/* Local. How many rows an evaluator's plans have: a block, or a half, a quarter ... of it where plans of the model on data of this shape would be
 * large: a softmax over 256 values of every entry is. Depends on nothing else, because the rows of a product are part of its bits. */
BF_MUST_USE bf_status bf_evaluator_rows(const bf_vae_options *vae, const bf_vae_data *d, bf_params *params, int *rows);
/* Local. params: the trained model's slots. keep_rows: store mean, logvar and z of this rank's rows. */
BF_MUST_USE bf_status bf_evaluator_create(const bf_comm *team, const bf_dataset *data, const bf_vae_options *vae, uint64_t seed,
                                          const bf_measure_options *m, bf_params *params, const bf_backend *backend, bf_evaluator **out);
/* Collective over team. theta (params size) is borrowed. log_variance: NaN = take it from theta (or, for `optimal` on the training split, refit).
 * out is zeroed first and belongs to the caller: bf_evaluation_free(). BF_E_STOPPED as bf_evaluator_on_block() has it. */
BF_MUST_USE bf_status bf_evaluate(bf_evaluator *e, const float *theta, bf_split split, double log_variance, bool keep_rows, bf_evaluation *out);
void bf_evaluation_free(bf_evaluation *e);
void bf_evaluator_destroy(bf_evaluator **e);
/* Local. Conditioned models: what encoder and decoder are told from now on; at first the grid's value nearest 1. Others stay as they are. */
void bf_evaluator_tell(bf_evaluator *e, double beta);
/* Local. Calls fn(self) before every block, of a pass and of what measures do: what a rank has to answer while a long one runs. Once it says, on any
 * rank of the team and from then on, that this rank is asked to stop, the pass or measure ends soon, with BF_E_STOPPED on all of them. fn may be NULL. */
void bf_evaluator_on_block(bf_evaluator *e, bool (*fn)(void *self), void *self);
/* Local. Decodes n latent vectors (n, latent) into x (n, width), in blocks. labels (n): their classes, of a model that is told them; else NULL. */
BF_MUST_USE bf_status bf_evaluator_decode(bf_evaluator *e, const float *theta, const float *z, const int32_t *labels, int64_t n, float *x);
/* Local. The classes of n samples that are made rather than given: number i has that of a training sample drawn by address. Needs a model that
 * is told classes. */
void bf_evaluator_draw_labels(const bf_evaluator *e, int64_t n, int32_t *labels);
#endif
