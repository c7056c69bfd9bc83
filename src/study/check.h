/* Rules between keys that need no data: what a single value cannot tell. */
#ifndef BF_STUDY_CHECK_H
#define BF_STUDY_CHECK_H
#include "study/key.h"

#define BF_MAX_FINDINGS 16

/* key is the one to change; other (may be NULL) the one it disagrees with. */
typedef struct bf_finding { const bf_key *key, *other; char what[300]; } bf_finding;
/* Local. Every rule one configuration breaks; returns how many. */
int bf_config_check(const bf_config *c, bf_finding out[BF_MAX_FINDINGS]);
#endif
