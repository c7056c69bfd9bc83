/* The strict subset of YAML that study files use, as a tree with places: mappings, sequences, scalars. Anchors, aliases, tags,
 * directives, further documents, block scalars, duplicate keys and tabs are problems. Built from libyaml's events, because its
 * documents no longer know an alias from what it stands for. */
#ifndef BF_STUDY_YAML_TREE_H
#define BF_STUDY_YAML_TREE_H
#include <stdbool.h>
#include <stddef.h>
#include "study/study.h"

#define BF_YAML_DEPTH 12            /* levels of nesting */
#define BF_YAML_NODES 200000
#define BF_YAML_MAPPING_KEYS 1000   /* keys of one mapping: duplicates are found by comparing all of them */

typedef enum bf_yaml_kind { BF_YAML_SCALAR, BF_YAML_SEQUENCE, BF_YAML_MAPPING } bf_yaml_kind;

typedef struct bf_yaml_node {
    bf_yaml_kind kind;
    int    line, column;        /* from 1; 0 in texts that have no place (overrides) */
    int    key;                 /* the scalar node that names it when its parent is a mapping, else -1 */
    int    first, next, count;  /* children and siblings; -1 ends a list */
    size_t text;                /* scalar: offset of its NUL-terminated text */
    bool   plain;               /* scalar without quotes */
} bf_yaml_node;

typedef struct bf_yaml {
    int           count, capacity;
    bf_yaml_node *at;           /* at[0] is the root */
    char         *text;
    size_t        used, size;
} bf_yaml;

/* Local. Every problem found goes to problems. False when there is no tree at all (malformed, empty, out of memory: also a problem).
 * key: what the text belongs to ("" for a file, "--set x" for an override, which has no lines). The tree belongs to the caller. */
bool bf_yaml_load(const char *text, size_t n, const char *key, bf_problems *problems, bf_yaml *out);
void bf_yaml_free(bf_yaml *y);
static inline const char *bf_yaml_text(const bf_yaml *y, int node) { return y->text + y->at[node].text; }
/* A scalar that stands for nothing: empty, ~ or null, without quotes. */
bool bf_yaml_is_nothing(const bf_yaml *y, int node);
/* The node as a short piece for a sentence: 'fast', a list, a mapping, nothing. Whatever is in it, out is printable UTF-8. */
void bf_yaml_quote(const bf_yaml *y, int node, char *out, size_t size);
void bf_text_quote(const char *text, char *out, size_t size);
#endif
