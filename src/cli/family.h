/* Which configurations of a study belong together: those that are equal in every swept key but some. */
#ifndef BF_CLI_FAMILY_H
#define BF_CLI_FAMILY_H
#include <stdbool.h>
#include <stdint.h>
#include "study/study.h"

typedef struct bf_family { uint64_t key; char label[192]; } bf_family;      /* key: of the whole label, which may be cut */

typedef struct bf_family_keys {             /* zero it; bf_family_keys_close() */
    int           count;
    const bf_key *at[BF_MAX_SWEPT];
    char         *text;
} bf_family_keys;

/* Local. Families differ in other keys than objective.beta and, unless seeds_apart, seed. The study is borrowed. */
BF_MUST_USE bf_status bf_family_keys_open(const bf_study *s, bool seeds_apart, bf_family_keys *out);
/* "model.latent 2, seed 3". A number beta is a place in a family; a range is a model of its own, and part of the label. */
void bf_family_of(const bf_family_keys *k, const bf_config *c, bf_family *out);
/* Local. Bytes that hold the label and a study's folder and name with their NUL, each of them; at least `width`. */
int bf_family_width(int width, const bf_family *f, const char *dir, const char *name);
void bf_family_keys_close(bf_family_keys *k);
#endif
