/* From a tree of YAML to keys: the file first, then its overrides. */
#include "study/study_private.h"
#include "study/key_value.h"
#include "base/nearest.h"

#include <stdlib.h>
#include <string.h>

enum { PATH = 128 };

typedef struct walk {
    bf_study      *s;
    const bf_yaml *y;
    bf_problems   *problems;
    bf_config     *scratch;
    bool           override;
} walk;

static void complain(const walk *w, int node, const char *path, const char *what)
{
    char label[PATH + 16];
    snprintf(label, sizeof label, "%s%s", w->override ? "--set " : "", path);
    bf_problems_add(w->problems, w->y->at[node].line, w->y->at[node].column, label, "%s", what);
}

/* Some key begins with this path and a dot. */
static bool is_group(const char *path)
{
    int n;
    const bf_key *table = bf_key_table(&n);
    const size_t length = strlen(path);
    for (int i = 0; i < n; i++)
        if (strncmp(table[i].path, path, length) == 0 && table[i].path[length] == '.') return true;
    return false;
}

/* The group of keys whose name is nearest; false when nothing is near. */
static bool nearest_group(const char *path, char near[PATH])
{
    int n, best = bf_edit_limit(path) + 1;
    const bf_key *table = bf_key_table(&n);
    for (int i = 0; i < n; i++)
        for (const char *dot = strchr(table[i].path, '.'); dot; dot = strchr(dot + 1, '.')) {
            char group[PATH];
            snprintf(group, sizeof group, "%.*s", (int)(dot - table[i].path), table[i].path);
            const int distance = bf_edit_distance(path, group);
            if (distance >= best) continue;
            best = distance;
            memcpy(near, group, PATH);
        }
    return best <= bf_edit_limit(path);
}

/* name: the node to point at; value: what stands under the unknown name. */
static void complain_unknown(const walk *w, int name, int value, const char *path, const char *within)
{
    char shown[PATH + 8], near[PATH], what[2 * PATH];
    const bf_key *key = bf_key_nearest(path);
    bool found = key != NULL;
    if (w->y->at[value].kind == BF_YAML_MAPPING) found = nearest_group(path, near);
    else if (found) snprintf(near, sizeof near, "%s", key->path);
    snprintf(shown, sizeof shown, "%s%s", within, path);
    if (found) snprintf(what, sizeof what, "unknown key; did you mean %s%s?", within, near);
    else snprintf(what, sizeof what, "unknown key; `betafield keys` lists all there are");
    complain(w, name, shown, what);
}

/* prefix.key into path; false (an unknown key) when it is too long to be any. */
static bool join(char path[PATH], const char *prefix, const char *key)
{
    char shown[PATH];
    bf_text_quote(key, shown, sizeof shown);
    return snprintf(path, PATH, "%s%s%s", prefix, prefix[0] ? "." : "", shown) < PATH;
}

/* What node means for where it was written: a key's name in its mapping, or itself. */
static int name_of(const walk *w, int node) { return w->y->at[node].key >= 0 ? w->y->at[node].key : node; }

/* --- sweep -------------------------------------------------------------------------------------------------------- */

static void read_axis(walk *w, int node, const char *path)
{
    char label[PATH + 24];
    const int name = name_of(w, node);
    const bool known = strcmp(path, "pairs") == 0 || bf_key_find(path);
    if (known) {
        snprintf(label, sizeof label, "%ssweep.%s", w->override ? "--set " : "", path);
        bf_sweep_add(&w->s->sweep, path, w->y, node, (bf_place){ w->y->at[name].line, w->y->at[name].column }, w->override, label, w->scratch, w->problems);
        return;
    }
    if (!is_group(path)) {
        complain_unknown(w, name, node, path, "sweep.");
        return;
    }
    if (w->y->at[node].kind != BF_YAML_MAPPING) {
        char group[PATH + 8];
        snprintf(group, sizeof group, "sweep.%s", path);
        complain(w, node, group, "expected a mapping of keys below it");
        return;
    }
    for (int c = w->y->at[node].first; c >= 0; c = w->y->at[c].next) {      /* depth is bounded by the tree's */
        char longer[PATH];
        if (join(longer, path, bf_yaml_text(w->y, w->y->at[c].key))) read_axis(w, c, longer);
        else complain_unknown(w, name_of(w, c), c, path, "sweep.");
    }
}

static void read_sweep(walk *w, int node)
{
    if (w->y->at[node].kind != BF_YAML_MAPPING) {
        complain(w, node, "sweep", "expected a mapping from keys to lists of values");
        return;
    }
    if (w->override) bf_sweep_clear(&w->s->sweep);
    for (int c = w->y->at[node].first; c >= 0; c = w->y->at[c].next) {
        char path[PATH];
        if (join(path, "", bf_yaml_text(w->y, w->y->at[c].key))) read_axis(w, c, path);
        else complain_unknown(w, name_of(w, c), c, "", "sweep");
    }
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static void read_mapping(walk *w, int node, const char *prefix);

static void read_key(walk *w, int node, const bf_key *k)
{
    bf_origin *o = bf_study_origin(w->s, k);
    const int name = name_of(w, node);
    bf_misfit misfit;
    char what[80];
    if (!w->override && o->in_file) {
        snprintf(what, sizeof what, "duplicate key; it was given at line %d already", o->place.line);
        complain(w, name, k->path, what);
        return;
    }
    if (w->override) o->in_set = true;
    else o->in_file = true;
    o->place = (bf_place){ w->y->at[name].line, w->y->at[name].column };
    /* Read beside the base first: a refused value leaves the default, not a half. */
    memcpy(w->scratch, &w->s->base, sizeof *w->scratch);
    o->wrong = !bf_key_read(k, w->y, node, w->scratch, &misfit);
    if (!o->wrong) memcpy(bf_key_field(k, &w->s->base), bf_key_field(k, w->scratch), k->size);
    else complain(w, misfit.node, k->path, misfit.what);
}

/* measure: {rd: {samples: 4}}: names were read with the key; the options inside are keys of their own. */
static void read_measure_options(walk *w, int node)
{
    for (int c = w->y->at[node].first; c >= 0; c = w->y->at[c].next) {
        char path[PATH];
        if (!join(path, "measure", bf_yaml_text(w->y, w->y->at[c].key)) || bf_yaml_is_nothing(w->y, c)) continue;
        if (w->y->at[c].kind == BF_YAML_MAPPING) read_mapping(w, c, path);
        else complain(w, c, path, "expected a mapping from options to values, such as {}");
    }
}

static void read_entry(walk *w, int node, const char *path)
{
    const bf_key *k = bf_key_find(path);
    if (strcmp(path, "sweep") == 0) read_sweep(w, node);
    else if (strncmp(path, "sweep.", 6) == 0) read_axis(w, node, path + 6);
    else if (k) {
        read_key(w, node, k);
        if (k->type == BF_KEY_MEASURES && w->y->at[node].kind == BF_YAML_MAPPING) read_measure_options(w, node);
    } else if (!is_group(path)) complain_unknown(w, name_of(w, node), node, path, "");
    else if (w->y->at[node].kind == BF_YAML_MAPPING) read_mapping(w, node, path);
    else complain(w, node, path, "expected a mapping of keys below it");
}

static void read_mapping(walk *w, int node, const char *prefix)
{
    for (int c = w->y->at[node].first; c >= 0; c = w->y->at[c].next) {
        char path[PATH];
        if (join(path, prefix, bf_yaml_text(w->y, w->y->at[c].key))) read_entry(w, c, path);
        else complain(w, name_of(w, c), prefix, "unknown key, longer than any there is");
    }
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

static bool read_file(walk *w, const char *text, size_t n)
{
    bf_yaml y;
    if (!bf_yaml_load(text, n, "", w->problems, &y)) return false;
    w->y = &y;
    const bool has_keys = y.at[0].kind == BF_YAML_MAPPING;
    if (has_keys) read_mapping(w, 0, "");
    else complain(w, 0, "", "expected keys and values, such as `study: NAME`");
    bf_yaml_free(&y);
    return has_keys;
}

static void read_override(walk *w, const char *set)
{
    const char *equals = strchr(set, '=');
    char path[PATH], label[PATH + 16];
    bf_text_quote(set, path, sizeof path);
    if (equals && (size_t)(equals - set) < sizeof path) path[equals - set] = '\0';
    snprintf(label, sizeof label, "--set %s", path);
    if (!equals || equals == set) {
        bf_problems_add(w->problems, 0, 0, label, "expected KEY=VALUE");
        return;
    }
    bf_yaml y;
    if (!bf_yaml_load(equals + 1, strlen(equals + 1), label, w->problems, &y)) return;
    w->y = &y;
    read_entry(w, 0, path);
    bf_yaml_free(&y);
}

bool bf_study_read(bf_study *s, const char *text, size_t n, const char *const *set, int n_set, bf_problems *problems)
{
    walk w = { .s = s, .problems = problems, .scratch = calloc(1, sizeof *w.scratch) };
    if (!w.scratch) {
        bf_problems_add(problems, 0, 0, "", "no memory to read the study");
        return false;
    }
    const bool has_keys = read_file(&w, text, n);
    w.override = true;
    for (int i = 0; i < n_set; i++) read_override(&w, set[i]);
    free(w.scratch);
    return has_keys;
}
