#include "farm/lineage_check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "farm/extend.h"
#include "farm/folder.h"
#include "farm/lineage.h"
#include "store/config_file.h"
#include "store/study_read.h"

static const bf_schema nothing = { .n_metrics = 0 };       /* of results: none of their numbers */

typedef struct inquiry {
    const bf_study *study;
    const char *dir;
    FILE       *to;
    int64_t    *found;
    bf_lineage  lineage;        /* of the study */
    bf_result  *own;            /* (lineage.count) as the configurations' files say */
    bool       *there;          /* (lineage.count) and which of them do */
} inquiry;

static const char *start_text(int parent, char out[24])
{
    if (parent < 0) snprintf(out, 24, "drawn weights");
    else snprintf(out, 24, "c%04d", parent);
    return out;
}

static void compare_parent(const inquiry *q, const char *file, int id, int parent)
{
    char said[24], wanted[24];
    if (parent == q->lineage.parent[id]) return;
    fprintf(q->to, "%s: c%04d starts from %s; by study.yaml it is %s\n", file, id, start_text(parent, said), start_text(q->lineage.parent[id], wanted));
    ++*q->found;
}

/* Rows of what has ended: a longer sweep may give what is still to be trained another parent, and be killed before the table says so. */
static bf_status check_table(const inquiry *q)
{
    char path[BF_PATH];
    bf_result *rows = NULL;
    int n = 0;
    BF_TRY(bf_file_join(path, sizeof path, q->dir, "study.h5"));
    if (!bf_file_exists(path)) return BF_DONE;
    const bf_status s = bf_study_read_rows(q->dir, &nothing, &n, &rows);
    if (s.code) return s.code == BF_E_MEMORY ? s : BF_DONE;
    if (n > q->lineage.count) {
        fprintf(q->to, "study.h5: it has %d configurations, study.yaml names %d\n", n, q->lineage.count);
        ++*q->found;
    }
    for (int id = 0; id < n && id < q->lineage.count; id++)
        if (bf_config_has_ended(rows[id].status)) compare_parent(q, "study.h5", id, rows[id].parent);
    bf_study_rows_free(n, &rows);
    return BF_DONE;
}

static bf_status read_own(inquiry *q)
{
    const size_t n = (size_t)q->lineage.count;
    q->own = calloc(n, sizeof *q->own);
    q->there = calloc(n, sizeof *q->there);
    if (!q->own || !q->there) return BF_FAIL(BF_E_MEMORY, "no memory for the results of %d configurations", q->lineage.count);
    for (int id = 0; id < q->lineage.count; id++) {
        char path[BF_PATH];
        BF_TRY(bf_folder_config(q->dir, id, ".h5", path, sizeof path));
        if (!bf_file_exists(path)) continue;
        const bf_status s = bf_config_file_read_result(q->dir, id, &nothing, &q->own[id]);
        if (s.code == BF_E_MEMORY) return s;
        q->there[id] = !s.code;
    }
    return BF_DONE;
}

/* What was trained is what study.yaml says, or is being continued to more epochs. */
static void check_keys(const inquiry *q, int id, bf_config *c)
{
    const bf_result *own = &q->own[id];
    char wanted[17];
    bf_study_config(q->study, id, c);
    bf_config_hash_from(c, own->origin, wanted);
    if (strcmp(own->hash, wanted) == 0 || bf_extend_serves(c, own->origin, own)) return;
    fprintf(q->to, "configs/c%04d.h5: its keys are not those of study.yaml: its hash is %s, theirs %s\n", id, own->hash, wanted);
    ++*q->found;
}

/* Files of earlier versions do not tell what they started from. */
static void check_own(const inquiry *q, int id, bf_config *c)
{
    const int parent = q->lineage.parent[id];
    const char *origin = q->own[id].origin, *now = q->lineage.origin[id];
    char file[32];
    snprintf(file, sizeof file, "configs/c%04d.h5", id);
    compare_parent(q, file, id, q->own[id].parent);
    if (parent >= 0 && q->there[parent] && strcmp(origin, q->own[parent].hash) != 0) {
        fprintf(q->to, "%s: it did not start from the weights of configs/c%04d.h5, whose hash is %s; its origin is '%s'\n", file, parent, q->own[parent].hash,
                origin);
        ++*q->found;
        return;
    }
    if (parent < 0 && origin[0] && now[0] && strcmp(now, BF_LINEAGE_UNREADABLE) != 0 && strcmp(origin, now) != 0)
        fprintf(q->to, "note: %s started from other weights than train.init_from names now\n", file);
    check_keys(q, id, c);
}

bf_status bf_lineage_check(const bf_study *study, const char *dir, FILE *to, int64_t *found)
{
    inquiry q = { .study = study, .dir = dir, .to = to, .found = found };
    bf_config *c = malloc(sizeof *c);
    bf_status s = c ? bf_lineage_trace(study, &q.lineage) : BF_FAIL(BF_E_MEMORY, "no memory for a configuration");
    if (!s.code) s = check_table(&q);
    if (!s.code) s = read_own(&q);
    for (int id = 0; !s.code && id < q.lineage.count; id++)
        if (q.there[id]) check_own(&q, id, c);
    for (int id = 0; q.own && id < q.lineage.count; id++) bf_result_free(&q.own[id]);
    free(q.there);
    free(q.own);
    bf_lineage_free(&q.lineage);
    free(c);
    return s;
}
