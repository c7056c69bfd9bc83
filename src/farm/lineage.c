#include "farm/lineage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "farm/init_from.h"

static bf_status allocate(bf_lineage *l, int count)
{
    const size_t n = (size_t)count;
    *l = (bf_lineage){ .count = count, .parent = calloc(n, sizeof *l->parent), .child = calloc(n, sizeof *l->child),
                       .origin = calloc(n, sizeof *l->origin), .hash = calloc(n, sizeof *l->hash) };
    if (l->parent && l->child && l->origin && l->hash) return BF_DONE;
    bf_lineage_free(l);
    return BF_FAIL(BF_E_MEMORY, "no memory for the hashes of %d configurations", count);
}

static void link_children(bf_lineage *l)
{
    for (int i = 0; i < l->count; i++) l->child[i] = -1;
    for (int i = 0; i < l->count; i++)
        if (l->parent[i] >= 0) l->child[l->parent[i]] = i;
}

/* Hundreds of configurations start from one file: it is opened once. */
typedef struct reader { char from[sizeof ((bf_train_options *)0)->init_from], digest[17]; } reader;

static bf_status digest_of(reader *r, const char *from, char out[17])
{
    if (strcmp(r->from, from) != 0) {
        const bf_status s = bf_init_from_digest(from, r->digest);
        if (s.code == BF_E_MEMORY) return s;
        if (s.code) snprintf(r->digest, sizeof r->digest, BF_LINEAGE_UNREADABLE);
        snprintf(r->from, sizeof r->from, "%s", from);
    }
    memcpy(out, r->digest, sizeof r->digest);
    return BF_DONE;
}

/* A chain from its first configuration on: every parent's hash is there before its child's. */
static bf_status trace_chain(const bf_study *s, int first, reader *r, bf_config *c, bf_lineage *l)
{
    for (int i = first; i >= 0; i = l->child[i]) {
        bf_study_config(s, i, c);
        if (l->parent[i] >= 0) memcpy(l->origin[i], l->hash[l->parent[i]], sizeof l->origin[i]);
        else if (c->train.init_from[0]) BF_TRY(digest_of(r, c->train.init_from, l->origin[i]));
        bf_config_hash_from(c, l->origin[i], l->hash[i]);
    }
    return BF_DONE;
}

bf_status bf_lineage_trace(const bf_study *study, bf_lineage *out)
{
    reader r = { .from = "" };
    BF_TRY(allocate(out, bf_study_count(study)));
    bf_config *c = malloc(sizeof *c);
    bf_status s = c ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a configuration");
    for (int i = 0; i < out->count; i++) out->parent[i] = bf_study_parent(study, i);
    link_children(out);
    for (int i = 0; !s.code && i < out->count; i++)
        if (out->parent[i] < 0) s = trace_chain(study, i, &r, c, out);
    free(c);
    if (s.code) bf_lineage_free(out);
    return s;
}

bf_status bf_lineage_renumber(bf_lineage *l, const int *order)
{
    bf_lineage by_id;
    int *id = calloc((size_t)l->count, sizeof *id);
    bf_status s = id ? allocate(&by_id, l->count) : BF_FAIL(BF_E_MEMORY, "no memory for %d ids", l->count);
    for (int i = 0; !s.code && i < l->count; i++) id[order[i]] = i;
    for (int i = 0; !s.code && i < l->count; i++) {
        const int at = order[i];
        by_id.parent[i] = l->parent[at] < 0 ? -1 : id[l->parent[at]];
        memcpy(by_id.origin[i], l->origin[at], sizeof by_id.origin[i]);
        memcpy(by_id.hash[i], l->hash[at], sizeof by_id.hash[i]);
    }
    free(id);
    if (s.code) return s;
    link_children(&by_id);
    bf_lineage_free(l);
    *l = by_id;
    return BF_DONE;
}

void bf_lineage_free(bf_lineage *l)
{
    free(l->parent);
    free(l->child);
    free(l->origin);
    free(l->hash);
    memset(l, 0, sizeof *l);
}
