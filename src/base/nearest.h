/* How far apart two names are, to say what a misspelt one was meant to be. */
#ifndef BF_BASE_NEAREST_H
#define BF_BASE_NEAREST_H
/* Local. Insertions, deletions, replacements and swaps of neighbours; names longer than 127 bytes are far from everything. */
int bf_edit_distance(const char *a, const char *b);
/* How many mistakes a name of this length may have and still be recognised. */
int bf_edit_limit(const char *name);
#endif
