/* Images of two Gaussian bumps: x = clip((a G1 + b G2) u + v, 0, 1) with a, b ~ U(0, 1) per image and, per pixel, u ~ U(0.9, 1.1) and
 * v ~ U(-0.05, 0.05). Gk has peak 1, the given variance in the unit square, and a centre drawn once from the seed. (a, b) are kept as factors. */
#include "data/source.h"

#include <math.h>
#include <stdlib.h>

#include "data/generator.h"

enum { DRAW_AMOUNTS, DRAW_GAIN, DRAW_OFFSET };

static bf_status describe(const bf_data_options *o, bf_data_info *info)
{
    const int64_t shape[2] = { o->bumps.side, o->bumps.side };
    BF_TRY(bf_info_shape(info, "data.bumps.side", 2, shape));
    if (!(o->bumps.variance > 0.0))
        return BF_FAIL(BF_E_INPUT, "data.bumps.variance: %g is not positive", o->bumps.variance);
    info->stored = BF_STORED_F32;
    info->factors = 2;
    return bf_generator_rows(o, info);
}

/* The state is the two templates, (2, width). */
static bf_status open_templates(const bf_data_options *o, const bf_data_info *info, void **state)
{
    const int side = info->shape[0];
    const bf_draw d = bf_generator_shared(o, 0);
    double centre[4], *g = NULL;
    BF_TRY(bf_generator_doubles(2 * (size_t)info->width, &g));
    bf_rng_uniform64(&d, centre, 4);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < side; i++)
            for (int j = 0; j < side; j++) {
                const double dx = (j + 0.5) / side - centre[2 * k], dy = (i + 0.5) / side - centre[2 * k + 1];
                g[(size_t)k * (size_t)info->width + (size_t)i * (size_t)side + (size_t)j] = exp(-0.5 * (dx * dx + dy * dy) / o->bumps.variance);
            }
    *state = g;
    return BF_DONE;
}

static bf_status fill(void *state, const bf_data_options *o, const bf_data_info *info, const bf_rows *rows)
{
    const size_t width = (size_t)info->width;
    double *mix = NULL, amount[2];      /* three times (width) */
    BF_TRY(bf_generator_doubles(3 * width, &mix));
    double *gain = mix + width, *offset = gain + width;
    for (int64_t r = 0; r < rows->count; r++) {
        const bf_draw amounts = bf_generator_sample(o, rows->split, rows->first + r, DRAW_AMOUNTS);
        const bf_draw gains   = bf_generator_sample(o, rows->split, rows->first + r, DRAW_GAIN);
        const bf_draw offsets = bf_generator_sample(o, rows->split, rows->first + r, DRAW_OFFSET);
        float *x = (float *)rows->x + (size_t)r * width;
        bf_rng_uniform64(&amounts, amount, 2);
        bf_rng_uniform64(&gains, gain, width);
        bf_rng_uniform64(&offsets, offset, width);
        bf_generator_mix(state, amount, mix, width, 2);
        for (size_t j = 0; j < width; j++)
            x[j] = (float)fmin(fmax(mix[j] * (0.9 + 0.2 * gain[j]) + 0.1 * (offset[j] - 0.5), 0.0), 1.0);
        rows->factors[2 * r] = (float)amount[0];
        rows->factors[2 * r + 1] = (float)amount[1];
    }
    free(mix);
    return BF_DONE;
}

const bf_source bf_source_bumps = {
    .name = "bumps", .help = "images of two Gaussian templates in varying amounts", .generator = true,
    .describe = describe, .open = open_templates, .fill = fill, .close = free,
};
