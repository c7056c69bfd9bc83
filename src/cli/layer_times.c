#include "cli/layer_times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/text.h"

/* A layer is named as its parameters are, without their last part. */
static void name_layer(const bf_node_info *n, bf_layer_time *out)
{
    const char *end = n->slot ? strrchr(n->slot, '.') : NULL;
    snprintf(out->op, sizeof out->op, "%s", n->op);
    if (n->slot) snprintf(out->name, sizeof out->name, "%.*s", (int)(end ? (size_t)(end - n->slot) : strlen(n->slot)), n->slot);
}

bf_status bf_layer_times_take(const bf_trainer *t, const bf_times *before, int64_t steps, double seconds, bf_layer_times *out)
{
    const bf_plan *p = bf_trainer_plan(t);
    const double *laps = bf_trainer_laps(t), per_step = 1.0 / (double)steps;
    const bf_times now = bf_trainer_times(t);
    *out = (bf_layer_times){ .count = bf_plan_nodes(p), .steps = steps, .step = seconds * per_step,
                             .data = (now.seconds[BF_PHASE_DATA] - before->seconds[BF_PHASE_DATA]) * per_step,
                             .update = (now.seconds[BF_PHASE_UPDATE] - before->seconds[BF_PHASE_UPDATE]) * per_step };
    out->layer = calloc((size_t)out->count, sizeof *out->layer);
    if (!out->layer) { out->count = 0; return BF_FAIL(BF_E_MEMORY, "no memory for the times of %d layers", bf_plan_nodes(p)); }
    for (int i = 0; i < out->count; i++) {
        const bf_node_info n = bf_plan_node(p, i);
        bf_layer_time *l = &out->layer[i];
        name_layer(&n, l);
        l->shape = n.shape;
        l->flops = n.flops + n.back_flops;
        l->forward = laps[2 * i] * per_step;
        l->back = laps[2 * i + 1] * per_step;
    }
    return BF_DONE;
}

static void print_shape(bf_table *t, bf_shape s)
{
    if (s.height * s.width > 1) bf_table_cell(t, "%d x %d x %d", s.height, s.width, s.channels);
    else if (s.channels > 0) bf_table_cell(t, "%zu", bf_shape_cols(s));
    else bf_table_cell(t, "-");
}

/* Milliseconds as everywhere; "-" for what is not done. */
static void print_row(bf_table *t, const bf_layer_times *l, const bf_layer_time *r)
{
    char flops[24] = "-";
    const double both = r->forward + r->back;
    bf_table_cell(t, "%s", r->name);
    bf_table_cell(t, "%s", r->op);
    print_shape(t, r->shape);
    if (r->flops > 0.0) bf_human_count(r->flops, flops);
    bf_table_cell(t, "%s", flops);
    bf_table_cell(t, "%.3f", 1e3 * r->forward);
    bf_table_cell(t, "%.3f", 1e3 * r->back);
    if (r->flops > 0.0 && both > 0.0) bf_table_cell(t, "%.1f", 1e-9 * r->flops / both);
    else bf_table_cell(t, "-");
    bf_table_cell(t, "%.1f %%", 100.0 * both / l->step);
}

static void fill(bf_table *t, const bf_layer_times *l)
{
    static const char *const heading[] = { "layer", "operation", "output", "flop", "forward ms", "back ms", "Gflop/s", "of the step" };
    bf_layer_time others = { .op = "others" };
    double sum = l->data + l->update;
    for (size_t k = 0; k < sizeof heading / sizeof *heading; k++) bf_table_cell(t, "%s", heading[k]);
    for (int i = 0; i < l->count; i++) {
        const bf_layer_time *r = &l->layer[i];
        sum += r->forward + r->back;
        if (r->flops > 0.0 || r->forward + r->back > 0.005 * l->step) { print_row(t, l, r); continue; }
        others.forward += r->forward;
        others.back += r->back;
    }
    print_row(t, l, &others);
    print_row(t, l, &(bf_layer_time){ .op = "samples", .forward = l->data });
    print_row(t, l, &(bf_layer_time){ .op = "optimiser", .back = l->update });
    print_row(t, l, &(bf_layer_time){ .op = "between them", .back = l->step > sum ? l->step - sum : 0.0 });
}

bf_status bf_layer_times_print(const bf_layer_times *l, double rate)
{
    double flops = 0.0;
    for (int i = 0; i < l->count; i++) flops += l->layer[i].flops;
    bf_table *t = bf_table_create("lllrrrrr");
    printf("\nlayers      of configuration %d, one rank, mean of %lld steps of %.3f ms;\n", l->id, (long long)l->steps, 1e3 * l->step);
    printf("            its products would take %.1f %% of that as fast as a large one\n\n", 100.0 * flops / rate / l->step);
    if (t) fill(t, l);
    const bf_status s = t ? bf_table_print(t, stdout) : BF_FAIL(BF_E_MEMORY, "no memory for a table");
    bf_table_destroy(&t);
    return s;
}

void bf_layer_times_json(const bf_layer_times *l)
{
    char forward[32], back[32];
    if (l->count == 0) return;
    printf("\"layers\": {\"id\": %d, \"steps\": %lld, \"seconds\": %s, \"data\": %s, ", l->id, (long long)l->steps, bf_json_number(l->step, forward),
           bf_json_number(l->data, back));
    printf("\"update\": %s, \"nodes\": [", bf_json_number(l->update, back));
    for (int i = 0; i < l->count; i++) {
        const bf_layer_time *r = &l->layer[i];
        printf("%s\n  {\"layer\": ", i ? "," : "");
        bf_json_text(r->name, stdout);
        printf(", \"operation\": \"%s\", \"shape\": [%d, %d, %d], ", r->op, r->shape.height, r->shape.width, r->shape.channels);
        printf("\"flops\": %.15g, \"forward\": %s, \"back\": %s}", r->flops, bf_json_number(r->forward, forward), bf_json_number(r->back, back));
    }
    printf("\n]},\n");
}

void bf_layer_times_free(bf_layer_times *l)
{
    free(l->layer);
    *l = (bf_layer_times){ 0 };
}
