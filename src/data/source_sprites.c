/* Binary images (0 and 255) of a square, an ellipse or a heart over the full grid shape x scale x orientation x position x position, y
 * changing fastest. The factors are kept: shape (0, 1, 2), scale (0.5 to 1), orientation (radians), x, y (0 to 1). The test part is
 * chosen from the grid by a permutation of data.seed. */
#include "data/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/pick.h"

enum { SHAPE, SCALE, ORIENTATION, X, Y, FACTORS };

/* A shape of scale 1 lies in a circle of this radius in the unit square, so every sprite lies inside its image. */
static const double REACH = 0.2;

static void grid_sizes(const bf_data_options *o, int64_t size[FACTORS])
{
    const int64_t s[FACTORS] = { o->sprites.shapes, o->sprites.scales, o->sprites.rotations, o->sprites.positions, o->sprites.positions };
    memcpy(size, s, sizeof s);
}

static bf_status grid_count(const bf_data_options *o, int64_t held[BF_SPLITS])
{
    static const char *const key[FACTORS] = { "shapes", "scales", "rotations", "positions", "positions" };
    int64_t size[FACTORS];
    grid_sizes(o, size);
    held[BF_TRAIN] = 1;
    held[BF_TEST] = -1;
    for (int f = 0; f < FACTORS; f++) {
        const int64_t most = f == SHAPE ? 3 : 4096;
        if (size[f] < 1 || size[f] > most)
            return BF_FAIL(BF_E_INPUT, "data.sprites.%s: %lld; 1 to %lld are possible", key[f], (long long)size[f], (long long)most);
        held[BF_TRAIN] *= size[f];              /* at most 3 * 2^48 */
    }
    return BF_DONE;
}

static bf_status describe(const bf_data_options *o, bf_data_info *info)
{
    const int64_t shape[2] = { o->sprites.side, o->sprites.side };
    int64_t held[BF_SPLITS];
    BF_TRY(bf_info_shape(info, "data.sprites.side", 2, shape));
    BF_TRY(grid_count(o, held));
    info->stored = BF_STORED_U8;
    info->factors = FACTORS;
    if (o->label > FACTORS)
        return BF_FAIL(BF_E_INPUT, "data.label: %lld; sprites have %d factors", (long long)o->label, FACTORS);
    if (o->label > 0) {
        int64_t size[FACTORS];
        grid_sizes(o, size);
        info->labels = (int)size[o->label - 1];
    }
    return bf_pick_count(o, "the grid of data.sprites", held, info->rows);
}

static void close_sprites(void *state)
{
    bf_pick *p = state;
    if (p)
        bf_pick_close(p);
    free(p);
}

static bf_status open_sprites(const bf_data_options *o, const bf_data_info *info, void **state)
{
    int64_t held[BF_SPLITS];
    BF_TRY(grid_count(o, held));
    bf_pick *p = calloc(1, sizeof *p);
    if (!p)
        return BF_FAIL(BF_E_MEMORY, "no memory for the sprites source");
    bf_status s = bf_pick_open(o, held, info->rows, p);
    if (s.code)
        close_sprites(p);
    else
        *state = p;
    return s;
}

static double step_of(int64_t i, int64_t n)         /* 0 to 1, the middle when there is one step only */
{
    return n > 1 ? (double)i / (double)(n - 1) : 0.5;
}

/* The place of a sprite along every axis of the grid. */
static void places_of(const bf_data_options *o, int64_t index, int64_t at[FACTORS])
{
    int64_t size[FACTORS];
    grid_sizes(o, size);
    for (int k = FACTORS; k-- > 0;) {
        at[k] = index % size[k];
        index /= size[k];
    }
}

static void factors_of(const bf_data_options *o, const int64_t at[FACTORS], double f[FACTORS])
{
    int64_t size[FACTORS];
    grid_sizes(o, size);
    f[SHAPE] = (double)at[SHAPE];
    f[SCALE] = size[SCALE] > 1 ? 0.5 + 0.5 * step_of(at[SCALE], size[SCALE]) : 1.0;
    f[ORIENTATION] = 2.0 * acos(-1.0) * (double)at[ORIENTATION] / (double)size[ORIENTATION];
    f[X] = step_of(at[X], size[X]);
    f[Y] = step_of(at[Y], size[Y]);
}

/* (u, v) in units of the sprite's radius, v downwards. */
static bool inside(int shape, double u, double v)
{
    switch (shape) {
    case 0:
        return fmax(fabs(u), fabs(v)) <= sqrt(0.5);
    case 1:
        return u * u + v * v / (0.5 * 0.5) <= 1.0;
    default: {      /* the sextic heart (p^2 + q^2 - 1)^3 = p^2 q^3, shrunk into the circle */
        const double p = 1.25 * u, q = 0.1 - 1.25 * v, ring = p * p + q * q - 1.0;
        return ring * ring * ring <= p * p * q * q * q;
    }
    }
}

static void draw(const double f[FACTORS], int side, uint8_t *image)
{
    const double radius = REACH * f[SCALE] * side, cosine = cos(f[ORIENTATION]) / radius, sine = sin(f[ORIENTATION]) / radius;
    const double cx = side * (REACH + (1.0 - 2.0 * REACH) * f[X]), cy = side * (REACH + (1.0 - 2.0 * REACH) * f[Y]);
    const int top = (int)fmax(floor(cy - radius), 0.0), bottom = (int)fmin(ceil(cy + radius), side);
    const int left = (int)fmax(floor(cx - radius), 0.0), right = (int)fmin(ceil(cx + radius), side);
    memset(image, 0, (size_t)side * (size_t)side);
    for (int i = top; i < bottom; i++)
        for (int j = left; j < right; j++) {
            const double dx = j + 0.5 - cx, dy = i + 0.5 - cy;
            if (inside((int)f[SHAPE], cosine * dx + sine * dy, cosine * dy - sine * dx))
                image[(size_t)i * (size_t)side + (size_t)j] = 255;
        }
}

static bf_status fill(void *state, const bf_data_options *o, const bf_data_info *info, const bf_rows *rows)
{
    const bf_pick *pick = state;
    for (int64_t r = 0; r < rows->count; r++) {
        int64_t at[FACTORS];
        double f[FACTORS];
        places_of(o, pick->row[rows->split][rows->first + r], at);
        factors_of(o, at, f);
        draw(f, info->shape[0], (uint8_t *)rows->x + (size_t)r * (size_t)info->width);
        for (int k = 0; k < FACTORS; k++)
            rows->factors[(size_t)r * FACTORS + (size_t)k] = (float)f[k];
        if (rows->labels)
            rows->labels[r] = (int32_t)at[o->label - 1];
    }
    return BF_DONE;
}

const bf_source bf_source_sprites = {
    .name = "sprites", .help = "binary shapes on a full grid of factors", .generator = true, .by_factor = true,
    .describe = describe, .open = open_sprites, .fill = fill, .close = close_sprites,
};
