#include "study/yaml_bytes.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

unsigned char *bf_yaml_clean(const char *text, size_t n, const char *key, bf_problems *problems)
{
    unsigned char *copy = malloc(n + 1);
    if (!copy) {
        bf_problems_add(problems, 0, 0, key, "no memory for %zu bytes of text", n);
        return NULL;
    }
    memcpy(copy, text, n);
    copy[n] = '\0';
    const bool places = key[0] == '\0';
    int line = 1, column = 1, tab_line = 0;
    for (size_t i = 0; i < n; column++) {
        const size_t length = bf_utf8_length(copy + i, n - i);
        const unsigned char c = copy[i];
        const char *wrong = length == 0 ? "not UTF-8 text" : c == '\0' ? "a NUL byte" :
                            (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f ? "a control character" : NULL;
        if (wrong) {
            bf_problems_add(problems, places ? line : 0, places ? column : 0, key, "%s (byte 0x%02x at offset %zu)", wrong, c, i);
            free(copy);
            return NULL;
        }
        if (c == '\t') {
            if (tab_line != line)
                bf_problems_add(problems, places ? line : 0, places ? column : 0, key, "a tab; indent and separate with spaces");
            tab_line = line;
            copy[i] = ' ';
        }
        i += length;
        if (c == '\n') {
            line++;
            column = 0;
        }
    }
    return copy;
}
