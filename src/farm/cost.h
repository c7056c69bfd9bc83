/* What a configuration costs: counted from its model before it runs, refined by the configurations that have finished. */
#ifndef BF_FARM_COST_H
#define BF_FARM_COST_H
#include "data/dataset.h"
#include "study/config.h"

typedef struct bf_cost {
    int64_t parameters, steps, steps_per_epoch;
    double  flops_per_step;         /* forward and backward over the whole batch */
    double  terms_per_step;         /* what they compute besides products, in exponentials */
    double  evaluation_flops;       /* the passes after training, and what measures send through the model again */
    double  evaluation_terms;       /* what both compute besides products, in exponentials: noise, densities, sums over pairs of samples */
    size_t  memory;                 /* bytes one rank needs while it trains this configuration alone (team of one) */
    int64_t disk, checkpoints;      /* bytes of its file, and of its two checkpoints while it runs */
} bf_cost;

/* Local. Describes the model's plans once, without memory to run them, and counts. */
BF_MUST_USE bf_status bf_cost_count(const bf_config *c, const bf_data_info *data, bf_cost *out);

/* seconds = per_step * steps + per_flop * flops; starts from a measured rate of this machine, fitted as rows come in. */
typedef struct bf_cost_model {
    double per_step, per_flop;
    int    rows;                    /* finished configurations it rests on */
    double ss, sf, ff, sy, fy;      /* sums of the normal equations */
} bf_cost_model;
void   bf_cost_model_start(bf_cost_model *m, double flops_per_second);
void   bf_cost_model_learn(bf_cost_model *m, const bf_cost *c, double seconds);
double bf_cost_seconds(const bf_cost_model *m, const bf_cost *c);
/* Local. A short matrix product (about 20 ms): floating-point operations per second, with the threads that bf_threads_set gave. */
double bf_cost_gemm_rate(void);
#endif
