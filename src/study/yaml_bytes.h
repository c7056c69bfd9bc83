/* What the bytes of a study file must be before anyone parses them: UTF-8 text without control characters and tabs. */
#ifndef BF_STUDY_YAML_BYTES_H
#define BF_STUDY_YAML_BYTES_H
#include <stdbool.h>
#include <stddef.h>
#include "study/study.h"

/* Local. A copy of text with its tabs (each a problem, the first of every line) turned into spaces, so that parsing can go on and find
 * the rest. NULL after a problem that ends it: NUL, control character, not UTF-8, no memory. The copy belongs to the caller: free(). */
unsigned char *bf_yaml_clean(const char *text, size_t n, const char *key, bf_problems *problems);
#endif
