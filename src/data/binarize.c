#include "data/binarize.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

static bf_status check_range(const float *x, size_t n, const bf_rows *rows, int64_t r)
{
    for (size_t j = 0; j < n; j++)
        if (!(x[j] >= 0.0f && x[j] <= 1.0f))
            return BF_FAIL(BF_E_INPUT, "data.binarize: %s row %lld holds %g; entries have to lie in [0, 1]",
                           rows->split == BF_TEST ? "test" : "training", (long long)(rows->first + r), (double)x[j]);
    return BF_DONE;
}

bf_status bf_binarize(const bf_data_options *o, const bf_data_info *info, const bf_rows *rows)
{
    const size_t n = (size_t)info->width;
    if (!strcmp(o->binarize, "none") || rows->count == 0)
        return BF_DONE;
    const bool chance = !strcmp(o->binarize, "static");
    float *level = malloc(n * sizeof *level);           /* an entry becomes 1 where it is at least this */
    if (!level)
        return BF_FAIL(BF_E_MEMORY, "no memory to binarize");
    for (size_t j = 0; j < n; j++)
        level[j] = 0.5f;
    bf_status s = BF_DONE;
    for (int64_t r = 0; !s.code && r < rows->count; r++) {
        const bf_draw d = { .seed = o->seed, .sample = (uint64_t)(rows->first + r), .use = BF_USE_BINARIZE + 16u * (uint32_t)rows->split };
        if (chance)
            bf_rng_uniform(&d, level, n);
        if (info->stored == BF_STORED_U8) {
            uint8_t *x = (uint8_t *)rows->x + (size_t)r * n;
            for (size_t j = 0; j < n; j++)
                x[j] = (float)x[j] >= 255.0f * level[j] ? 255 : 0;
        } else {
            float *x = (float *)rows->x + (size_t)r * n;
            s = check_range(x, n, rows, r);
            for (size_t j = 0; !s.code && j < n; j++)
                x[j] = x[j] >= level[j] ? 1.0f : 0.0f;
        }
    }
    free(level);
    return s;
}
