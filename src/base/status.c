#include "base/status.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bf_status bf_status_ok(void)
{
    return (bf_status){ .code = BF_OK, .rank = -1 };
}

/* Bytes that continue a UTF-8 character have these two bits. */
static int continues(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* A sentence that does not fit loses its middle: it begins with a name, often a long path, and ends with what is wrong with it. Never through a
 * UTF-8 character. */
static void fit(char *out, size_t size, const char *text)
{
    const size_t n = strlen(text), room = size - sizeof "...";
    if (n < size) {
        memcpy(out, text, n + 1);
        return;
    }
    size_t head = room / 2, tail = n - (room - head);
    while (head > 0 && continues(text[head]))
        head--;
    while (continues(text[tail]))
        tail++;
    snprintf(out, size, "%.*s...%s", (int)head, text, text + tail);
}

/* A sentence stays one line of text in UTF-8, whatever a file name or a value carried into it: it goes to terminals, logs and HDF5 columns, which
 * say that they are UTF-8. */
static void tidy(char *what)
{
    char *to = what;
    for (size_t left = strlen(what), length; left > 0; what += length, left -= length) {
        const unsigned char *at = (const unsigned char *)what;
        const size_t valid = bf_utf8_length(at, left);
        length = valid ? valid : 1;
        if (!valid) *to++ = '?';
        else if (bf_utf8_is_control(at)) *to++ = ' ';
        else to = (char *)memmove(to, what, length) + length;
    }
    *to = '\0';
}

bf_status bf_status_make(bf_code code, const char *file, int line, const char *format, ...)
{
    bf_status s = { .code = code, .rank = -1 };
    char text[4096] = "";       /* holds any two paths; what is longer ends there, before a character that may be half one */
    const char *slash = strrchr(file, '/');
    snprintf(s.where, sizeof s.where, "%s:%d", slash ? slash + 1 : file, line);
    va_list args;
    va_start(args, format);
    const int wanted = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t n = strlen(text);
    while (wanted >= (int)sizeof text && n > 0 && (unsigned char)text[n - 1] >= 0x80)
        n--;
    text[n] = '\0';
    fit(s.what, sizeof s.what, text);
    tidy(s.what);
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
