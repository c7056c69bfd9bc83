/* A bench for op rows: a case records one op between leaves (values that are parameters) and probes (weighted sums that are loss
 * terms), and the bench runs it on the fast backends and on the twin, with and without backward and padded rows, once and applied twice, over odd sizes. */
#ifndef BF_TESTS_OP_BENCH_H
#define BF_TESTS_OP_BENCH_H
#include "nn/plan.h"

typedef struct bf_bench bf_bench;
typedef struct bf_op_case {
    const char *op;
    void (*record)(bf_bench *g);
} bf_op_case;

struct bf_bench {
    bf_builder *b;
    int         rows, cols;     /* of a lane; of the op's width */
    int         round;          /* 0, or 1 when the case is recorded a second time over the same parameters */
    int         settle;         /* set by the case: steps its running averages take before slopes are compared; those they move are none then */
    int         terms, probes, leaves;
    bf_value    probe[16], leaf[16];
};

/* A (rows, cols) value that is a parameter: values spread * N(0, 1). */
bf_value bf_bench_leaf(bf_bench *g, const char *name, int cols, double spread);
/* The same over positions: (rows, height, width, channels). */
bf_value bf_bench_grid(bf_bench *g, const char *name, int height, int width, int channels, double spread);
/* Watches a value: it is compared with the twin's, and a sum of its entries with uneven weights becomes a loss term. */
void bf_bench_probe(bf_bench *g, bf_value v);
/* The same without a loss term, for values no gradient passes. */
void bf_bench_watch(bf_bench *g, bf_value v);
/* The same for the totals of a coupling. */
void bf_bench_watch_totals(bf_bench *g, int coupling, int count);

/* One case on one backend against the twin, with and without padded rows. */
void bf_bench_compare(const bf_op_case *c, const bf_backend *backend, int cols, bool twice);
/* Every op of the table has a case; on every backend every case agrees with its twin, and the twin with finite differences. */
void bf_bench_check(const bf_op *const *ops, const bf_op_case *cases);
#endif
