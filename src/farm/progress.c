/* Written as JSON; read by the reader of study files, because JSON is YAML and that one is bounded in everything: no second parser has to be
 * trusted with a file's bytes. */
#include "farm/progress.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "study/number.h"
#include "study/yaml_tree.h"

#define BF_PROGRESS_LIMIT ((size_t)4 << 20)
#define BF_MOST_COUNTED (1 << 28)       /* ranks, configurations, pids: readers add and subtract several of them as int */
#define BF_MOST_STEPS ((int64_t)1 << 53)

/* --- writing -------------------------------------------------------------------------------------------------------- */

static void write_text(FILE *f, const char *name, const char *text)
{
    char escaped[400];
    bf_json_escape(text, escaped, sizeof escaped);
    fprintf(f, "\"%s\": \"%s\", ", name, escaped);
}

static void write_running(FILE *f, const bf_running *r)
{
    char rate[32];
    fprintf(f, "{\"config\": %d, \"team\": %d, \"step\": %lld, \"steps\": %lld, \"epoch\": %lld, \"epochs\": %lld, \"samples_per_second\": %s}",
            r->id, r->team, (long long)r->step, (long long)r->steps, (long long)r->epoch, (long long)r->epochs,
            bf_json_number(r->samples_per_second, rate));
}

void bf_progress_print(const bf_progress *p, FILE *f)
{
    char number[32];
    fprintf(f, "{");
    write_text(f, "uuid", p->uuid);
    write_text(f, "state", p->state);
    write_text(f, "host", p->host);
    write_text(f, "started", p->started);
    write_text(f, "updated", p->updated);
    fprintf(f, "\n\"pid\": %d, \"ranks\": %d, \"teams\": %d, \"configs\": %d, \"done\": %d, \"failed\": %d, \"running\": %d, \"pending\": %d,\n", p->pid,
            p->ranks, p->teams, p->configs, p->done, p->failed, p->running, p->pending);
    fprintf(f, "\"elapsed\": %s, ", bf_json_number(p->elapsed, number));
    fprintf(f, "\"eta\": %s, ", bf_json_number(p->eta, number));
    fprintf(f, "\"samples_per_second\": %s,\n\"at\": [", bf_json_number(p->samples_per_second, number));
    for (int i = 0; i < p->n_running; i++) {
        fprintf(f, i ? ",\n" : "\n");
        write_running(f, &p->at[i]);
    }
    fprintf(f, "]}\n");
}

bf_status bf_progress_write(const char *dir, const char *tag, const bf_progress *p)
{
    char path[BF_PATH], *text = NULL;
    size_t n = 0;
    BF_TRY(bf_file_join(path, sizeof path, dir, "progress.json"));
    FILE *f = open_memstream(&text, &n);
    if (!f) return BF_FAIL(BF_E_MEMORY, "no memory for %s", path);
    bf_progress_print(p, f);
    bf_status s = fclose(f) == 0 ? bf_file_write(path, tag, text, n) : BF_FAIL(BF_E_MEMORY, "no memory for %s", path);
    free(text);
    return s;
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

typedef enum bf_field_type { BF_FIELD_TEXT, BF_FIELD_INT, BF_FIELD_LONG, BF_FIELD_REAL } bf_field_type;
typedef struct bf_field { const char *name; bf_field_type type; size_t offset, size; } bf_field;

#define BF_FIELD(type_, s, m) { #m, type_, offsetof(s, m), sizeof(((s *)0)->m) }
static const bf_field progress_fields[] = {
    BF_FIELD(BF_FIELD_TEXT, bf_progress, uuid), BF_FIELD(BF_FIELD_TEXT, bf_progress, state), BF_FIELD(BF_FIELD_TEXT, bf_progress, host),
    BF_FIELD(BF_FIELD_TEXT, bf_progress, started), BF_FIELD(BF_FIELD_TEXT, bf_progress, updated),
    BF_FIELD(BF_FIELD_INT, bf_progress, pid), BF_FIELD(BF_FIELD_INT, bf_progress, ranks), BF_FIELD(BF_FIELD_INT, bf_progress, teams),
    BF_FIELD(BF_FIELD_INT, bf_progress, configs), BF_FIELD(BF_FIELD_INT, bf_progress, done), BF_FIELD(BF_FIELD_INT, bf_progress, failed),
    BF_FIELD(BF_FIELD_INT, bf_progress, running), BF_FIELD(BF_FIELD_INT, bf_progress, pending),
    BF_FIELD(BF_FIELD_REAL, bf_progress, elapsed), BF_FIELD(BF_FIELD_REAL, bf_progress, eta), BF_FIELD(BF_FIELD_REAL, bf_progress, samples_per_second),
    { NULL, BF_FIELD_INT, 0, 0 }
};
static const bf_field running_fields[] = {
    { "config", BF_FIELD_INT, offsetof(bf_running, id), sizeof(int) }, BF_FIELD(BF_FIELD_INT, bf_running, team),
    BF_FIELD(BF_FIELD_LONG, bf_running, step), BF_FIELD(BF_FIELD_LONG, bf_running, steps), BF_FIELD(BF_FIELD_LONG, bf_running, epoch),
    BF_FIELD(BF_FIELD_LONG, bf_running, epochs), BF_FIELD(BF_FIELD_REAL, bf_running, samples_per_second),
    { NULL, BF_FIELD_INT, 0, 0 }
};

/* The value of a mapping's key; -1 when it has none. */
static int find_value(const bf_yaml *y, int mapping, const char *key)
{
    for (int c = y->at[mapping].first; c >= 0; c = y->at[c].next)
        if (strcmp(bf_yaml_text(y, y->at[c].key), key) == 0) return c;
    return -1;
}

static bf_status expected(const bf_yaml *y, int node, const char *name, const char *what)
{
    char found[64];
    bf_yaml_quote(y, node, found, sizeof found);
    return BF_FAIL(BF_E_FORMAT, "\"%s\" is %s, not %s", name, found, what);
}

/* The texts of a scalar that JSON writes with quotes, or without; NULL for everything else. */
static const char *text_of(const bf_yaml *y, int node, bool quoted)
{
    return y->at[node].kind == BF_YAML_SCALAR && y->at[node].plain != quoted ? bf_yaml_text(y, node) : NULL;
}

static bf_status set_whole(const bf_yaml *y, int node, const bf_field *f, int64_t most, int64_t *v)
{
    const char *text = text_of(y, node, false);
    return text && bf_parse_int(text, v) && *v >= 0 && *v <= most ? BF_DONE : expected(y, node, f->name, "a count");
}

static bf_status set_field(const bf_yaml *y, int node, const bf_field *f, void *out)
{
    void *at = (char *)out + f->offset;
    int64_t whole = 0;
    double real = NAN;
    const char *text = text_of(y, node, f->type == BF_FIELD_TEXT);
    switch (f->type) {
    case BF_FIELD_TEXT:
        if (!text) return expected(y, node, f->name, "a text");
        bf_text_quote(text, at, f->size);       /* bytes that a terminal would obey do not belong in a name or a time */
        break;
    case BF_FIELD_INT:
        BF_TRY(set_whole(y, node, f, BF_MOST_COUNTED, &whole));
        *(int *)at = (int)whole;
        break;
    case BF_FIELD_LONG:
        BF_TRY(set_whole(y, node, f, BF_MOST_STEPS, &whole));
        *(int64_t *)at = whole;
        break;
    case BF_FIELD_REAL:
        if (!bf_yaml_is_nothing(y, node) && !(text && bf_parse_real(text, &real) && real >= 0.0))
            return expected(y, node, f->name, "a number of seconds or a rate");
        *(double *)at = real;
        break;
    }
    return BF_DONE;
}

/* Every field has to be there; what else there is is skipped, so that a later version may add. */
static bf_status read_fields(const bf_yaml *y, int mapping, const bf_field *fields, void *out)
{
    if (y->at[mapping].kind != BF_YAML_MAPPING) return BF_FAIL(BF_E_FORMAT, "it is no JSON object");
    for (const bf_field *f = fields; f->name; f++) {
        const int node = find_value(y, mapping, f->name);
        if (node < 0) return BF_FAIL(BF_E_FORMAT, "there is no \"%s\"", f->name);
        BF_TRY(set_field(y, node, f, out));
    }
    return BF_DONE;
}

static bf_status read_running(const bf_yaml *y, bf_progress *p)
{
    const int list = find_value(y, 0, "at");
    if (list < 0) return BF_FAIL(BF_E_FORMAT, "there is no \"at\"");
    if (y->at[list].kind != BF_YAML_SEQUENCE) return expected(y, list, "at", "a list");
    p->at = calloc((size_t)y->at[list].count + 1, sizeof *p->at);
    if (!p->at) return BF_FAIL(BF_E_MEMORY, "no memory for %d running configurations", y->at[list].count);
    for (int item = y->at[list].first; item >= 0; item = y->at[item].next)
        BF_TRY(read_fields(y, item, running_fields, &p->at[p->n_running++]));
    return BF_DONE;
}

/* Numbers that are good by themselves and not together. */
static bf_status check(const bf_progress *p)
{
    static const char *const states[] = { "running", "stopped", "finished", "failed" };
    bool known = false;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) known |= strcmp(p->state, states[i]) == 0;
    if (!known) return BF_FAIL(BF_E_FORMAT, "\"state\" is '%s', which is none", p->state);
    if (p->done + p->failed + p->running > p->configs)
        return BF_FAIL(BF_E_FORMAT, "%d done, %d failed and %d running are more than its %d configurations", p->done, p->failed, p->running, p->configs);
    for (int i = 0; i < p->n_running; i++)
        if (p->at[i].id >= p->configs) return BF_FAIL(BF_E_FORMAT, "c%04d runs, of %d configurations", p->at[i].id, p->configs);
    return BF_DONE;
}

static bf_status parse(const char *text, size_t n, bf_progress *p)
{
    bf_problems problems = { 0 };
    bf_yaml y = { 0 };
    const bool whole = bf_yaml_load(text, n, "progress.json", &problems, &y) && problems.count == 0;
    bf_status s = whole ? read_fields(&y, 0, progress_fields, p)
                        : BF_FAIL(BF_E_FORMAT, "%s", problems.count ? problems.at[0].what : "it cannot be read");
    if (!s.code) s = read_running(&y, p);
    if (!s.code) s = check(p);
    bf_yaml_free(&y);
    bf_problems_free(&problems);
    return s;
}

bf_status bf_progress_read(const char *dir, bf_progress *p, bool *found)
{
    char path[BF_PATH], *text = NULL;
    size_t n = 0;
    memset(p, 0, sizeof *p);
    *found = false;
    BF_TRY(bf_file_join(path, sizeof path, dir, "progress.json"));
    if (!bf_file_exists(path)) return BF_DONE;
    BF_TRY(bf_file_read(path, BF_PROGRESS_LIMIT, &text, &n));
    bf_status s = parse(text, n, p);
    free(text);
    *found = !s.code;
    if (!s.code) return s;
    free(p->at);
    memset(p, 0, sizeof *p);
    return s.code == BF_E_MEMORY ? s : BF_FAIL(s.code, "%s is damaged: %s", path, s.what);
}
