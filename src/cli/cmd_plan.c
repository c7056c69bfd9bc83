/* betafield plan: expand, check, estimate. Writes nothing and needs no launcher. */
#include "cli/cli.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/plural.h"
#include "cli/columns.h"
#include "cli/estimate.h"
#include "cli/input.h"
#include "cli/text.h"
#include "farm/lineage.h"

enum { ALL_ROWS = 40, EDGE_ROWS = 12,       /* of a longer table the first and last rows are shown */
       AFTER = 4,                           /* columns behind the swept keys */
       LAYER_STEPS = 20 };                  /* of --layers by itself */

typedef struct plan_options {
    const char *input, *out, *only;
    int64_t     ranks, time;
    bf_texts    set;
    bool        layers, json;
} plan_options;

static const bf_option options[] = {
    { "INPUT.yaml", NULL, BF_OPTION_PLACE, offsetof(plan_options, input), 0, "the study file" },
    { "--ranks", "N", BF_OPTION_INT, offsetof(plan_options, ranks), 1, "lay the study out on N ranks (default 1)" },
    { "--set", "KEY=VALUE", BF_OPTION_TEXTS, offsetof(plan_options, set), 0, "override a key of the study file; may be repeated" },
    { "--only", "IDS", BF_OPTION_TEXT, offsetof(plan_options, only), 0, "plan these configurations only: 0-7,12,31" },
    { "-o", "DIR", BF_OPTION_TEXT, offsetof(plan_options, out), 0, "where results would go (default outputs/<study>)" },
    { "--time", "N", BF_OPTION_INT, offsetof(plan_options, time), 1, "train up to three configurations for N steps to calibrate the estimate" },
    { "--layers", NULL, BF_OPTION_FLAG, offsetof(plan_options, layers), 0,
      "show where the time of a step goes, layer by layer (with --time N, else 20 steps)" },
    { "--json", NULL, BF_OPTION_FLAG, offsetof(plan_options, json), 0, "print one JSON object instead of tables" },
    { 0 },
};

/* --- for people ----------------------------------------------------------------------------------------------------- */

static bool chained(const bf_study *s) { return bf_warm_started(bf_study_base(s)); }

static void add_row(bf_table *t, const bf_study *s, const bf_estimate *e, const bf_columns *columns, int i)
{
    const int id = e->id[i], parent = bf_study_parent(s, id);
    char human[32];
    bf_table_cell(t, "%d", id);
    if (chained(s) && parent < 0) bf_table_cell(t, "-");
    else if (chained(s)) bf_table_cell(t, "%d", parent);
    bf_columns_row(columns, id, t);
    bf_table_cell(t, "%lld", (long long)e->cost[i].parameters);
    bf_human_count(e->cost[i].flops_per_step, human);
    bf_table_cell(t, "%s", human);
    bf_table_cell(t, "%lld", (long long)e->cost[i].steps);
    bf_clock_human(e->seconds[i], human);
    bf_table_cell(t, "%s", human);
}

static void fill_table(bf_table *t, const bf_study *s, const bf_estimate *e, const bf_columns *columns, int width)
{
    static const char *const after[] = { "parameters", "flop/step", "steps", "estimate" };
    const bool all = e->configs <= ALL_ROWS;
    bf_table_cell(t, "id");
    if (chained(s)) bf_table_cell(t, "parent");
    bf_columns_heading(columns, t);
    for (int k = 0; k < AFTER; k++) bf_table_cell(t, "%s", after[k]);
    for (int i = 0; i < e->configs; i++) {
        if (!all && i >= EDGE_ROWS && i < e->configs - EDGE_ROWS) continue;
        for (int k = 0; !all && i == e->configs - EDGE_ROWS && k < width; k++) bf_table_cell(t, "...");
        add_row(t, s, e, columns, i);
    }
}

static bf_status print_configs(const bf_study *s, const bf_estimate *e)
{
    const int fixed = chained(s) ? 60 : 52;       /* characters of the other columns */
    char align[BF_MAX_SWEPT + AFTER + 3] = "";
    bf_columns columns;
    BF_TRY(bf_columns_open(s, fixed, &columns));
    const int width = 1 + chained(s) + columns.shown + AFTER;
    memset(align, 'r', (size_t)width);
    bf_table *t = bf_table_create(align);
    bf_status status = t ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a table");
    if (t) {
        fill_table(t, s, e, &columns, width);
        status = bf_table_print(t, stdout);
        if (columns.shown < columns.swept) printf("  %d more swept keys do not fit here; --json has all of them\n", columns.swept - columns.shown);
    }
    bf_table_destroy(&t);
    bf_columns_close(&columns);
    return status;
}

static void print_data(const bf_study_data_sets *d)
{
    for (int k = 0; k < d->count; k++) {
        const bf_data_info *i = &d->info[k];
        printf("%s%s: %lld training and %lld test samples of ", k ? "            " : "data        ", d->options[k].source,
               (long long)i->rows[BF_TRAIN], (long long)i->rows[BF_TEST]);
        for (int j = 0; j < i->dims; j++) printf("%s%d", j ? " x " : "", i->shape[j]);
        printf(" values, %s\n", i->stored == BF_STORED_U8 ? "u8" : "f32");
    }
}

static void print_memory(const bf_estimate *e)
{
    char one[24], all[24], data[24], here[24];
    const double total = e->data_bytes + (double)e->rank_bytes * e->layout.ranks;
    const double machine = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    bf_human_bytes(e->data_bytes, data);
    bf_human_bytes((double)e->rank_bytes, one);
    bf_human_bytes(total, all);
    bf_human_bytes(machine, here);
    printf("memory      %s of this machine's %s: data %s once + %d rank%s x %s\n", all, here, data, e->layout.ranks, bf_plural(e->layout.ranks), one);
    if (total <= machine) return;
    const bool even_one = e->data_bytes + (double)e->rank_bytes > machine;
    printf("            that is more than one machine like this has: %s\n",
           even_one ? "one rank alone needs a larger one, or a smaller study" : "spread the ranks over more nodes");
}

static void print_disk(const bf_estimate *e, const char *dir)
{
    char files[24], checkpoints[24], space[24];
    bf_human_bytes(e->file_bytes, files);
    bf_human_bytes(e->checkpoint_bytes, checkpoints);
    bf_human_bytes(e->free_bytes, space);
    printf("disk        results %s, checkpoints up to %s; %s free for %s\n", files, checkpoints, space, dir);
}

static void print_chains(const bf_study *s, const bf_estimate *e)
{
    const bf_makespan *m = &e->makespan;
    const bf_config *base = bf_study_base(s);
    char path[32];
    int outside = 0;
    for (int i = 0; i < e->configs; i++) outside += e->parent[i] < 0 && bf_study_parent(s, e->id[i]) >= 0;
    bf_clock_human(m->path, path);
    printf("chains      %d along %s from %s", m->chains, base->warm.along, base->warm.from);
    if (m->chains) printf(", of up to %d configurations\n            the longest takes about %s", m->longest, path);
    if (outside) printf("\n            %d begin%s with the weights of a parent that is not among them", outside, outside == 1 ? "s" : "");
    putchar('\n');
}

static void print_time(const bf_estimate *e)
{
    char span[32], sum[32], rate[24];
    bf_clock_human(e->makespan.total, span);
    bf_clock_human(e->sum, sum);
    bf_human_count(e->rate, rate);
    printf("time        about %s on %d rank%s (%s of one rank's work)\n", span, e->layout.ranks, bf_plural(e->layout.ranks), sum);
    if (e->timed)
        printf("            from %lld training steps of each of %d representative configuration%s, measured here now\n",
               (long long)e->timed_steps, e->timed, bf_plural(e->timed));
    else
        printf("            from the counted arithmetic at %sflop/s, measured here now (--time N times steps)\n", rate);
}

static bf_status print_text(const bf_study *s, const bf_study_data_sets *d, const bf_estimate *e, const char *dir, bool layers)
{
    const bf_layout *l = &e->layout;
    const int all = bf_study_count(s);
    printf("study       %s: %d", bf_study_base(s)->study, e->configs);
    if (e->configs < all) printf(" of %d", all);
    printf(" configuration%s\n", bf_plural(all));
    print_data(d);
    putchar('\n');
    BF_TRY(print_configs(s, e));
    printf("\nranks       %d in %d team%s of %d\n            %s\n", l->ranks, l->teams, bf_plural(l->teams), l->team_size, l->why);
    print_memory(e);
    print_disk(e, dir);
    if (chained(s)) print_chains(s, e);
    print_time(e);
    if (e->layers.count) return bf_layer_times_print(&e->layers, e->rate);
    if (layers) printf("\nlayers      not timed: train.steps allows too few steps\n");
    return BF_DONE;
}

/* --- for programs --------------------------------------------------------------------------------------------------- */

/* Numbers, booleans and lists of numbers are JSON as they are printed; everything else is text. */
static void json_value(const bf_key *k, const char *text)
{
    const bool number = text[0] == '-' || (text[0] >= '0' && text[0] <= '9'), list = text[0] == '[';
    const bool plain = k->type == BF_KEY_BOOL || (number && (k->type == BF_KEY_INT || k->type == BF_KEY_REAL || k->type == BF_KEY_WEIGHT)) ||
                       (list && (k->type == BF_KEY_INTS || k->type == BF_KEY_REALS || k->type == BF_KEY_PAIR));
    if (plain) printf("%s", text);
    else bf_json_text(text, stdout);
}

static void json_config(const bf_study *s, const bf_estimate *e, const bf_lineage *l, int i, bf_config *c, char *text)
{
    const bf_key *keys[BF_MAX_SWEPT];
    const int id = e->id[i];
    const int swept = bf_study_swept(s, keys);
    const bf_cost *cost = &e->cost[i];
    char number[32];
    bf_study_config(s, id, c);
    printf("%s\n  {\"id\": %d, \"parent\": %d, \"config_hash\": \"%s\", \"keys\": {", i ? "," : "", id, l->parent[id], l->hash[id]);
    for (int k = 0; k < swept; k++) {
        bf_key_print(keys[k], c, text, BF_KEY_PRINTED);
        printf("%s\"%s\": ", k ? ", " : "", keys[k]->path);
        json_value(keys[k], text);
    }
    printf("}, \"parameters\": %lld, \"steps\": %lld, \"flops_per_step\": %.15g, ", (long long)cost->parameters, (long long)cost->steps, cost->flops_per_step);
    printf("\"memory\": %zu, \"disk\": %lld, \"seconds\": %s}", cost->memory, (long long)cost->disk, bf_json_number(e->seconds[i], number));
}

static void json_data(const bf_study_data_sets *d)
{
    printf("\"data\": [");
    for (int k = 0; k < d->count; k++) {
        const bf_data_info *i = &d->info[k];
        printf("%s{\"source\": \"%s\", \"train\": %lld, \"test\": %lld, \"width\": %d, \"stored\": \"%s\"}", k ? ", " : "", d->options[k].source,
               (long long)i->rows[BF_TRAIN], (long long)i->rows[BF_TEST], i->width, i->stored == BF_STORED_U8 ? "u8" : "f32");
    }
    printf("],\n");
}

static bf_status print_json(const bf_study *s, const bf_study_data_sets *d, const bf_estimate *e, const char *dir)
{
    const bf_layout *l = &e->layout;
    const bf_makespan *m = &e->makespan;
    char number[32];
    bf_lineage lineage = { 0 };
    bf_config *c = malloc(sizeof *c);
    char *text = malloc(BF_KEY_PRINTED);
    bf_status status = c && text ? bf_lineage_trace(s, &lineage) : BF_FAIL(BF_E_MEMORY, "no memory to print the plan");
    if (status.code) {
        free(c);
        free(text);
        return status;
    }
    printf("{\"study\": \"%s\",\n", bf_study_base(s)->study);
    json_data(d);
    printf("\"layout\": {\"ranks\": %d, \"teams\": %d, \"team_size\": %d, \"idle\": %d, \"why\": ", l->ranks, l->teams, l->team_size, l->idle);
    bf_json_text(l->why, stdout);
    printf("},\n\"memory\": {\"data\": %.0f, \"rank\": %zu, \"node\": %.0f},\n", e->data_bytes, e->rank_bytes, e->data_bytes + (double)e->rank_bytes * l->ranks);
    printf("\"disk\": {\"folder\": ");
    bf_json_text(dir, stdout);
    printf(", \"results\": %.0f, \"checkpoints\": %.0f, \"free\": %s},\n", e->file_bytes, e->checkpoint_bytes, bf_json_number(e->free_bytes, number));
    printf("\"time\": {\"seconds\": %s, ", bf_json_number(e->makespan.total, number));
    printf("\"work\": %s, \"source\": \"%s\", \"flops_per_second\": %.15g, \"steps\": %lld},\n", bf_json_number(e->sum, number),
           e->timed ? "steps" : "counted", e->rate, (long long)(e->timed ? e->timed_steps : 0));
    printf("\"chains\": {\"count\": %d, \"longest\": %d, \"seconds\": %s},\n", m->chains, m->longest, bf_json_number(m->path, number));
    bf_layer_times_json(&e->layers);
    printf("\"configs\": [");
    for (int i = 0; i < e->configs; i++) json_config(s, e, &lineage, i, c, text);
    printf("]}\n");
    bf_lineage_free(&lineage);
    free(c);
    free(text);
    return BF_DONE;
}

/* --- the command ---------------------------------------------------------------------------------------------------- */

/* Everything that can be wrong with the file and what it names, in one report. */
static bf_status load(bf_input_file *in, bf_study_data_sets *d, const plan_options *o)
{
    bf_status s;
    BF_TRY(bf_input_read(in, o->input));
    BF_TRY(bf_input_parse(in, &o->set));
    if (!in->study) return bf_input_verdict(in, stderr);
    s = bf_study_data_inspect(in->study, &in->problems, d);
    if (!s.code) s = bf_study_data_check(d, in->study, &in->problems);
    return s.code && s.code != BF_E_INPUT ? s : bf_input_verdict(in, stderr);
}

/* Steps need a trainer, and a trainer a communicator: the only plan that starts MPI, as a single process. */
static bf_status measure(bf_estimate *e, const bf_study *s, bf_study_data_sets *d, const plan_options *o, bf_fault_plan *faults)
{
    bf_comm *world = NULL, *node = NULL;
    int argc = 0;
    char *none[] = { NULL }, **argv = none;
    BF_TRY(bf_comm_init(&argc, &argv, faults, &world));
    bf_status status = bf_comm_node(world, &node);
    if (!status.code) status = bf_estimate_measure(e, s, d, world, node, o->time, o->layers);
    /* Shared windows go before the communicators they live on. */
    for (int k = 0; k < d->count; k++) bf_dataset_close(&d->set[k]);
    bf_comm_free(&node);
    bf_comm_finalize(&world);
    return status;
}

static bf_status plan(const plan_options *o, bf_input_file *in, bf_study_data_sets *d, bf_estimate *e, bf_fault_plan *faults)
{
    char dir[BF_PATH];
    BF_TRY(load(in, d, o));
    if (o->out) BF_TRY(bf_file_join(dir, sizeof dir, o->out, ""));
    else BF_TRY(bf_file_join(dir, sizeof dir, "outputs", bf_study_base(in->study)->study));
    BF_TRY(bf_estimate_count(in->study, d, o->only, (int)o->ranks, dir, e));
    if (o->time) BF_TRY(measure(e, in->study, d, o, faults));
    BF_TRY(bf_estimate_time(e));
    BF_TRY(o->json ? print_json(in->study, d, e, dir) : print_text(in->study, d, e, dir, o->layers));
    if (e->file_bytes + e->checkpoint_bytes > e->free_bytes)
        return BF_FAIL(BF_E_INPUT, "the results need %.0f MB, the file system of %s has %.0f MB free; output.posterior: [] and "
                       "output.second_stage: false make them smaller", 1e-6 * (e->file_bytes + e->checkpoint_bytes), dir, 1e-6 * e->free_bytes);
    return BF_DONE;
}

static int command(int argc, char **argv, bf_fault_plan *faults)
{
    plan_options o = { .ranks = 1 };
    bf_input_file in = { 0 };
    bf_study_data_sets d = { 0 };
    bf_estimate e = { 0 };
    bf_status s = bf_args_read(options, argc, argv, &o);
    if (!s.code && o.ranks > 1 << 20) s = BF_FAIL(BF_E_USAGE, "--ranks: at most %d", 1 << 20);
    if (o.layers && o.time == 0) o.time = LAYER_STEPS;
    if (!s.code) s = plan(&o, &in, &d, &e, faults);
    bf_estimate_free(&e);
    bf_study_data_close(&d);
    bf_input_free(&in);
    return bf_command_end(&bf_command_plan, &s);
}

const bf_command bf_command_plan = {
    .name = "plan",
    .synopsis = "plan INPUT.yaml [--ranks N] [--set KEY=VALUE]... [--only IDS] [-o DIR] [--time N] [--layers] [--json]",
    .help =
        "expand a study, check it, estimate what it needs; writes nothing\n"
        "\n"
        "  betafield plan study.yaml --ranks 16\n"
        "  betafield plan study.yaml --only 0-7 --time 50        a part; times 50 steps\n"
        "  betafield plan study.yaml --layers                    which layer takes how long\n"
        "\n"
        "Prints every configuration with its parameters, arithmetic and time, how ranks are grouped,\n"
        "memory per node, disk, and how long it all takes; with warm_start.along each one's parent and the\n"
        "longest chain, which more ranks do not shorten. Reports every mistake of the study file at once\n"
        "and reads the headers of the data files it names. Exit code 2 when anything is wrong. Ids count\n"
        "the sweep in its order; a folder whose sweep has grown keeps those it gave before.\n",
    .run = command,
    .options = options,
};
