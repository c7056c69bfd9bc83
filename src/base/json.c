#include "base/json.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *bf_json_number(double v, char out[32])
{
    snprintf(out, 32, isfinite(v) ? "%.15g" : "null", v);
    return out;
}

void bf_json_escape(const char *text, char *out, size_t size)
{
    if (size == 0)
        return;
    size_t used = 0;
    const unsigned char *s = (const unsigned char *)text, *end = s + strlen(text);
    while (s < end) {
        char piece[8];
        size_t step = bf_utf8_length(s, (size_t)(end - s));
        if (step == 0)
            snprintf(piece, sizeof piece, "\\ufffd");               /* file names are bytes, JSON is UTF-8 */
        else if (*s == '"' || *s == '\\')
            snprintf(piece, sizeof piece, "\\%c", *s);
        else if (*s < 0x20 || *s == 0x7f)
            snprintf(piece, sizeof piece, "\\u%04x", (unsigned)*s);
        else
            snprintf(piece, sizeof piece, "%.*s", (int)step, (const char *)s);
        size_t n = strlen(piece);
        if (used + n + 1 > size)
            break;                                                  /* never half an escape */
        memcpy(out + used, piece, n);
        used += n;
        s += step > 0 ? step : 1;
    }
    out[used] = '\0';
}
