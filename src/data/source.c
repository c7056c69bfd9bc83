#include "data/source.h"

#include <string.h>

#define BF_MAX_WIDTH ((int64_t)1 << 24)

static const bf_source *const table[] = {
    &bf_source_patches, &bf_source_gaussian, &bf_source_manifold, &bf_source_lowrank, &bf_source_bumps, &bf_source_sprites,
    &bf_source_digits, &bf_source_idx, &bf_source_cifar10, &bf_source_npy, &bf_source_hdf5,
};
enum { SOURCES = sizeof table / sizeof table[0] };

/* The same names as text: the table of keys needs constants, and an address's member is none. A test holds both equal. */
const char *const bf_source_names[SOURCES + 1] = {
    "patches", "gaussian", "manifold", "lowrank", "bumps", "sprites", "digits", "idx", "cifar10", "npy", "hdf5", NULL,
};

const bf_source *bf_source_find(const char *name)
{
    for (int i = 0; i < SOURCES; i++)
        if (!strcmp(table[i]->name, name))
            return table[i];
    return NULL;
}

const bf_source *const *bf_source_table(int *count)
{
    *count = SOURCES;
    return table;
}

size_t bf_stored_size(bf_stored stored)
{
    return stored == BF_STORED_U8 ? sizeof(uint8_t) : sizeof(float);
}

bf_status bf_info_shape(bf_data_info *info, const char *what, int dims, const int64_t *shape)
{
    int64_t width = 1;
    if (dims < 1 || dims > 3)
        return BF_FAIL(BF_E_FORMAT, "%s: a sample has %d axes; 1 to 3 are possible", what, dims);
    for (int i = 0; i < dims; i++) {
        if (shape[i] < 1 || shape[i] > BF_MAX_WIDTH || width * shape[i] > BF_MAX_WIDTH)
            return BF_FAIL(BF_E_FORMAT, "%s: axis %d of a sample says %lld; a sample has 1 to %lld entries",
                           what, i, (long long)shape[i], (long long)BF_MAX_WIDTH);
        width *= shape[i];
        info->shape[i] = (int)shape[i];
    }
    info->dims = dims;
    info->width = (int)width;
    return BF_DONE;
}

bf_rows bf_rows_part(const bf_data_info *info, const bf_rows *r, int64_t skip, int64_t count)
{
    const size_t at = (size_t)skip, width = (size_t)info->width;
    bf_rows p = { .split = r->split, .first = r->first + skip, .count = count };
    p.x       = r->x ? (char *)r->x + at * width * bf_stored_size(info->stored) : NULL;
    p.labels  = r->labels ? r->labels + at : NULL;
    p.factors = r->factors ? r->factors + at * (size_t)info->factors : NULL;
    p.clean   = r->clean ? r->clean + at * width : NULL;
    return p;
}
