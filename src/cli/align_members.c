#include "cli/align_members.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/grow.h"
#include "cli/results.h"
#include "farm/folder.h"
#include "store/config_file.h"
#include "store/data_file.h"
#include "vae/condition.h"
#include "vae/vae.h"

const char *const bf_align_splits[2] = { "train", "test" };

/* One study while it is looked through. */
typedef struct reader {
    bf_align_members *to;
    int               study, split;
    bf_results        results;
    bf_family_keys    keys;
    bf_config        *config;           /* room for one */
} reader;

void bf_align_part(const bf_align_member *m, int split, const char *part, char out[BF_ALIGN_PATH])
{
    snprintf(out, BF_ALIGN_PATH, "configs/c%04d/%sposterior/%s/%s", m->config, m->view, bf_align_splits[split], part);
}

static bf_status is_stored(const char *path, const bf_align_member *m, int split, bool *found)
{
    bf_data_file *file;
    bf_array about;
    char name[BF_ALIGN_PATH];
    *found = false;
    BF_TRY(bf_data_file_open(path, &file));
    bf_align_part(m, split, "mean", name);
    bf_status s = bf_data_file_describe(file, name, &about, found);
    bf_data_file_close(&file);
    return s;
}

static bf_status find_family(const reader *r, int *family)
{
    bf_align_members *m = r->to;
    bf_align_family mine = { .study = r->study };
    bf_family_of(&r->keys, r->config, &mine.of);
    for (*family = m->families - 1; *family >= 0; --*family)
        if (m->family[*family].study == r->study && m->family[*family].of.key == mine.of.key) return BF_DONE;
    void *at = m->family;
    BF_TRY(bf_grow(&at, m->families, &m->family_room, sizeof *m->family));
    m->family = at;
    *family = m->families++;
    m->family[*family] = mine;
    return BF_DONE;
}

static bf_status add(bf_align_members *to, const bf_align_member *m)
{
    void *at = to->at;
    if (!isfinite(m->beta)) return BF_DONE;
    BF_TRY(bf_grow(&at, to->members, &to->member_room, sizeof *to->at));
    to->at = at;
    to->at[to->members++] = *m;
    return BF_DONE;
}

/* Which beta a conditioned model was told there. */
static bf_status read_beta(const char *path, const char *group, bf_align_member *m)
{
    char text[1][64];
    bf_attr beta = { .name = "beta", .type = 'f' };
    BF_TRY(bf_config_file_read_attrs(path, m->config, group, &beta, 1, text));
    m->beta = beta.real;
    return BF_DONE;
}

/* Those of output.betas as far as they are stored. What is stored twice is one. */
static bf_status add_by_beta(const reader *r, const char *path, bf_align_member m)
{
    const double own = m.beta;
    for (int k = 0; k < BF_MAX_CONFIGS; k++) {
        bool found;
        char group[24];
        snprintf(group, sizeof group, "by_beta/b%d", k);
        snprintf(m.view, sizeof m.view, "by_beta/b%d/", k);
        BF_TRY(is_stored(path, &m, r->split, &found));
        if (!found) return BF_DONE;
        BF_TRY(read_beta(path, group, &m));
        if (m.beta != own) BF_TRY(add(r->to, &m));
    }
    return BF_DONE;
}

static bf_status read_config(reader *r, int id)
{
    bf_align_study *study = &r->to->study[r->study];
    bf_align_member m = { .config = id };
    char path[BF_PATH];
    bool found;
    if (r->results.rows[id].status != BF_CONFIG_DONE) return BF_DONE;
    study->done++;
    bf_study_config(r->results.in.study, id, r->config);
    m.latent = (int)r->config->vae.latent;
    BF_TRY(bf_folder_config(study->dir, id, ".h5", path, sizeof path));
    BF_TRY(is_stored(path, &m, r->split, &found));
    if (!found && study->lacking++ == 0) study->first = id;
    if (!found) return BF_DONE;
    BF_TRY(find_family(r, &m.family));
    m.beta = bf_vae_beta(&r->config->vae);
    if (!bf_beta_conditioned(&r->config->vae)) return add(r->to, &m);
    BF_TRY(read_beta(path, "posterior", &m));
    BF_TRY(add(r->to, &m));
    return add_by_beta(r, path, m);
}

static bf_status read_study(bf_align_members *to, const char *dir, int split)
{
    const bf_schema nothing = { .n_metrics = 0 };
    reader r = { .to = to, .study = to->studies++, .split = split, .config = malloc(sizeof(bf_config)) };
    bf_align_study *study = &to->study[r.study];
    *study = (bf_align_study){ .dir = dir };
    bf_status s = r.config ? bf_results_open(dir, &nothing, &r.results) : BF_FAIL(BF_E_MEMORY, "no memory to read %s", dir);
    if (!s.code) s = bf_family_keys_open(r.results.in.study, true, &r.keys);
    if (!s.code) {
        snprintf(study->name, sizeof study->name, "%s", bf_study_base(r.results.in.study)->study);
        study->configs = bf_study_count(r.results.in.study);
    }
    for (int id = 0; !s.code && id < r.results.configs; id++) s = read_config(&r, id);
    bf_family_keys_close(&r.keys);
    bf_results_close(&r.results);
    free(r.config);
    return s;
}

static int by_beta(const void *a, const void *b)
{
    const bf_align_member *x = a, *y = b;
    if (x->family != y->family) return x->family - y->family;
    if (x->beta != y->beta) return (x->beta < y->beta) - (x->beta > y->beta);
    return x->config - y->config;
}

/* A model that is alone has nobody to be compared with. */
static void drop_single(bf_align_members *m)
{
    int kept = 0, families = 0;
    for (int i = 0, n; i < m->members; i += n) {
        const int old = m->at[i].family;
        for (n = 1; i + n < m->members && m->at[i + n].family == old; n++) {}
        if (n < 2) continue;
        m->family[families] = m->family[old];
        for (int k = 0; k < n; k++) {
            m->at[kept] = m->at[i + k];
            m->at[kept++].family = families;
        }
        families++;
    }
    m->members = kept;
    m->families = families;
}

static bf_status nothing_to_compare(const bf_align_members *m, int split)
{
    for (int i = 0; i < m->studies; i++)
        if (m->study[i].lacking)
            return BF_FAIL(BF_E_INPUT, "%.100s: c%04d stores no posterior of the %s part; output.posterior: [train, test] does", m->study[i].dir,
                           m->study[i].first, bf_align_splits[split]);
    return BF_FAIL(BF_E_INPUT, "%.60s: no two finished models differ in objective.beta alone; a sweep of it makes them, and output.betas of a model that "
                   "is told beta", m->study[0].dir);
}

bf_status bf_align_members_read(const bf_texts *dirs, int split, bf_align_members *out)
{
    for (int i = 0; i < dirs->count; i++) BF_TRY(read_study(out, dirs->at[i], split));
    if (out->members) qsort(out->at, (size_t)out->members, sizeof *out->at, by_beta);
    drop_single(out);
    return out->members ? BF_DONE : nothing_to_compare(out, split);
}

void bf_align_members_free(bf_align_members *m)
{
    free(m->family);
    free(m->at);
    memset(m, 0, sizeof *m);
}
