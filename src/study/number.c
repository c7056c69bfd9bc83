#include "study/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static const char *skip_digits(const char *p)
{
    while (*p >= '0' && *p <= '9') p++;
    return p;
}

/* Whole part without leading zeros; NULL when there is none or 010. */
static const char *skip_whole(const char *p)
{
    const char *end = skip_digits(p);
    return end == p || (p[0] == '0' && end - p > 1) ? NULL : end;
}

bool bf_parse_int(const char *text, int64_t *v)
{
    const char *end = skip_whole(text + (text[0] == '-' || text[0] == '+'));
    if (!end || *end) return false;
    errno = 0;
    *v = strtoll(text, NULL, 10);
    return errno == 0;
}

bool bf_parse_real(const char *text, double *v)
{
    const char *p = text + (text[0] == '-' || text[0] == '+');
    p = *p == '.' ? p : skip_whole(p);
    if (!p) return false;
    if (*p == '.') {
        const char *end = skip_digits(p + 1);
        if (end == p + 1 && (p == text || p[-1] < '0' || p[-1] > '9')) return false;
        p = end;
    }
    if (*p == 'e' || *p == 'E') {
        p += 1 + (p[1] == '-' || p[1] == '+');
        const char *end = skip_digits(p);
        if (end == p) return false;
        p = end;
    }
    if (*p) return false;
    errno = 0;
    *v = strtod(text, NULL);
    return errno == 0 && isfinite(*v);      /* neither too large nor so small that digits are lost */
}
