#include "farm/same_kernels.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "farm/folder.h"
#include "nn/backend.h"
#include "nn/kernels_info.h"
#include "store/checkpoint.h"
#include "store/config_file.h"

#define BF_IDENTITY 160
#define BF_IDENTITIES 4         /* at least as many as there are names of backends */

static bool any_will_do(const bf_study *s) { return strcmp(bf_study_base(s)->parallel.kernels, "any") == 0; }

/* Where the first word begins in which two identities differ: what they have in common may be long, and a sentence is not. */
static size_t first_difference(const char *a, const char *b)
{
    size_t word = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == ' ') word = i + 1;
    return word;
}

/* --- ranks -------------------------------------------------------------------------------------------------------- */

typedef struct identities { char of[BF_IDENTITIES][BF_IDENTITY]; } identities;      /* by backend; "" where the study does not use it */

/* Local. Of every backend that a configuration names: there may be a sweep over them. */
static bf_status take_identities(const bf_study *study, identities *out)
{
    bf_config *c = malloc(sizeof *c);
    memset(out, 0, sizeof *out);
    if (!c) return BF_FAIL(BF_E_MEMORY, "no memory for a configuration");
    for (int i = 0; i < bf_study_count(study); i++) {
        bf_study_config(study, i, c);
        for (int b = 0; bf_backend_names[b]; b++) {
            assert(b < BF_IDENTITIES);
            const bf_backend *backend = strcmp(c->train.backend, bf_backend_names[b]) == 0 ? bf_backend_find(c->train.backend) : NULL;
            if (backend && !out->of[b][0]) bf_kernel_identity(backend, out->of[b], sizeof out->of[b]);
        }
    }
    free(c);
    return BF_DONE;
}

static bf_status compare_identities(const identities *mine, const identities *first)
{
    char host[64] = "";
    bf_comm_host(host, sizeof host);
    for (int b = 0; b < BF_IDENTITIES; b++) {
        const size_t at = first_difference(mine->of[b], first->of[b]);
        if (strcmp(mine->of[b], first->of[b]) != 0)
            return BF_FAIL(BF_E_INPUT, "parallel.kernels=any is needed: kernels on %.20s are '%.60s', on rank 0 '%.60s'", host, mine->of[b] + at,
                           first->of[b] + at);
    }
    return BF_DONE;
}

bf_status bf_same_kernels_on_ranks(const bf_comm *world, const bf_study *study)
{
    identities mine;
    if (any_will_do(study)) return BF_DONE;
    BF_TRY(bf_comm_agree(world, take_identities(study, &mine)));
    identities first = mine;
    bf_comm_bcast(world, &first, sizeof first, 0);
    return bf_comm_agree(world, compare_identities(&mine, &first));
}

/* --- what is continued -------------------------------------------------------------------------------------------- */

static bf_status compare_maker(int id, const char *what, const char *made, const bf_config *c)
{
    char now[BF_IDENTITY];
    bf_kernel_identity(bf_backend_find(c->train.backend), now, sizeof now);
    if (strcmp(now, made) == 0) return BF_DONE;
    const size_t at = first_difference(made, now);
    return BF_FAIL(BF_E_INPUT, "c%04d's %s needs parallel.kernels=any to go on: made by kernels '%.60s', here they are '%.60s'", id, what,
                   made[0] ? made + at : "unknown", now + at);
}

/* A checkpoint made by other kernels would go on with other bits. Its arrays are not looked at: here one rank would read those of all teams. */
static bf_status check_checkpoint(const bf_ledger *l, int id, const bf_config *c)
{
    bf_attr made = { .name = "kernels", .type = 's' };
    bf_checkpoint *saved = NULL;
    BF_TRY(bf_checkpoint_open(l->dir, id, false, &saved, NULL, 0));
    bf_status s = saved ? bf_checkpoint_attrs(saved, &made, 1) : BF_DONE;
    bf_checkpoint_close(&saved);
    if (s.code == BF_E_FORMAT) return BF_DONE;      /* of an earlier version, which did not tell */
    if (!s.code && made.text) s = compare_maker(id, "checkpoint", made.text, c);
    free((void *)made.text);
    return s;
}

/* So would a longer training that goes on from a finished one's state, and a neighbour that starts from its weights. */
static bf_status check_finished(const bf_ledger *l, int id, const char *what, const bf_config *c)
{
    char path[BF_PATH], made[BF_IDENTITY];
    BF_TRY(bf_folder_config(l->dir, id, ".h5", path, sizeof path));
    BF_TRY(bf_config_file_read_kernels(path, id, made, sizeof made));
    return compare_maker(id, what, made, c);
}

bf_status bf_same_kernels_as_before(const bf_ledger *l)
{
    if (any_will_do(l->study)) return BF_DONE;
    bf_config *c = malloc(sizeof *c);
    bf_status s = c ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a configuration");
    for (int id = 0; !s.code && id < l->count; id++) {
        const int parent = l->lineage.parent[id];
        const bool starts = parent >= 0 && !l->resumes[id] && l->results[parent].status == BF_CONFIG_DONE;
        if (!l->chosen[id] || l->results[id].status != BF_PENDING || !(l->resumes[id] || l->extends[id] || starts)) continue;
        bf_study_config(l->study, l->order[id], c);
        if (l->resumes[id]) s = check_checkpoint(l, id, c);
        if (!s.code && l->extends[id]) s = check_finished(l, id, "state", c);
        if (!s.code && starts) s = check_finished(l, parent, "result", c);
    }
    free(c);
    return s;
}
