/* What colours a drawing has: a hue of its strokes, one of the ground, and a light that comes from somewhere. */
#ifndef BF_DATA_PAINT_H
#define BF_DATA_PAINT_H
#include <stdint.h>

enum { BF_CHANNELS = 3 };

/* All three in turns, 0 to 1. */
typedef enum bf_paint { BF_PAINT_STROKE, BF_PAINT_GROUND, BF_PAINT_LIGHT, BF_PAINTS } bf_paint;

/* Local. ink (side, side): from 0, the ground, to 255, a stroke; image (side, side, channels). */
void bf_paint_image(const float paint[BF_PAINTS], const uint8_t *restrict ink, int side, uint8_t *restrict image);
#endif
