#include "farm/init_from.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "farm/folder.h"
#include "farm/weights.h"
#include "store/config_file.h"
#include "vae/vae.h"

static bf_status parse_id(const char *text, const char *from, int *id)
{
    char *end;
    long v = strtol(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || (*end && strcmp(end, ".h5") != 0) || v > 99999)
        return BF_FAIL(BF_E_INPUT, "train.init_from: '%s' names no configuration; expected .../c0003.h5 or DIR:ID", from);
    *id = (int)v;
    return BF_DONE;
}

static bf_status locate(const char *from, char *path, size_t size, int *id)
{
    const char *colon = strrchr(from, ':'), *slash = strrchr(from, '/'), *base = slash ? slash + 1 : from;
    if (colon && colon > base) {
        char dir[BF_PATH];
        BF_TRY(parse_id(colon + 1, from, id));
        snprintf(dir, sizeof dir, "%.*s", (int)(colon - from), from);
        return bf_folder_config(dir, *id, ".h5", path, size);
    }
    BF_TRY(parse_id(base[0] == 'c' ? base + 1 : base, from, id));
    if ((size_t)snprintf(path, size, "%s", from) >= size) return BF_FAIL(BF_E_INPUT, "train.init_from: the path '%.80s...' is too long", from);
    return BF_DONE;
}

bf_status bf_init_from_digest(const char *from, char out[17])
{
    char path[BF_PATH];
    int id = 0;
    BF_TRY(locate(from, path, sizeof path, &id));
    const bf_status s = bf_config_file_digest(path, id, "weights", out);
    if (s.code == BF_E_MEMORY) return s;
    /* A missing file is the study's mistake, not a broken disk. */
    return s.code ? BF_FAIL(BF_E_INPUT, "train.init_from: %.180s", s.what) : BF_DONE;
}

bf_status bf_init_from(const char *from, const char *digest, const bf_params *p, float *theta)
{
    char path[BF_PATH], now[17];
    int id = 0;
    BF_TRY(bf_init_from_digest(from, now));
    if (strcmp(now, digest) != 0) return BF_FAIL(BF_E_INPUT, "train.init_from: the weights of %.120s have changed since this run began", from);
    BF_TRY(locate(from, path, sizeof path, &id));
    const bf_status s = bf_weights_read(path, id, p, theta);
    if (s.code == BF_E_MEMORY) return s;
    return s.code ? BF_FAIL(BF_E_INPUT, "train.init_from: %.180s", s.what) : BF_DONE;
}

bool bf_init_from_inside(const char *from, const char *dir)
{
    char path[BF_PATH], configs[BF_PATH];
    int id = 0;
    if (locate(from, path, sizeof path, &id).code || bf_file_join(configs, sizeof configs, dir, "configs").code) return false;
    char *file = realpath(path, NULL), *folder = realpath(configs, NULL);
    const size_t n = folder ? strlen(folder) : 0;
    const bool inside = file && folder && strncmp(file, folder, n) == 0 && file[n] == '/';
    free(folder);
    free(file);
    return inside;
}

static bf_status check_parent(int parent, const char *hash, const bf_result *r)
{
    if (r->status != BF_CONFIG_DONE)
        return BF_FAIL(BF_E_INPUT, "it starts from the weights of c%04d, which %s: %.120s", parent, bf_config_status_names[r->status], r->error);
    if (strcmp(r->hash, hash) != 0) return BF_FAIL(BF_E_FORMAT, "configs/c%04d.h5, from whose weights it starts, is the result of other keys", parent);
    return BF_DONE;
}

bf_status bf_init_from_parent(const char *dir, int parent, const char *hash, const bf_schema *schema, const bf_params *p, float *theta)
{
    char path[BF_PATH];
    bf_result r = { 0 };
    BF_TRY(bf_folder_config(dir, parent, ".h5", path, sizeof path));
    bf_status s = bf_config_file_read_result(dir, parent, schema, &r);
    const bool there = !s.code;
    if (there) s = check_parent(parent, hash, &r);
    if (there && s.code) goto done;
    if (!s.code) s = bf_weights_read(path, parent, p, theta);
    /* A file that is gone or damaged costs its descendants, not the study. */
    if (s.code && s.code != BF_E_MEMORY) s = BF_FAIL(BF_E_FORMAT, "it starts from the weights of c%04d: %.160s", parent, s.what);
done:
    bf_result_free(&r);
    return s;
}

/* The slots of a configuration's model. A plan of one row is small, and brings the same slots as any other, on any backend. */
static bf_status slots_of(const bf_config *c, const bf_data_info *data, bf_params **out)
{
    const bf_plan_shape shape = { .rows = 1, .lanes = 1, .backward = true, .counted = true };
    bf_vae_data d = { .dims = data->dims, .width = data->width, .classes = data->labels, .variance = 1.0 };
    bf_vae vae = { 0 };
    memcpy(d.shape, data->shape, sizeof d.shape);
    *out = bf_params_create();
    if (!*out) return BF_FAIL(BF_E_MEMORY, "no memory to look at a model's weights");
    bf_status s = bf_vae_build(&c->vae, &d, BF_VAE_TRAIN, &shape, &bf_backend_portable, BF_USE_EPS, *out, &vae);
    bf_vae_destroy(&vae);
    if (s.code) bf_params_destroy(out);
    return s;
}

bf_status bf_init_from_check(const bf_config *c, const bf_data_info *data)
{
    char digest[17];
    bf_params *params;
    BF_TRY(bf_init_from_digest(c->train.init_from, digest));
    BF_TRY(slots_of(c, data, &params));
    float *theta = calloc(bf_params_size(params) + 1, sizeof *theta);
    bf_status s = theta ? bf_init_from(c->train.init_from, digest, params, theta) : BF_FAIL(BF_E_MEMORY, "no memory to check train.init_from");
    free(theta);
    bf_params_destroy(&params);
    return s;
}

static bool same_slot(const bf_slot *a, const bf_slot *b)
{
    return strcmp(a->name, b->name) == 0 && a->rank == b->rank && memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

/* NULL when there is none. */
static const char *first_difference(const bf_params *a, const bf_params *b)
{
    const int n = bf_params_slots(a), m = bf_params_slots(b);
    for (int i = 0; i < n && i < m; i++)
        if (!same_slot(bf_params_at(a, i), bf_params_at(b, i))) return bf_params_at(a, i)->name;
    return n > m ? bf_params_at(a, m)->name : m > n ? bf_params_at(b, n)->name : NULL;
}

bf_status bf_init_from_compare(const bf_config *a, const bf_data_info *data_a, const bf_config *b, const bf_data_info *data_b, char *differs, size_t size)
{
    bf_params *one = NULL, *other = NULL;
    bf_status s = slots_of(a, data_a, &one);
    if (!s.code) s = slots_of(b, data_b, &other);
    const char *name = s.code ? NULL : first_difference(one, other);
    snprintf(differs, size, "%s", name ? name : "");
    bf_params_destroy(&other);
    bf_params_destroy(&one);
    return s;
}
