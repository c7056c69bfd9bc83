#include "cli/estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "farm/ids.h"
#include "nn/backend.h"
#include "nn/threads.h"
#include "train/trainer.h"

/* --- counting ------------------------------------------------------------------------------------------------------- */

static double data_bytes(const bf_data_info *i)
{
    const double row = (double)i->width * (i->stored == BF_STORED_U8 ? 1.0 : 4.0) + (i->labels ? 4.0 : 0.0) + 4.0 * i->factors +
                       (i->clean ? 4.0 * i->width : 0.0);
    return row * (double)(i->rows[BF_TRAIN] + i->rows[BF_TEST]);
}

static void add_up(bf_estimate *e, const bf_cost *c)
{
    if (c->memory > e->rank_bytes) e->rank_bytes = c->memory;
    e->file_bytes += (double)c->disk;
    e->checkpoint_bytes = fmax(e->checkpoint_bytes, (double)c->checkpoints);
}

/* Rows for the chosen configurations; row (of the study's count) becomes the row of each, -1 for others. */
static bf_status choose(const bf_study *study, const char *only, bf_estimate *e, int *row)
{
    const int n = bf_study_count(study);
    bool *chosen = calloc((size_t)n, sizeof *chosen);
    e->id = calloc((size_t)n, sizeof *e->id);
    bf_status s = chosen && e->id ? bf_ids_parse(only, n, chosen) : BF_FAIL(BF_E_MEMORY, "no memory for %d configurations", n);
    for (int i = 0; !s.code && i < n; i++) {
        row[i] = chosen[i] ? e->configs : -1;
        if (chosen[i]) e->id[e->configs++] = i;
    }
    free(chosen);
    return s;
}

static bf_status count_rows(const bf_study *study, const bf_study_data_sets *d, const int *row, bf_estimate *e, int *lanes, int *width)
{
    const size_t n = (size_t)e->configs;
    bf_status s = BF_DONE;
    e->cost = calloc(n, sizeof *e->cost);
    e->seconds = calloc(n, sizeof *e->seconds);
    e->parent = calloc(n, sizeof *e->parent);
    bf_config *c = malloc(sizeof *c);
    if (!e->cost || !e->seconds || !e->parent || !c) s = BF_FAIL(BF_E_MEMORY, "no memory for %d configurations", e->configs);
    for (int i = 0; !s.code && i < e->configs; i++) {
        const int parent = bf_study_parent(study, e->id[i]);
        bf_study_config(study, e->id[i], c);
        s = bf_cost_count(c, &d->info[d->of[e->id[i]]], &e->cost[i]);
        add_up(e, &e->cost[i]);
        e->parent[i] = parent >= 0 ? row[parent] : -1;
        *width += e->parent[i] < 0;
        if (c->train.lanes < *lanes) *lanes = (int)c->train.lanes;
    }
    free(c);
    return s;
}

bf_status bf_estimate_count(const bf_study *study, const bf_study_data_sets *d, const char *only, int ranks, const char *dir, bf_estimate *e)
{
    const bf_config *base = bf_study_base(study);
    int lanes = INT32_MAX, width = 0;
    bf_threads_set((int)base->parallel.threads);       /* scratch and rates depend on them */
    memset(e, 0, sizeof *e);
    int *row = calloc((size_t)bf_study_count(study), sizeof *row);
    bf_status s = row ? choose(study, only, e, row) : BF_FAIL(BF_E_MEMORY, "no memory for %d configurations", bf_study_count(study));
    if (!s.code) s = count_rows(study, d, row, e, &lanes, &width);
    free(row);
    if (!s.code) s = bf_layout_decide(ranks, e->configs, width, lanes, base->parallel.ranks_per_config, &e->layout);
    if (s.code) {
        bf_estimate_free(e);
        return s;
    }
    for (int k = 0; k < d->count; k++) e->data_bytes += data_bytes(&d->info[k]);
    e->checkpoint_bytes *= e->layout.teams;
    const int64_t space = bf_file_free_space(dir);
    e->free_bytes = space < 0 ? NAN : (double)space;
    e->rate = bf_cost_gemm_rate();
    bf_cost_model_start(&e->model, e->rate);
    return BF_DONE;
}

/* --- measuring ------------------------------------------------------------------------------------------------------ */

/* Times the steps between the first tick after `from` and the last one; layer by layer when it is given the trainer. */
typedef struct stopwatch {
    int64_t from, to, first, last;
    double first_at, last_at;
    bf_trainer *trainer;
    bf_times before;
    bf_status status;
} stopwatch;

static void start(stopwatch *w)
{
    if (w->trainer) {
        w->status = bf_trainer_time_nodes(w->trainer);
        w->before = bf_trainer_times(w->trainer);
    }
    w->first = w->last;
    w->first_at = bf_clock_seconds();
}

static int tick(void *self, const bf_train_progress *p)
{
    stopwatch *w = self;
    w->last = p->step;
    w->last_at = bf_clock_seconds();
    if (p->step == w->from) start(w);
    return p->step >= w->to || w->status.code ? BF_TICK_STOP : 0;
}

static bf_status time_config(bf_estimate *e, int i, bf_config *c, const bf_dataset *data, const bf_comm *world, bool layers)
{
    /* The first step touches fresh memory and is not typical. One more is taken than is timed, the one that hears of the stop; layers are timed in it, too. */
    stopwatch w = { .from = 1, .to = 1 + e->timed_steps - (layers && e->timed_steps > 1), .first = -1 };
    bf_trainer *t = NULL;
    c->train.evaluate_every = c->train.patience = 0;
    const bf_train_setup setup = { .team = world, .data = data, .vae = &c->vae, .train = &c->train, .measure = &c->measure,
                                   .backend = bf_backend_find(c->train.backend), .seed = c->seed, .lr_scale = 1.0, .hooks = { .self = &w, .tick = tick } };
    BF_TRY(bf_trainer_create(&setup, &t));
    if (layers) w.trainer = t;
    bf_status s = bf_trainer_run(t);
    const double ended = bf_clock_seconds();
    const bool timed = w.first >= 0 && w.last > w.first;
    if (layers && timed && !w.status.code) w.status = bf_layer_times_take(t, &w.before, bf_trainer_progress(t).step - w.first, ended - w.first_at, &e->layers);
    if (layers) e->layers.id = e->id[i];
    bf_trainer_destroy(&t);
    if (w.status.code || layers) return w.status;
    /* Whether it diverges is the run's business; the time a step takes is known all the same. */
    if (s.code && s.code != BF_E_STOPPED && s.code != BF_E_DIVERGED) return s;
    if (!timed) return BF_DONE;
    bf_cost part = e->cost[i];
    part.steps = w.last - w.first;
    part.evaluation_flops = part.evaluation_terms = 0.0;
    bf_cost_model_learn(&e->model, &part, w.last_at - w.first_at);
    e->timed++;
    return BF_DONE;
}

static int by_flops(const void *a, const void *b)
{
    const bf_cost *x = *(const bf_cost *const *)a, *y = *(const bf_cost *const *)b;
    if (x->flops_per_step != y->flops_per_step) return x->flops_per_step < y->flops_per_step ? -1 : 1;
    return x < y ? -1 : x > y;
}

bf_status bf_estimate_measure(bf_estimate *e, const bf_study *study, bf_study_data_sets *d, const bf_comm *world, const bf_comm *node, int64_t steps,
                              bool layers)
{
    bf_status s = BF_DONE;
    const bf_cost **sorted = malloc((size_t)e->configs * sizeof *sorted);
    bf_config *c = malloc(sizeof *c);
    if (!sorted || !c) BF_TRY_DONE(BF_FAIL(BF_E_MEMORY, "no memory to measure"));
    BF_TRY_DONE(bf_study_data_open(d, world, node));
    for (int i = 0; i < e->configs; i++) sorted[i] = &e->cost[i];
    qsort(sorted, (size_t)e->configs, sizeof *sorted, by_flops);
    e->timed_steps = steps;
    const int pick[] = { 0, e->configs / 2, e->configs - 1 };
    for (int k = 0; k < 3; k++) {
        /* Configurations that count the same would teach the same. */
        if (k > 0 && sorted[pick[k]]->flops_per_step == sorted[pick[k - 1]]->flops_per_step) continue;
        const int i = (int)(sorted[pick[k]] - e->cost);
        bf_study_config(study, e->id[i], c);
        BF_TRY_DONE(time_config(e, i, c, d->set[d->of[e->id[i]]], world, false));
        /* Steps whose nodes are timed take longer, and teach nothing. */
        const bool costly = sorted[pick[k]]->flops_per_step == sorted[e->configs - 1]->flops_per_step;
        if (layers && costly) BF_TRY_DONE(time_config(e, i, c, d->set[d->of[e->id[i]]], world, true));
    }
done:
    free(sorted);
    free(c);
    return s;
}

/* --- time ----------------------------------------------------------------------------------------------------------- */

bf_status bf_estimate_time(bf_estimate *e)
{
    const bf_layout *l = &e->layout;
    double *task = malloc((size_t)e->configs * sizeof *task);
    if (!task) return BF_FAIL(BF_E_MEMORY, "no memory for an estimate");
    e->sum = 0.0;
    for (int i = 0; i < e->configs; i++) {
        e->seconds[i] = bf_cost_seconds(&e->model, &e->cost[i]);
        e->sum += e->seconds[i];
        task[i] = e->seconds[i] / l->team_size;
    }
    const bf_status s = bf_makespan_of(task, e->parent, e->configs, l->teams, &e->makespan);
    free(task);
    return s;
}

void bf_estimate_free(bf_estimate *e)
{
    free(e->id);
    free(e->cost);
    free(e->seconds);
    free(e->parent);
    bf_layer_times_free(&e->layers);
    memset(e, 0, sizeof *e);
}
