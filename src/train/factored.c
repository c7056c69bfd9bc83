#include "train/factored.h"

#include "base/checksum.h"
#include "nn/tree.h"

#include <string.h>

static size_t end_of(const bf_factors *t) { return t->first + (size_t)t->out * (size_t)t->in; }

/* Range i lies before tensor i; the last one behind all. */
static bf_range rest_before(const bf_factored *f, int i, size_t size)
{
    const size_t first = i == 0 ? 0 : end_of(&f->tensor[i - 1]), end = i < f->tensors ? f->tensor[i].first : size;
    return (bf_range){ first, end - first };
}

void bf_factored_lay_out(bf_factored *f, bf_arena *a, size_t size)
{
    f->tensors = bf_plan_factors(f->plan, &f->tensor);
    if (f->tensors == 0) return;
    f->rest = BF_TAKE(a, bf_range, f->tensors + 1);
    f->rest_size = 0;
    for (int i = 0; i <= f->tensors; i++) {
        const bf_range r = rest_before(f, i, size);
        f->rest_size += r.count;
        if (f->rest) f->rest[i] = r;
    }
    f->rest_rows = (float *)bf_arena_take(a, f->rest_size, sizeof(float) * (size_t)f->lanes);
    f->all = (float *)bf_arena_take(a, bf_plan_factors_size(f->plan), sizeof(float) * (size_t)f->lanes * (size_t)bf_comm_size(f->team));
    f->work = bf_arena_take(a, bf_plan_factors_work(f->plan), 1);
}

size_t bf_factored_rest(const bf_factored *f)
{
    int i = 0;
    while (i < f->tensors && f->rest[i].count == 0) i++;
    return f->rest[i].first;
}

static uint64_t digest(const bf_factored *f)
{
    uint64_t sum = 0;
    for (int i = 0; i < f->tensors; i++) {
        const bf_factors *t = &f->tensor[i];
        const uint64_t all[] = { (uint64_t)t->node, (uint64_t)t->rows, (uint64_t)t->out, (uint64_t)t->in, t->starts, t->first, t->at };
        sum = 31 * sum + bf_hash64(all, sizeof all);
    }
    return sum;
}

void bf_factored_agree(bf_factored *f)
{
    const int64_t mine = (int64_t)(digest(f) >> 1);
    if (bf_comm_max(f->team, mine) != -bf_comm_max(f->team, -mine)) f->tensors = 0;
}

/* Copies all of the rest out of one lane's gradient, or back into it. */
static void copy_rest(const bf_factored *f, float *grad, float *packed, bool out)
{
    for (int i = 0; i <= f->tensors; i++) {
        const bf_range r = f->rest[i];
        memcpy(out ? packed : grad + r.first, out ? grad + r.first : packed, r.count * sizeof *grad);
        packed += r.count;
    }
}

static void sum_rest(const bf_factored *f, float *grads, size_t size, float *scratch)
{
    for (int l = 0; l < f->lanes; l++) copy_rest(f, grads + (size_t)l * size, f->rest_rows + (size_t)l * f->rest_size, true);
    bf_tree_f32(f->rest_rows, f->lanes, f->rest_size);
    if (bf_comm_size(f->team) > 1) bf_comm_tree_f32(f->team, f->rest_rows, f->rest_size, scratch);
    copy_rest(f, grads, f->rest_rows, false);
}

void bf_factored_gather(const bf_factored *f, float *grads, size_t size, float *scratch)
{
    const size_t of_a_lane = bf_plan_factors_size(f->plan), of_a_rank = (size_t)f->lanes * of_a_lane;
    float *mine = f->all + (size_t)bf_comm_rank(f->team) * of_a_rank;
    for (int l = 0; l < f->lanes; l++) bf_plan_factors_of_lane(f->plan, l, mine + (size_t)l * of_a_lane);
    if (bf_comm_size(f->team) > 1) bf_comm_allgather_f32(f->team, f->all, of_a_rank);
    sum_rest(f, grads, size, scratch);
}

/* What of a tensor is in this rank's slice is rows, of which the first and the last may be its neighbours' in part. */
typedef struct filter { bf_slice slice; const bf_taker *taker; } filter;

static void take_of_slice(void *self, size_t first, size_t count, const float *grad)
{
    const filter *f = self;
    const size_t from = first > f->slice.first ? first : f->slice.first, slice_end = f->slice.first + f->slice.count;
    const size_t end = first + count < slice_end ? first + count : slice_end;
    if (from < end) f->taker->take(f->taker->self, from, end - from, grad + (from - first));
}

static void multiply(const bf_factored *f, const bf_factors *t, filter *mine)
{
    const size_t first = mine->slice.first, end = first + mine->slice.count, in = (size_t)t->in;
    if (end <= t->first || first >= end_of(t)) return;
    const size_t from = first > t->first ? (first - t->first) / in : 0;
    const size_t to = end < end_of(t) ? (end - t->first + in - 1) / in : (size_t)t->out;
    bf_factors_multiply(f->plan, t, (int)from, (int)to, f->all, &(bf_taker){ mine, take_of_slice }, f->work);
}

void bf_factored_hand_over(const bf_factored *f, bf_slice slice, const float *grads, const bf_taker *taker)
{
    filter mine = { slice, taker };
    for (int i = 0; i <= f->tensors; i++) take_of_slice(&mine, f->rest[i].first, f->rest[i].count, grads + f->rest[i].first);
    for (int i = 0; i < f->tensors; i++) multiply(f, &f->tensor[i], &mine);
}
