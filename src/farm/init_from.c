#include "farm/init_from.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "farm/folder.h"
#include "farm/weights.h"
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

bf_status bf_init_from(const char *from, const bf_params *p, float *theta)
{
    char path[BF_PATH];
    int id = 0;
    BF_TRY(locate(from, path, sizeof path, &id));
    const bf_status s = bf_weights_read(path, id, p, theta);
    if (s.code == BF_E_MEMORY) return s;
    /* A missing file is the study's mistake, not a broken disk. */
    return s.code ? BF_FAIL(BF_E_INPUT, "train.init_from: %.180s", s.what) : BF_DONE;
}

bf_status bf_init_from_check(const bf_config *c, const bf_data_info *data)
{
    /* A plan of one row is small, and brings the same slots as any other, on any backend. */
    const bf_plan_shape shape = { .rows = 1, .lanes = 1, .backward = true };
    bf_vae_data d = { .dims = data->dims, .width = data->width, .classes = data->labels, .variance = 1.0 };
    memcpy(d.shape, data->shape, sizeof d.shape);
    bf_vae vae = { 0 };
    bf_params *params = bf_params_create();
    if (!params) return BF_FAIL(BF_E_MEMORY, "no memory to check train.init_from");
    bf_status s = bf_vae_build(&c->vae, &d, BF_VAE_TRAIN, &shape, &bf_backend_portable, BF_USE_EPS, params, &vae);
    float *theta = s.code ? NULL : calloc(bf_params_size(params), sizeof *theta);
    if (!s.code) s = theta ? bf_init_from(c->train.init_from, params, theta) : BF_FAIL(BF_E_MEMORY, "no memory to check train.init_from");
    free(theta);
    bf_vae_destroy(&vae);
    bf_params_destroy(&params);
    return s;
}
