/* A static plan: nodes over values, built once, run many times. Building checks and may fail with a sentence; running
 * cannot fail, allocates nothing and decides nothing. A plan sees the rows of one lane; several lanes of activations stand
 * side by side. What couples the whole batch is a coupling point between two segments of the plan. */
#ifndef BF_NN_PLAN_H
#define BF_NN_PLAN_H
#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "nn/params.h"
#include "nn/shape.h"

#define BF_MAX_INPUTS 6
#define BF_MAX_SLOTS 4

typedef int bf_value;                       /* a handle; BF_NO_VALUE when there is none */
#define BF_NO_VALUE (-1)

typedef struct bf_node bf_node;
typedef struct bf_plan bf_plan;
typedef struct bf_builder bf_builder;

/* What a kernel sees of one lane while it runs. */
typedef struct bf_lane {
    const bf_plan *plan;
    char          *memory;                  /* this lane's activations and their gradients */
    const void    *theta;                   /* flat parameters */
    void          *grad;                    /* this lane's flat gradient */
    double        *stats;                   /* this lane's statistics */
    const int64_t *samples;                 /* (rows): index in the data set of every row: the address of its noise */
    uint64_t       seed, step;
    int            rows;                    /* rows in use: less than the plan's in a last, padded block */
    const double  *seeds;                   /* (terms): dLoss/dterm of every row = weight / batch */
} bf_lane;

typedef void (*bf_kernel)(const bf_node *n, const bf_lane *lane);
typedef struct bf_kernels { bf_kernel forward, backward; } bf_kernels;

/* An operation: one static const row. Rooms above nn bring their own rows. */
typedef struct bf_op {
    const char *name;
    bf_kernels  portable;                   /* f32, C and OpenBLAS; other backends override */
    double    (*flops)(const bf_node *n);   /* forward, for all rows of a lane; NULL: counts as nothing */
    unsigned    needs_input;                /* bit i: backward reads the value of input i */
} bf_op;

struct bf_node {
    const bf_op *op;
    bf_kernels   run;                       /* chosen at build */
    int          n_inputs;
    bf_value     input[BF_MAX_INPUTS], output;
    int          n_slots, slot[BF_MAX_SLOTS];
    int          segment;
    int          stat;                      /* index of this node's statistic, -1 none */
    int          coupling;                  /* index of the coupling it feeds or reads, -1 none */
    int          kind;                      /* small options of the op: activation kind, use of a draw ... */
    double       option[4];
    bool         wants[BF_MAX_INPUTS];      /* gradient of input i is wanted */
    bool         adds[BF_MAX_INPUTS];       /* ... and is added to what is there, else written */
    bool         slot_adds[BF_MAX_SLOTS];   /* the same for parameters */
};

/* A backend: which kernels run an operation, and in which element type. */
typedef struct bf_backend {
    const char *name;                       /* "portable" */
    size_t      element;                    /* sizeof an activation: 4, in tests 8 */
    bool      (*find)(const bf_op *op, bf_kernels *out);    /* NULL or false: the op's portable kernels */
} bf_backend;
extern const bf_backend bf_backend_portable;

/* --- building ---------------------------------------------------------------------------------------------------- */
typedef struct bf_plan_shape {
    int rows;                               /* rows of one lane */
    int lanes;                              /* lanes that live in this process */
    bool backward;                          /* false: values only */
} bf_plan_shape;

bf_builder *bf_builder_create(bf_params *params, const bf_plan_shape *shape, const bf_backend *backend);
/* Records the first failure; later calls do nothing, so a model is written without checks and finish tells. */
void bf_builder_fail(bf_builder *b, bf_status s);
bf_shape bf_builder_shape(const bf_builder *b, bf_value v);
bf_value bf_input(bf_builder *b, const char *name, bf_shape shape);
/* The general form: a node of op over inputs, with slots; ops' own functions (bf_dense ...) wrap it. The returned node is valid until the next call. */
bf_node *bf_node_add(bf_builder *b, const bf_op *op, int n_inputs, const bf_value *inputs, bf_shape output);
int bf_node_slot(bf_builder *b, bf_node *n, const char *name, int rank, const int64_t *shape, bf_init init, bool decays);
/* A named statistic of count doubles per lane, summed over lanes and ranks by the trainer. */
int bf_stat(bf_builder *b, const char *name, int count);
/* A coupling point: what was added before runs on every lane, then its count partial sums are combined over all lanes of all ranks, then the rest runs. */
int bf_couple(bf_builder *b, int count);
/* A term of the loss: the mean over the batch of a (rows, 1) value times a weight given per step. Its sum over rows is the statistic of the same name. */
void bf_loss(bf_builder *b, const char *name, bf_value rows);
/* Keeps a value readable after a run (everything that is not kept may share memory one day). */
void bf_keep(bf_builder *b, bf_value v);
/* Frees the builder in any case. On success *out belongs to the caller: bf_plan_destroy(). */
BF_MUST_USE bf_status bf_builder_finish(bf_builder **b, bf_plan **out);
void bf_plan_destroy(bf_plan **p);

/* --- running ----------------------------------------------------------------------------------------------------- */
typedef struct bf_coupler {                 /* how partial sums meet: the trainer's team, or nobody else */
    void *self;
    /* partials (lanes, count), in lane order; total (count) is the tree sum over all lanes of all ranks. */
    void (*sum)(void *self, const double *partials, int lanes, int count, double *total);
} bf_coupler;
extern const bf_coupler bf_coupler_alone;   /* one process: the tree over its own lanes */

typedef struct bf_run {
    const void    *theta;
    void          *grads;                   /* (lanes, params size); NULL without backward */
    double        *stats;                   /* (lanes, stats size) */
    const int64_t *samples;                 /* (lanes * rows) */
    uint64_t       seed, step;
    int            rows;                    /* rows in use per lane; the plan's, or fewer in a last block */
    const double  *weights;                 /* (terms) */
    double         batch;                   /* samples in the whole batch, the mean's denominator */
    const bf_coupler *coupler;
} bf_run;
void bf_plan_run(bf_plan *p, const bf_run *r);

void *bf_plan_value(const bf_plan *p, int lane, bf_value v);            /* (rows, cols) in the backend's element type */
bf_shape bf_plan_shape_of(const bf_plan *p, bf_value v);
int bf_plan_terms(const bf_plan *p);
const char *bf_plan_term_name(const bf_plan *p, int term);
typedef struct bf_stat_info { const char *name; int offset, count; } bf_stat_info;
int bf_plan_stats_size(const bf_plan *p);                               /* doubles per lane */
int bf_plan_stat_count(const bf_plan *p);
const bf_stat_info *bf_plan_stat(const bf_plan *p, int i);
const bf_stat_info *bf_plan_stat_find(const bf_plan *p, const char *name);
int bf_plan_segments(const bf_plan *p);
double bf_plan_flops(const bf_plan *p);                                 /* of one run over all its lanes, forward and (if built) backward */
size_t bf_plan_bytes(const bf_plan *p);

/* --- what kernels use -------------------------------------------------------------------------------------------- */
void *bf_lane_value(const bf_lane *l, bf_value v);
void *bf_lane_gradient(const bf_lane *l, bf_value v);
const void *bf_lane_slot(const bf_lane *l, const bf_node *n, int i);
void *bf_lane_slot_gradient(const bf_lane *l, const bf_node *n, int i);
double *bf_lane_stat(const bf_lane *l, const bf_node *n);
double *bf_lane_partial(const bf_lane *l, const bf_node *n);            /* what this lane gives to the coupling */
const double *bf_lane_total(const bf_lane *l, const bf_node *n);        /* what came back */
bf_shape bf_lane_shape(const bf_lane *l, bf_value v);
#endif
