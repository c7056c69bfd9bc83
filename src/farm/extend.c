#include "farm/extend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "farm/folder.h"
#include "store/config_file.h"
#include "vae/vae.h"

/* Equal but for the number of epochs, of which c has more. */
static bool is_longer(const bf_config *c, const char *origin, int64_t epochs, const char *hash)
{
    char shorter[17];
    bf_config *copy = malloc(sizeof *copy);
    if (!copy || epochs <= 0 || c->train.steps > 0 || c->train.epochs <= epochs) {
        free(copy);
        return false;
    }
    *copy = *c;
    copy->train.epochs = epochs;
    bf_config_hash_from(copy, origin, shorter);
    free(copy);
    return strcmp(shorter, hash) == 0;
}

static bf_status may_extend(const bf_config *old, int old_index, bool has_parent)
{
    const char *total = strcmp(old->train.schedule, "cosine") == 0 ? "train.schedule: cosine" : bf_vae_needs_total(&old->vae);
    char depends[80] = "";
    if (total) snprintf(depends, sizeof depends, "%s depends on the total", total);
    const char *why = has_parent ? "it starts from a neighbour's weights, which will be others"
                    : !old->output.state ? "output.state: true did not keep the optimiser's state"
                    : total ? depends
                    : old->train.patience > 0 ? "train.patience may have ended it before" : NULL;
    return why ? BF_FAIL(BF_E_INPUT, "c%04d: more train.epochs cannot continue it, because %s; --fresh starts over", old_index, why) : BF_DONE;
}

bf_status bf_extend_find(const bf_study *old, int old_index, const bf_study *now, const bool *taken, int *found)
{
    char hash[17];
    bf_config *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    bf_status s = a && b ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for two configurations");
    *found = -1;
    if (!s.code) {
        bf_study_config(old, old_index, a);
        bf_config_hash(a, hash);
    }
    for (int i = 0; !s.code && *found < 0 && i < bf_study_count(now); i++) {
        if (taken[i]) continue;
        bf_study_config(now, i, b);
        if (!is_longer(b, "", a->train.epochs, hash)) continue;
        *found = i;
        s = may_extend(a, old_index, bf_study_parent(old, old_index) >= 0 || bf_study_parent(now, i) >= 0);
    }
    free(a);
    free(b);
    return s;
}

bool bf_extend_serves(const bf_config *c, const char *origin, const bf_result *r)
{
    return r->status == BF_CONFIG_DONE && is_longer(c, origin, r->epochs_done, r->hash);
}

static bf_status read_state(const char *path, int id, bf_array *state, int n)
{
    for (int i = 0; i < n; i++) {
        bf_array stored = state[i];
        snprintf(stored.name, sizeof stored.name, "state/%.70s", state[i].name);
        BF_TRY(bf_config_file_read_array(path, id, &stored));
    }
    return BF_DONE;
}

/* Arrays that grow with the number of epochs are row-major by epoch: what is there is a prefix. */
static bf_status carry_over(const bf_array *from, int n_from, bf_array *to, int n_to)
{
    for (int i = 0; i < n_to; i++) {
        int j = 0;
        while (j < n_from && strcmp(from[j].name, to[i].name) != 0) j++;
        if (j == n_from) return BF_FAIL(BF_E_FORMAT, "the stored state has no %s", to[i].name);
        int64_t have = bf_array_count(&from[j]), room = bf_array_count(&to[i]);
        if (have > room) return BF_FAIL(BF_E_FORMAT, "the stored %s does not fit", to[i].name);
        memcpy(to[i].data, from[j].data, (size_t)have * bf_type_size(to[i].type));
        if (strcmp(to[i].name, "ended") == 0) memset(to[i].data, 0, (size_t)room * bf_type_size(to[i].type));
    }
    return BF_DONE;
}

bf_status bf_extend_load(const char *dir, int id, int64_t epochs, const bf_train_setup *setup, bf_trainer *longer)
{
    char path[BF_PATH];
    bf_train_options options = *setup->train;
    bf_train_setup before = *setup;
    bf_array from[BF_MAX_STATE], to[BF_MAX_STATE];
    bf_trainer *shorter = NULL;
    BF_TRY(bf_folder_config(dir, id, ".h5", path, sizeof path));
    options.epochs = epochs;
    before.train = &options;
    BF_TRY(bf_trainer_create(&before, &shorter));
    int n_from = bf_trainer_state(shorter, from, BF_MAX_STATE), n_to = bf_trainer_state(longer, to, BF_MAX_STATE);
    bf_status s = read_state(path, id, from, n_from);
    if (!s.code) s = carry_over(from, n_from, to, n_to);
    bf_trainer_destroy(&shorter);
    return s;
}
