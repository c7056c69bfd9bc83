/* Counts of a quantity per latent dimension over all samples of a split. */
#ifndef BF_MEASURE_HISTOGRAM_H
#define BF_MEASURE_HISTOGRAM_H
#include "measure/evaluate.h"

typedef struct bf_histogram {
    const char *name;               /* path under a configuration's group */
    int    bins;                    /* over [low, high), between an underflow and an overflow bin */
    double low, high;
    bool   of_logvar;               /* of what is made of the log-variance; else of the draws z */
    double (*map)(double value);    /* NULL: the number itself */
} bf_histogram;

extern const bf_histogram bf_histogram_z, bf_histogram_variance, bf_histogram_log10_variance;

static inline int bf_histogram_columns(const bf_histogram *h) { return h->bins + 2; }
/* Collective over team. *counts (latent, bins + 2), the same on every rank, belongs to the caller: free(). NaNs are in no bin. The rows of e
 * are kept; a histogram of variances needs a posterior that has one. */
BF_MUST_USE bf_status bf_histogram_take(const bf_comm *team, const bf_evaluation *e, const bf_histogram *h, int64_t **counts);
#endif
