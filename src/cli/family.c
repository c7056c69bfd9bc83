#include "cli/family.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"

bf_status bf_family_keys_open(const bf_study *s, bool seeds_apart, bf_family_keys *out)
{
    const bf_key *swept[BF_MAX_SWEPT];
    const int n = bf_study_swept(s, swept);
    *out = (bf_family_keys){ .text = malloc(BF_KEY_PRINTED) };
    if (!out->text) return BF_FAIL(BF_E_MEMORY, "no memory for the names of configurations");
    for (int i = 0; i < n; i++)
        if (seeds_apart || strcmp(swept[i]->path, "seed") != 0) out->at[out->count++] = swept[i];
    return BF_DONE;
}

static bool is_place(const bf_key *k, const bf_config *c) { return strcmp(k->path, "objective.beta") == 0 && !isnan(c->vae.beta); }

void bf_family_of(const bf_family_keys *k, const bf_config *c, bf_family *out)
{
    size_t used = 0;
    *out = (bf_family){ .key = 0 };
    for (int i = 0; i < k->count; i++) {
        if (is_place(k->at[i], c)) continue;
        bf_key_print(k->at[i], c, k->text, BF_KEY_PRINTED);
        const uint64_t both[2] = { out->key, bf_hash64(k->text, strlen(k->text)) };
        out->key = bf_hash64(both, sizeof both) ^ bf_hash64(k->at[i]->path, strlen(k->at[i]->path));
        if (used < sizeof out->label)
            used += (size_t)snprintf(out->label + used, sizeof out->label - used, "%s%s %s", used ? ", " : "", k->at[i]->path, k->text);
    }
}

int bf_family_width(int width, const bf_family *f, const char *dir, const char *name)
{
    const size_t n[] = { strlen(f->label), strlen(dir), strlen(name) };
    for (int i = 0; i < 3; i++) width = n[i] >= (size_t)width ? (int)n[i] + 1 : width;
    return width;
}

void bf_family_keys_close(bf_family_keys *k)
{
    free(k->text);
    memset(k, 0, sizeof *k);
}
