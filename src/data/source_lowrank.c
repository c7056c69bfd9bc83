/* Low rank plus sparse gross outliers: x = L + E, L = A s / sqrt(rank) with standard normal A and s (entries of L have variance 1),
 * an entry of E is U(-magnitude, magnitude) with probability `outliers`, else 0. L is kept as the clean part. */
#include "data/source.h"

#include <math.h>
#include <stdlib.h>

#include "data/generator.h"

enum { DRAW_SCORES, DRAW_HIT, DRAW_SIZE };

static bf_status describe(const bf_data_options *o, bf_data_info *info)
{
    const int64_t shape[1] = { o->lowrank.ambient };
    BF_TRY(bf_info_shape(info, "data.lowrank.ambient", 1, shape));
    if (o->lowrank.rank < 1 || o->lowrank.rank > o->lowrank.ambient)
        return BF_FAIL(BF_E_INPUT, "data.lowrank.rank: %lld; 1 to data.lowrank.ambient (%lld) are possible",
                       (long long)o->lowrank.rank, (long long)o->lowrank.ambient);
    if (!(o->lowrank.outliers >= 0.0 && o->lowrank.outliers <= 1.0))
        return BF_FAIL(BF_E_INPUT, "data.lowrank.outliers: %g is no probability", o->lowrank.outliers);
    info->stored = BF_STORED_F32;
    info->clean = true;
    return bf_generator_rows(o, info);
}

/* The state is A transposed over sqrt(rank), (rank, width). */
static bf_status open_loadings(const bf_data_options *o, const bf_data_info *info, void **state)
{
    const size_t n = (size_t)o->lowrank.rank * (size_t)info->width;
    const bf_draw d = bf_generator_shared(o, 0);
    const double by = 1.0 / sqrt((double)o->lowrank.rank);
    double *a = NULL;
    BF_TRY(bf_generator_doubles(n, &a));
    bf_rng_normal64(&d, a, n);
    for (size_t i = 0; i < n; i++)
        a[i] *= by;
    *state = a;
    return BF_DONE;
}

static bf_status fill(void *state, const bf_data_options *o, const bf_data_info *info, const bf_rows *rows)
{
    const size_t width = (size_t)info->width, rank = (size_t)o->lowrank.rank;
    double *s = NULL;                   /* (rank), then three times (width) */
    BF_TRY(bf_generator_doubles(rank + 3 * width, &s));
    double *low = s + rank, *hit = low + width, *size = hit + width;
    for (int64_t r = 0; r < rows->count; r++) {
        const bf_draw scores = bf_generator_sample(o, rows->split, rows->first + r, DRAW_SCORES);
        const bf_draw hits   = bf_generator_sample(o, rows->split, rows->first + r, DRAW_HIT);
        const bf_draw sizes  = bf_generator_sample(o, rows->split, rows->first + r, DRAW_SIZE);
        float *x = (float *)rows->x + (size_t)r * width, *clean = rows->clean + (size_t)r * width;
        bf_rng_normal64(&scores, s, rank);
        bf_rng_uniform64(&hits, hit, width);
        bf_rng_uniform64(&sizes, size, width);
        bf_generator_mix(state, s, low, width, rank);
        for (size_t j = 0; j < width; j++) {
            const double outlier = hit[j] < o->lowrank.outliers ? o->lowrank.magnitude * (2.0 * size[j] - 1.0) : 0.0;
            clean[j] = (float)low[j];
            x[j] = (float)(low[j] + outlier);
        }
    }
    free(s);
    return BF_DONE;
}

const bf_source bf_source_lowrank = {
    .name = "lowrank", .help = "low rank plus sparse gross outliers, the clean part kept", .generator = true, .unbounded = true,
    .describe = describe, .open = open_loadings, .fill = fill, .close = free,
};
