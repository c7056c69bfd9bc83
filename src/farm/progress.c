/* Written as JSON; read with the YAML reader, of which JSON is a part, so that no second parser has to be trusted with a file's bytes. */
#include "farm/progress.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"

#define BF_PROGRESS_LIMIT ((size_t)4 << 20)
#define BF_MOST_COUNTED (1 << 28)       /* ranks, configurations, pids: readers add and subtract several of them as int */

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

static const char *scalar(const yaml_node_t *n) { return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL; }

/* Counts are never negative, so a number that is out of range or none at all reads as 0. */
static long long whole(const char *text, long long most)
{
    char *end;
    errno = 0;
    const long long v = strtoll(text, &end, 10);
    return end == text || *end || errno || v < 0 || v > most ? 0 : v;
}

static double real(const char *text)
{
    char *end;
    const double v = strtod(text, &end);
    return end == text || *end || !isfinite(v) ? NAN : v;
}

static void set_field(const bf_field *f, const char *text, void *out)
{
    void *at = (char *)out + f->offset;
    switch (f->type) {
    case BF_FIELD_TEXT:
        /* Bytes that a terminal would obey do not belong in a name or a time. */
        for (size_t i = 0; i + 1 < f->size && text[i]; i++) ((char *)at)[i] = (unsigned char)text[i] < ' ' || text[i] == 127 ? '?' : text[i];
        break;
    case BF_FIELD_INT: *(int *)at = (int)whole(text, BF_MOST_COUNTED); break;
    case BF_FIELD_LONG: *(int64_t *)at = whole(text, 9007199254740992); break;
    case BF_FIELD_REAL: *(double *)at = real(text); break;
    }
}

/* Fills the fields of one mapping; what it does not know is skipped, so that a later version may add. */
static const yaml_node_t *read_mapping(yaml_document_t *doc, const yaml_node_t *map, const bf_field *fields, void *out)
{
    const yaml_node_t *list = NULL;
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
        const char *key = scalar(yaml_document_get_node(doc, p->key));
        const yaml_node_t *value = yaml_document_get_node(doc, p->value);
        if (!key || !value) continue;
        if (value->type == YAML_SEQUENCE_NODE && strcmp(key, "at") == 0) list = value;
        for (const bf_field *f = fields; f->name; f++)
            if (strcmp(f->name, key) == 0 && scalar(value)) set_field(f, scalar(value), out);
    }
    return list;
}

static bf_status read_running(yaml_document_t *doc, const yaml_node_t *list, bf_progress *p)
{
    const ptrdiff_t n = list->data.sequence.items.top - list->data.sequence.items.start;
    if (n <= 0) return BF_DONE;
    p->at = calloc((size_t)n, sizeof *p->at);
    if (!p->at) return BF_FAIL(BF_E_MEMORY, "no memory for %td running configurations", n);
    for (ptrdiff_t i = 0; i < n; i++) {
        const yaml_node_t *item = yaml_document_get_node(doc, list->data.sequence.items.start[i]);
        if (item && item->type == YAML_MAPPING_NODE) read_mapping(doc, item, running_fields, &p->at[p->n_running++]);
    }
    return BF_DONE;
}

static bf_status parse(const char *path, const char *text, size_t n, bf_progress *p)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    bf_status s = BF_DONE;
    if (!yaml_parser_initialize(&parser)) return BF_FAIL(BF_E_MEMORY, "no memory to read %s", path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    if (!yaml_parser_load(&parser, &doc)) {
        yaml_parser_delete(&parser);
        return BF_FAIL(BF_E_FORMAT, "%s is not whole", path);
    }
    const yaml_node_t *root = yaml_document_get_root_node(&doc);
    if (!root || root->type != YAML_MAPPING_NODE) {
        s = BF_FAIL(BF_E_FORMAT, "%s is no JSON object", path);
    } else {
        const yaml_node_t *list = read_mapping(&doc, root, progress_fields, p);
        if (list) s = read_running(&doc, list, p);
    }
    yaml_document_delete(&doc);
    yaml_parser_delete(&parser);
    return s;
}

bf_status bf_progress_read(const char *dir, bf_progress *p, bool *found)
{
    char path[BF_PATH], *text = NULL;
    size_t n = 0;
    memset(p, 0, sizeof *p);
    p->elapsed = p->eta = p->samples_per_second = NAN;
    *found = false;
    BF_TRY(bf_file_join(path, sizeof path, dir, "progress.json"));
    if (!bf_file_exists(path)) return BF_DONE;
    BF_TRY(bf_file_read(path, BF_PROGRESS_LIMIT, &text, &n));
    bf_status s = parse(path, text, n, p);
    free(text);
    if (s.code) {
        free(p->at);
        memset(p, 0, sizeof *p);
    }
    *found = s.code == BF_OK;
    return s;
}
