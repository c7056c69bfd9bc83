#include "farm/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "farm/extend.h"
#include "farm/folder.h"
#include "farm/ids.h"
#include "farm/init_from.h"
#include "store/checkpoint.h"
#include "store/config_file.h"

#define BF_STUDY_YAML_LIMIT ((size_t)64 << 20)
#define BF_LOCK_PATIENCE 15.0

static int find_hash(char (*h)[17], int n, const char *wanted, const bool *taken)
{
    for (int i = 0; i < n; i++)
        if (!taken[i] && strcmp(h[i], wanted) == 0) return i;
    return -1;
}

/* The configuration of `now` that has the same keys and so starts from other weights; -1 when there is none. */
static int find_keys(const bf_study *now, const bf_config *old, bf_config *c)
{
    char wanted[17], hash[17];
    bf_config_hash(old, wanted);
    for (int i = 0; i < bf_study_count(now); i++) {
        bf_study_config(now, i, c);
        bf_config_hash(c, hash);
        if (strcmp(hash, wanted) == 0) return i;
    }
    return -1;
}

/* What a configuration's training starts from, for people. */
static void describe_start(const bf_study *s, int index, char *out, size_t size)
{
    const bf_key *along = bf_key_find(bf_study_base(s)->warm.along);
    const int parent = bf_study_parent(s, index);
    bf_config *c = parent >= 0 ? malloc(sizeof *c) : NULL;
    snprintf(out, size, "weights of its own");
    if (!c) return;
    bf_study_config(s, parent, c);
    const int used = snprintf(out, size, "the weights of %s ", along->path);
    bf_key_print(along, c, out + used, size - (size_t)used);
    free(c);
}

/* Of an old configuration and the new input's nearest one: the one with the same keys, else that in the same place. */
static void describe_difference(const bf_study *old, int old_index, const bf_study *now, char *out, size_t size)
{
    bf_config *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    char before[160], after[160];
    out[0] = '\0';
    if (a && b) {
        bf_study_config(old, old_index, a);
        const int same = find_keys(now, a, b), last = bf_study_count(now) - 1;
        const int nearest = same >= 0 ? same : old_index < last ? old_index : last;
        bf_study_config(now, nearest, b);
        bf_config_difference(a, b, out, size);
        describe_start(old, old_index, before, sizeof before);
        describe_start(now, nearest, after, sizeof after);
        const size_t used = strlen(out);
        if (strcmp(before, after) != 0) snprintf(out + used, size - used, "it starts from %s -> %s\n", before, after);
    }
    free(a);
    free(b);
}

/* A configuration that does not differ itself descends from one that does. */
static void log_difference(const bf_study *old, int old_index, const bf_study *now, bf_logger *log)
{
    char text[2048];
    int at = old_index;
    describe_difference(old, at, now, text, sizeof text);
    while (!text[0] && bf_study_parent(old, at) >= 0) {
        at = bf_study_parent(old, at);
        describe_difference(old, at, now, text, sizeof text);
    }
    bf_log(log, BF_ERROR, "c%04d%s differs:\n%s", at, at == old_index ? "" : ", from whose weights it descends,", text);
}

/* Ids of the configurations the folder already knows are kept; new ones get the next free ids in sweep order. */
static bf_status match_ids(bf_ledger *l, const bf_study *old, bf_logger *log)
{
    int n_old = bf_study_count(old), kept = 0;
    char (*mine)[17] = l->lineage.hash;
    bf_lineage theirs = { 0 };
    bool *taken = calloc((size_t)l->count, sizeof *taken);
    bf_status s = taken ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for %d configurations", l->count);
    if (!s.code) s = bf_lineage_trace(old, &theirs);
    if (s.code) goto done;
    for (int id = 0; id < n_old; id++) {
        /* The usual case first: an unchanged study has every configuration where it was. */
        int i = id < l->count && !taken[id] && strcmp(mine[id], theirs.hash[id]) == 0 ? id : find_hash(mine, l->count, theirs.hash[id], taken);
        if (i < 0) BF_TRY_DONE(bf_extend_find(old, id, l->study, taken, &i));
        if (i < 0) {
            log_difference(old, id, l->study, log);
            s = BF_FAIL(BF_E_INPUT, "%s holds another study: its c%04d is not in this input (see the difference above); "
                        "--fresh starts over, -o DIR keeps both", l->dir, id);
            goto done;
        }
        taken[i] = true;
        l->order[kept++] = i;
    }
    for (int i = 0; i < l->count; i++)
        if (!taken[i]) l->order[kept++] = i;
done:
    bf_lineage_free(&theirs);
    free(taken);
    return s;
}

static bf_status continue_folder(bf_ledger *l, bf_logger *log)
{
    char path[BF_PATH], *text = NULL;
    size_t n = 0;
    for (int i = 0; i < l->count; i++) l->order[i] = i;
    BF_TRY(bf_file_join(path, sizeof path, l->dir, "study.yaml"));
    if (!bf_file_exists(path)) {
        char other[BF_PATH];
        BF_TRY(bf_file_join(other, sizeof other, l->dir, "study.h5"));
        if (bf_file_exists(other)) return BF_FAIL(BF_E_INPUT, "%s holds a study.h5 but no study.yaml to continue from; --fresh starts over", l->dir);
        return BF_DONE;
    }
    BF_TRY(bf_file_read(path, BF_STUDY_YAML_LIMIT, &text, &n));
    bf_problems problems = { 0 };
    bf_study *old = NULL;
    bf_status s = bf_study_parse(text, n, NULL, 0, &problems, &old);
    if (s.code) {
        bf_problems_print(&problems, path, stderr);
        s = BF_FAIL(BF_E_INPUT, "%s was not written by this version or is damaged; --fresh starts over", path);
    } else {
        s = match_ids(l, old, log);
    }
    bf_study_free(&old);
    bf_problems_free(&problems);
    free(text);
    return s;
}

/* Renames an ended configuration's file aside, to the first free name of that kind. */
static bf_status set_aside(const char *dir, int id, const char *kind)
{
    char path[BF_PATH], aside[BF_PATH], suffix[40];
    BF_TRY(bf_folder_config(dir, id, ".h5", path, sizeof path));
    for (int k = 1;; k++) {
        snprintf(suffix, sizeof suffix, ".%s-%d.h5", kind, k);
        BF_TRY(bf_folder_config(dir, id, suffix, aside, sizeof aside));
        if (!bf_file_exists(aside)) break;
    }
    if (rename(path, aside) != 0) return BF_FAIL(BF_E_IO, "cannot rename %s: %s", path, strerror(errno));
    return BF_DONE;
}

static bf_status start_row(bf_ledger *l, int id, const bf_schema *schema)
{
    bf_result *r = &l->results[id];
    bf_result_free(r);
    BF_TRY(bf_result_create(r, schema->n_metrics, schema->n_history, 0));
    r->id = id;
    r->status = BF_PENDING;
    r->parent = l->lineage.parent[id];
    memcpy(r->hash, l->lineage.hash[id], sizeof r->hash);
    memcpy(r->origin, l->lineage.origin[id], sizeof r->origin);
    return BF_DONE;
}

/* Of a finished result that is none of this input: nothing that may be replaced unasked. Where its keys serve, the weights it started from were others. */
static bf_status refuse_result(const char *dir, int id, const bf_config *c, const bf_result *r)
{
    char then[17];
    bf_config_hash_from(c, r->origin, then);
    const bool serves = strcmp(then, r->hash) == 0 || bf_extend_serves(c, r->origin, r);
    if (serves && c->train.init_from[0] && !r->origin[0])
        return BF_FAIL(BF_E_INPUT, "c%04d was made by an earlier version, which did not record the weights it started from; --fresh starts over, "
                       "-o DIR keeps both", id);
    if (serves)
        return BF_FAIL(BF_E_INPUT, "c%04d started from other weights than %s; --fresh starts over, -o DIR keeps both", id,
                       r->parent >= 0 ? "its parent has now" : "train.init_from has now");
    return BF_FAIL(BF_E_INPUT, "%.120s/configs/c%04d.h5 is the result of other keys; --fresh starts over, -o DIR keeps both", dir, id);
}

/* Reads the result of an ended configuration's file. What is wrong with it is in *damage, and no reason to end; what memory or the system refuse to
 * read today may be whole, and is not trained again. */
static bf_status read_ended(bf_ledger *l, int id, const bf_schema *schema, bf_status *damage)
{
    bf_result *r = &l->results[id];
    bf_config *c = malloc(sizeof *c);
    if (!c) return BF_FAIL(BF_E_MEMORY, "no memory for a configuration");
    bf_study_config(l->study, l->order[id], c);
    const bf_status found = bf_config_file_read_result(l->dir, id, schema, r);
    bf_status s = BF_DONE;
    if (found.code == BF_E_MEMORY || found.code == BF_E_IO) {
        s = found;
    } else if (found.code) {
        *damage = BF_FAIL(found.code, "is damaged: %.180s", found.what);
    } else {
        if (bf_extend_serves(c, l->lineage.origin[id], r)) l->extends[id] = r->epochs_done;
        const bool other = !l->extends[id] && strcmp(r->hash, l->lineage.hash[id]) != 0;
        if (other && r->status == BF_CONFIG_DONE) s = refuse_result(l->dir, id, c, r);
        else if (other) *damage = BF_FAIL(BF_E_FORMAT, "is the result of other keys");
    }
    free(c);
    return s;
}

/* One configuration: its file's result when it has ended, else a pending row. Nothing is renamed or removed here: the run may still be refused. */
static bf_status read_row(bf_ledger *l, int id, const bf_farm_options *o, const bf_schema *schema, bf_logger *log)
{
    char path[BF_PATH];
    bf_result *r = &l->results[id];
    bf_status damage = BF_DONE;
    BF_TRY(bf_folder_config(l->dir, id, ".h5", path, sizeof path));
    const bool there = bf_file_exists(path);
    if (there) BF_TRY(read_ended(l, id, schema, &damage));
    if (there && !l->extends[id]) {
        if (damage.code) {
            bf_log(log, BF_WARN, "configs/c%04d.h5 %s; to be set aside and trained again", id, damage.what);
            l->aside[id] = "damaged";
        } else if (o->retry_failed && l->chosen[id] && r->status != BF_CONFIG_DONE) {
            l->aside[id] = "failed";
            l->drops[id] = r->status == BF_DIVERGED;        /* it would again */
        } else {
            /* A run that was killed after its last rename had no time to remove it. That of a failure is for the next attempt. */
            l->drops[id] = r->status != BF_CONFIG_FAILED && bf_folder_has_checkpoint(l->dir, id);
            return BF_DONE;
        }
    }
    BF_TRY(start_row(l, id, schema));
    l->resumes[id] = !l->drops[id] && bf_folder_has_checkpoint(l->dir, id);
    return BF_DONE;
}

static bf_status allocate(bf_ledger *l)
{
    size_t n = (size_t)l->count;
    l->order = calloc(n, sizeof *l->order);
    l->chosen = calloc(n, sizeof *l->chosen);
    l->resumes = calloc(n, sizeof *l->resumes);
    l->extends = calloc(n, sizeof *l->extends);
    l->aside = calloc(n, sizeof *l->aside);
    l->drops = calloc(n, sizeof *l->drops);
    l->results = calloc(n, sizeof *l->results);
    l->cost = calloc(n, sizeof *l->cost);
    if (l->order && l->chosen && l->resumes && l->extends && l->aside && l->drops && l->results && l->cost) return BF_DONE;
    return BF_FAIL(BF_E_MEMORY, "no memory for %d configurations", l->count);
}

static bf_status identify(bf_ledger *l)
{
    bool found = false;
    BF_TRY(bf_study_file_identity(l->dir, l->uuid, l->created, l->runs, BF_MAX_RUNS - 1, &l->n_runs, &found));
    if (found) return BF_DONE;
    bf_uuid(l->uuid);
    bf_clock_iso8601(bf_clock_epoch(), l->created);
    l->n_runs = 0;
    return BF_DONE;
}

/* Who starts from a neighbour's weights needs them before its turn comes. */
static bf_status check_selection(const bf_ledger *l)
{
    for (int id = 0; id < l->count; id++) {
        const int parent = l->lineage.parent[id];
        const bool waits = l->chosen[id] && l->results[id].status == BF_PENDING && parent >= 0;
        if (waits && !l->chosen[parent] && l->results[parent].status == BF_PENDING)
            return BF_FAIL(BF_E_INPUT, "--only: c%04d starts from the weights of c%04d, which is not trained yet; name %d, too", id, parent, parent);
    }
    return BF_DONE;
}

/* --fresh does not remove the weights that the new study is to start from. */
static bf_status check_fresh(const bf_ledger *l)
{
    bf_config *c = malloc(sizeof *c);
    bf_status s = c ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a configuration");
    for (int i = 0; !s.code && i < l->count; i++) {
        bf_study_config(l->study, i, c);
        if (c->train.init_from[0] && bf_init_from_inside(c->train.init_from, l->dir))
            s = BF_FAIL(BF_E_INPUT, "train.init_from: %.120s would be removed by --fresh; -o DIR keeps both", c->train.init_from);
    }
    free(c);
    return s;
}

bf_status bf_ledger_open(const bf_study *study, const bf_farm_options *o, const bf_schema *schema, bf_logger *log, bf_ledger *out)
{
    bf_ledger *l = out;
    memset(l, 0, sizeof *l);
    l->lock.fd = l->site.fd = -1;
    l->study = study;
    l->count = bf_study_count(study);
    bf_uuid(l->tag);
    snprintf(l->dir, sizeof l->dir, "%s", o->dir);
    BF_TRY(allocate(l));
    BF_TRY(bf_lineage_trace(study, &l->lineage));
    BF_TRY(bf_ids_parse(o->only, l->count, l->chosen));
    if (o->fresh) BF_TRY(check_selection(l));       /* ids follow the sweep then, and nothing is removed for a selection that cannot be trained */
    BF_TRY(bf_folder_create(l->dir));
    BF_TRY(bf_lock_take(l->dir, BF_LOCK_PATIENCE, &l->lock));
    BF_TRY(bf_site_open(l->dir, l->tag, &l->site));
    if (!l->lock.held) bf_log(log, BF_WARN, "the file system of %s has no locks: see to it that no other run uses this folder", l->dir);
    if (o->fresh) BF_TRY(check_fresh(l));
    if (o->fresh) BF_TRY(bf_folder_clear(l->dir));
    BF_TRY(bf_folder_create(l->dir));
    bf_folder_sweep(l->dir);
    BF_TRY(continue_folder(l, log));
    BF_TRY(bf_lineage_renumber(&l->lineage, l->order));
    BF_TRY(identify(l));
    BF_TRY(bf_study_emit(study, l->order, &l->effective));
    for (int id = 0; id < l->count; id++) BF_TRY(read_row(l, id, o, schema, log));
    return check_selection(l);
}

bf_status bf_ledger_publish(const bf_ledger *l)
{
    char path[BF_PATH];
    for (int id = 0; id < l->count; id++) {
        if (l->aside[id]) BF_TRY(set_aside(l->dir, id, l->aside[id]));
        if (l->drops[id]) bf_checkpoint_remove(&l->site, id);
    }
    BF_TRY(bf_file_join(path, sizeof path, l->dir, "study.yaml"));
    return bf_file_write(path, l->tag, l->effective, strlen(l->effective));
}

int bf_ledger_tally(const bf_ledger *l, int status)
{
    int n = 0;
    for (int id = 0; id < l->count; id++) n += l->results[id].status == status;
    return n;
}

int bf_ledger_pending(const bf_ledger *l)
{
    int n = 0;
    for (int id = 0; id < l->count; id++) n += l->chosen[id] && l->results[id].status == BF_PENDING;
    return n;
}

int bf_ledger_width(const bf_ledger *l)
{
    int n = 0;
    for (int id = 0; id < l->count; id++) {
        const int parent = l->lineage.parent[id];
        const bool waits = parent >= 0 && l->chosen[parent] && l->results[parent].status == BF_PENDING;
        n += l->chosen[id] && l->results[id].status == BF_PENDING && !waits;
    }
    return n;
}

void bf_ledger_close(bf_ledger *l)
{
    for (int id = 0; l->results && id < l->count; id++) bf_result_free(&l->results[id]);
    bf_lineage_free(&l->lineage);
    free(l->order);
    free(l->chosen);
    free(l->resumes);
    free(l->extends);
    free(l->aside);
    free(l->drops);
    free(l->results);
    free(l->cost);
    free(l->effective);
    bf_site_close(&l->site);
    bf_lock_release(&l->lock);
    memset(l, 0, sizeof *l);
    l->lock.fd = l->site.fd = -1;
}
