#include "cli/whole_text.h"

#include <stdlib.h>

#include "base/file.h"

bf_status bf_whole_text(bf_text_writer *write, const void *self, const char *path, const char *tag)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to) return BF_FAIL(BF_E_MEMORY, "no memory for what is to be written");
    bf_status s = write(self, to);
    if (fclose(to) != 0 && !s.code) s = BF_FAIL(BF_E_MEMORY, "no memory for what is to be written");
    if (!s.code && path) s = bf_file_write(path, tag, text, n);
    if (!s.code && !path && (fputs(text, stdout) == EOF || fflush(stdout) != 0)) s = BF_FAIL(BF_E_IO, "cannot write to stdout");
    free(text);
    return s;
}
