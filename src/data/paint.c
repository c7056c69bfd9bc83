#include "data/paint.h"

#include <stddef.h>

#include "base/vector_math.h"

/* Levels of a byte: a stroke is always lighter than the ground beside it, whatever their hues. */
static const float stroke_level = 170.0f, stroke_swing = 75.0f, ground_level = 70.0f, ground_swing = 50.0f;

/* Cosines a third of a turn apart: red at 0, green at a third, blue at two. */
static void take_colour(float hue, float level, float swing, float colour[BF_CHANNELS])
{
    for (int k = 0; k < BF_CHANNELS; k++) {
        const float turn = hue - (float)k / BF_CHANNELS;
        float sine, cosine;
        bf_sincos_turns(turn < 0.0f ? turn + 1.0f : turn, &sine, &cosine);
        colour[k] = level + swing * cosine;
    }
}

/* Brightness falls evenly along the light, from 1 in the corner it may come from to a half in the one opposite. */
void bf_paint_image(const float paint[BF_PAINTS], const uint8_t *restrict ink, int side, uint8_t *restrict image)
{
    float stroke[BF_CHANNELS], ground[BF_CHANNELS], sine, cosine;
    take_colour(paint[BF_PAINT_STROKE], stroke_level, stroke_swing, stroke);
    take_colour(paint[BF_PAINT_GROUND], ground_level, ground_swing, ground);
    bf_sincos_turns(paint[BF_PAINT_LIGHT], &sine, &cosine);
    const float step = 0.35355339f / (float)side;       /* a half over the diagonal */
    for (int i = 0; i < side; i++)
        for (int j = 0; j < side; j++) {
            const float x = (float)j + 0.5f - 0.5f * (float)side, y = (float)i + 0.5f - 0.5f * (float)side;
            const float light = 0.75f + step * (x * cosine + y * sine), u = (float)*ink++ * (1.0f / 255.0f);
            for (int k = 0; k < BF_CHANNELS; k++)
                *image++ = (uint8_t)(light * (ground[k] + u * (stroke[k] - ground[k])) + 0.5f);
        }
}
