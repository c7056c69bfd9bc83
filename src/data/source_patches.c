/* Small image patches that a few basis patches explain: x = clip(B s + noise e, 0.001, 0.999), entries of B ~ U(-1/2, 1/2),
 * sources s standard normal, Laplace or Cauchy (scale 1). The sources are kept as factors. */
#include "data/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/generator.h"

enum { DRAW_SOURCES, DRAW_NOISE };

static bf_status describe(const bf_data_options *o, bf_data_info *info)
{
    const int64_t shape[2] = { o->patches.side, o->patches.side };
    BF_TRY(bf_info_shape(info, "data.patches.side", 2, shape));
    if (o->patches.basis < 1 || o->patches.basis > 4096)
        return BF_FAIL(BF_E_INPUT, "data.patches.basis: %lld; 1 to 4096 are possible", (long long)o->patches.basis);
    if (strcmp(o->patches.sources, "gaussian") && strcmp(o->patches.sources, "laplace") && strcmp(o->patches.sources, "cauchy"))
        return BF_FAIL(BF_E_INPUT, "data.patches.sources: '%s'; gaussian, laplace or cauchy are possible", o->patches.sources);
    info->stored = BF_STORED_F32;
    info->factors = (int)o->patches.basis;
    return bf_generator_rows(o, info);
}

/* The state is B transposed, (basis, width). */
static bf_status open_basis(const bf_data_options *o, const bf_data_info *info, void **state)
{
    const size_t n = (size_t)info->factors * (size_t)info->width;
    const bf_draw d = bf_generator_shared(o, 0);
    double *b = NULL;
    BF_TRY(bf_generator_doubles(n, &b));
    bf_rng_uniform64(&d, b, n);
    for (size_t i = 0; i < n; i++)
        b[i] -= 0.5;
    *state = b;
    return BF_DONE;
}

static void draw_sources(const bf_data_options *o, bf_split split, int64_t index, double *s, size_t n)
{
    const bf_draw d = bf_generator_sample(o, split, index, DRAW_SOURCES);
    if (!strcmp(o->patches.sources, "gaussian")) {
        bf_rng_normal64(&d, s, n);
        return;
    }
    bf_rng_uniform64(&d, s, n);
    for (size_t i = 0; i < n; i++) {
        const double u = s[i] - 0.5;
        if (!strcmp(o->patches.sources, "laplace"))
            s[i] = -copysign(log1p(-2.0 * fabs(u)), u);
        else
            s[i] = tan(acos(-1.0) * u);
    }
}

static bf_status fill(void *state, const bf_data_options *o, const bf_data_info *info, const bf_rows *rows)
{
    const size_t width = (size_t)info->width, basis = (size_t)info->factors;
    double *s = NULL;                   /* (basis), then (width), then (width) */
    BF_TRY(bf_generator_doubles(basis + 2 * width, &s));
    double *mix = s + basis, *noise = mix + width;
    for (int64_t r = 0; r < rows->count; r++) {
        const bf_draw d = bf_generator_sample(o, rows->split, rows->first + r, DRAW_NOISE);
        float *x = (float *)rows->x + (size_t)r * width;
        draw_sources(o, rows->split, rows->first + r, s, basis);
        bf_generator_mix(state, s, mix, width, basis);
        bf_rng_normal64(&d, noise, width);
        for (size_t j = 0; j < width; j++)
            x[j] = (float)fmin(fmax(mix[j] + o->patches.noise * noise[j], 0.001), 0.999);
        for (size_t k = 0; k < basis; k++)
            rows->factors[(size_t)r * basis + k] = (float)s[k];
    }
    free(s);
    return BF_DONE;
}

const bf_source bf_source_patches = {
    .name = "patches", .help = "clipped mixtures of a few basis patches", .generator = true,
    .describe = describe, .open = open_basis, .fill = fill, .close = free,
};
