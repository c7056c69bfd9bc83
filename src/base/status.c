#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bf_status bf_status_ok(void)
{
    return (bf_status){ .code = BF_OK, .rank = -1 };
}

/* A sentence stays one line of text, whatever a file name or a value carried into it: it goes to terminals, logs and HDF5 columns. */
static void tidy(char *what, size_t size, int wanted)
{
    for (char *p = what; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    if (wanted < 0 || (size_t)wanted < size)
        return;
    size_t cut = size - sizeof "...";
    while (cut > 0 && ((unsigned char)what[cut] & 0xc0) == 0x80)    /* never through a UTF-8 character */
        cut--;
    memcpy(what + cut, "...", sizeof "...");
}

bf_status bf_status_make(bf_code code, const char *file, int line, const char *format, ...)
{
    bf_status s = { .code = code, .rank = -1 };
    const char *slash = strrchr(file, '/');
    snprintf(s.where, sizeof s.where, "%s:%d", slash ? slash + 1 : file, line);
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(s.what, sizeof s.what, format, args);
    va_end(args);
    tidy(s.what, sizeof s.what, wanted);
    return s;
}

int bf_status_exit_code(const bf_status *s)
{
    switch (s->code) {
    case BF_OK:         return 0;
    case BF_E_USAGE:
    case BF_E_INPUT:
    case BF_E_FORMAT:   return 2;
    case BF_E_DIVERGED:
    case BF_E_FAILED:   return 3;
    case BF_E_IO:       return 74;
    case BF_E_STOPPED:  return 75;
    case BF_E_MEMORY:
    case BF_E_INTERNAL: break;
    }
    return 70;
}

const char *bf_code_name(bf_code code)
{
    switch (code) {
    case BF_OK:         return "ok";
    case BF_E_USAGE:    return "usage";
    case BF_E_INPUT:    return "input";
    case BF_E_FORMAT:   return "format";
    case BF_E_IO:       return "io";
    case BF_E_MEMORY:   return "memory";
    case BF_E_DIVERGED: return "diverged";
    case BF_E_FAILED:   return "failed";
    case BF_E_STOPPED:  return "stopped";
    case BF_E_INTERNAL: return "internal";
    }
    return "unknown";
}
