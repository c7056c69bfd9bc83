/* What a parsed study consists of; shared by the files of this room. */
#ifndef BF_STUDY_STUDY_PRIVATE_H
#define BF_STUDY_STUDY_PRIVATE_H
#include "study/study.h"
#include "study/sweep.h"

/* How a key came to its value. */
typedef struct bf_origin {
    bf_place place;             /* zero for defaults and overrides */
    bool     in_file, in_set;   /* written in the file, by --set (which wins) */
    bool     wrong;             /* its value was refused, the default stands in */
} bf_origin;

struct bf_study {
    bf_config  base;
    bf_sweep   sweep;
    bf_origin *origin;          /* one for each row of the table of keys */
    int       *parent;          /* (configurations) bf_study_parent; NULL: none has one */
};

/* Local. Reads text and overrides into s, whose base holds the defaults; everything wrong goes to problems. False when the text holds
 * no keys at all. */
bool bf_study_read(bf_study *s, const char *text, size_t n, const char *const *set, int n_set, bf_problems *problems);
/* Local. Rules between keys, for every configuration; s has no problems in its sweep. */
void bf_study_check(bf_study *s, bool has_overrides, bf_problems *problems);
/* Local. Fills parent, as warm_start.* ask; s has no problems in its sweep. */
void bf_study_link(bf_study *s, bf_problems *problems);
bf_origin *bf_study_origin(const bf_study *s, const bf_key *k);
#endif
