/* /metrics_by_beta of study.h5 for readers: what configurations that cover a range of beta do at each value of a grid. */
#ifndef BF_STORE_STUDY_BY_BETA_H
#define BF_STORE_STUDY_BY_BETA_H
#include <stddef.h>
#include "base/status.h"

#define BF_MOST_BY_BETA 8          /* tables read at once */

typedef struct bf_by_beta {         /* zero it; bf_by_beta_free() */
    int     configs, betas, names;  /* betas 0: the study has none of these tables */
    double *grid;                   /* (betas) */
    double *values;                 /* (names, configs, betas, 2 splits), NaN where the study has none */
} bf_by_beta;

/* Local. The tables of those names of the study in dir, which has that many configurations; at most BF_MOST_BY_BETA names. */
BF_MUST_USE bf_status bf_study_read_by_beta(const char *dir, int configs, const char *const *name, int names, bf_by_beta *out);
void bf_by_beta_free(bf_by_beta *b);
static inline double bf_by_beta_at(const bf_by_beta *b, int name, int config, int beta, int split)
{
    return b->values[(((size_t)name * (size_t)b->configs + (size_t)config) * (size_t)b->betas + (size_t)beta) * 2 + (size_t)split];
}
#endif
