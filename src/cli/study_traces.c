#include "cli/study_traces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "farm/folder.h"
#include "study/yaml_tree.h"

static bf_status find_waiting(const char *dir, int configs, const bf_result *rows, bf_study_traces *t)
{
    t->waiting = calloc((size_t)configs + 1, sizeof *t->waiting);
    if (!t->waiting) return BF_FAIL(BF_E_MEMORY, "no memory for %d configurations", configs);
    for (int id = 0; id < configs; id++)
        if (!bf_config_has_ended(rows[id].status) && bf_folder_has_checkpoint(dir, id)) t->waiting[t->n_waiting++] = id;
    return BF_DONE;
}

/* The end of a file, whatever its length: at most size - 1 bytes, without the line feeds it ends in. */
static void read_end(const char *path, char *out, size_t size)
{
    out[0] = '\0';
    FILE *f = bf_file_size(path) > 0 ? fopen(path, "re") : NULL;       /* a size: it is a file, and no pipe that nobody writes to */
    if (!f) return;
    const int64_t all = bf_file_size(path), most = (int64_t)size - 1;
    size_t n = 0;
    if (fseeko(f, (off_t)(all > most ? all - most : 0), SEEK_SET) == 0) n = fread(out, 1, size - 1, f);
    while (n > 0 && out[n - 1] == '\n') n--;
    out[n] = '\0';
    fclose(f);
}

static void read_log(const char *dir, bf_study_traces *t)
{
    char path[BF_PATH], end[2048];
    if (bf_file_join(path, sizeof path, dir, "log.txt").code) return;
    read_end(path, end, sizeof end);
    const char *line = strrchr(end, '\n');
    bf_text_quote(line ? line + 1 : end, t->log_ends, sizeof t->log_ends);
}

bf_status bf_study_traces_read(const char *dir, int configs, const bf_result *rows, bf_study_traces *out)
{
    read_log(dir, out);
    return find_waiting(dir, configs, rows, out);
}

void bf_study_traces_close(bf_study_traces *t)
{
    free(t->waiting);
    memset(t, 0, sizeof *t);
}
