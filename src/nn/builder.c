/* Building a plan: values and nodes are recorded in the order they will run, parameters are found or added, then memory is laid out.
 * Everything that can be wrong with a model is found here; gradient.c decides about gradients, fuse.c and narrow.c about kernels, plan.c only runs. */
#include "nn/plan.h"
#include "nn/ops.h"
#include "nn/plan_state.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bf_builder {
    bf_plan  *plan;             /* grows with every call and is handed over by finish */
    bf_status status;           /* the first failure */
    bf_node   nowhere;          /* what calls after a failure write to */
};

bf_builder *bf_builder_create(bf_params *params, const bf_plan_shape *shape, const bf_backend *backend)
{
    assert(shape->rows > 0 && shape->lanes > 0);
    bf_builder *b = calloc(1, sizeof *b);
    if (b == NULL) return NULL;
    b->status = bf_status_ok();
    b->plan = calloc(1, sizeof *b->plan);
    if (b->plan == NULL) { free(b); return NULL; }
    b->plan->shape = *shape;
    b->plan->backend = backend;
    b->plan->params = params;
    return b;
}

void bf_builder_fail(bf_builder *b, bf_status s)
{
    if (b->status.code == BF_OK) b->status = s;
}

/* Room for one entry more; capacities are powers of two from 8 on. Returns where the entries are now, NULL after a failure. */
static void *grow(bf_builder *b, void *at, int count, size_t size)
{
    if (b->status.code) return NULL;
    if (count != 0 && (count < 8 || (count & (count - 1)) != 0)) return at;
    void *more = realloc(at, (count == 0 ? 8 : 2 * (size_t)count) * size);
    if (more == NULL) bf_builder_fail(b, BF_FAIL(BF_E_MEMORY, "no memory to describe the model"));
    return more;
}

/* --- values ------------------------------------------------------------------------------------------------------ */

/* Columns fit an int because BLAS counts in ints, and a value's bytes fit a size_t. */
static bool fits(bf_shape s, size_t element)
{
    int cols = 0;
    size_t bytes = 0;
    return s.height > 0 && s.width > 0 && s.channels > 0 && !__builtin_mul_overflow(s.height, s.width, &cols) &&
           !__builtin_mul_overflow(cols, s.channels, &cols) && !__builtin_mul_overflow((size_t)s.rows * element, (size_t)cols, &bytes);
}

static bf_value add_value(bf_builder *b, const char *what, bf_shape shape)
{
    bf_plan *p = b->plan;
    if (shape.rows < 1 || p->shape.rows % shape.rows != 0 || !fits(shape, p->backend->element)) {
        bf_builder_fail(b, BF_FAIL(BF_E_INTERNAL, "%s: a value of %d x (%d, %d, %d) does not fit a plan of %d rows", what, shape.rows,
                                   shape.height, shape.width, shape.channels, p->shape.rows));
        return BF_NO_VALUE;
    }
    bf_value_state *more = grow(b, p->value, p->values, sizeof *more);
    if (more == NULL) return BF_NO_VALUE;
    p->value = more;
    p->value[p->values] = (bf_value_state){ .shape = shape, .buffer = -1, .format = p->backend->element == sizeof(double) ? BF_F64 : BF_F32 };
    return p->values++;
}

bf_shape bf_builder_shape(const bf_builder *b, bf_value v)
{
    return v >= 0 && v < b->plan->values ? b->plan->value[v].shape : (bf_shape){ 0, 0, 0, 0 };
}

bool bf_builder_trains(const bf_builder *b) { return b->plan->shape.backward; }
int bf_builder_rows(const bf_builder *b) { return b->plan->shape.rows; }

const bf_slot *bf_builder_find(const bf_builder *b, const char *name)
{
    const int slot = bf_params_find(b->plan->params, name);
    return slot < 0 ? NULL : bf_params_at(b->plan->params, slot);
}

bf_value bf_input(bf_builder *b, const char *name, bf_shape shape)
{
    bf_value v = b->status.code ? BF_NO_VALUE : add_value(b, name, shape);
    bf_keep(b, v);
    return v;
}

void bf_keep(bf_builder *b, bf_value v)
{
    if (v < 0 || v >= b->plan->values) return;
    if (b->plan->value[v].format == BF_BF16) bf_builder_fail(b, BF_FAIL(BF_E_INTERNAL, "a bf16 value cannot be kept"));
    b->plan->value[v].readable = true;
}

bf_value bf_wide(bf_builder *b, bf_value v)
{
    if (v >= 0 && v < b->plan->values && b->plan->value[v].format == BF_BF16) b->plan->value[v].format = BF_F32;
    return v;
}

/* --- statistics -------------------------------------------------------------------------------------------------- */

static int find_stat(const bf_plan *p, const char *name)
{
    for (int i = 0; i < p->stats; i++)
        if (strcmp(p->stat[i].name, name) == 0) return i;
    return -1;
}

static int add_stat(bf_builder *b, const char *name, int count)
{
    bf_plan *p = b->plan;
    bf_stat_state *more = grow(b, p->stat, p->stats, sizeof *more);
    if (more == NULL) return -1;
    p->stat = more;
    bf_stat_state *s = &p->stat[p->stats];
    int length = snprintf(s->name, sizeof s->name, "%s", name);
    assert(length < (int)sizeof s->name);
    (void)length;
    s->info = (bf_stat_info){ .offset = p->stats_size, .count = count };
    if (__builtin_add_overflow(p->stats_size, count, &p->stats_size)) {
        bf_builder_fail(b, BF_FAIL(BF_E_INTERNAL, "%s: too many statistics", name));
        return -1;
    }
    return p->stats++;
}

static int intern_stat(bf_builder *b, const char *name, int count)
{
    int stat = find_stat(b->plan, name);
    assert(stat < 0 || b->plan->stat[stat].info.count == count);
    return stat < 0 ? add_stat(b, name, count) : stat;
}

void bf_node_stat(bf_builder *b, bf_node *n, const char *name, int count)
{
    if (b->status.code) return;
    if (n->n_inputs > 0 && b->plan->value[n->input[0]].shape.rows != b->plan->shape.rows) {
        bf_builder_fail(b, BF_FAIL(BF_E_INTERNAL, "%s: a statistic is of all rows", name));
        return;
    }
    assert(n->n_stats < BF_MAX_STATS);
    n->stat[n->n_stats++] = intern_stat(b, name, count);
}

/* --- nodes ------------------------------------------------------------------------------------------------------- */

static bool inputs_exist(bf_builder *b, const bf_op *op, int n, const bf_value *inputs)
{
    assert(n <= BF_MAX_INPUTS);
    for (int i = 0; i < n; i++)
        if (inputs[i] < 0 || inputs[i] >= b->plan->values) {
            bf_builder_fail(b, BF_FAIL(BF_E_INTERNAL, "%s: input %d is not a value of this plan", op->name, i));
            return false;
        }
    return true;
}

/* Whatever an operation reads and makes has as many rows; repetition is what gives it more. */
static bool rows_agree(bf_builder *b, const bf_op *op, int n, const bf_value *inputs, bf_shape output)
{
    const int rows = output.channels > 0 ? output.rows : n > 0 ? b->plan->value[inputs[0]].shape.rows : 0;
    for (int i = 0; i < n && op != &bf_op_repeat; i++) {
        const int has = b->plan->value[inputs[i]].shape.rows;
        if (has == rows) continue;
        bf_builder_fail(b, BF_FAIL(BF_E_INTERNAL, "%s: input %d has %d rows, not %d", op->name, i, has, rows));
        return false;
    }
    return true;
}

/* The value in another type where a cast of it has been made; BF_NO_VALUE where none has. */
static bf_value known_cast(const bf_plan *p, bf_format wanted, bf_value v)
{
    for (int i = 0; i < p->nodes; i++) {
        const bf_node *n = &p->node[i];
        if (n->op == &bf_op_cast && n->input[0] == v && p->value[n->output].format == wanted) return n->output;
    }
    return BF_NO_VALUE;
}

/* The value as op wants it in a narrow plan: itself, or a cast of it, one for all that read it. Their gradients then meet in the cast's type,
 * as those of any narrow value do. */
static bf_value fitting(bf_builder *b, bf_format wanted, bf_value v)
{
    if (b->plan->value[v].format == wanted) return v;
    const bf_value known = known_cast(b->plan, wanted, v);
    if (known != BF_NO_VALUE) return known;
    const bf_value cast = bf_node_add(b, &bf_op_cast, 1, &v, bf_builder_shape(b, v))->output;
    if (cast != BF_NO_VALUE) b->plan->value[cast].format = wanted;
    return cast;
}

static void fit_inputs(bf_builder *b, const bf_op *op, int n, const bf_value *inputs, bf_value *out)
{
    for (int i = 0; i < n; i++) out[i] = inputs[i];
    if (!b->plan->shape.narrow || b->plan->backend->element != sizeof(float) || op == &bf_op_cast || n == 0) return;
    const bf_format wanted = op->width == BF_NARROW ? BF_BF16 : op->width == BF_WIDE ? BF_F32 : b->plan->value[inputs[0]].format;
    for (int i = 0; i < n && !b->status.code; i++) out[i] = fitting(b, op->wide >> i & 1u ? BF_F32 : wanted, inputs[i]);
}

/* An output narrows when matrix products make it or the input it follows is narrow. */
static bf_format output_format(const bf_plan *p, const bf_op *op, int n_inputs, const bf_value *inputs)
{
    if (p->backend->element == sizeof(double)) return BF_F64;
    if (!p->shape.narrow || op->width == BF_WIDE) return BF_F32;
    return op->width == BF_NARROW || (n_inputs > 0 && p->value[inputs[0]].format == BF_BF16) ? BF_BF16 : BF_F32;
}

bf_node *bf_node_add(bf_builder *b, const bf_op *op, int n_inputs, const bf_value *given, bf_shape output)
{
    bf_plan *p = b->plan;
    bf_value inputs[BF_MAX_INPUTS];
    b->nowhere = (bf_node){ .output = BF_NO_VALUE };
    if (b->status.code || !inputs_exist(b, op, n_inputs, given) || !rows_agree(b, op, n_inputs, given, output)) return &b->nowhere;
    fit_inputs(b, op, n_inputs, given, inputs);
    if (b->status.code) return &b->nowhere;
    bf_value v = output.channels == 0 ? BF_NO_VALUE : add_value(b, op->name, output);
    if (v != BF_NO_VALUE) p->value[v].format = output_format(p, op, n_inputs, inputs);
    bf_node *more = grow(b, p->node, p->nodes, sizeof *more);
    if (more == NULL) return &b->nowhere;
    p->node = more;
    bf_node *n = &p->node[p->nodes++];
    *n = (bf_node){ .op = op, .n_inputs = n_inputs, .output = v, .coupling = -1, .start = BF_NO_VALUE };
    for (int i = 0; i < n_inputs; i++) n->input[i] = inputs[i];
    if (p->backend->find == NULL || !p->backend->find(op, &n->run)) n->run = op->portable;
    if (n->run.forward == NULL)
        bf_builder_fail(b, BF_FAIL(BF_E_INTERNAL, "backend %s has no kernel for %s", p->backend->name, op->name));
    return n;
}

void bf_node_slot(bf_builder *b, bf_node *n, const char *name, int rank, const int64_t *shape, bf_init init, bool decays)
{
    if (b->status.code) return;
    assert(n->n_slots < BF_MAX_SLOTS);
    int slot = bf_params_slot(b->plan->params, name, rank, shape, init, decays);
    if (slot < 0) {
        bf_builder_fail(b, BF_FAIL(BF_E_MEMORY, "no memory for the parameters of %s", name));
        return;
    }
    n->slot[n->n_slots] = slot;
    n->slot_stat[n->n_slots] = -1;
    n->slot_offset[n->n_slots++] = bf_params_at(b->plan->params, slot)->offset;
}

void bf_builder_spatial(bf_builder *b, int slot, int axis, bf_shape s)
{
    if (b->status.code == BF_OK) bf_params_spatial(b->plan->params, slot, axis, s.height, s.width, s.channels);
}

void bf_builder_slot(bf_builder *b, const char *name, int rank, const int64_t *shape, bf_init init)
{
    bf_node_slot(b, &(bf_node){ .n_slots = 0 }, name, rank, shape, init, false);
}

void bf_node_average(bf_builder *b, bf_node *n, const char *name, int count, bf_init init, double rate)
{
    bf_plan *p = b->plan;
    const int at = n->n_slots;
    bf_node_slot(b, n, name, 1, (const int64_t[]){ count }, init, false);
    if (b->status.code) return;
    bf_params_average(p->params, n->slot[at]);
    if (!p->shape.backward) return;
    const int stat = intern_stat(b, name, count);
    n->slot_stat[at] = stat;
    for (int i = 0; i < p->averages; i++)
        if (p->average[i].stat == stat) { p->average[i].uses++; return; }
    bf_average *more = grow(b, p->average, p->averages, sizeof *more);
    if (more == NULL) return;
    p->average = more;
    p->average[p->averages++] = (bf_average){ .slot = n->slot[at], .stat = stat, .uses = 1, .rate = rate };
}

/* --- couplings, terms ------------------------------------------------------------------------------- */

/* The segment that is being built ends with the node added last. */
static void end_segment(bf_builder *b)
{
    bf_plan *p = b->plan;
    int *more = grow(b, p->segment, p->segments, sizeof *more);
    if (more == NULL) return;
    p->segment = more;
    p->segment[p->segments++] = p->nodes;
}

int bf_couple(bf_builder *b, bf_node *n, int count)
{
    bf_plan *p = b->plan;
    assert(b->status.code || (count > 0 && n == &p->node[p->nodes - 1]));
    bf_coupling *more = grow(b, p->coupling, p->couplings, sizeof *more);
    if (more == NULL) return -1;
    p->coupling = more;
    p->coupling[p->couplings] = (bf_coupling){ .count = count };
    n->coupling = p->couplings++;
    end_segment(b);
    return p->couplings - 1;
}

void bf_couple_reader(bf_builder *b, bf_node *n, int coupling)
{
    if (b->status.code) return;
    n->coupling = coupling;
    b->plan->coupling[coupling].learns = true;
}

/* n's place among the terms. What it adds to the statistic of that name counts as loss, times the weight; a given number adds nothing. */
static void add_term(bf_builder *b, bf_node *n, const char *name)
{
    bf_plan *p = b->plan;
    const int at = n->n_stats;
    n->kind = p->terms;
    bf_node_stat(b, n, name, 1);
    int *more = grow(b, p->term, p->terms, sizeof *more);
    if (more == NULL) return;
    p->term = more;
    p->term[p->terms++] = n->stat[at];
}

void bf_loss(bf_builder *b, const char *name, bf_value rows)
{
    assert(b->status.code || bf_shape_cols(bf_builder_shape(b, rows)) == 1);
    add_term(b, bf_node_add(b, &bf_op_term, 1, &rows, (bf_shape){ 0, 0, 0, 0 }), name);
}

void bf_node_given(bf_builder *b, bf_node *n, const char *name) { add_term(b, n, name); }

/* --- memory ------------------------------------------------------------------------------------------------------ */

/* Run twice: while the arena counts, p->lane is NULL and there is nothing to write addresses to. */
static void lay_out_lane(bf_plan *p, bf_arena *a, void *work, bf_lane *lane)
{
    void **value = BF_TAKE(a, void *, p->values), **gradient = BF_TAKE(a, void *, p->values);
    void **buffer = BF_TAKE(a, void *, p->buffers);
    for (int i = 0; i < p->buffers; i++) {
        void *at = bf_arena_take(a, p->buffer[i], 1);
        if (lane != NULL) buffer[i] = at;
    }
    for (int v = 0; v < p->values; v++) {       /* side by side: a value and its gradient are used together on the way back */
        const bf_value_state *s = &p->value[v];
        const size_t element = bf_format_size(s->format);
        void *x = s->used && s->buffer < 0 ? bf_arena_take(a, bf_shape_count(s->shape), element) : NULL;
        void *g = s->has_gradient ? bf_arena_take(a, bf_shape_count(s->shape), element) : NULL;
        if (lane == NULL) continue;
        value[v] = s->buffer < 0 ? x : buffer[s->buffer];
        gradient[v] = g;
    }
    if (lane != NULL) *lane = (bf_lane){ .plan = p, .value = value, .gradient = gradient, .work = work };
}

static void lay_out(bf_plan *p, bf_arena *a)
{
    const size_t lanes = (size_t)p->shape.lanes;
    void *work = bf_arena_take(a, p->work, 1);
    p->lane = BF_TAKE(a, bf_lane, lanes);
    for (size_t l = 0; l < lanes; l++) lay_out_lane(p, a, work, p->lane == NULL ? NULL : &p->lane[l]);
    for (int i = 0; i < p->couplings; i++) {
        bf_coupling *c = &p->coupling[i];
        const size_t back = c->learns ? (size_t)c->count : 0;
        c->partials = BF_TAKE(a, double, lanes * (size_t)c->count);
        c->total = BF_TAKE(a, double, c->count);
        c->slope = BF_TAKE(a, double, lanes * back);
        c->slopes = BF_TAKE(a, double, back);
    }
}

static void mark_used(bf_plan *p)
{
    for (int v = 0; v < p->values; v++) p->value[v].used = p->value[v].readable;
    for (int i = 0; i < p->nodes; i++) {
        const bf_node *n = &p->node[i];
        for (int k = 0; k < n->n_inputs; k++) p->value[n->input[k]].used = true;
        if (n->output != BF_NO_VALUE) p->value[n->output].used = true;
    }
}

static bool has_narrow_value(const bf_plan *p, const bf_node *n)
{
    bool narrow = n->output != BF_NO_VALUE && p->value[n->output].format == BF_BF16;
    for (int k = 0; k < n->n_inputs; k++) narrow = narrow || p->value[n->input[k]].format == BF_BF16;
    return narrow;
}

/* The only other node with n's slot 0, when it starts that slot's gradient. */
static bf_node *starter(const bf_plan *p, const bf_node *n)
{
    bf_node *found = NULL;
    for (int i = 0; i < p->nodes; i++) {
        bf_node *m = &p->node[i];
        if (m == n || m->n_slots == 0 || m->slot[0] != n->slot[0] || m->run.backward == NULL) continue;
        if (found != NULL || !m->op->starts || m->slot_adds[0]) return NULL;
        found = m;
    }
    return found;
}

static bool hands_over(const bf_plan *p, const bf_node *n)
{
    return n->op->hands != NULL && n->run.backward != NULL && n->slot_last[0] && (!n->slot_adds[0] || starter(p, n) != NULL) && n->op->hands(p, n);
}

/* Who gives the whole gradient of its weights leaves no other node anything to write. */
static void join_starters(bf_plan *p)
{
    for (int i = 0; i < p->nodes; i++) {
        bf_node *n = &p->node[i], *m = n->hands && n->slot_adds[0] ? starter(p, n) : NULL;
        if (m == NULL) continue;
        n->start = m->output;
        m->hands = true;
    }
}

/* The last word on kernels: the backend's own, or those of the op, widened where need be. Scratch serves one kernel at a time. */
static bf_status prepare_nodes(bf_plan *p)
{
    for (int i = 0; i < p->nodes; i++) {
        bf_node *n = &p->node[i];
        bool own = false;
        n->work = n->op->work == NULL ? 0 : n->op->work(p, n);
        if (p->backend->prepare != NULL) BF_TRY(p->backend->prepare(p, n, &own));
        n->hands = !own && hands_over(p, n);
        if (!own && n->op != &bf_op_cast && has_narrow_value(p, n)) bf_narrow_wrap(p, n);
        if (n->work > p->work) p->work = n->work;
    }
    join_starters(p);
    return BF_DONE;
}

static bf_status complete(bf_builder *b)
{
    bf_plan *p = b->plan;
    end_segment(b);
    if (b->status.code) return b->status;
    for (int i = 0; i < p->stats; i++) p->stat[i].info.name = p->stat[i].name;
    if (p->backend->fuses) bf_plan_fuse(p);
    mark_used(p);
    BF_TRY(bf_plan_derive(p));
    BF_TRY(prepare_nodes(p));
    BF_TRY(bf_plan_factor(p));
    if (!p->shape.backward) BF_TRY(bf_plan_share(p));
    lay_out(p, &p->memory);
    if (p->shape.counted && p->memory.used < SIZE_MAX) {
        p->memory.size = p->memory.used;
        return BF_DONE;
    }
    BF_TRY(bf_arena_commit(&p->memory));
    lay_out(p, &p->memory);
    for (int l = 0; l < p->shape.lanes; l++) p->lane[l].index = l;
    return BF_DONE;
}

bf_status bf_builder_finish(bf_builder **builder, bf_plan **out)
{
    bf_builder *b = *builder;
    bf_status s = out == NULL ? b->status : complete(b);
    if (out != NULL) *out = s.code ? NULL : b->plan;
    if (out == NULL || s.code) bf_plan_destroy(&b->plan);
    free(b);
    *builder = NULL;
    return s;
}

void bf_plan_destroy(bf_plan **plan)
{
    bf_plan *p = *plan;
    if (p == NULL) return;
    for (int i = 0; i < p->nodes && p->backend->release != NULL; i++) p->backend->release(&p->node[i]);
    bf_arena_release(&p->memory);
    free(p->value);
    free(p->node);
    free(p->coupling);
    free(p->segment);
    free(p->stat);
    free(p->term);
    free(p->idle);
    free(p->average);
    free(p->factors);
    free(p->buffer);
    free(p);
    *plan = NULL;
}
