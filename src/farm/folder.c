#include "farm/folder.h"

#include "store/own_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const own_folders[] = { "configs", "checkpoints", NULL };

bf_status bf_folder_create(const char *dir)
{
    char path[BF_PATH];
    BF_TRY(bf_file_mkdirs(dir));
    for (int i = 0; own_folders[i]; i++) {
        BF_TRY(bf_file_join(path, sizeof path, dir, own_folders[i]));
        BF_TRY(bf_file_mkdirs(path));
    }
    return BF_DONE;
}

static bool is_config_file(const char *name)
{
    /* c0007.h5, c0007.prev.h5, c0007.failed-1.h5 */
    if (name[0] != 'c') return false;
    size_t digits = strspn(name + 1, "0123456789"), n = strlen(name);
    return digits >= 4 && name[1 + digits] == '.' && n > 3 && strcmp(name + n - 3, ".h5") == 0;
}

/* In the folders that are ours alone. */
static bool is_temporary(const char *name)
{
    size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".tmp") == 0;
}

/* Beside them, where people have files too: "study.h5.TAG.tmp", as bf_file_temporary makes it. */
static bool is_own_temporary(const char *name)
{
    for (int i = 0; bf_own_files[i]; i++) {
        const size_t n = strlen(bf_own_files[i]);
        if (strncmp(name, bf_own_files[i], n) == 0 && name[n] == '.' && is_temporary(name)) return true;
    }
    return false;
}

/* Unlinks the entries of dir that `mine` accepts. A folder that is not there holds nothing. */
static bf_status remove_matching(const char *dir, bool (*mine)(const char *name))
{
    DIR *d = opendir(dir);
    if (!d) return errno == ENOENT ? BF_DONE : BF_FAIL(BF_E_IO, "cannot list %s: %s", dir, strerror(errno));
    bf_status s = BF_DONE;
    char path[BF_PATH];
    for (struct dirent *e; !s.code && (e = readdir(d)) != NULL;) {
        if (!mine(e->d_name)) continue;
        s = bf_file_join(path, sizeof path, dir, e->d_name);
        if (!s.code && unlink(path) != 0 && errno != ENOENT) s = BF_FAIL(BF_E_IO, "cannot remove %s: %s", path, strerror(errno));
    }
    closedir(d);
    return s;
}

static bool is_config_or_temporary(const char *name) { return is_config_file(name) || is_temporary(name); }

bf_status bf_folder_clear(const char *dir)
{
    char path[BF_PATH];
    for (int i = 0; own_folders[i]; i++) {
        BF_TRY(bf_file_join(path, sizeof path, dir, own_folders[i]));
        BF_TRY(remove_matching(path, is_config_or_temporary));
    }
    for (int i = 0; bf_own_files[i]; i++) {
        BF_TRY(bf_file_join(path, sizeof path, dir, bf_own_files[i]));
        if (unlink(path) != 0 && errno != ENOENT) return BF_FAIL(BF_E_IO, "cannot remove %s: %s", path, strerror(errno));
    }
    return BF_DONE;
}

void bf_folder_sweep(const char *dir)
{
    char path[BF_PATH];
    /* What cannot be removed now costs disk space and nothing else; the next run tries again. */
    if (remove_matching(dir, is_own_temporary).code) return;
    for (int i = 0; own_folders[i]; i++)
        if (bf_file_join(path, sizeof path, dir, own_folders[i]).code || remove_matching(path, is_temporary).code) return;
}

bool bf_folder_has_checkpoint(const char *dir, int id)
{
    char path[BF_PATH + 40];
    snprintf(path, sizeof path, "%s/checkpoints/c%04d.h5", dir, id);
    if (bf_file_exists(path)) return true;
    snprintf(path, sizeof path, "%s/checkpoints/c%04d.prev.h5", dir, id);       /* alone when a run was killed between two renames */
    return bf_file_exists(path);
}

bf_status bf_folder_config(const char *dir, int id, const char *suffix, char *out, size_t size)
{
    int n = snprintf(out, size, "%s/configs/c%04d%s", dir, id, suffix);
    if (n < 0 || (size_t)n >= size) return BF_FAIL(BF_E_INPUT, "the path of %s is too long", dir);
    return BF_DONE;
}
