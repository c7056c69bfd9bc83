#include "study/range.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bf_range bf_range_parse(const char *text)
{
    bf_range r = { .low = -INFINITY, .high = INFINITY };
    if (!text) return r;
    const char *p = text;
    if (*p == '(' || *p == '[') r.open_low = *p++ == '(';
    char *end;
    r.low = strtod(p, &end);
    assert(end != p && *end == ':');
    p = end + 1;
    r.high = strtod(p, &end);
    assert(end != p);
    if (*end == ')' || *end == ']') r.open_high = *end++ == ')';
    if (*end == '|') {
        const char *equals = strchr(end, '=');
        assert(equals && (size_t)(equals - end) <= sizeof r.word);
        snprintf(r.word, sizeof r.word, "%.*s", (int)(equals - end - 1), end + 1);
        r.word_value = strtod(equals + 1, NULL);
    }
    return r;
}

bool bf_range_holds(const bf_range *r, double v)
{
    if (!isfinite(v)) return false;
    return (r->open_low ? v > r->low : v >= r->low) && (r->open_high ? v < r->high : v <= r->high);
}

void bf_range_print(const bf_range *r, char *out, size_t size)
{
    char high[24];
    const bool whole_word = r->high == 0x1p63;      /* the largest 64-bit integer, whose digits nobody reads */
    out[0] = '\0';
    if (isinf(r->low) && isinf(r->high)) return;
    snprintf(high, sizeof high, whole_word ? "2^63" : "%.10g", r->high);
    snprintf(out, size, "%c%.10g, %s%c", r->open_low || isinf(r->low) ? '(' : '[', r->low, high, r->open_high || isinf(r->high) || whole_word ? ')' : ']');
}
