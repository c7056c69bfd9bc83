#include "farm/study_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "data/source.h"
#include "farm/init_from.h"
#include "vae/vae.h"

/* Equal as the table of keys sees them: keys that this source does not use and bytes behind the end of a text do not count. */
static bool same_keys(const bf_config *a, const bf_config *b, char (*text)[BF_KEY_PRINTED])
{
    int n;
    const bf_key *key = bf_key_table(&n);
    for (int i = 0; i < n; i++) {
        const bool used = bf_key_applies(&key[i], a) || bf_key_applies(&key[i], b);
        if (strncmp(key[i].path, "data.", 5) != 0 || !used) continue;
        bf_key_print(&key[i], a, text[0], sizeof text[0]);
        bf_key_print(&key[i], b, text[1], sizeof text[1]);
        if (strcmp(text[0], text[1]) != 0) return false;
    }
    return true;
}

/* Sets that are equal have equal ones: of the keys that c uses, as the table prints them. A thousand seeds would be compared a million times. */
static uint64_t identity_of(const bf_config *c, char text[BF_KEY_PRINTED])
{
    struct { uint64_t before, key, value; } link = { 0 };
    int n;
    const bf_key *key = bf_key_table(&n);
    for (int i = 0; i < n; i++) {
        if (strncmp(key[i].path, "data.", 5) != 0 || !bf_key_applies(&key[i], c)) continue;
        bf_key_print(&key[i], c, text, BF_KEY_PRINTED);
        link.key = (uint64_t)i;
        link.value = bf_hash64(text, strlen(text));
        link.before = bf_hash64(&link, sizeof link);
    }
    return link.before;
}

/* The data set of c among the known ones; d->count when it is a new one. Bytes are compared first: nearly all configurations share one set. */
static int find_set(const bf_study_data_sets *d, const bf_config *c, uint64_t identity, bf_config *known, char (*text)[BF_KEY_PRINTED])
{
    for (int k = 0; k < d->count; k++)
        if (memcmp(&d->options[k], &c->data, sizeof c->data) == 0) return k;
    for (int k = 0; k < d->count; k++) {
        if (d->identity[k] != identity) continue;
        known->data = d->options[k];
        if (same_keys(c, known, text)) return k;
    }
    return d->count;
}

static bf_status add_set(bf_study_data_sets *d, const bf_data_options *o, uint64_t identity)
{
    const size_t n = (size_t)d->count + 1;
    bf_data_options *options = realloc(d->options, n * sizeof *options);
    if (options) d->options = options;
    bf_data_info *info = realloc(d->info, n * sizeof *info);
    if (info) d->info = info;
    bf_dataset **set = realloc(d->set, n * sizeof *set);
    if (set) d->set = set;
    uint64_t *identities = realloc(d->identity, n * sizeof *identities);
    if (identities) d->identity = identities;
    if (!options || !info || !set || !identities) return BF_FAIL(BF_E_MEMORY, "no memory for %zu data sets", n);
    d->options[d->count] = *o;
    memset(&d->info[d->count], 0, sizeof *info);
    d->set[d->count] = NULL;
    d->identity[d->count] = identity;
    d->count++;
    return BF_DONE;
}

/* Which configurations share a data set. */
static bf_status group(const bf_study *study, bf_study_data_sets *d)
{
    const int n = bf_study_count(study);
    bf_status s = BF_DONE;
    bf_config *c = malloc(sizeof *c), *known = malloc(sizeof *known);
    char (*text)[BF_KEY_PRINTED] = malloc(2 * sizeof *text);
    d->of = calloc((size_t)n, sizeof *d->of);
    if (!c || !known || !text || !d->of) s = BF_FAIL(BF_E_MEMORY, "no memory for the data sets of %d configurations", n);
    for (int i = 0; !s.code && i < n; i++) {
        bf_study_config(study, i, c);
        if (i == 0) *known = *c;
        const uint64_t identity = identity_of(c, text[0]);
        d->of[i] = find_set(d, c, identity, known, text);
        if (d->of[i] == d->count) s = add_set(d, &c->data, identity);
    }
    free(c);
    free(known);
    free(text);
    return s;
}

/* One problem per sentence: three hundred configurations may share a mistake. */
static void add_once(bf_problems *p, const bf_study *study, const char *key, const char *what)
{
    int line = 0, column = 0;
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->at[i].what, what) == 0) return;
    bf_study_place(study, key, &line, &column);
    bf_problems_add(p, line, column, key, "%s", what);
}

bf_status bf_study_data_problem(const bf_study *study, const bf_data_options *o, bf_status found, bf_problems *problems)
{
    /* Whatever is wrong with what the study names is the study's mistake, an unreadable file included. */
    if (found.code != BF_E_INPUT && found.code != BF_E_FORMAT && found.code != BF_E_IO) return found;
    char key[128];
    const bf_source *source = bf_source_find(o->source);
    const size_t n = strcspn(found.what, ": ");
    const bool named = n < sizeof key && strncmp(found.what, "data.", 5) == 0 && found.what[n] == ':';
    snprintf(key, sizeof key, "%.*s", named ? (int)n : 0, found.what);
    if (named && bf_key_find(key)) add_once(problems, study, key, found.what + n + 2);
    else add_once(problems, study, source && source->generator ? "data.source" : "data.path", found.what);
    return BF_DONE;
}

bf_status bf_study_data_inspect(const bf_study *study, bf_problems *problems, bf_study_data_sets *out)
{
    memset(out, 0, sizeof *out);
    const int before = problems->count;
    bf_status s = group(study, out);
    for (int k = 0; !s.code && k < out->count; k++) {
        bf_status found = bf_dataset_inspect(&out->options[k], &out->info[k]);
        if (found.code) s = bf_study_data_problem(study, &out->options[k], found, problems);
    }
    if (!s.code && problems->count > before) s = BF_FAIL(BF_E_INPUT, "%s", problems->at[before].what);
    if (s.code) bf_study_data_close(out);
    return s;
}

bf_status bf_study_data_open(bf_study_data_sets *d, const bf_comm *world, const bf_comm *node)
{
    for (int k = 0; k < d->count; k++) {
        BF_TRY(bf_dataset_open(world, node, &d->options[k], &d->set[k]));
        d->info[k] = *bf_dataset_info(d->set[k]);
    }
    return BF_DONE;
}

/* The model's room begins its sentences with the key they are about. */
static void add_model_problem(bf_problems *p, const bf_study *study, const char *what)
{
    char key[64];
    const char *colon = strstr(what, ": ");
    snprintf(key, sizeof key, "%.*s", colon ? (int)(colon - what) : 0, what);
    const bool named = colon && bf_key_find(key);
    add_once(p, study, named ? key : "model.net", named ? colon + 2 : what);
}

/* What is known of the smallest value: the data's once they are there, before that only that a source may give any. NaN: unknown. */
static double least_value(const bf_study_data_sets *d, int k)
{
    const bf_source *source = bf_source_find(d->options[k].source);
    if (d->set[k]) return d->info[k].minimum;
    return source && source->unbounded && strcmp(d->options[k].scale, "minmax") != 0 ? -INFINITY : NAN;
}

/* Known from the headers alone: bytes that are not scaled by what they hold. */
static double step_between_values(const bf_study_data_sets *d, int k)
{
    return d->info[k].stored == BF_STORED_U8 && strcmp(d->options[k].scale, "auto") == 0 ? 1.0 / 255.0 : 0.0;
}

/* Equal but for numbers that change no shape: what one look at the stored weights says holds for both. */
static bool same_model(const bf_vae_options *a, const bf_vae_options *b)
{
    bf_vae_options other = *b;
    other.beta = a->beta;
    other.warmup = a->warmup;
    other.cycles = a->cycles;
    other.ramp = a->ramp;
    other.free_bits = a->free_bits;
    other.capacity = a->capacity;
    other.capacity_epochs = a->capacity_epochs;
    other.gamma = a->gamma;
    return memcmp(a, &other, sizeof other) == 0;
}

/* Layers against the shape of the samples. A failure that is not the study's mistake is handed back. */
static bf_status check_network(const bf_config *c, const bf_data_info *info, const bf_study *study, bf_problems *problems)
{
    bf_vae_data d = { .dims = info->dims, .width = info->width, .classes = info->labels, .variance = 1.0 };
    memcpy(d.shape, info->shape, sizeof d.shape);
    const bf_status s = bf_vae_fits(&c->vae, &d);
    if (s.code != BF_E_INPUT) return s;
    add_model_problem(problems, study, s.what);
    return BF_DONE;
}

/* Weights go from a configuration to the next of its chain, so they have to be the same ones. The first that are not are told. */
static bf_status check_chains(const bf_study_data_sets *d, const bf_study *study, bf_problems *problems)
{
    char differs[64] = "", what[300];
    bf_status s = BF_DONE;
    bf_config *c = malloc(sizeof *c), *parent = malloc(sizeof *parent);
    if (!c || !parent) s = BF_FAIL(BF_E_MEMORY, "no memory for two configurations");
    for (int i = 0; !s.code && !differs[0] && i < bf_study_count(study); i++) {
        const int p = bf_study_parent(study, i);
        if (p < 0) continue;
        bf_study_config(study, i, c);
        bf_study_config(study, p, parent);
        if (d->of[i] == d->of[p] && same_model(&parent->vae, &c->vae)) continue;
        s = bf_init_from_compare(parent, &d->info[d->of[p]], c, &d->info[d->of[i]], differs, sizeof differs);
    }
    if (!s.code && differs[0]) {
        snprintf(what, sizeof what, "%s changes the weights' shapes (%s), so neighbours cannot start from each other's", c->warm.along, differs);
        add_once(problems, study, "warm_start.along", what);
    }
    free(c);
    free(parent);
    return s;
}

bf_status bf_study_data_check(const bf_study_data_sets *d, const bf_study *study, bf_problems *problems)
{
    const int before = problems->count;
    char what[200];
    bf_status s = BF_DONE;
    bf_config *c = malloc(sizeof *c), *last = malloc(sizeof *last);
    if (!c || !last) s = BF_FAIL(BF_E_MEMORY, "no memory for two configurations");
    for (int i = 0; !s.code && i < bf_study_count(study); i++) {
        const int k = d->of[i];
        bf_study_config(study, i, c);
        if (c->train.batch > d->info[k].rows[BF_TRAIN]) {
            snprintf(what, sizeof what, "a batch of %lld is larger than the training set, %lld samples", (long long)c->train.batch,
                     (long long)d->info[k].rows[BF_TRAIN]);
            add_once(problems, study, "train.batch", what);
        }
        const bf_status fits = bf_vae_check(&c->vae, least_value(d, k), d->set[k] ? d->info[k].maximum : NAN, step_between_values(d, k));
        if (fits.code) add_model_problem(problems, study, fits.what);
        const bool seen = i > 0 && k == d->of[i - 1] && same_model(&last->vae, &c->vae);
        if (!fits.code && !seen) s = check_network(c, &d->info[k], study, problems);
        const bool looked = seen && strcmp(last->train.init_from, c->train.init_from) == 0;
        if (!s.code && c->train.init_from[0] && !looked) {
            const bf_status starts = bf_init_from_check(c, &d->info[k]);
            if (starts.code == BF_E_INPUT) add_model_problem(problems, study, starts.what);
            else s = starts;
        }
        *last = *c;
    }
    free(c);
    free(last);
    if (s.code) return s;
    if (problems->count == before) BF_TRY(check_chains(d, study, problems));
    if (problems->count > before) return BF_FAIL(BF_E_INPUT, "%s", problems->at[before].what);
    return BF_DONE;
}

void bf_study_data_close(bf_study_data_sets *d)
{
    for (int k = 0; k < d->count; k++) bf_dataset_close(&d->set[k]);
    free(d->options);
    free(d->info);
    free(d->set);
    free(d->of);
    free(d->identity);
    memset(d, 0, sizeof *d);
}
