#include "store/own_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

const char *const bf_own_files[] = { "study.h5", "data.h5", "study.yaml", "log.txt", "log.jsonl", "progress.json", "STOP", NULL };

/* The folder a file will be in, resolved. */
static bool resolve_parent(const char *path, char folder[BF_PATH], const char **name)
{
    char copy[BF_PATH];
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    snprintf(copy, sizeof copy, "%.*s", slash ? (int)(slash == path ? 1 : slash - path) : 1, slash ? path : ".");
    char *real = realpath(copy, NULL);
    bool fits = real && strlen(real) < BF_PATH;
    if (fits) strcpy(folder, real);
    free(real);
    return fits;
}

static bool same_folder(const char *folder, const char *dir, const char *inner)
{
    char path[BF_PATH];
    if (bf_file_join(path, sizeof path, dir, inner).code) return false;
    char *real = realpath(path, NULL);
    bool same = real && strcmp(real, folder) == 0;
    free(real);
    return same;
}

static bool is_own(const char *name)
{
    for (int i = 0; bf_own_files[i]; i++)
        if (strcmp(name, bf_own_files[i]) == 0) return true;
    return strcmp(name, ".lock") == 0;
}

bf_status bf_own_files_spare(const char *dir, const char *out)
{
    char folder[BF_PATH];
    const char *name;
    if (!resolve_parent(out, folder, &name)) return BF_FAIL(BF_E_IO, "%s: its folder: %s", out, strerror(errno));
    const bool within = same_folder(folder, dir, "configs") || same_folder(folder, dir, "checkpoints");
    const bool own = within || (same_folder(folder, dir, ".") && is_own(name));
    return own || !*name ? BF_FAIL(BF_E_USAGE, "%s is a file of the study itself; choose another name", out) : BF_DONE;
}

bf_status bf_own_files_differ(const char *in, const char *out)
{
    struct stat a, b;
    const bool same = stat(in, &a) == 0 && stat(out, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    return same ? BF_FAIL(BF_E_USAGE, "%s is what is read; choose another name for what is written", out) : BF_DONE;
}
