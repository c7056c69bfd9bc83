#include "study/key_value.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "study/grid.h"
#include "study/number.h"
#include "study/range.h"
#include "vae/layer_text.h"

#include <math.h>
#include <string.h>

/* --- sentences ---------------------------------------------------------------------------------------------------- */

static bool misfit_here(bf_misfit *m, const bf_key *k, const bf_yaml *y, int node)
{
    char want[320], got[64];
    bf_key_expectation(k, want, sizeof want);
    bf_yaml_quote(y, node, got, sizeof got);
    m->node = node;
    snprintf(m->what, sizeof m->what, "expected %s, got %s", want, got);
    return false;
}

static bool text_misfit(bf_misfit *m, const bf_key *k, const bf_yaml *y, int node, const char *noun, size_t size)
{
    misfit_here(m, k, y, node);
    if (y->at[node].kind == BF_YAML_SCALAR && strlen(bf_yaml_text(y, node)) >= size)
        snprintf(m->what, sizeof m->what, "%s of more than %zu bytes", noun, size - 1);
    return false;
}

/* --- scalars ------------------------------------------------------------------------------------------------------ */

/* The text of a plain scalar, NULL for anything else. */
static const char *plain_text(const bf_yaml *y, int node)
{
    return y->at[node].kind == BF_YAML_SCALAR && y->at[node].plain ? bf_yaml_text(y, node) : NULL;
}

static bool read_int(const bf_range *r, const bf_yaml *y, int node, int64_t *v)
{
    const char *text = plain_text(y, node);
    if (!text) return false;
    if (r->word[0] && strcmp(text, r->word) == 0) {
        *v = (int64_t)r->word_value;
        return true;
    }
    return bf_parse_int(text, v) && bf_range_holds(r, (double)*v);
}

static bool read_real(const bf_range *r, const bf_yaml *y, int node, double *v)
{
    const char *text = plain_text(y, node);
    if (!text) return false;
    if (r->word[0] && strcmp(text, r->word) == 0) {
        *v = r->word_value;
        return true;
    }
    if (!bf_parse_real(text, v) || !bf_range_holds(r, *v)) return false;
    *v += 0.0;          /* -0 is 0: equal values print equal */
    return true;
}

static bool read_bool(const bf_yaml *y, int node, bool *v)
{
    const char *text = plain_text(y, node);
    if (!text) return false;
    *v = strcmp(text, "true") == 0;
    return *v || strcmp(text, "false") == 0;
}

static bool study_name_is_good(const char *t)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return t[0] && !strchr("._-", t[0]) && strspn(t, letters) == strlen(t);
}

/* Nothing that YAML takes for the end of a line, or does not take at all, even between quotes: the effective input holds the text again. */
static bool is_one_line(const char *text)
{
    static const char *const others[] = { "\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf", "\xef\xbf\xbe", "\xef\xbf\xbf" };    /* U+2028, 2029, FEFF, FFFE, FFFF */
    for (const char *p = text; *p; p++)
        if (bf_utf8_is_control((const unsigned char *)p)) return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strstr(text, others[i])) return false;
    return true;
}

/* Text of one line and at most size - 1 bytes. */
static bool read_text(const bf_yaml *y, int node, char *out, size_t size)
{
    if (y->at[node].kind != BF_YAML_SCALAR || bf_yaml_is_nothing(y, node)) return false;
    const char *t = bf_yaml_text(y, node);
    if (strlen(t) >= size || !is_one_line(t)) return false;
    memset(out, 0, size);           /* equal texts are equal bytes */
    memcpy(out, t, strlen(t));
    return true;
}

static bool is_later(const bf_key *k, const char *name)
{
    char word[BF_NAME];
    for (int i = 0; k->later && bf_word_at(k->later, i, word, sizeof word); i++)
        if (strcmp(word, name) == 0) return true;
    return false;
}

static const char *nearest_choice(const bf_key *k, const char *name, char out[BF_NAME])
{
    int best = bf_edit_limit(name) + 1;
    char word[BF_NAME];
    const char *found = NULL;
    for (int i = 0; bf_key_choice(k, i, word); i++) {
        const int distance = bf_edit_distance(name, word);
        if (distance >= best) continue;
        best = distance;
        found = memcpy(out, word, BF_NAME);
    }
    return found;
}

/* A name of the table, of a registry, or a sentence: known for later, near to one, or unknown. */
static bool read_name(const bf_key *k, const bf_yaml *y, int node, char out[BF_NAME], bf_misfit *m)
{
    if (y->at[node].kind != BF_YAML_SCALAR || bf_yaml_is_nothing(y, node)) return misfit_here(m, k, y, node);
    const char *name = bf_yaml_text(y, node);
    char word[BF_NAME], near[BF_NAME], choices[280];
    for (int i = 0; bf_key_choice(k, i, word); i++) {
        if (strcmp(word, name) != 0) continue;
        memset(out, 0, BF_NAME);
        memcpy(out, word, strlen(word));
        return true;
    }
    if (is_later(k, name)) {
        bf_key_choices(k, choices, sizeof choices);
        m->node = node;
        snprintf(m->what, sizeof m->what, "'%s' is known but not available in this version; it has %s", name, choices);
        return false;
    }
    misfit_here(m, k, y, node);
    if (nearest_choice(k, name, near)) {
        const size_t used = strlen(m->what);
        snprintf(m->what + used, sizeof m->what - used, "; did you mean %s?", near);
    }
    return false;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

/* The place of a name in the table, which has it. */
static int place_of_choice(const bf_key *k, const char *name)
{
    char word[BF_NAME];
    int i = 0;
    while (bf_key_choice(k, i, word) && strcmp(word, name) != 0) i++;
    return i;
}

/* A name, or a list of different ones. */
static bool read_choices(const bf_key *k, const bf_yaml *y, int node, char out[BF_NAME], bf_misfit *m)
{
    char name[BF_NAME];
    unsigned chosen = 0;
    if (y->at[node].kind != BF_YAML_SEQUENCE) return read_name(k, y, node, out, m);
    if (y->at[node].count == 0) return misfit_here(m, k, y, node);
    for (int c = y->at[node].first; c >= 0; c = y->at[c].next) {
        if (!read_name(k, y, c, name, m)) return false;
        const unsigned bit = 1u << place_of_choice(k, name);
        const bool alone = bit == 1u && y->at[node].count > 1;
        if (alone || (chosen & bit)) {
            m->node = c;
            snprintf(m->what, sizeof m->what, alone ? "'%s' stands alone" : "'%s' stands here twice", name);
            return false;
        }
        chosen |= bit;
    }
    memset(out, 0, BF_NAME);
    for (int i = 0; bf_key_choice(k, i, name); i++)
        if (chosen >> i & 1u) snprintf(out + strlen(out), BF_NAME - strlen(out), "%s%s", out[0] ? " " : "", name);
    return true;
}

/* The children of a list of min..max values, or a misfit. */
static bool list_fits(const bf_key *k, const bf_yaml *y, int node, int min, int max, bf_misfit *m)
{
    const int count = y->at[node].count;
    if (y->at[node].kind != BF_YAML_SEQUENCE) return misfit_here(m, k, y, node);
    if (count >= min && count <= max) return true;
    m->node = node;
    if (min == max) snprintf(m->what, sizeof m->what, "expected a list of %d values, got %d", min, count);
    else snprintf(m->what, sizeof m->what, "expected a list of %d to %d values, got %d", min, max, count);
    return false;
}

static bool read_ints(const bf_key *k, const bf_yaml *y, int node, bf_i64_list *list, bf_misfit *m)
{
    const bf_range r = bf_range_parse(k->range);
    if (!list_fits(k, y, node, 0, BF_MAX_HIDDEN, m)) return false;
    memset(list, 0, sizeof *list);
    for (int c = y->at[node].first; c >= 0; c = y->at[c].next)
        if (!read_int(&r, y, c, &list->at[list->count++])) return misfit_here(m, k, y, c);
    return true;
}

static bool read_reals(const bf_key *k, const bf_yaml *y, int node, double *at, int min, int max, bf_misfit *m)
{
    const bf_range r = bf_range_parse(k->range);
    if (!list_fits(k, y, node, min, max, m)) return false;
    for (int c = y->at[node].first; c >= 0; c = y->at[c].next)
        if (!read_real(&r, y, c, at++)) return misfit_here(m, k, y, c);
    return true;
}

/* A list, a grid, or the word that stands for an empty list. */
static bool read_real_list(const bf_key *k, const bf_yaml *y, int node, bf_f64_list *list, bf_misfit *m)
{
    const bf_range r = bf_range_parse(k->range);
    const char *text = plain_text(y, node);
    bf_grid grid;
    memset(list, 0, sizeof *list);
    if (r.word[0] && text && strcmp(text, r.word) == 0) return true;
    if (y->at[node].kind != BF_YAML_MAPPING) {
        if (!read_reals(k, y, node, list->at, 1, BF_MAX_EIGENVALUES, m)) return false;
        list->count = y->at[node].count;
        return true;
    }
    if (!bf_grid_read(y, node, &grid, &m->node, m->what, sizeof m->what)) return false;
    if (grid.count > BF_MAX_EIGENVALUES || !bf_range_holds(&r, grid.first) || !bf_range_holds(&r, grid.last)) return misfit_here(m, k, y, node);
    for (; list->count < grid.count; list->count++) list->at[list->count] = bf_grid_at(&grid, list->count);
    return true;
}

/* A number, or {range: [a, b]}. */
static bool read_weight(const bf_key *k, const bf_yaml *y, int node, double v[3], bf_misfit *m)
{
    const bf_range r = bf_range_parse(k->range);
    const int child = y->at[node].first;
    v[0] = v[1] = v[2] = NAN;
    if (y->at[node].kind != BF_YAML_MAPPING) return read_real(&r, y, node, v) || misfit_here(m, k, y, node);
    if (y->at[node].count != 1 || strcmp(bf_yaml_text(y, y->at[child].key), "range") != 0) return misfit_here(m, k, y, node);
    return read_reals(k, y, child, v + 1, 2, 2, m);
}

/* The sentence says which layer and which of its words. */
static bool read_layers(const bf_key *k, const bf_yaml *y, int node, bf_layer_texts *list, bf_misfit *m)
{
    bf_layer layer;
    char why[BF_LAYER_WHY];
    if (!list_fits(k, y, node, 0, BF_MAX_LAYERS, m)) return false;
    memset(list, 0, sizeof *list);
    for (int c = y->at[node].first; c >= 0; c = y->at[c].next) {
        if (!read_text(y, c, list->at[list->count], BF_LAYER_TEXT)) return text_misfit(m, k, y, c, "a layer", BF_LAYER_TEXT);
        if (!bf_layer_parse(list->at[list->count++], &layer, why)) {
            m->node = c;
            snprintf(m->what, sizeof m->what, "layer %d '%s', %s", list->count, list->at[list->count - 1], why);
            return false;
        }
    }
    return true;
}

static bool read_path(const bf_key *k, const bf_yaml *y, int node, const char *role, bf_paths *p, bf_misfit *m)
{
    const bool role_is_good = strlen(role) < sizeof p->role[0] && strspn(role, "abcdefghijklmnopqrstuvwxyz_") == strlen(role);
    if (p->count == BF_MAX_PATHS || !role_is_good) {
        m->node = node;
        if (p->count == BF_MAX_PATHS) snprintf(m->what, sizeof m->what, "more than %d paths", BF_MAX_PATHS);
        else snprintf(m->what, sizeof m->what, "expected a role such as train, test or labels before the path");
        return false;
    }
    if (!read_text(y, node, p->path[p->count], sizeof p->path[0]) || !p->path[p->count][0]) return text_misfit(m, k, y, node, "a path", sizeof p->path[0]);
    memcpy(p->role[p->count++], role, strlen(role));
    return true;
}

static bool read_paths(const bf_key *k, const bf_yaml *y, int node, bf_paths *p, bf_misfit *m)
{
    memset(p, 0, sizeof *p);
    if (y->at[node].kind == BF_YAML_SCALAR) return read_path(k, y, node, "", p, m);
    for (int c = y->at[node].first; c >= 0; c = y->at[c].next)
        if (!read_path(k, y, c, y->at[c].key >= 0 ? bf_yaml_text(y, y->at[c].key) : "", p, m)) return false;
    return true;
}

static bool read_splits(const bf_key *k, const bf_yaml *y, int node, bool chosen[2], bf_misfit *m)
{
    if (!list_fits(k, y, node, 0, 2, m)) return false;
    chosen[0] = chosen[1] = false;
    for (int c = y->at[node].first; c >= 0; c = y->at[c].next) {
        char name[BF_NAME];
        if (!read_name(k, y, c, name, m)) return false;
        chosen[strcmp(name, "test") == 0] = true;
    }
    return true;
}

/* Marks one measure of the table. */
static bool mark_measure(const bf_key *k, const bf_yaml *y, int node, bool *marked, bf_misfit *m)
{
    char name[BF_NAME], row[BF_NAME];
    if (!read_name(k, y, node, name, m)) return false;
    for (int i = 0; i < BF_MAX_MEASURES && bf_key_choice(k, i, row); i++)
        if (strcmp(row, name) == 0) marked[i] = true;
    return true;
}

/* A list, a mapping from name to options (which are keys of their own), or all; kept in the order of the table of measures. */
static bool read_measures(const bf_key *k, const bf_yaml *y, int node, bf_measure_options *o, bf_misfit *m)
{
    bool marked[BF_MAX_MEASURES] = { false };
    const char *text = plain_text(y, node);
    const bool all = text && strcmp(text, "all") == 0;
    if (!all && y->at[node].kind == BF_YAML_SCALAR) return misfit_here(m, k, y, node);
    for (int c = y->at[node].first; c >= 0; c = y->at[c].next)
        if (!mark_measure(k, y, y->at[c].key >= 0 ? y->at[c].key : c, marked, m)) return false;
    memset(o, 0, offsetof(bf_measure_options, rd_samples));
    char name[BF_NAME];
    for (int i = 0; i < BF_MAX_MEASURES && bf_key_choice(k, i, name); i++)
        if (all || marked[i]) memcpy(o->name[o->count++], name, strlen(name));
    return true;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

bool bf_key_read(const bf_key *k, const bf_yaml *y, int node, bf_config *cfg, bf_misfit *m)
{
    void *field = bf_key_field(k, cfg);
    const bf_range r = k->type == BF_KEY_INT || k->type == BF_KEY_REAL ? bf_range_parse(k->range) : bf_range_parse(NULL);
    bool fits = false;
    switch (k->type) {
    case BF_KEY_BOOL: fits = read_bool(y, node, field); break;
    case BF_KEY_INT: fits = read_int(&r, y, node, field); break;
    case BF_KEY_REAL: fits = read_real(&r, y, node, field); break;
    case BF_KEY_TEXT:
        if (!k->range) return read_text(y, node, field, k->size) || text_misfit(m, k, y, node, "a text", k->size);
        fits = read_text(y, node, field, k->size) && study_name_is_good(field);
        break;
    case BF_KEY_CHOICE: return read_name(k, y, node, field, m);
    case BF_KEY_CHOICES: return read_choices(k, y, node, field, m);
    case BF_KEY_INTS: return read_ints(k, y, node, field, m);
    case BF_KEY_REALS: return read_real_list(k, y, node, field, m);
    case BF_KEY_WEIGHT: return read_weight(k, y, node, field, m);
    case BF_KEY_PAIR: return read_reals(k, y, node, field, 2, 2, m);
    case BF_KEY_LAYERS: return read_layers(k, y, node, field, m);
    case BF_KEY_PATHS: return read_paths(k, y, node, field, m);
    case BF_KEY_SPLITS: return read_splits(k, y, node, field, m);
    case BF_KEY_MEASURES: return read_measures(k, y, node, field, m);
    }
    return fits || misfit_here(m, k, y, node);
}

bool bf_key_read_number(const bf_key *k, double v, bf_config *cfg, char *why, size_t size)
{
    const bf_range r = bf_range_parse(k->range);
    const bool whole = k->type == BF_KEY_INT && fabs(v) <= 9e15 && v == floor(v);
    if (bf_range_holds(&r, v) && whole) {
        *(int64_t *)bf_key_field(k, cfg) = (int64_t)v;
        return true;
    }
    if (bf_range_holds(&r, v) && (k->type == BF_KEY_REAL || k->type == BF_KEY_WEIGHT)) {
        double *field = bf_key_field(k, cfg);
        field[0] = v;
        if (k->type == BF_KEY_WEIGHT) field[1] = field[2] = NAN;
        return true;
    }
    char want[320];
    bf_key_expectation(k, want, sizeof want);
    snprintf(why, size, "expected %s, but the grid has %.12g", want, v);
    return false;
}

/* Nearly all defaults are one plain word, which needs no parser. */
static bool is_plain_word(const char *t)
{
    const char *p = t;
    while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || (p > t && (*p == '.' || *p == '-' || *p == '_'))) p++;
    return p > t && *p == '\0';
}

static bf_status set_word(const bf_key *k, const char *word, bf_config *cfg)
{
    char text[64];
    bf_yaml_node node = { .kind = BF_YAML_SCALAR, .key = -1, .first = -1, .next = -1, .plain = true };
    const bf_yaml tree = { .count = 1, .capacity = 1, .at = &node, .text = text, .used = strlen(word) + 1, .size = sizeof text };
    bf_misfit misfit;
    memcpy(text, word, strlen(word) + 1);
    return bf_key_read(k, &tree, 0, cfg, &misfit) ? BF_DONE : BF_FAIL(BF_E_INPUT, "%s: %.150s", k->path, misfit.what);
}

bf_status bf_key_set(const bf_key *k, const char *yaml, bf_config *cfg)
{
    if (is_plain_word(yaml) && strlen(yaml) < 64) return set_word(k, yaml, cfg);
    bf_problems problems = { 0 };
    bf_yaml tree;
    bf_misfit misfit;
    bf_status s = BF_DONE;
    if (!bf_yaml_load(yaml, strlen(yaml), k->path, &problems, &tree) || problems.count + problems.dropped > 0)
        s = BF_FAIL(BF_E_INPUT, "%s: %.150s", k->path, problems.count ? problems.at[0].what : "out of memory");
    else if (!bf_key_read(k, &tree, 0, cfg, &misfit))
        s = BF_FAIL(BF_E_INPUT, "%s: %.150s", k->path, misfit.what);
    bf_yaml_free(&tree);
    bf_problems_free(&problems);
    return s;
}
