#include "farm/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "farm/extend.h"
#include "farm/folder.h"
#include "farm/ids.h"
#include "store/checkpoint.h"
#include "store/config_file.h"

#define BF_STUDY_YAML_LIMIT ((size_t)64 << 20)
#define BF_LOCK_PATIENCE 15.0

/* The hashes of all configurations of a study, in sweep order. */
static char (*hashes_of(const bf_study *s))[17]
{
    int n = bf_study_count(s);
    char (*h)[17] = calloc((size_t)n, sizeof *h);
    bf_config *c = malloc(sizeof *c);
    for (int i = 0; h && c && i < n; i++) {
        bf_study_config(s, i, c);
        bf_config_hash(c, h[i]);
    }
    if (!c) { free(h); h = NULL; }
    free(c);
    return h;
}

static int find_hash(char (*h)[17], int n, const char *wanted, const bool *taken)
{
    for (int i = 0; i < n; i++)
        if (!taken[i] && strcmp(h[i], wanted) == 0) return i;
    return -1;
}

/* Says what differs between an old configuration and the new input's nearest one: the one with the same place in the sweep. */
static void log_difference(const bf_study *old, int old_index, const bf_study *now, bf_logger *log)
{
    bf_config *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    char text[2048] = "";
    int nearest = old_index < bf_study_count(now) ? old_index : bf_study_count(now) - 1;
    if (a && b) {
        bf_study_config(old, old_index, a);
        bf_study_config(now, nearest, b);
        bf_config_difference(a, b, text, sizeof text);
    }
    bf_log(log, BF_ERROR, "c%04d differs:\n%s", old_index, text);
    free(a);
    free(b);
}

/* Ids of the configurations the folder already knows are kept; new ones get the next free ids in sweep order. */
static bf_status match_ids(bf_ledger *l, const bf_study *old, bf_logger *log)
{
    int n_old = bf_study_count(old), kept = 0;
    char (*mine)[17] = hashes_of(l->study), (*theirs)[17] = hashes_of(old);
    bool *taken = calloc((size_t)l->count, sizeof *taken);
    bf_status s = BF_DONE;
    if (!mine || !theirs || !taken) { s = BF_FAIL(BF_E_MEMORY, "no memory for %d configurations", l->count); goto done; }
    for (int id = 0; id < n_old; id++) {
        /* The usual case first: an unchanged study has every configuration where it was. */
        int i = id < l->count && !taken[id] && strcmp(mine[id], theirs[id]) == 0 ? id : find_hash(mine, l->count, theirs[id], taken);
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
    free(mine);
    free(theirs);
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

static bf_status start_row(bf_ledger *l, int id, const bf_schema *schema, const char *hash)
{
    bf_result *r = &l->results[id];
    bf_result_free(r);
    BF_TRY(bf_result_create(r, schema->n_metrics, schema->n_history, 0));
    r->id = id;
    r->status = BF_PENDING;
    memcpy(r->hash, hash, sizeof r->hash);
    return BF_DONE;
}

static bool has_checkpoint(const bf_ledger *l, int id)
{
    char path[BF_PATH + 40];
    snprintf(path, sizeof path, "%s/checkpoints/c%04d.h5", l->dir, id);
    if (bf_file_exists(path)) return true;
    snprintf(path, sizeof path, "%s/checkpoints/c%04d.prev.h5", l->dir, id);     /* alone when a run was killed between two renames */
    return bf_file_exists(path);
}

/* One configuration: its file's result when it has ended, else a pending row. */
static bf_status read_row(bf_ledger *l, int id, const bf_farm_options *o, const bf_schema *schema, bf_logger *log)
{
    char path[BF_PATH], hash[17];
    bf_result *r = &l->results[id];
    bf_config *c = malloc(sizeof *c);
    if (!c) return BF_FAIL(BF_E_MEMORY, "no memory for a configuration");
    bf_study_config(l->study, l->order[id], c);
    bf_config_hash(c, hash);
    bf_status s = bf_folder_config(l->dir, id, ".h5", path, sizeof path);
    bool there = !s.code && bf_file_exists(path);
    if (there) {
        s = bf_config_file_read_result(l->dir, id, schema, r);
        if (!s.code && bf_extend_serves(c, r)) l->extends[id] = r->epochs_done;
    }
    free(c);
    if (s.code == BF_E_MEMORY) return s;        /* says nothing about the file */
    if (there && !l->extends[id]) {
        if (s.code || strcmp(r->hash, hash) != 0) {
            /* Another hash and nothing to go on from: it diverged, or was shorter and kept no state. */
            bf_log(log, BF_WARN, "configs/c%04d.h5 %s%s; set aside, trained again", id,
                   s.code ? "is damaged: " : "is the result of other keys", s.code ? s.what : "");
            BF_TRY(set_aside(l->dir, id, "damaged"));
        } else if (o->retry_failed && l->chosen[id] && r->status != BF_CONFIG_DONE) {
            BF_TRY(set_aside(l->dir, id, "failed"));
            bf_checkpoint_remove(l->dir, id);
        } else {
            /* A run that was killed after its last rename had no time to remove it. */
            if (has_checkpoint(l, id)) bf_checkpoint_remove(l->dir, id);
            return BF_DONE;
        }
    }
    BF_TRY(start_row(l, id, schema, hash));
    l->resumes[id] = has_checkpoint(l, id);
    return BF_DONE;
}

static bf_status allocate(bf_ledger *l)
{
    size_t n = (size_t)l->count;
    l->order = calloc(n, sizeof *l->order);
    l->chosen = calloc(n, sizeof *l->chosen);
    l->resumes = calloc(n, sizeof *l->resumes);
    l->extends = calloc(n, sizeof *l->extends);
    l->results = calloc(n, sizeof *l->results);
    l->cost = calloc(n, sizeof *l->cost);
    if (!l->order || !l->chosen || !l->resumes || !l->extends || !l->results || !l->cost) return BF_FAIL(BF_E_MEMORY, "no memory for %d configurations", l->count);
    return BF_DONE;
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

bf_status bf_ledger_open(const bf_study *study, const bf_farm_options *o, const bf_schema *schema, bf_logger *log, bf_ledger *out)
{
    char path[BF_PATH];
    bf_ledger *l = out;
    memset(l, 0, sizeof *l);
    l->lock.fd = -1;
    l->study = study;
    l->count = bf_study_count(study);
    bf_uuid(l->tag);
    snprintf(l->dir, sizeof l->dir, "%s", o->dir);
    BF_TRY(allocate(l));
    BF_TRY(bf_ids_parse(o->only, l->count, l->chosen));     /* before --fresh removes anything */
    BF_TRY(bf_folder_create(l->dir));
    BF_TRY(bf_lock_take(l->dir, BF_LOCK_PATIENCE, &l->lock));
    if (o->fresh) BF_TRY(bf_folder_clear(l->dir));
    BF_TRY(bf_folder_create(l->dir));
    bf_folder_sweep(l->dir);
    BF_TRY(continue_folder(l, log));
    BF_TRY(identify(l));
    BF_TRY(bf_study_emit(study, l->order, &l->effective));
    BF_TRY(bf_file_join(path, sizeof path, l->dir, "study.yaml"));
    BF_TRY(bf_file_write(path, l->tag, l->effective, strlen(l->effective)));
    for (int id = 0; id < l->count; id++) BF_TRY(read_row(l, id, o, schema, log));
    return BF_DONE;
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

void bf_ledger_close(bf_ledger *l)
{
    for (int id = 0; l->results && id < l->count; id++) bf_result_free(&l->results[id]);
    free(l->order);
    free(l->chosen);
    free(l->resumes);
    free(l->extends);
    free(l->results);
    free(l->cost);
    free(l->effective);
    bf_lock_release(&l->lock);
    memset(l, 0, sizeof *l);
    l->lock.fd = -1;
}
