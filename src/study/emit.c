/* The effective input: a study as a file that says everything. */
#include "study/key_value.h"
#include "study/study_private.h"

#include <stdlib.h>
#include <string.h>

typedef struct writer {
    FILE            *to;
    const bf_study  *s;
    bf_config       *config;        /* of the index last asked for */
    char            *text;          /* (BF_KEY_PRINTED) */
} writer;

/* A strict key stands only where some configuration uses it; written elsewhere it would be refused. */
static bool is_written(const bf_key *k, const bool *used, int row) { return !(k->flags & BF_KEY_STRICT) || used[row]; }

/* Opens the groups of path that the previous key did not have open; returns the depth and where the key's own name begins. A group that
 * is a key itself (measure) cannot be opened as a mapping: such keys keep their dots. */
static const char *open_groups(FILE *to, const char *previous, const char *path, int *depth)
{
    const char *name = path;
    bool shared = true;
    *depth = 0;
    for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.')) {
        char group[64];
        snprintf(group, sizeof group, "%.*s", (int)(dot - path), path);
        if (bf_key_find(group)) return path;
        shared = shared && strncmp(previous, path, (size_t)(dot - path) + 1) == 0;
        if (!shared) fprintf(to, "%*s%.*s:\n", 2 * *depth, "", (int)(dot - name), name);
        name = dot + 1;
        ++*depth;
    }
    return name;
}

static void write_keys(const writer *w, const bool *used)
{
    int n, depth;
    const char *previous = "";
    const bf_key *table = bf_key_table(&n);
    for (int i = 0; i < n; i++) {
        if (!is_written(&table[i], used, i)) continue;
        const char *name = open_groups(w->to, previous, table[i].path, &depth);
        bf_key_print(&table[i], &w->s->base, w->text, BF_KEY_PRINTED);
        fprintf(w->to, "%*s%s: %s\n", 2 * depth, "", name, w->text);
        previous = table[i].path;
    }
}

static void print_in(const writer *w, const bf_key *k, int index)
{
    bf_study_config(w->s, index, w->config);
    bf_key_print(k, w->config, w->text, BF_KEY_PRINTED);
}

/* "  pairs:" with one line for each of count configurations: the values of keys there. */
static void write_pairs(const writer *w, const bf_key *const *keys, int n_keys, const int *indices, int count)
{
    fprintf(w->to, "  pairs:\n");
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < n_keys; j++) {
            print_in(w, keys[j], indices[i]);
            fprintf(w->to, "%s%s: %s%s", j ? ", " : "    - {", keys[j]->path, w->text, j + 1 < n_keys ? "" : "}\n");
        }
    }
}

/* A configuration that has value v of an axis and the first value of every other. */
static int index_with(const bf_sweep *s, int axis, int v)
{
    for (int i = s->n_axes - 1; i > axis; i--) v *= s->axis[i].count;
    return v;
}

static void write_axis(const writer *w, int axis, int *indices)
{
    const bf_axis *a = &w->s->sweep.axis[axis];
    for (int v = 0; v < a->count; v++) indices[v] = index_with(&w->s->sweep, axis, v);
    if (strcmp(a->name, "pairs") == 0) {
        write_pairs(w, a->key, a->n_keys, indices, a->count);
        return;
    }
    fprintf(w->to, "  %s: [", a->name);
    for (int v = 0; v < a->count; v++) {
        print_in(w, a->key[0], indices[v]);
        fprintf(w->to, "%s%s", v ? ", " : "", w->text);
    }
    fprintf(w->to, "]\n");
}

static bool is_identity(const int *order, int count)
{
    for (int i = 0; order && i < count; i++)
        if (order[i] != i) return false;
    return true;
}

static void write_sweep(const writer *w, const int *order, int *indices)
{
    const bf_sweep *s = &w->s->sweep;
    if (s->n_axes == 0) return;
    fprintf(w->to, "sweep:\n");
    if (is_identity(order, s->count)) {
        for (int i = 0; i < s->n_axes; i++) write_axis(w, i, indices);
        return;
    }
    const bf_key *keys[BF_MAX_SWEPT];
    const int n_keys = bf_study_swept(w->s, keys);
    write_pairs(w, keys, n_keys, order, s->count);
}

static void find_used(const writer *w, bool *used)
{
    int n;
    const bf_key *table = bf_key_table(&n);
    for (int i = 0; i < w->s->sweep.count; i++) {
        bf_study_config(w->s, i, w->config);
        for (int j = 0; j < n; j++) used[j] |= bf_key_applies(&table[j], w->config);
    }
}

bf_status bf_study_emit(const bf_study *s, const int *order, char **text)
{
    int n;
    size_t size;
    bf_key_table(&n);
    *text = NULL;
    bool *used = calloc((size_t)n, sizeof *used);
    int *indices = calloc((size_t)s->sweep.count, sizeof *indices);
    writer w = { open_memstream(text, &size), s, malloc(sizeof *w.config), malloc(BF_KEY_PRINTED) };
    bool good = used && indices && w.to && w.config && w.text;
    if (good) {
        find_used(&w, used);
        fprintf(w.to, BF_STUDY_EMITTED ": every key with its value. Running it again gives the same configurations.\n");
        write_keys(&w, used);
        write_sweep(&w, order, indices);
    }
    if (w.to && ferror(w.to)) good = false;
    if (w.to && fclose(w.to)) good = false;
    free(w.text);
    free(w.config);
    free(indices);
    free(used);
    if (good) return BF_DONE;
    free(*text);
    *text = NULL;
    return BF_FAIL(BF_E_MEMORY, "no memory to write the effective input");
}
