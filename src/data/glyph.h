/* Digits as a pen draws them: strokes through control points. */
#ifndef BF_DATA_GLYPH_H
#define BF_DATA_GLYPH_H

enum { BF_GLYPH_POINTS = 24, BF_GLYPH_STROKES = 4, BF_DIGITS = 10 };

typedef struct bf_glyph {
    int   digit;
    float weight;                           /* how common this way of writing is */
    float at[BF_GLYPH_POINTS][2];           /* (x, y) in the unit square, y downwards */
    const char *strokes[BF_GLYPH_STROKES];  /* letters name points, a smooth curve runs through them; corners are where two strokes meet */
} bf_glyph;

/* All ways of writing a digit, the usual one first; *count of them. */
const bf_glyph *bf_glyphs(int digit, int *count);
#endif
