/* What a plan is made of: private to builder.c, gradient.c and plan.c. */
#ifndef BF_NN_PLAN_STATE_H
#define BF_NN_PLAN_STATE_H
#include "base/arena.h"
#include "nn/plan.h"

#define BF_STAT_NAME 48

typedef struct bf_value_state {
    bf_shape shape;
    bool     readable;          /* an input or kept */
    bool     learns;            /* depends on a parameter */
    bool     has_gradient;      /* somebody writes its gradient */
} bf_value_state;

typedef struct bf_coupling { int count; double *partials, *total; } bf_coupling;    /* (lanes, count), (count) */
typedef struct bf_stat_state { char name[BF_STAT_NAME]; bf_stat_info info; } bf_stat_state;
typedef struct bf_idle { size_t offset, count; } bf_idle;

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
    bf_lane          *lane;                         /* (lanes) in memory, as everything below */
    bf_arena          memory;
};

/* gradient.c. Local. Decides which gradients exist, who writes and who adds, and which slots stay idle. */
BF_MUST_USE bf_status bf_plan_derive(bf_plan *p);
#endif
