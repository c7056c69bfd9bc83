/* warm_start: chains of neighbours, which train from each other's final weights. Neighbours are configurations that are equal in every swept key
 * but one, sorted by that one's value; where a configuration stands in the sweep does not matter, so an effective input that lists its
 * configurations one by one makes the same chains. */
#include "study/study_private.h"
#include "study/key_value.h"
#include "study/range.h"
#include "base/checksum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct member { uint64_t others; double value; int index; } member;     /* others: hash of the other swept keys' values */

static int by_chain(const void *a, const void *b)
{
    const member *p = a, *q = b;
    if (p->others != q->others) return p->others < q->others ? -1 : 1;
    if (p->value != q->value) return p->value < q->value ? -1 : 1;
    return (p->index > q->index) - (p->index < q->index);
}

static void complain(const bf_study *s, bf_problems *problems, const char *what)
{
    const bf_key *k = bf_key_find("warm_start.along");
    const bf_origin *o = bf_study_origin(s, k);
    bf_problems_add(problems, o->place.line, o->place.column, o->in_set ? "--set warm_start.along" : k->path, "%s", what);
}

static bool is_number(const bf_key *k) { return k->type == BF_KEY_INT || k->type == BF_KEY_REAL || k->type == BF_KEY_WEIGHT; }

/* The key neighbours differ in; NULL when the study has named none that can be. */
static const bf_key *find_along(const bf_study *s, bf_problems *problems)
{
    char what[300], shown[80];
    const char *name = s->base.warm.along;
    const bf_key *k = bf_key_find(name), *near = k ? NULL : bf_key_nearest(name);
    bf_text_quote(name, shown, sizeof shown);
    if (near) snprintf(what, sizeof what, "%s is no key; did you mean %s?", shown, near->path);
    else if (!k) snprintf(what, sizeof what, "%s is no key; expected a swept one, such as objective.beta", shown);
    else if (bf_sweep_find(&s->sweep, k) < 0) snprintf(what, sizeof what, "%s is not swept, so nothing has a neighbour along it", k->path);
    else if (!is_number(k)) snprintf(what, sizeof what, "%s is no number; neighbours need an order", k->path);
    else return k;
    complain(s, problems, what);
    return NULL;
}

/* NaN for what is no number: a word such as auto, or a range. */
static double value_of(const bf_key *k, const bf_config *c)
{
    const void *field = bf_key_field_const(k, c);
    const bf_range r = bf_range_parse(k->range);
    const double v = k->type == BF_KEY_INT ? (double)*(const int64_t *)field : *(const double *)field;
    return r.word[0] && v == r.word_value ? NAN : v;
}

/* Equal values are equal bytes (sweep.c). to has room for every swept field. */
static uint64_t hash_others(const bf_study *s, const bf_key *along, const bf_config *c, unsigned char *to)
{
    const bf_key *keys[BF_MAX_SWEPT];
    const int n = bf_study_swept(s, keys);
    size_t used = 0;
    for (int i = 0; i < n; i++) {
        if (keys[i] == along) continue;
        memcpy(to + used, bf_key_field_const(keys[i], c), keys[i]->size);
        used += keys[i]->size;
    }
    return bf_hash64(to, used);
}

static bool read_links(const bf_study *s, const bf_key *along, member *links, bf_config *c, unsigned char *bytes, bf_problems *problems)
{
    char what[400], value[160];
    for (int i = 0; i < s->sweep.count; i++) {
        bf_study_config(s, i, c);
        links[i] = (member){ hash_others(s, along, c, bytes), value_of(along, c), i };
        if (!isnan(links[i].value)) continue;
        bf_key_print(along, c, value, sizeof value);
        snprintf(what, sizeof what, "configuration %d has %s: %s, which has no place among numbers", i, along->path, value);
        complain(s, problems, what);
        return false;
    }
    return true;
}

/* Each configuration starts from the one before it in its chain; the first of a chain has no parent. */
static void join(bf_study *s, member *links)
{
    const int n = s->sweep.count, step = strcmp(s->base.warm.from, "high") == 0 ? 1 : -1;
    qsort(links, (size_t)n, sizeof *links, by_chain);
    for (int i = 0; i < n; i++) {
        const int before = i + step;
        const bool follows = before >= 0 && before < n && links[before].others == links[i].others;
        s->parent[links[i].index] = follows ? links[before].index : -1;
    }
}

/* A chain of one is none: who asks for neighbours and has not a single pair of them is told. */
static void expect_a_link(const bf_study *s, const bf_key *along, bf_problems *problems)
{
    char what[160];
    for (int i = 0; i < s->sweep.count; i++)
        if (s->sweep.count == 1 || s->parent[i] >= 0) return;
    snprintf(what, sizeof what, "no two configurations differ in %s alone", along->path);
    complain(s, problems, what);
}

void bf_study_link(bf_study *s, bf_problems *problems)
{
    const bf_key *keys[BF_MAX_SWEPT], *along = bf_warm_started(&s->base) ? find_along(s, problems) : NULL;
    if (!along) return;
    const int n = bf_study_swept(s, keys);
    size_t bytes = 1;
    for (int i = 0; i < n; i++) bytes += keys[i]->size;
    unsigned char *others = malloc(bytes);
    bf_config *c = malloc(sizeof *c);
    member *links = calloc((size_t)s->sweep.count, sizeof *links);
    s->parent = calloc((size_t)s->sweep.count, sizeof *s->parent);
    if (!others || !c || !links || !s->parent) bf_problems_add(problems, 0, 0, "", "no memory to link %d configurations", s->sweep.count);
    else if (read_links(s, along, links, c, others, problems)) {
        join(s, links);
        expect_a_link(s, along, problems);
    }
    free(links);
    free(c);
    free(others);
}

int bf_study_parent(const bf_study *s, int index) { return s->parent ? s->parent[index] : -1; }
