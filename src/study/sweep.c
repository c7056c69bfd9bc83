#include "study/sweep.h"
#include "study/grid.h"
#include "study/key_value.h"

#include <stdlib.h>
#include <string.h>

/* What reading one entry carries around. */
typedef struct reader {
    const bf_yaml *y;
    const char    *label;
    bf_config     *scratch;
    bf_problems   *problems;
    bool           good;
} reader;

static void complain(reader *r, bf_place at, const char *key, const char *what)
{
    bf_problems_add(r->problems, at.line, at.column, key, "%s", what);
    r->good = false;
}

static bf_place place_of(const bf_yaml *y, int node) { return (bf_place){ y->at[node].line, y->at[node].column }; }

static bool add_key(reader *r, bf_axis *a, const bf_key *k)
{
    if (a->n_keys == BF_MAX_SWEPT) {
        complain(r, a->place, r->label, "too many swept keys");
        return false;
    }
    a->key[a->n_keys++] = k;
    a->stride += k->size;
    return true;
}

static bool is_sweepable(reader *r, const bf_key *k, bf_place at, const char *label)
{
    if (k->flags & BF_KEY_SWEEP) return true;
    complain(r, at, label, "this key cannot be swept");
    return false;
}

static bool reserve(reader *r, bf_axis *a, int count)
{
    if (count > BF_MAX_CONFIGS) {
        complain(r, a->place, r->label, "more than 10000 values");
        return false;
    }
    a->values = calloc((size_t)count, a->stride);
    a->places = calloc((size_t)count, sizeof *a->places);
    if (a->values && a->places) return true;
    complain(r, a->place, r->label, "no memory for its values");
    return false;
}

/* Stores what scratch now holds under the axis' keys as its next value; equal values are equal bytes. */
static void take_value(reader *r, bf_axis *a, bf_place at)
{
    unsigned char *value = a->values + (size_t)a->count * a->stride;
    size_t used = 0;
    for (int i = 0; i < a->n_keys; i++) {
        memcpy(value + used, bf_key_field_const(a->key[i], r->scratch), a->key[i]->size);
        used += a->key[i]->size;
    }
    for (int i = 0; i < a->count; i++)
        if (memcmp(a->values + (size_t)i * a->stride, value, a->stride) == 0) {
            complain(r, at, r->label, "the same value twice; configurations of a sweep differ");
            break;
        }
    a->places[a->count++] = at;
}

static void read_list(reader *r, bf_axis *a, int node)
{
    const bf_yaml *y = r->y;
    bf_misfit misfit;
    if (y->at[node].count == 0) {
        complain(r, place_of(y, node), r->label, "an empty list; a sweep needs at least one value");
        return;
    }
    if (!reserve(r, a, y->at[node].count)) return;
    for (int c = y->at[node].first; c >= 0; c = y->at[c].next) {
        if (bf_key_read(a->key[0], y, c, r->scratch, &misfit)) take_value(r, a, place_of(y, c));
        else complain(r, place_of(y, misfit.node), r->label, misfit.what);
    }
}

static void read_grid(reader *r, bf_axis *a, int node)
{
    bf_grid grid;
    char why[400];
    int wrong;
    const bf_key_type type = a->key[0]->type;
    if (type != BF_KEY_INT && type != BF_KEY_REAL && type != BF_KEY_WEIGHT) {
        complain(r, place_of(r->y, node), r->label, "only numbers have grids; expected a list of values");
        return;
    }
    if (!bf_grid_read(r->y, node, &grid, &wrong, why, sizeof why)) {
        complain(r, place_of(r->y, wrong), r->label, why);
        return;
    }
    if (!reserve(r, a, grid.count)) return;
    for (int i = 0; i < grid.count; i++) {
        if (bf_key_read_number(a->key[0], bf_grid_at(&grid, i), r->scratch, why, sizeof why)) take_value(r, a, place_of(r->y, node));
        else {
            complain(r, place_of(r->y, node), r->label, why);
            return;
        }
    }
}

/* The child of a mapping under a key's path, -1 when there is none. */
static int find_child(const bf_yaml *y, int mapping, const char *path)
{
    for (int c = y->at[mapping].first; c >= 0; c = y->at[c].next)
        if (strcmp(bf_yaml_text(y, y->at[c].key), path) == 0) return c;
    return -1;
}

/* The first mapping of pairs names the keys that move together. */
static bool name_pairs(reader *r, bf_axis *a, int mapping)
{
    const bf_yaml *y = r->y;
    for (int c = y->at[mapping].first; c >= 0; c = y->at[c].next) {
        const char *path = bf_yaml_text(y, y->at[c].key);
        const bf_place at = place_of(y, y->at[c].key);
        const bf_key *k = bf_key_find(path), *near = k ? NULL : bf_key_nearest(path);
        char label[128], shown[80];
        bf_text_quote(path, shown, sizeof shown);
        snprintf(label, sizeof label, "%s.%s", r->label, shown);
        if (!k) {
            bf_problems_add(r->problems, at.line, at.column, label, near ? "unknown key; did you mean %s?" : "unknown key", near ? near->path : "");
            r->good = false;
        } else if (!is_sweepable(r, k, at, label) || !add_key(r, a, k)) {
            return false;
        }
    }
    return r->good && a->n_keys > 0;
}

static void read_pair(reader *r, bf_axis *a, int mapping)
{
    const bf_yaml *y = r->y;
    bf_misfit misfit;
    char label[160];
    if (y->at[mapping].kind != BF_YAML_MAPPING || y->at[mapping].count != a->n_keys) {
        complain(r, place_of(y, mapping), r->label, "every entry of pairs must be a mapping with the same keys as the first");
        return;
    }
    bool fits = true;
    for (int i = 0; i < a->n_keys; i++) {
        const int c = find_child(y, mapping, a->key[i]->path);
        snprintf(label, sizeof label, "%s.%s", r->label, a->key[i]->path);
        if (c < 0) {
            bf_problems_add(r->problems, y->at[mapping].line, y->at[mapping].column, label, "missing here; every entry of pairs names the same keys");
            fits = r->good = false;
        } else if (!bf_key_read(a->key[i], y, c, r->scratch, &misfit)) {
            complain(r, place_of(y, misfit.node), label, misfit.what);
            fits = false;
        }
    }
    if (fits) take_value(r, a, place_of(y, mapping));
}

static void read_pairs(reader *r, bf_axis *a, int node)
{
    const bf_yaml *y = r->y;
    const int first = y->at[node].first;
    if (y->at[node].kind != BF_YAML_SEQUENCE || first < 0 || y->at[first].kind != BF_YAML_MAPPING || y->at[first].count == 0) {
        complain(r, place_of(y, node), r->label,
                 "expected a list of mappings such as [{model.latent: 2, train.lr: 1e-3}, {model.latent: 4, train.lr: 1e-4}]");
        return;
    }
    if (!name_pairs(r, a, first) || !reserve(r, a, y->at[node].count)) return;
    for (int c = first; c >= 0; c = y->at[c].next) read_pair(r, a, c);
}

static void free_axis(bf_axis *a)
{
    free(a->values);
    free(a->places);
    memset(a, 0, sizeof *a);
}

/* Where a new axis goes: over the one of the same name, or behind the last. */
static bf_axis *find_slot(bf_sweep *s, reader *r, const char *name, bf_place place, bool replace)
{
    for (int i = 0; i < s->n_axes; i++) {
        if (strcmp(s->axis[i].name, name) != 0) continue;
        if (replace) {
            free_axis(&s->axis[i]);
            return &s->axis[i];
        }
        complain(r, place, r->label, "duplicate key; it is swept already");
        return NULL;
    }
    if (s->n_axes < BF_MAX_SWEPT) return &s->axis[s->n_axes++];
    complain(r, place, r->label, "too many swept keys");
    return NULL;
}

void bf_sweep_add(bf_sweep *s, const char *name, const bf_yaml *y, int node, bf_place place, bool replace, const char *label,
                  bf_config *scratch, bf_problems *problems)
{
    reader r = { y, label, scratch, problems, true };
    const bool pairs = strcmp(name, "pairs") == 0;
    const bf_key *k = pairs ? NULL : bf_key_find(name);
    if (k && !is_sweepable(&r, k, place, label)) return;
    bf_axis *a = find_slot(s, &r, name, place, replace);
    if (!a) return;
    snprintf(a->name, sizeof a->name, "%s", name);
    a->place = place;
    a->from_set = replace;
    if (pairs) read_pairs(&r, a, node);
    else if (!add_key(&r, a, k)) return;
    else if (y->at[node].kind == BF_YAML_SEQUENCE) read_list(&r, a, node);
    else if (y->at[node].kind == BF_YAML_MAPPING) read_grid(&r, a, node);
    else complain(&r, place_of(y, node), label, "expected a list of values, {log: [first, last, count]} or {lin: [first, last, count]}");
    a->good = r.good;
}

int bf_sweep_find(const bf_sweep *s, const bf_key *k)
{
    for (int i = 0; i < s->n_axes; i++)
        for (int j = 0; j < s->axis[i].n_keys; j++)
            if (s->axis[i].key[j] == k) return i;
    return -1;
}

void bf_sweep_finish(bf_sweep *s, bf_problems *problems)
{
    int64_t count = 1;
    int keys = 0;
    for (int i = 0; i < s->n_axes; i++) {
        const bf_axis *a = &s->axis[i];
        for (int j = 0; j < a->n_keys; j++) {
            const int other = bf_sweep_find(s, a->key[j]);
            if (other < i) bf_problems_add(problems, a->place.line, a->place.column, "sweep", "%s is swept twice, by %s and by %s",
                                           a->key[j]->path, s->axis[other].name, a->name);
        }
        keys += a->n_keys;
        if (count <= BF_MAX_CONFIGS && a->count > 0) count *= a->count;
    }
    const bf_place at = s->n_axes > 0 ? s->axis[0].place : (bf_place){ 0, 0 };
    if (count > BF_MAX_CONFIGS)
        bf_problems_add(problems, at.line, at.column, "sweep", "more than %d configurations; split the study", BF_MAX_CONFIGS);
    if (keys > BF_MAX_SWEPT) bf_problems_add(problems, at.line, at.column, "sweep", "%d swept keys; at most %d", keys, BF_MAX_SWEPT);
    /* None: nobody looks further into such a sweep, whose keys and configurations have no room anywhere. */
    s->count = count > BF_MAX_CONFIGS || keys > BF_MAX_SWEPT ? 0 : (int)count;
}

int bf_sweep_digit(const bf_sweep *s, int axis, int index)
{
    for (int i = s->n_axes - 1; i > axis; i--) index /= s->axis[i].count;
    return index % s->axis[axis].count;
}

void bf_sweep_assign(const bf_sweep *s, int index, bf_config *cfg)
{
    for (int i = s->n_axes - 1; i >= 0; i--) {
        const bf_axis *a = &s->axis[i];
        const unsigned char *value = a->values + (size_t)(index % a->count) * a->stride;
        for (int j = 0; j < a->n_keys; j++) {
            memcpy(bf_key_field(a->key[j], cfg), value, a->key[j]->size);
            value += a->key[j]->size;
        }
        index /= a->count;
    }
}

void bf_sweep_clear(bf_sweep *s)
{
    for (int i = 0; i < s->n_axes; i++) free_axis(&s->axis[i]);
    memset(s, 0, sizeof *s);
}
