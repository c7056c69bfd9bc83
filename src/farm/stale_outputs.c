#include "farm/stale_outputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "farm/folder.h"
#include "farm/key_attributes.h"
#include "store/config_file.h"
#include "study/key.h"

typedef struct stale {
    int       configs;          /* that keep what other values wrote */
    char      names[256];       /* of the keys: "output.betas, output.samples" */
    bf_config config;
    bf_attr  *attrs;            /* of one configuration */
    bool     *differs;
} stale;

/* No key's name is a part of another's. output.progress_seconds leaves nothing in a file. */
static void name_keys(stale *t, int n)
{
    bool any = false;
    for (int i = 0; i < n; i++) {
        const char *name = t->attrs[i].name;
        const size_t used = strlen(t->names);
        if (!t->differs[i] || strcmp(name, "output.progress_seconds") == 0) continue;
        if (!strstr(t->names, name)) snprintf(t->names + used, sizeof t->names - used, "%s%s", used ? ", " : "", name);
        any = true;
    }
    t->configs += any;
}

static bf_status compare(stale *t, const bf_ledger *l, int id)
{
    char path[BF_PATH];
    int n = 0;
    bf_study_config(l->study, l->order[id], &t->config);
    bf_status s = bf_key_attributes(&t->config, "output.", t->attrs, &n);
    if (!s.code) s = bf_folder_config(l->dir, id, ".h5", path, sizeof path);
    if (!s.code) s = bf_config_file_compare_attrs(path, id, t->attrs, n, t->differs);
    if (!s.code) name_keys(t, n);
    bf_key_attributes_free(t->attrs, n);
    return s;
}

bf_status bf_stale_outputs_warn(const bf_ledger *l, bf_logger *log)
{
    int n_keys;
    bf_key_table(&n_keys);
    stale *t = calloc(1, sizeof *t);
    bf_status s = t ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory for a configuration");
    if (s.code) return s;
    t->attrs = calloc((size_t)n_keys, sizeof *t->attrs);
    t->differs = calloc((size_t)n_keys, sizeof *t->differs);
    if (!t->attrs || !t->differs) s = BF_FAIL(BF_E_MEMORY, "no memory for %d keys", n_keys);
    for (int id = 0; !s.code && id < l->count; id++)
        if (l->chosen[id] && l->results[id].status == BF_CONFIG_DONE) s = compare(t, l, id);
    if (!s.code && t->configs > 0)
        bf_log(log, BF_WARN, "%s: %d ended configuration%s written with other values; only --fresh or a new folder (-o) makes the files anew", t->names,
               t->configs, t->configs == 1 ? " was" : "s were");
    free(t->attrs);
    free(t->differs);
    free(t);
    return s;
}
