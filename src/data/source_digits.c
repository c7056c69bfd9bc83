/* Handwritten-looking digits, drawn by a pen: strokes through control points that shake, a hand that leans, stretches and presses, a round
 * brush with soft edges. u8, labels 0 to 9. data.digits.jitter scales everything in which hands differ; 0 is the clean glyph. In colour a
 * sample's hues and its light are drawn, too, and kept as factors. */
#include "data/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/vector_math.h"
#include "data/generator.h"
#include "data/glyph.h"
#include "data/paint.h"

enum { DRAW_CHOICE, DRAW_HAND, DRAW_SHAKE, DRAW_PAINT };
enum { PIECES = 6, MAX_LINE = 192 };            /* straight pieces between two control points; points of a flattened stroke */

/* The pen at a point of its way: place in pixels, half the width of its line. */
typedef struct pen { float x, y, radius; } pen;

typedef struct hand {                           /* how one person at one time writes */
    float xx, xy, yx, yy, x0, y0;               /* glyph to pixels */
    float radius, pressure[2];                  /* half the pen's width in pixels; its relative change over a stroke */
    float shake[BF_GLYPH_POINTS][2];            /* of the control points, in units of the glyph */
} hand;

static bf_status describe(const bf_data_options *o, bf_data_info *info)
{
    const int64_t shape[3] = { o->digits.side, o->digits.side, BF_CHANNELS };
    if (!(o->digits.jitter >= 0.0 && o->digits.jitter <= 10.0))
        return BF_FAIL(BF_E_INPUT, "data.digits.jitter: %g; 0 to 10 are possible", o->digits.jitter);
    BF_TRY(bf_info_shape(info, "data.digits.side", o->digits.colour ? 3 : 2, shape));
    info->stored = BF_STORED_U8;
    info->labels = BF_DIGITS;
    info->factors = o->digits.colour ? BF_PAINTS : 0;
    return bf_generator_rows(o, info);
}

static float clamp(float v, float low, float high)
{
    return v < low ? low : v > high ? high : v;
}

/* Which digit, written which way. */
static const bf_glyph *choose(const bf_data_options *o, bf_split split, int64_t index)
{
    const bf_draw d = bf_generator_sample(o, split, index, DRAW_CHOICE);
    float u[2];
    int count;
    bf_rng_uniform(&d, u, 2);
    const bf_glyph *g = bf_glyphs((int)clamp(u[0] * BF_DIGITS, 0.0f, BF_DIGITS - 1.0f), &count);
    for (int k = 0; o->digits.jitter > 0.0 && k + 1 < count && u[1] >= g->weight; k++)
        u[1] -= g++->weight;
    return g;
}

/* The glyph's box becomes 20 of 28 pixels high and somewhat less wide, around the middle of the image. */
static void take_hand(const bf_data_options *o, bf_split split, int64_t index, hand *h)
{
    const bf_draw habit = bf_generator_sample(o, split, index, DRAW_HAND), shake = bf_generator_sample(o, split, index, DRAW_SHAKE);
    const float side = (float)o->digits.side, jitter = (float)o->digits.jitter;
    float n[9];
    bf_rng_normal(&habit, n, 9);
    for (int i = 0; i < 9; i++)
        n[i] = clamp(n[i], -2.5f, 2.5f) * jitter;
    const float angle = 0.09f * n[0], lean = 0.12f + 0.20f * n[1];
    const float wide = 0.58f * side * bf_exp(0.14f * n[2]), high = 0.69f * side * bf_exp(0.06f * n[3]);
    const float c = cosf(angle), s = sinf(angle);
    h->xx = c * wide;
    h->xy = -(c * lean + s) * high;
    h->yx = s * wide;
    h->yy = (c - s * lean) * high;
    h->x0 = side * (0.5f + 0.012f * n[4]) - 0.5f * (h->xx + h->xy);
    h->y0 = side * (0.5f + 0.012f * n[5]) - 0.5f * (h->yx + h->yy);
    h->radius = side * clamp(0.044f * bf_exp(0.24f * n[6]), 0.022f, 0.085f);
    h->pressure[0] = clamp(0.10f * n[7], -0.4f, 0.4f);
    h->pressure[1] = clamp(0.10f * n[8], -0.4f, 0.4f);
    bf_rng_normal(&shake, &h->shake[0][0], 2 * BF_GLYPH_POINTS);
    for (int i = 0; i < BF_GLYPH_POINTS; i++)
        for (int k = 0; k < 2; k++)
            h->shake[i][k] *= 0.026f * jitter;
}

static pen place(const bf_glyph *g, const hand *h, char name, float along)
{
    const int i = name - 'a';
    const float x = g->at[i][0] + h->shake[i][0], y = g->at[i][1] + h->shake[i][1];
    return (pen){ h->xx * x + h->xy * y + h->x0, h->yx * x + h->yy * y + h->y0,
                  h->radius * (1.0f + h->pressure[0] * (1.0f - along) + h->pressure[1] * along) };
}

/* Catmull-Rom: the curve through b and c whose directions there are those of a-c and b-d. */
static float spline(float a, float b, float c, float d, float t)
{
    return b + 0.5f * t * (c - a + t * (2.0f * a - 5.0f * b + 4.0f * c - d + t * (3.0f * (b - c) + d - a)));
}

/* A stroke as a polyline; returns its points. A stroke that ends where it began is closed smoothly. */
static int flatten(const bf_glyph *g, const hand *h, const char *stroke, pen line[MAX_LINE])
{
    const int n = (int)strlen(stroke);
    const bool closed = n > 3 && stroke[0] == stroke[n - 1];
    pen p[BF_GLYPH_POINTS + 2] = { { 0 } };
    int points = 0;
    for (int i = 0; i < n; i++)
        p[i + 1] = place(g, h, stroke[i], (float)i / (float)(n - 1));
    p[0] = closed ? p[n - 1] : p[1];
    p[n + 1] = closed ? p[2] : p[n];
    for (int i = 1; i < n; i++)
        for (int k = 0; k < PIECES; k++) {
            const float t = (float)k / PIECES;
            line[points++] = (pen){ spline(p[i - 1].x, p[i].x, p[i + 1].x, p[i + 2].x, t), spline(p[i - 1].y, p[i].y, p[i + 1].y, p[i + 2].y, t),
                                    p[i].radius + t * (p[i + 1].radius - p[i].radius) };
        }
    line[points++] = p[n];
    return points;
}

/* nearest (side, side): distance of a pixel's centre from the line less half the line's width, where it is below `reach`. */
static void draw_piece(const pen *a, const pen *b, int side, float *nearest)
{
    const float dx = b->x - a->x, dy = b->y - a->y, length2 = dx * dx + dy * dy, radius = 0.5f * (a->radius + b->radius);
    const float inverse = length2 > 1e-12f ? 1.0f / length2 : 0.0f, pad = radius + 1.0f, most = (float)side;
    const int top = (int)clamp(fminf(a->y, b->y) - pad, 0.0f, most), bottom = (int)clamp(fmaxf(a->y, b->y) + pad + 1.0f, 0.0f, most);
    const int left = (int)clamp(fminf(a->x, b->x) - pad, 0.0f, most), right = (int)clamp(fmaxf(a->x, b->x) + pad + 1.0f, 0.0f, most);
    for (int i = top; i < bottom; i++) {
        float *row = nearest + (size_t)i * (size_t)side;
        const float y = (float)i + 0.5f - a->y;
        for (int j = left; j < right; j++) {
            const float x = (float)j + 0.5f - a->x, along = (x * dx + y * dy) * inverse;
            const float t = along < 0.0f ? 0.0f : along > 1.0f ? 1.0f : along;
            const float ex = x - t * dx, ey = y - t * dy, distance = sqrtf(ex * ex + ey * ey) - radius;
            row[j] = distance < row[j] ? distance : row[j];
        }
    }
}

/* Full inside the line, none outside, and a ramp of 1.4 pixels across its edge. */
static void ink(const float *restrict nearest, uint8_t *restrict image, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float v = 0.5f - nearest[i] * (1.0f / 1.4f), u = v < 0.0f ? 0.0f : v > 1.0f ? 1.0f : v;
        image[i] = (uint8_t)(255.0f * u * u * (3.0f - 2.0f * u) + 0.5f);
    }
}

static void draw(const bf_glyph *g, const hand *h, int side, float *nearest, uint8_t *image)
{
    const size_t n = (size_t)side * (size_t)side;
    pen line[MAX_LINE];
    for (size_t i = 0; i < n; i++)
        nearest[i] = 4.0f;
    for (int s = 0; s < BF_GLYPH_STROKES && g->strokes[s]; s++) {
        const int points = flatten(g, h, g->strokes[s], line);
        for (int i = 0; i + 1 < points; i++)
            draw_piece(&line[i], &line[i + 1], side, nearest);
    }
    ink(nearest, image, n);
}

/* The state is a canvas: (side, side) floats, and behind them as many bytes of ink that is yet to be painted. */
static bf_status open_canvas(const bf_data_options *o, const bf_data_info *info, void **state)
{
    (void)info;
    *state = malloc((size_t)o->digits.side * (size_t)o->digits.side * (sizeof(float) + 1));
    return *state ? BF_DONE : BF_FAIL(BF_E_MEMORY, "no memory to draw digits");
}

static bf_status fill(void *state, const bf_data_options *o, const bf_data_info *info, const bf_rows *rows)
{
    const int side = info->shape[0];
    float *nearest = state;
    hand h;
    for (int64_t r = 0; r < rows->count; r++) {
        const int64_t index = rows->first + r;
        const bf_glyph *g = choose(o, rows->split, index);
        uint8_t *image = (uint8_t *)rows->x + (size_t)r * (size_t)info->width;
        uint8_t *drawing = o->digits.colour ? (uint8_t *)(nearest + (size_t)side * (size_t)side) : image;
        take_hand(o, rows->split, index, &h);
        draw(g, &h, side, nearest, drawing);
        if (o->digits.colour) {
            const bf_draw d = bf_generator_sample(o, rows->split, index, DRAW_PAINT);
            float *paint = rows->factors + (size_t)r * BF_PAINTS;
            bf_rng_uniform(&d, paint, BF_PAINTS);
            bf_paint_image(paint, drawing, side, image);
        }
        rows->labels[r] = g->digit;
    }
    return BF_DONE;
}

const bf_source bf_source_digits = {
    .name = "digits", .help = "procedural pen-stroke digits with labels, grey or in colour", .generator = true,
    .describe = describe, .open = open_canvas, .fill = fill, .close = free,
};
