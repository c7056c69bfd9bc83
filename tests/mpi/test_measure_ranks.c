/* Measures that run the model again leave the same bits on teams of 1, 2 and 4 ranks, and fail and stop together. */
#include "measure/measure.h"

#include "mpi_check.h"
#include "small_training.h"

static bf_comm *world;
static bf_fault_plan faults;
static small_training small;

enum { COLUMNS = 64, KEPT = 4, LONGEST = 4096 };

typedef struct outcome {
    int    columns, kept;
    double value[COLUMNS];
    struct { char name[80]; int64_t count; double bytes[LONGEST]; } array[KEPT];
} outcome;

static bf_status keep(void *self, const bf_array *a)
{
    outcome *o = self;
    BF_MPI_CHECK(o->kept < KEPT && bf_array_count(a) <= LONGEST && bf_type_size(a->type) == sizeof(double));
    memcpy(o->array[o->kept].name, a->name, sizeof a->name);
    o->array[o->kept].count = bf_array_count(a);
    memcpy(o->array[o->kept++].bytes, a->data, (size_t)bf_array_count(a) * sizeof(double));
    return BF_DONE;
}

/* What an evaluator is asked between its blocks: on one rank whether to stop, once it may. */
typedef struct wish { int rank; bool now; } wish;

static bool wishes(void *self)
{
    const wish *w = self;
    return w->now && bf_comm_rank(world) == w->rank;
}

/* A model of random weights, measured by teams of `ranks`. w (may be NULL) is awake at the latest when its measures are taken. */
static bf_status measure_in_team(int ranks, wish *w, outcome *o)
{
    bf_comm *team;
    bf_evaluator *e = NULL;
    bf_evaluation v;
    bf_params *params = bf_params_create();
    *o = (outcome){ .columns = bf_measure_columns(&small.measure, NULL) };
    BF_MPI_CHECK(params && o->columns <= COLUMNS);
    BF_MPI_OK(bf_comm_split(world, bf_comm_rank(world) / ranks, bf_comm_rank(world), &team));
    BF_MPI_OK(bf_evaluator_create(team, small.data, &small.vae, 3, &small.measure, params, &bf_backend_portable, &e));
    float *theta = calloc(bf_params_size(params), sizeof *theta);
    BF_MPI_CHECK(theta);
    bf_params_init(params, 3, theta);
    if (w) bf_evaluator_on_block(e, wishes, w);
    bf_status s = bf_evaluate(e, theta, BF_TRAIN, NAN, true, &v);
    if (w) w->now = true;
    const bf_measure_input in = { .team = team, .vae = &small.vae, .options = &small.measure, .evaluation = &v, .seed = 3, .width = 6, .unit = 1.0,
                                  .evaluator = e, .theta = theta, .split = BF_TRAIN, .keep = keep, .keep_self = o };
    if (!s.code) s = bf_measure_take(&in, o->value);
    bf_evaluation_free(&v);
    bf_evaluator_destroy(&e);
    bf_params_destroy(&params);
    bf_comm_free(&team);
    free(theta);
    return s;
}

/* kept: arrays that the measures leave beside their columns. */
static void same_bits(const char *net, int64_t rows, int kept)
{
    outcome *alone = malloc(sizeof *alone), *o = malloc(sizeof *o);
    BF_MPI_CHECK(alone && o);
    small_name(small.vae.net, net);
    small.measure.nll_rows = rows;
    BF_MPI_OK(measure_in_team(1, NULL, alone));
    BF_MPI_CHECK(isfinite(alone->value[0]) && alone->kept == kept);
    for (int ranks = 2; ranks <= bf_comm_size(world); ranks *= 2) {
        BF_MPI_OK(measure_in_team(ranks, NULL, o));
        BF_MPI_CHECK(memcmp(o, alone, sizeof *o) == 0);
    }
    free(alone);
    free(o);
}

/* One rank after the other fails to allocate, at each of so many places where it could: all of its team say so, naming it. */
static void fail_together(int places)
{
    outcome *o = malloc(sizeof *o);
    BF_MPI_CHECK(o);
    for (int visit = 0; visit < places * bf_comm_size(world); visit++) {
        const int rank = visit / places;
        faults = (bf_fault_plan){ .count = 1, .fault = { { .point = "measure.allocate", .rank = rank, .nth = visit % places + 1, .action = BF_FAULT_FAIL } } };
        bf_status s = measure_in_team(bf_comm_size(world), NULL, o);
        BF_MPI_CHECK(s.code == BF_E_MEMORY && s.rank == rank);
    }
    faults.count = 0;
    free(o);
}

/* One rank after the other asks to stop, in the pass itself or in one of these measures, each of them long: it ends with that on all of them. */
static void stop_together(const char *const *names)
{
    outcome *o = malloc(sizeof *o);
    BF_MPI_CHECK(o);
    small.measure.count = 1;
    for (int rank = 0; rank < bf_comm_size(world); rank++)
        for (int i = 0; names[i]; i++)
            for (int late = 0; late < 2; late++) {
                wish w = { .rank = rank, .now = !late };
                small_name(small.measure.name[0], names[i]);
                BF_MPI_CHECK(measure_in_team(bf_comm_size(world), &w, o).code == BF_E_STOPPED && w.now);
            }
    free(o);
}

int main(int argc, char **argv)
{
    bf_status s = bf_comm_init(&argc, &argv, &faults, &world);
    if (!s.code) s = small_training_open(world, 1100, 300, &small);
    if (s.code) return 1;
    small.measure = (bf_measure_options){ .count = 3, .name = { "nll", "collapse", "traversal" }, .rd_samples = 1, .nll_samples = 7, .traversal_bases = 13 };
    same_bits("mlp", 333, 3);
    same_bits("mlp", -1, 3);
    same_bits("linear", 1000, 3);
    same_bits("mlp", 3, 3);                 /* fewer samples than ranks */
    fail_together(4);
    stop_together((const char *const[]){ "mmd", "spectrum", "decomposition", "nll", "traversal", NULL });
    small.measure = (bf_measure_options){ .count = 1, .name = { "alignment" }, .rd_samples = 1 };
    small.vae.beta = NAN;
    small.vae.beta_range[0] = 0.1;
    small.vae.beta_range[1] = 10.0;
    small_name(small.vae.condition, "beta");
    small_name(small.vae.modulation, "film");
    same_bits("mlp", -1, 0);
    fail_together(2);
    stop_together((const char *const[]){ "alignment", NULL });
    small_training_close(&small);
    bf_comm_finalize(&world);
    return 0;
}
