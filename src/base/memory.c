#include "base/memory.h"
#include "base/file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_FILE = 1 << 20 };

/* The text of a file of the system; NULL when it is not there. It belongs to the caller: free(). */
static char *text_of(const char *root, const char *folder, const char *name)
{
    char path[BF_PATH], *text;
    const int n = snprintf(path, sizeof path, "%s%s/%s", root, folder, name);
    return n > 0 && n < BF_PATH && bf_file_read(path, LARGEST_FILE, &text, NULL).code == BF_OK ? text : NULL;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

/* The number behind a key at the beginning of a line; UINT64_MAX for "max", for another word and where there is no such line. */
static uint64_t number_in(const char *text, const char *key)
{
    const size_t n = strlen(key);
    for (const char *line = text; *line; line = next_line(line)) {
        const char *at = line + n;
        if (strncmp(line, key, n) != 0) continue;
        at += strspn(at, " \t");
        return *at >= '0' && *at <= '9' ? strtoull(at, NULL, 10) : UINT64_MAX;
    }
    return UINT64_MAX;
}

static uint64_t number_of(const char *root, const char *folder, const char *name, const char *key)
{
    char *text = text_of(root, folder, name);
    const uint64_t v = text ? number_in(text, key) : UINT64_MAX;
    free(text);
    return v;
}

static uint64_t or_zero(uint64_t v) { return v == UINT64_MAX ? 0 : v; }
static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* How the two versions of control groups name the same things. */
typedef struct version { const char *mount, *limit, *used, *inactive, *active; } version;
static const version first = { "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "total_active_file" },
                     second = { "/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file", "active_file" };

/* What one group leaves. Its cached files are dropped before anything is refused; shared memory is not among them. */
static uint64_t room_in(const char *root, const version *v, const char *folder)
{
    const uint64_t limit = number_of(root, folder, v->limit, ""), used = or_zero(number_of(root, folder, v->used, ""));
    if (limit == UINT64_MAX) return UINT64_MAX;
    const uint64_t cached = or_zero(number_of(root, folder, "memory.stat", v->inactive)) + or_zero(number_of(root, folder, "memory.stat", v->active));
    const uint64_t held = used > cached ? used - cached : 0;
    return limit > held ? limit - held : 0;
}

/* The group of that path and all around it; a container may show no more than the outermost. */
static uint64_t room_along(const char *root, const version *v, const char *path, size_t length)
{
    char folder[BF_PATH];
    uint64_t room = UINT64_MAX;
    const size_t mount = strlen(v->mount);
    if (mount + length >= sizeof folder) return room;
    snprintf(folder, sizeof folder, "%s%.*s", v->mount, (int)length, path);
    for (;;) {
        room = least(room, room_in(root, v, folder));
        if (strlen(folder) <= mount) return room;
        *strrchr(folder, '/') = '\0';
    }
}

/* "5:cpu,memory:/job" and "0::/job": the second version has no list. */
static const version *version_of(const char *controllers, size_t length)
{
    static const char memory[] = "memory";
    const size_t n = sizeof memory - 1;
    if (length == 0) return &second;
    for (size_t at = 0; at + n <= length; at++) {
        const bool begins = at == 0 || controllers[at - 1] == ',', ends = at + n == length || controllers[at + n] == ',';
        if (begins && ends && strncmp(controllers + at, memory, n) == 0) return &first;
    }
    return NULL;
}

static uint64_t room_of_groups(const char *root)
{
    char *text = text_of(root, "/proc/self", "cgroup");
    uint64_t room = UINT64_MAX;
    for (const char *line = text; line && *line; line = next_line(line)) {
        const char *controllers = line + strcspn(line, ":\n");
        if (*controllers++ != ':') continue;
        const size_t listed = strcspn(controllers, ":\n");
        const char *path = controllers + listed;
        const version *v = version_of(controllers, listed);
        if (*path++ == ':' && *path == '/' && v) room = least(room, room_along(root, v, path, strcspn(path, "\n")));
    }
    free(text);
    return room;
}

uint64_t bf_memory_available(const char *root)
{
    const uint64_t kib = number_of(root, "/proc", "meminfo", "MemAvailable:");
    uint64_t bytes;
    if (__builtin_mul_overflow(kib, (uint64_t)1024, &bytes)) bytes = UINT64_MAX;
    return least(bytes, room_of_groups(root));
}
