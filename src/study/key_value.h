/* Values of keys: read from a tree of YAML into the fields of a configuration. */
#ifndef BF_STUDY_KEY_VALUE_H
#define BF_STUDY_KEY_VALUE_H
#include "study/key.h"
#include "study/yaml_tree.h"

/* What is wrong with a value, and at which node. */
typedef struct bf_misfit { int node; char what[400]; } bf_misfit;

/* Local. False, with the reason, when the value does not fit; cfg may then hold a part of it. */
bool bf_key_read(const bf_key *k, const bf_yaml *y, int node, bf_config *cfg, bf_misfit *misfit);
/* Local. The same for a number that was computed (grids). */
bool bf_key_read_number(const bf_key *k, double v, bf_config *cfg, char *why, size_t size);
/* The i-th word of a list separated by spaces. */
bool bf_word_at(const char *list, int i, char *out, size_t size);
/* All names a choice may take, "a, b, c". */
void bf_key_choices(const bf_key *k, char *out, size_t size);
static inline void *bf_key_field(const bf_key *k, bf_config *cfg) { return (char *)cfg + k->offset; }
static inline const void *bf_key_field_const(const bf_key *k, const bf_config *cfg) { return (const char *)cfg + k->offset; }
#endif
