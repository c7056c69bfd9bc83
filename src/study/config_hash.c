#include "study/study.h"
#include "base/checksum.h"

#include <string.h>

static bool counts(const bf_key *k, const bf_config *c) { return (k->flags & BF_KEY_RESULT) && bf_key_applies(k, c); }

void bf_config_hash(const bf_config *c, char out[17]) { bf_config_hash_from(c, "", out); }

void bf_config_hash_from(const bf_config *c, const char *origin, char out[17])
{
    char text[3 * BF_KEY_PRINTED];      /* two keys may be long (eigenvalues or paths, and a grid of betas), the others are a line each */
    size_t used = 0;
    int n;
    const bf_key *table = bf_key_table(&n);
    for (int i = 0; i < n; i++) {
        if (!counts(&table[i], c)) continue;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s=", table[i].path);
        bf_key_print(&table[i], c, text + used, sizeof text - used - 1);
        used += strlen(text + used);
        text[used++] = '\n';
    }
    if (origin[0]) used += (size_t)snprintf(text + used, sizeof text - used, "origin=%.16s\n", origin);
    snprintf(out, 17, "%016llx", (unsigned long long)bf_hash64(text, used));
}

int bf_config_difference(const bf_config *a, const bf_config *b, char *out, size_t size)
{
    int n, differences = 0;
    size_t used = 0;
    const bf_key *table = bf_key_table(&n);
    char old[BF_KEY_PRINTED], new[BF_KEY_PRINTED];
    if (size > 0) out[0] = '\0';
    for (int i = 0; i < n; i++) {
        if (!counts(&table[i], a) && !counts(&table[i], b)) continue;        /* one that asks for what the other does not know differs */
        bf_key_print(&table[i], a, old, sizeof old);
        bf_key_print(&table[i], b, new, sizeof new);
        if (strcmp(old, new) == 0) continue;
        differences++;
        if (used < size) used += (size_t)snprintf(out + used, size - used, "%s %.80s -> %.80s\n", table[i].path, old, new);
    }
    return differences;
}
