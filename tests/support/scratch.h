/* A folder of a test's own, and what it needs to damage files in it. */
#ifndef BF_TESTS_SCRATCH_H
#define BF_TESTS_SCRATCH_H
#include <dirent.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void scratch_make(char dir[128])
{
    const char *base = getenv("TMPDIR");
    snprintf(dir, 128, "%.90s/betafield-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(dir)) abort();
}

static inline int scratch_unlink(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static inline void scratch_remove(const char *dir) { nftw(dir, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS); }

/* *bytes belongs to the caller. */
static inline size_t scratch_read(const char *dir, const char *name, unsigned char **bytes)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    if (!f) abort();
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    *bytes = malloc(n + 1);
    if (!*bytes || fread(*bytes, 1, n, f) != n) abort();
    fclose(f);
    return n;
}

static inline void scratch_write(const char *dir, const char *name, const void *bytes, size_t n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0) abort();
}

/* Entries of a folder whose name contains `part`; -1 when there is no folder. */
static inline int scratch_count(const char *dir, const char *inner, const char *part)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, inner);
    DIR *d = opendir(path);
    if (!d) return -1;
    int n = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;) n += e->d_name[0] != '.' && strstr(e->d_name, part) != NULL;
    closedir(d);
    return n;
}
#endif
