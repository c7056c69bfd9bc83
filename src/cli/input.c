#include "cli/input.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/plural.h"

bf_status bf_input_read(bf_input_file *in, const char *path)
{
    in->path = path;
    bf_status s = bf_file_read(path, BF_INPUT_LIMIT, &in->text, &in->size);
    if (s.code == BF_E_IO) s.code = BF_E_INPUT;
    return s;
}

bf_status bf_input_parse(bf_input_file *in, const bf_texts *set)
{
    bf_status s = bf_study_parse(in->text, in->size, set ? set->at : NULL, set ? set->count : 0, &in->problems, &in->study);
    return s.code == BF_E_INPUT && in->problems.count > 0 ? BF_DONE : s;
}

bf_status bf_input_verdict(const bf_input_file *in, FILE *to)
{
    const int n = in->problems.count;
    if (n == 0) return BF_DONE;
    if (to) bf_problems_print(&in->problems, in->path, to);
    return BF_FAIL(BF_E_INPUT, "%d problem%s in %s", n, bf_plural(n), in->path);
}

void bf_input_free(bf_input_file *in)
{
    bf_study_free(&in->study);
    bf_problems_free(&in->problems);
    free(in->text);
    memset(in, 0, sizeof *in);
}
