#include "farm/ids.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A number at *at, which moves behind it. Numbers too large to be an id come back as the largest int and fail the range check. */
static bool read_id(const char **at, int *out)
{
    const int most = 1000000000;
    if (!isdigit((unsigned char)**at)) return false;
    for (*out = 0; isdigit((unsigned char)**at); ++*at)
        *out = *out >= most / 10 ? most : *out * 10 + (**at - '0');
    return true;
}

static bf_status malformed(const char *text, const char *at)
{
    const int n = (int)strcspn(at, ",");
    return BF_FAIL(BF_E_USAGE, "'%.*s' in '%.80s' is not an id or a range of ids; ids look like 0-7,12,31", n < 40 ? n : 40, at, text);
}

bf_status bf_ids_parse(const char *text, int n, bool *chosen)
{
    memset(chosen, text ? 0 : 1, (size_t)n * sizeof *chosen);
    if (!text) return BF_DONE;
    for (const char *at = text;; at++) {
        const char *entry = at;
        int first, last;
        if (!read_id(&at, &first)) return malformed(text, entry);
        last = first;
        if (*at == '-') {
            at++;
            if (!read_id(&at, &last) || last < first) return malformed(text, entry);
        }
        if (*at && *at != ',') return malformed(text, entry);
        if (last >= n) return BF_FAIL(BF_E_INPUT, "there is no configuration %d: the study's ids are 0-%d", first < n ? last : first, n - 1);
        for (int id = first; id <= last; id++) chosen[id] = true;
        if (!*at) return BF_DONE;
    }
}
