/* A static plan: nodes over values, built once, run many times. Building checks and may fail with a sentence; running
 * cannot fail, allocates nothing and decides nothing. A plan sees the rows of one lane; several lanes of activations stand
 * side by side. What couples the whole batch is a coupling point between two segments of the plan.
 * A value has all rows of the plan, or a divisor of them: then each of its rows stands for as many rows of the plan, one after the other, and rows in
 * use fill whole rows of it. Layers take it so; losses and statistics are of all rows, as bf_repeat() makes them.
 * In a narrow plan hidden layers keep their activations in bf16; parameters, their gradients, losses and statistics stay f32 or wider. */
#ifndef BF_NN_PLAN_H
#define BF_NN_PLAN_H
#include <stdbool.h>
#include <stdint.h>
#include "base/status.h"
#include "nn/params.h"
#include "nn/shape.h"
#include "nn/taker.h"

#define BF_MAX_INPUTS 6
#define BF_MAX_SLOTS 4
#define BF_MAX_STATS 2

typedef enum bf_format { BF_F32, BF_F64, BF_BF16 } bf_format;   /* bf16: the upper half of an f32, in a uint16_t */
static inline size_t bf_format_size(bf_format t) { return t == BF_F64 ? 8 : t == BF_F32 ? 4 : 2; }

typedef int bf_value;                       /* a handle; BF_NO_VALUE when there is none */
#define BF_NO_VALUE (-1)

typedef struct bf_node bf_node;
typedef struct bf_plan bf_plan;
typedef struct bf_builder bf_builder;

/* What a kernel sees of one lane while it runs. Kernels reach values, slots and statistics through the functions at the end. */
typedef struct bf_lane {
    const bf_plan *plan;
    void         **value, **gradient;       /* (values): this lane's activations; gradients, NULL where none is wanted */
    const void    *theta;                   /* flat parameters */
    void          *grad;                    /* this lane's flat gradient */
    double        *stats;                   /* this lane's statistics: zero before the first node, nodes add */
    const int64_t *samples;                 /* (rows): index in the data set of every row in use: the address of its noise */
    uint64_t       seed, step;
    int            index;                   /* of this lane among those of this process */
    int            rows;                    /* rows in use: less than the plan's in a last, padded block, whose other rows are finite */
    double         batch;                   /* samples in the whole batch */
    const double  *weights;                 /* (terms) */
    void          *work;                    /* scratch of the kernel that runs, n->work bytes, 64-byte aligned; nothing in it lasts */
    const void    *first_slot;              /* when not NULL: stands in for slot 0 (its bf16 rounding) */
    const bf_taker *taker;                  /* bf_run's */
    bool           defers;                  /* bf_run's */
    double        *laps;                    /* bf_run's */
} bf_lane;

typedef void (*bf_kernel)(const bf_node *n, const bf_lane *lane);
typedef struct bf_kernels { bf_kernel forward, backward; } bf_kernels;

#define BF_NEEDS_OUTPUT (1u << 31)

/* What an operation is given in a narrow plan; the builder puts casts where a value is of the other kind. */
typedef enum bf_width {
    BF_WIDE,                                /* inputs and output f32 */
    BF_NARROW,                              /* inputs and output bf16, slot 0 rounded to bf16: matrix products. bf_wide() makes the output f32 */
    BF_EITHER                               /* the output is of its first input's type: elementwise operations */
} bf_width;

/* Exponentials, logarithms and the like that an operation takes of each entry of its largest value, input or output. */
typedef struct bf_elementary { float forward, backward; } bf_elementary;

/* An operation: one static const row. Rooms above nn bring their own rows. */
typedef struct bf_op {
    const char *name;
    bf_kernels  portable;                   /* f32, C and OpenBLAS; other backends override. No backward: the gradient stops here.
                                             * Backward is the last to read its output's gradient and may overwrite it */
    double    (*flops)(const bf_plan *p, const bf_node *n);     /* forward, for all rows of a lane; NULL: counts as nothing */
    bf_elementary elementary;               /* zeros: none worth counting beside the products of a layer */
    unsigned    needs;                      /* what backward reads: bit i: input i; BF_NEEDS_OUTPUT. The op tests hold it to that */
    unsigned    affine;                     /* bit i: the output is an affine function of input i, and of all of these together, whatever the others are */
    bf_width    width;
    unsigned    wide;                       /* bit i: input i is f32 whatever width says: a number that others are scaled by */
    bool        activates;                  /* takes over the activation that follows it: n->activation */
    size_t    (*work)(const bf_plan *p, const bf_node *n);      /* bytes of scratch the portable kernels want; NULL: none */
    /* NULL: never. Whether the portable backward can hand slot 0's gradient to a taker itself, or leave it to bf_plan_factors: it is the product of
     * the output's gradient, as backward leaves it and turned, and the input's value. */
    bool      (*hands)(const bf_plan *p, const bf_node *n);
    bool        starts;                     /* slot 0's gradient is an outer product, which the portable backward can leave to a node that hands: n->start */
} bf_op;

struct bf_node {
    const bf_op *op;
    bf_kernels   run;                       /* chosen at build; no backward where no gradient arrives or is wanted */
    int          n_inputs;
    bf_value     input[BF_MAX_INPUTS], output;      /* BF_NO_VALUE: the node leaves statistics only */
    int          n_slots, slot[BF_MAX_SLOTS];
    size_t       slot_offset[BF_MAX_SLOTS]; /* of slot i in the flat vector, in elements */
    int          slot_stat[BF_MAX_SLOTS];   /* the statistic its running average is noted in; -1: a learned slot */
    int          n_stats, stat[BF_MAX_STATS];
    int          coupling;                  /* index of the coupling it feeds or reads, -1 none */
    int          activation;                /* bf_activation applied to the output, fused; BF_LINEAR: none */
    int          kind;                      /* a small option of the op: use of a draw, index of a term ... */
    double       option[8];
    bool         wants[BF_MAX_INPUTS];      /* gradient of input i is wanted */
    bool         adds[BF_MAX_INPUTS];       /* ... and is added to what is there, else written */
    bool         slot_adds[BF_MAX_SLOTS];   /* the same for parameters */
    bool         slot_last[BF_MAX_SLOTS];   /* the slot's gradient is complete, and its value needed no more, when this node has run backward */
    bool         hands;                     /* its kernel hands slot 0's gradient over itself when the lane has a taker; or leaves it to the one that does */
    bool         defers;                    /* its kernel does not give slot 0's gradient when the lane defers: nn/factors.h */
    bf_value     start;                     /* of a node that hands: BF_NO_VALUE, or the output of one that starts. From entry 1 on, its gradient
                                             * holds u (out), behind which, in the value, v lies: u v^T is part of slot 0's gradient */
    size_t       work;                      /* bytes of scratch its kernels want */
    bf_kernels   inner;                     /* narrow.c: the f32 kernels that run on widened copies */
    void        *own;                       /* the backend's: primitives of a library */
};

/* A backend: which kernels run an operation, and in which element type. */
typedef struct bf_backend {
    const char *name;                       /* "portable" */
    size_t      element;                    /* sizeof a parameter and of an activation that is not narrow: 4, in tests 8 */
    bool        fuses;                      /* activations are folded into the operation before them */
    bool      (*find)(const bf_op *op, bf_kernels *out);    /* NULL or false: the op's portable kernels */
    /* Local, once per node when everything about it is decided: may put its own kernels in n->run, what they need in n->own and their
     * scratch in n->work. *own says whether it did; else the node keeps what find gave (widened where a value is bf16). Which it is follows
     * from the node and the kernel identity alone: what may differ from run to run, memory, is a failure. NULL: never. */
    bf_status (*prepare)(const bf_plan *p, bf_node *n, bool *own);
    void      (*release)(bf_node *n);       /* frees n->own; NULL when prepare is */
} bf_backend;
extern const bf_backend bf_backend_portable;

/* --- building ---------------------------------------------------------------------------------------------------- */
typedef struct bf_plan_shape {
    int rows;                               /* rows of one lane */
    int lanes;                              /* lanes that live in this process */
    bool backward;                          /* false: values only, batch normalisation by its running averages */
    bool narrow;                            /* hidden layers in bf16; a backend in double takes no notice */
    bool counted;                           /* to be counted, not run: no memory behind its values */
    int  batch_lanes;                       /* lanes of the whole batch, those of other processes too; 0: as many as live here */
} bf_plan_shape;

/* NULL when memory is short. params is borrowed and has to outlive the plan. */
bf_builder *bf_builder_create(bf_params *params, const bf_plan_shape *shape, const bf_backend *backend);
/* Records the first failure; later calls do nothing, so a model is written without checks and finish tells. */
void bf_builder_fail(bf_builder *b, bf_status s);
bf_shape bf_builder_shape(const bf_builder *b, bf_value v);
bool bf_builder_trains(const bf_builder *b);            /* the plan has a backward */
int bf_builder_rows(const bf_builder *b);               /* of the plan */
const bf_slot *bf_builder_find(const bf_builder *b, const char *name);      /* a slot by its name, valid until one is added; NULL: none has it */
/* A value the caller fills before a run: bf_plan_value(). Rows that are not in use have to be finite; they start as zeros. */
bf_value bf_input(bf_builder *b, const char *name, bf_shape shape);
/* The general form: a node of op over inputs; ops' own functions (bf_dense ...) wrap it. An output without channels is none.
 * The returned node is valid until the next call that adds one. */
bf_node *bf_node_add(bf_builder *b, const bf_op *op, int n_inputs, const bf_value *inputs, bf_shape output);
void bf_node_slot(bf_builder *b, bf_node *n, const char *name, int rank, const int64_t *shape, bf_init init, bool decays);
/* Axis of a slot runs over the positions and channels of s: bf_params_spatial. */
void bf_builder_spatial(bf_builder *b, int slot, int axis, bf_shape s);
/* A parameter no node of this plan learns: it is in the flat vector and its gradient is zero. */
void bf_builder_slot(bf_builder *b, const char *name, int rank, const int64_t *shape, bf_init init);
/* The node adds to a named statistic of count doubles per lane, summed over lanes and ranks by the trainer. */
void bf_node_stat(bf_builder *b, bf_node *n, const char *name, int count);
/* The value keeps f32 in a narrow plan: what a loss reads. Directly after the call that made it. */
bf_value bf_wide(bf_builder *b, bf_value v);
/* A parameter that no gradient moves: after a step its next value is the running mean of what the node noted in the statistic `name`,
 * old + rate (noted - old). Found with bf_lane_slot like others; noted with bf_lane_note. */
void bf_node_average(bf_builder *b, bf_node *n, const char *name, int count, bf_init init, double rate);
/* A coupling point: what was added before runs on every lane, then the count partial sums that n, the node added last, left are combined
 * over all lanes of all ranks, then the rest runs. Returns the coupling's index, for the nodes that read the total. */
int bf_couple(bf_builder *b, bf_node *n, int count);
/* A node that reads the coupling's total gives dLoss/dTotal on the way back (bf_lane_total_slope); summed like the partials, it is there for
 * the backward of the node that left them (bf_lane_total_slopes). Sets n->coupling. */
void bf_couple_reader(bf_builder *b, bf_node *n, int coupling);
/* A term of the loss: the mean over the batch of a (rows, 1) value times a weight given per step. Its sum over rows is the statistic of the same name. */
void bf_loss(bf_builder *b, const char *name, bf_value rows);
/* A number given per step that n reads, as l->weights[n->kind]: it has a place among the terms, but no loss is multiplied by it. */
void bf_node_given(bf_builder *b, bf_node *n, const char *name);
/* Keeps a value readable after a run; where there is no way back, what is not kept shares memory. */
void bf_keep(bf_builder *b, bf_value v);
/* Frees the builder in any case. On success *out belongs to the caller: bf_plan_destroy(). out NULL: only the slots were wanted. */
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
    void          *grads;                   /* (lanes, params size): every slot is written, gaps are left alone; NULL without backward */
    double        *stats;                   /* (lanes, stats size): written */
    const int64_t *samples;                 /* (lanes * plan rows); NULL for plans that draw nothing */
    uint64_t       seed, step;
    int            rows;                    /* rows in use per lane; the plan's, or fewer in a last block */
    const double  *weights;                 /* (terms); NULL without backward */
    double         batch;                   /* samples in the whole batch, the mean's denominator */
    const bf_coupler *coupler;              /* NULL: bf_coupler_alone */
    /* Takes every slot's gradient as soon as it is complete, and may change the slot then; grads is scratch. One lane only. NULL: nobody. */
    const bf_taker *taker;
    bool           defers;                  /* the gradients in bf_plan_factors are not written: who runs the plan multiplies them */
    double        *seconds;                 /* (2): seconds of forward and backward are added; NULL: not wanted */
    double        *laps;                    /* (nodes, 2): the same of every node, a taker's included; NULL: not wanted */
} bf_run;
void bf_plan_run(bf_plan *p, const bf_run *r);
/* After a step: moves the running averages. totals (stats size): the statistics summed over the batch, which had `batch` samples. */
void bf_plan_average(const bf_plan *p, const double *totals, double batch, float *theta);

/* Inputs and kept values only; these are never bf16. */
void *bf_plan_value(const bf_plan *p, int lane, bf_value v);            /* (rows, cols) in the backend's element type */
bf_shape bf_plan_shape_of(const bf_plan *p, bf_value v);
bf_format bf_plan_format_of(const bf_plan *p, bf_value v);
int bf_plan_terms(const bf_plan *p);
const char *bf_plan_term_name(const bf_plan *p, int term);
typedef struct bf_stat_info { const char *name; int offset, count; } bf_stat_info;
int bf_plan_stats_size(const bf_plan *p);                               /* doubles per lane */
const bf_stat_info *bf_plan_stat_find(const bf_plan *p, const char *name);
int bf_plan_segments(const bf_plan *p);
double bf_plan_flops(const bf_plan *p);                                 /* of one run over all its lanes, forward and (if built) backward */
double bf_plan_elementary(const bf_plan *p);                            /* of the same run: elementary functions */
/* A node as people see it: the name of its first parameter, NULL when it has none; of one run over all lanes, forward and back. */
typedef struct bf_node_info { const char *op, *slot; bf_shape shape; double flops, back_flops; } bf_node_info;
int bf_plan_nodes(const bf_plan *p);
bf_node_info bf_plan_node(const bf_plan *p, int node);
/* Whether `to` is an affine function of the input `from`. Local. */
BF_MUST_USE bf_status bf_plan_affine(const bf_plan *p, bf_value from, bf_value to, bool *affine);
size_t bf_plan_bytes(const bf_plan *p);
size_t bf_plan_scratch(const bf_plan *p);                               /* of these, what kernels want beside values: it depends on kernels */

/* --- what kernels use -------------------------------------------------------------------------------------------- */
static inline void *bf_lane_value(const bf_lane *l, bf_value v) { return l->value[v]; }
static inline void *bf_lane_gradient(const bf_lane *l, bf_value v) { return l->gradient[v]; }
/* u and v of n->start; NULL where there is none. */
static inline const float *bf_lane_start_u(const bf_lane *l, const bf_node *n)
{
    return n->start == BF_NO_VALUE ? NULL : (const float *)l->gradient[n->start] + 1;
}
static inline const float *bf_lane_start_v(const bf_lane *l, const bf_node *n, int out)
{
    return n->start == BF_NO_VALUE ? NULL : (const float *)l->value[n->start] + 1 + out;
}
/* What lane 0 of this process made of a value that parameters alone decide, so that other lanes need not make it again: lanes go through a
 * segment in order. NULL on lane 0 itself, and in a plan without backward, where values share memory. */
const void *bf_lane_known(const bf_lane *l, bf_value v);
const void *bf_lane_slot(const bf_lane *l, const bf_node *n, int i);
void *bf_lane_slot_gradient(const bf_lane *l, const bf_node *n, int i);
double *bf_lane_stat(const bf_lane *l, const bf_node *n, int i);
double *bf_lane_partial(const bf_lane *l, const bf_node *n);            /* what this lane gives to the coupling: written, not added */
const double *bf_lane_total(const bf_lane *l, const bf_node *n);        /* what came back */
double *bf_lane_total_slope(const bf_lane *l, const bf_node *n);        /* a reader's dLoss/dTotal: added to, zero at first */
const double *bf_lane_total_slopes(const bf_lane *l, const bf_node *n); /* summed over all lanes, for the node that left the partials */
/* Notes what the running average of slot i (a bf_node_average) is to take in: the same numbers on every lane. */
void bf_lane_note(const bf_lane *l, const bf_node *n, int i, const double *values);
bf_shape bf_lane_shape(const bf_lane *l, bf_value v);
int bf_lane_copies(const bf_lane *l, bf_value v);       /* rows of the plan that one row of v stands for: 1, but where v has fewer */
#endif
