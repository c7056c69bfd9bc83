/* Text that is written whole or not at all. */
#ifndef BF_CLI_WHOLE_TEXT_H
#define BF_CLI_WHOLE_TEXT_H
#include <stdio.h>
#include "base/status.h"

typedef bf_status bf_text_writer(const void *self, FILE *to);
/* Local. What `write` writes goes to path, through a temporary name that tag makes unique; path NULL: to stdout. Nothing does when it fails. */
BF_MUST_USE bf_status bf_whole_text(bf_text_writer *write, const void *self, const char *path, const char *tag);
#endif
