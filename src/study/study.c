#include "study/study.h"
#include "study/check.h"
#include "study/key_value.h"
#include "study/study_private.h"
#include "vae/condition.h"
#include "vae/draws.h"

#include <stdlib.h>
#include <string.h>

bf_origin *bf_study_origin(const bf_study *s, const bf_key *k)
{
    int n;
    return &s->origin[k - bf_key_table(&n)];
}

static bf_status set_defaults(bf_config *c)
{
    int n;
    const bf_key *table = bf_key_table(&n);
    for (int i = 0; i < n; i++)
        if (table[i].fallback) BF_TRY(bf_key_set(&table[i], table[i].fallback, c));
    return BF_DONE;
}

/* data.seed: seed means the unswept one. */
static void resolve_seed(const bf_study *s, bf_config *c)
{
    if ((int64_t)c->data.seed == -1) c->data.seed = s->base.seed;
}

/* objective.draws: auto is the number that objective.draw needs, and the same configuration as that number. */
static void resolve_draws(bf_config *c)
{
    if (c->vae.draws == 0) c->vae.draws = bf_draws(&c->vae);
}

/* --- rules between keys ------------------------------------------------------------------------------------------- */

/* Where a configuration got a key's value from, and what a problem calls the key. */
static bf_place place_in(const bf_study *s, int index, const bf_key *k, char *label, size_t size)
{
    const int axis = bf_sweep_find(&s->sweep, k);
    const bf_origin *o = bf_study_origin(s, k);
    const bool from_set = axis >= 0 ? s->sweep.axis[axis].from_set : o->in_set;
    snprintf(label, size, "%s%s%s", from_set ? "--set " : "", axis >= 0 ? "sweep." : "", k->path);
    if (axis < 0) return o->place;
    return s->sweep.axis[axis].places[bf_sweep_digit(&s->sweep, axis, index)];
}

/* Reports what one configuration breaks, each key once for the whole study. */
static void check_config(const bf_study *s, int index, const bf_config *c, bool *reported, bf_problems *problems)
{
    int n;
    char label[128];
    bf_finding found[BF_MAX_FINDINGS];
    const bf_key *table = bf_key_table(&n);
    const int count = bf_config_check(c, found);
    for (int i = 0; i < count; i++) {
        const bf_finding *f = &found[i];
        const bool follows = bf_study_origin(s, f->key)->wrong || (f->other && bf_study_origin(s, f->other)->wrong);
        if (reported[f->key - table] || follows) continue;
        reported[f->key - table] = true;
        const bf_place at = place_in(s, index, f->key, label, sizeof label);
        bf_problems_add(problems, at.line, at.column, label, "%s", f->what);
    }
}

/* A strict key that was written although no configuration uses it. Overrides may make a key of the file
 * useless: that is no mistake. */
static void check_useless(const bf_study *s, const bool *used, bool has_overrides, bf_problems *problems)
{
    int n;
    char label[128];
    const bf_key *table = bf_key_table(&n);
    for (int i = 0; i < n; i++) {
        const bf_origin *o = &s->origin[i];
        const bool swept = bf_sweep_find(&s->sweep, &table[i]) >= 0;
        const bool written = swept || o->in_set || (o->in_file && !has_overrides);
        if (!(table[i].flags & BF_KEY_STRICT) || used[i] || !written) continue;
        const bf_place at = place_in(s, 0, &table[i], label, sizeof label);
        bf_problems_add(problems, at.line, at.column, label, "nothing uses it here: it belongs to %s", table[i].when);
    }
}

/* Who sets a swept key on the command line means all configurations to have it. seed is two things: data.seed follows the unswept one. */
static void check_outvoted(const bf_study *s, bf_problems *problems)
{
    int n;
    const bf_key *table = bf_key_table(&n);
    for (int i = 0; i < n; i++) {
        const int axis = bf_sweep_find(&s->sweep, &table[i]);
        char label[128];
        if (axis < 0 || !s->origin[i].in_set || strcmp(table[i].path, "seed") == 0) continue;
        snprintf(label, sizeof label, "--set %s", table[i].path);
        bf_problems_add(problems, 0, 0, label, "sweep.%s gives this key its values; --set sweep.%s=[...] replaces them", s->sweep.axis[axis].name,
                        s->sweep.axis[axis].name);
    }
}

typedef struct digest { char hash[17]; int index; } digest;

static int compare_digests(const void *a, const void *b)
{
    const digest *p = a, *q = b;
    const int order = strcmp(p->hash, q->hash);
    return order ? order : (p->index > q->index) - (p->index < q->index);
}

/* The tables of a study have one axis beta_grid. */
static void check_grids(const bf_study *s, bf_config *c, bf_problems *problems)
{
    bf_f64_list one, grid;
    char label[128];
    int first = -1;
    for (int i = 0; i < s->sweep.count; i++) {
        bf_study_config(s, i, c);
        if (!bf_beta_conditioned(&c->vae)) continue;
        bf_condition_grid(&c->vae, &grid);
        if (first < 0) one = grid, first = i;
        if (grid.count == one.count && memcmp(grid.at, one.at, (size_t)one.count * sizeof *one.at) == 0) continue;
        const bf_key *k = bf_key_find("objective.grid");
        const bf_place at = place_in(s, 0, k, label, sizeof label);
        bf_problems_add(problems, at.line, at.column, label, "configurations %d and %d learn different ranges; a list makes one grid for all of them", first, i);
        return;
    }
}

/* Results belong to keys: two configurations that use the same values would be one result under two names. */
static void check_twins(const bf_study *s, digest *d, bf_problems *problems)
{
    qsort(d, (size_t)s->sweep.count, sizeof *d, compare_digests);
    for (int i = 1; i < s->sweep.count; i++) {
        if (strcmp(d[i - 1].hash, d[i].hash) != 0) continue;
        const bf_place at = s->sweep.axis[0].place;
        bf_problems_add(problems, at.line, at.column, "sweep", "configurations %d and %d are the same: no swept key they differ in is used by them",
                        d[i - 1].index, d[i].index);
        return;
    }
}

void bf_study_check(bf_study *s, bool has_overrides, bf_problems *problems)
{
    int n;
    const bf_key *table = bf_key_table(&n);
    bool *reported = calloc((size_t)n, sizeof *reported), *used = calloc((size_t)n, sizeof *used);
    digest *digests = calloc((size_t)s->sweep.count, sizeof *digests);
    bf_config *c = malloc(sizeof *c);
    const int before = problems->count;
    if (reported && used && digests && c) {
        for (int i = 0; i < s->sweep.count; i++) {
            bf_study_config(s, i, c);
            check_config(s, i, c, reported, problems);
            for (int j = 0; j < n; j++) used[j] |= bf_key_applies(&table[j], c);
        }
        check_useless(s, used, has_overrides, problems);
        check_outvoted(s, problems);
        for (int i = 0; i < s->sweep.count && problems->count == before; i++) {
            bf_study_config(s, i, c);
            bf_config_hash(c, digests[i].hash);
            digests[i].index = i;
        }
        if (problems->count == before) check_twins(s, digests, problems);
        if (problems->count == before) check_grids(s, c, problems);
    } else {
        bf_problems_add(problems, 0, 0, "", "no memory to check %d configurations", s->sweep.count);
    }
    free(c);
    free(digests);
    free(used);
    free(reported);
}

/* --- the study ---------------------------------------------------------------------------------------------------- */

static int count_of(const bf_problems *p) { return p->count + p->dropped; }

static bool sweep_is_good(const bf_sweep *s)
{
    for (int i = 0; i < s->n_axes; i++)
        if (!s->axis[i].good) return false;
    return s->count > 0;
}

static void read_and_check(bf_study *s, const char *text, size_t n, const char *const *set, int n_set, bf_problems *problems)
{
    int n_keys;
    const bf_key *name = bf_key_table(&n_keys);     /* `study`, the table's first row and the one key without a default */
    if (!bf_study_read(s, text, n, set, n_set, problems)) return;
    if (!bf_study_origin(s, name)->in_file && !bf_study_origin(s, name)->in_set)
        bf_problems_add(problems, 0, 0, name->path, "missing; every study has a name");
    resolve_seed(s, &s->base);
    bf_sweep_finish(&s->sweep, problems);
    if (!sweep_is_good(&s->sweep)) return;
    bf_study_check(s, n_set > 0, problems);
    bf_study_link(s, problems);
}

bf_status bf_study_parse(const char *text, size_t n, const char *const *set, int n_set, bf_problems *problems, bf_study **out)
{
    int n_keys;
    const int before = count_of(problems);
    bf_key_table(&n_keys);
    *out = NULL;
    bf_study *s = calloc(1, sizeof *s);
    if (s) s->origin = calloc((size_t)n_keys, sizeof *s->origin);
    bf_status status = s && s->origin ? set_defaults(&s->base) : BF_FAIL(BF_E_MEMORY, "no memory for a study");
    if (!status.code) {
        read_and_check(s, text, n, set, n_set, problems);
        const int found = count_of(problems) - before;
        if (found > 0) status = BF_FAIL(BF_E_INPUT, "the study has %d %s", found, found == 1 ? "problem" : "problems");
    }
    if (status.code) bf_study_free(&s);
    *out = s;
    return status;
}

void bf_study_free(bf_study **s)
{
    if (!*s) return;
    bf_sweep_clear(&(*s)->sweep);
    free((*s)->origin);
    free((*s)->parent);
    free(*s);
    *s = NULL;
}

int bf_study_count(const bf_study *s) { return s->sweep.count; }

void bf_study_config(const bf_study *s, int index, bf_config *out)
{
    memcpy(out, &s->base, sizeof *out);
    bf_sweep_assign(&s->sweep, index, out);
    resolve_seed(s, out);
    resolve_draws(out);
}

const bf_config *bf_study_base(const bf_study *s) { return &s->base; }

int bf_study_swept(const bf_study *s, const bf_key **keys)
{
    int count = 0;
    for (int i = 0; i < s->sweep.n_axes; i++)
        for (int j = 0; j < s->sweep.axis[i].n_keys; j++) keys[count++] = s->sweep.axis[i].key[j];
    return count;
}

void bf_study_grid(const bf_study *s, bf_f64_list *out)
{
    bf_config *c = malloc(sizeof *c);
    out->count = 0;
    for (int i = 0; c && out->count == 0 && i < s->sweep.count; i++) {
        bf_study_config(s, i, c);
        if (bf_beta_conditioned(&c->vae)) bf_condition_grid(&c->vae, out);
    }
    free(c);
}

void bf_study_place(const bf_study *s, const char *key, int *line, int *column)
{
    const bf_key *k = bf_key_find(key);
    const int axis = k ? bf_sweep_find(&s->sweep, k) : -1;
    const bf_place at = axis >= 0 ? s->sweep.axis[axis].place : k ? bf_study_origin(s, k)->place : (bf_place){ 0, 0 };
    *line = at.line;
    *column = at.column;
}
