#include "nn/onednn/layer.h"

#include "nn/activation.h"
#include "nn/bf16.h"
#include "nn/channel_sums.h"
#include <string.h>

#define PASS 4096u              /* entries that a pass in two steps takes at a time: they stay in the first cache */

static size_t padded(size_t bytes) { return (bytes + 63u) & ~(size_t)63u; }
static bool is_narrow(const bf_plan *p, bf_value v) { return bf_plan_format_of(p, v) == BF_BF16; }
static size_t count_of(const bf_plan *p, bf_value v) { return bf_shape_count(bf_plan_shape_of(p, v)); }
static bool has_bias(const bf_node *n) { return n->n_slots > 1; }

/* --- deciding ---------------------------------------------------------------------------------------------------- */

void bf_dnnl_layer_begin(const bf_plan *p, const bf_node *n, bool able, bf_dnnl_layer *o)
{
    const bf_activation kind = (bf_activation)n->activation;
    const bool narrow = is_narrow(p, n->output), leaks = able && (kind == BF_LEAKY_RELU || kind == BF_LEAKY_RELU_2), summed = able || !has_bias(n);
    /* The library's relu makes a NaN zero, which would hide a divergence; of its other functions only the leaks are ours to the last bit. */
    o->after = (bf_dnnl_after){ .leaks = leaks, .leak = kind == BF_LEAKY_RELU ? 0.01f : 0.2f };
    o->activated = leaks || (kind == BF_LINEAR && summed);
    /* A relu may also come after rounding; the other functions have to see f32. Where our own pass follows, it adds the bias, too. */
    const bool direct = o->activated || (narrow && kind == BF_RELU && summed);
    o->biased = direct && has_bias(n);
    o->through = narrow && !direct;
    o->operand = is_narrow(p, n->input[0]) ? dnnl_bf16 : dnnl_f32;
    o->product = narrow && direct ? dnnl_bf16 : dnnl_f32;
}

/* --- forward ----------------------------------------------------------------------------------------------------- */

/* Slot 0 as a product reads it. */
static const void *packed(const bf_dnnl_layer *o, const bf_dnnl_task *pack, const bf_node *n, const bf_lane *l)
{
    const void *theta = bf_lane_slot(l, n, 0);
    if (pack->primitive == NULL) return theta;
    void *to = (char *)l->work + o->weights;
    bf_dnnl_task_run(&o->library, pack, (const void *[]){ theta, to }, l->work);
    return to;
}

/* A NaN keeps its bits. */
static void relu_narrow(size_t n, uint16_t *y)
{
    for (size_t i = 0; i < n; i++) y[i] = y[i] >= 0x8000u && y[i] <= 0xff80u ? 0 : y[i];
}

/* Bias, activation and rounding, a few rows at a time. to: y in bf16, NULL where the product is y. */
static void finish_rows(const bf_dnnl_layer *o, const bf_node *n, const bf_lane *l, float *product, uint16_t *to)
{
    const size_t cols = o->cols, rows = count_of(l->plan, n->output) / cols;
    const float *bias = has_bias(n) ? bf_lane_slot(l, n, 1) : NULL;
    for (size_t r = 0; r < rows; r += o->high) {
        const size_t now = rows - r < o->high ? rows - r : o->high;
        bf_bias_activate((bf_activation)n->activation, now, cols, bias, product + r * cols);
        if (to != NULL) bf_narrow_all(product + r * cols, to + r * cols, now * cols);
    }
}

static void forward(const bf_node *n, const bf_lane *l)
{
    const bf_dnnl_layer *o = n->own;
    void *y = bf_lane_value(l, n->output), *product = o->through ? (char *)l->work + o->values : y;
    const void *bias = o->biased ? bf_lane_slot(l, n, 1) : NULL;
    bf_dnnl_task_run(&o->library, &o->forward, (const void *[]){ bf_lane_value(l, n->input[0]), packed(o, &o->pack_forward, n, l), product, bias },
                     l->work);
    if (o->activated) return;
    if (o->product == dnnl_bf16) relu_narrow(count_of(l->plan, n->output), y);
    else finish_rows(o, n, l, product, o->through ? y : NULL);
}

/* --- backward ---------------------------------------------------------------------------------------------------- */

/* dy becomes, in place, the gradient of what was activated; its column sums are added up. wide: room for two passes. */
static void slope_narrow(const bf_dnnl_layer *o, const bf_node *n, const bf_lane *l, float *wide, double *sum)
{
    const size_t cols = o->cols, rows = count_of(l->plan, n->output) / cols;
    uint16_t *y = bf_lane_value(l, n->output), *dy = bf_lane_gradient(l, n->output);
    float *wide_dy = wide, *wide_y = wide + o->high * cols;
    for (size_t r = 0; r < rows; r += o->high) {
        const size_t now = rows - r < o->high ? rows - r : o->high, at = r * cols, count = now * cols;
        bf_widen_all(dy + at, wide_dy, count);
        if (n->activation != BF_LINEAR) {
            bf_widen_all(y + at, wide_y, count);
            bf_activation_slope((bf_activation)n->activation, count, wide_y, wide_dy, wide_dy, false);
            bf_narrow_all(wide_dy, dy + at, count);
        }
        bf_channel_sums(wide_dy, now, cols, sum);
    }
}

/* The output's gradient, through the activation, in the operands' type; the bias gets its part. The sums lie where weights will. */
static const void *own_slope(const bf_dnnl_layer *o, const bf_node *n, const bf_lane *l)
{
    const size_t count = count_of(l->plan, n->output);
    void *dy = bf_lane_gradient(l, n->output);
    double *sum = (double *)((char *)l->work + o->weights);
    memset(sum, 0, o->cols * sizeof *sum);
    if (is_narrow(l->plan, n->output)) slope_narrow(o, n, l, (float *)((char *)sum + padded(o->cols * sizeof *sum)), sum);
    else {
        bf_own_slope(n, l);
        if (has_bias(n)) bf_channel_sums(dy, count / o->cols, o->cols, sum);
    }
    if (has_bias(n)) bf_channel_give(sum, o->cols, n->slot_adds[1], bf_lane_slot_gradient(l, n, 1));
    if (is_narrow(l->plan, n->output) || o->operand == dnnl_f32) return dy;
    uint16_t *rounded = (uint16_t *)((char *)l->work + o->values);
    bf_narrow_all(dy, rounded, count);
    return rounded;
}

static void weight_gradient(const bf_dnnl_layer *o, const bf_node *n, const bf_lane *l, const void *dy)
{
    void *dw = bf_lane_slot_gradient(l, n, 0), *own = o->unpack.primitive != NULL ? (char *)l->work + o->weights : dw;
    bf_dnnl_task_run(&o->library, &o->weight, (const void *[]){ bf_lane_value(l, n->input[0]), dy, own }, l->work);
    if (own != dw) bf_dnnl_task_run(&o->library, &o->unpack, (const void *[]){ own, dw }, l->work);
}

static void add(bool narrow, size_t n, const void *from, void *to)
{
    const float *wide_from = from;
    const uint16_t *narrow_from = from;
    float *wide_to = to;
    uint16_t *narrow_to = to;
    if (narrow)
        for (size_t i = 0; i < n; i++) narrow_to[i] = bf_narrow(bf_widen(narrow_to[i]) + bf_widen(narrow_from[i]));
    else
        for (size_t i = 0; i < n; i++) wide_to[i] += wide_from[i];
}

static void input_gradient(const bf_dnnl_layer *o, const bf_node *n, const bf_lane *l, const void *dy)
{
    const bool aside = n->adds[0] && !o->input_adds;
    void *dx = bf_lane_gradient(l, n->input[0]), *to = aside ? (char *)l->work + o->slope : dx;
    bf_dnnl_task_run(&o->library, &o->input, (const void *[]){ dy, packed(o, &o->pack_input, n, l), to }, l->work);
    if (aside) add(o->operand == dnnl_bf16, count_of(l->plan, n->input[0]), to, dx);
}

static void backward(const bf_node *n, const bf_lane *l)
{
    const bf_dnnl_layer *o = n->own;
    const void *dy = own_slope(o, n, l);
    weight_gradient(o, n, l, dy);
    if (n->wants[0]) input_gradient(o, n, l, dy);
}

/* --- making ------------------------------------------------------------------------------------------------------ */

static bool make_pack(const bf_dnnl_layer *o, const dnnl_memory_desc_t *flat, const bf_dnnl_task *user, bf_dnnl_task *out)
{
    const dnnl_memory_desc_t *wanted = bf_dnnl_task_arg(user, 1);
    return dnnl_memory_desc_equal(flat, wanted) || bf_dnnl_copy_create(&o->library, flat, wanted, false, out);
}

/* The gradient goes over a buffer where its layout differs, or where it is added and the product cannot do that. */
static bool make_unpack(const bf_node *n, bf_dnnl_layer *o)
{
    const dnnl_memory_desc_t *made = bf_dnnl_task_arg(&o->weight, 2);
    const bool adds = n->slot_adds[0] && !o->weight_adds;
    return (dnnl_memory_desc_equal(&o->flat[1], made) && !adds) || bf_dnnl_copy_create(&o->library, made, &o->flat[1], adds, &o->unpack);
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static size_t packed_bytes(const bf_dnnl_task *pack, int side)
{
    return pack->primitive == NULL ? 0 : dnnl_memory_desc_get_size(bf_dnnl_task_arg(pack, side));
}

/* work: scratch of the task that runs | packed weights or their gradient, before them the bias' sums | product or rounded dy | dx to be added. */
static void lay_out(const bf_plan *p, bf_node *n, bf_dnnl_layer *o)
{
    const bf_dnnl_task *tasks[] = { &o->forward, &o->weight, &o->input, &o->pack_forward, &o->pack_input, &o->unpack };
    size_t scratch = 0;
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) scratch = larger(scratch, tasks[i]->scratch);
    const size_t packs = larger(packed_bytes(&o->pack_forward, 1), larger(packed_bytes(&o->pack_input, 1), packed_bytes(&o->unpack, 0)));
    const size_t sums = padded(o->cols * sizeof(double)) + (is_narrow(p, n->output) ? 2 * o->high * o->cols * sizeof(float) : 0);
    const size_t weights = larger(packs, n->run.backward != NULL ? sums : 0);
    const bool rounds = o->operand == dnnl_bf16 && !is_narrow(p, n->output);
    const size_t values = o->through ? sizeof(float) : rounds ? sizeof(uint16_t) : 0;
    const bool aside = n->wants[0] && n->adds[0] && !o->input_adds;
    o->weights = padded(scratch);
    o->values = o->weights + padded(weights);
    o->slope = o->values + padded(values * count_of(p, n->output));
    n->work = o->slope + (aside ? padded(count_of(p, n->input[0]) * bf_format_size(bf_plan_format_of(p, n->input[0]))) : 0);
}

bool bf_dnnl_layer_complete(const bf_plan *p, bf_node *n, bf_dnnl_layer *o)
{
    const bool learns = n->run.backward != NULL;
    o->high = o->cols < PASS ? PASS / o->cols : 1;
    if (!make_pack(o, &o->flat[0], &o->forward, &o->pack_forward)) return false;
    if (learns && !make_unpack(n, o)) return false;
    if (learns && n->wants[0] && !make_pack(o, &o->flat[2], &o->input, &o->pack_input)) return false;
    lay_out(p, n, o);
    n->run = (bf_kernels){ forward, learns ? backward : NULL };
    n->own = o;
    return true;
}

void bf_dnnl_layer_destroy(bf_dnnl_layer *o)
{
    bf_dnnl_task *tasks[] = { &o->forward, &o->weight, &o->input, &o->pack_forward, &o->pack_input, &o->unpack };
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) bf_dnnl_task_destroy(tasks[i]);
    bf_dnnl_close(&o->library);
}
