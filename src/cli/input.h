/* A study file on its way into a command: read, parsed with its overrides, every problem printed with its place. */
#ifndef BF_CLI_INPUT_H
#define BF_CLI_INPUT_H
#include "cli/args.h"
#include "study/study.h"

#define BF_INPUT_LIMIT ((size_t)4 << 20)

typedef struct bf_input_file {       /* zero it; bf_input_free() */
    const char *path;           /* borrowed: how the user wrote it */
    char       *text;
    size_t      size;
    bf_study   *study;          /* NULL until parsed without problems */
    bf_problems problems;
} bf_input_file;

/* Local. The file's bytes. What cannot be read is the user's mistake: BF_E_INPUT. */
BF_MUST_USE bf_status bf_input_read(bf_input_file *in, const char *path);
/* Local. Parses the text; what is wrong with it is in in->problems, so that more may be added before the verdict. */
BF_MUST_USE bf_status bf_input_parse(bf_input_file *in, const bf_texts *set);
/* Local. Prints every problem to `to` (NULL: silent, for ranks that do not speak); BF_E_INPUT counts them. */
BF_MUST_USE bf_status bf_input_verdict(const bf_input_file *in, FILE *to);
void bf_input_free(bf_input_file *in);
#endif
