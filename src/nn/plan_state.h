/* What a plan is made of: private to builder.c, factors.c, fuse.c, gradient.c, narrow.c, share.c and plan.c. */
#ifndef BF_NN_PLAN_STATE_H
#define BF_NN_PLAN_STATE_H
#include "base/arena.h"
#include "nn/factors.h"
#include "nn/plan.h"

#define BF_STAT_NAME 48

typedef struct bf_value_state {
    bf_shape shape;
    bf_format format;
    bool     used;              /* a node's or readable: it has memory */
    bool     readable;          /* an input or kept */
    bool     learns;            /* depends on a parameter */
    bool     has_gradient;      /* somebody writes its gradient */
    int      buffer;            /* which of the shared buffers it lives in; -1: memory of its own */
} bf_value_state;

typedef struct bf_coupling {
    int     count;
    bool    learns;             /* a reader gives slopes back */
    double *partials, *total;   /* (lanes, count), (count) */
    double *slope, *slopes;     /* the same on the way back */
} bf_coupling;
typedef struct bf_stat_state { char name[BF_STAT_NAME]; bf_stat_info info; } bf_stat_state;
typedef struct bf_idle { size_t offset, count; } bf_idle;
typedef struct bf_average { int slot, stat, uses; double rate; } bf_average;      /* uses: nodes that note it */

struct bf_plan {
    bf_plan_shape     shape;
    const bf_backend *backend;
    bf_params        *params;
    bf_value_state   *value;        int values;
    bf_node          *node;         int nodes;
    bf_coupling      *coupling;     int couplings;
    int              *segment;      int segments;   /* (segments) one past the last node of each */
    bf_stat_state    *stat;         int stats, stats_size;
    int              *term;         int terms;      /* (terms) index of the statistic that carries the term's name and sum */
    bf_idle          *idle;         int idles;      /* slots no node of this plan learns: their gradients are zeroed each run */
    bf_average       *average;      int averages;
    bf_factors       *factors;      int factored;   /* by their place in the flat vector */
    size_t           *buffer;       int buffers;    /* bytes of the memory that values share; none where there is a way back */
    size_t            work;                         /* bytes of scratch, shared by all nodes and lanes */
    bf_lane          *lane;                         /* (lanes) in memory, as everything below */
    bf_arena          memory;
};

/* gradient.c. Local. Decides which gradients exist, who writes and who adds, and which slots stay idle. */
BF_MUST_USE bf_status bf_plan_derive(bf_plan *p);
/* factors.c. Local. Decides whose gradients may be left as factors; nodes know their kernels. */
BF_MUST_USE bf_status bf_plan_factor(bf_plan *p);
/* share.c. Local. Puts the values of a plan without backward into buffers that serve one after the other. */
BF_MUST_USE bf_status bf_plan_share(bf_plan *p);
/* fuse.c. Local. Folds activations into the operations before them. */
void bf_plan_fuse(bf_plan *p);
/* narrow.c. Local. Lets f32 kernels run on a node that has bf16 values, by widened copies; adds to n->work. */
void bf_narrow_wrap(const bf_plan *p, bf_node *n);
#endif
