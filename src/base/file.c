#include "base/file.h"
#include "base/checksum.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static bf_status copy_path(char out[BF_PATH], const char *path)
{
    size_t n = strlen(path);
    if (n == 0 || n >= BF_PATH)
        return BF_FAIL(BF_E_INPUT, "a path has to have 1 to %d bytes, this one has %zu", BF_PATH - 1, n);
    memcpy(out, path, n + 1);
    return BF_DONE;
}

/* Turns path into the folder that holds it; false when it is already "/" or ".". */
static bool to_parent(char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    bool moved = n > 0 ? !(n == 1 && path[1] == '\0') : strcmp(path, ".") != 0;
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n == 0)
        path[n++] = '.';
    path[n] = '\0';
    return moved;
}

/* A file's name lives in its folder: only after this does a new name survive a power failure. */
static bf_status sync_parent(const char *path)
{
    char folder[BF_PATH];
    BF_TRY(copy_path(folder, path));
    to_parent(folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == EACCES)
        return BF_DONE;                 /* writable but not readable: the name is there, we just cannot wait for it */
    if (fd < 0)
        return BF_FAIL(BF_E_IO, "%s: cannot open folder: %s", folder, strerror(errno));
    int failed = fsync(fd) != 0 && errno != EINVAL ? errno : 0;     /* EINVAL: this file system has no fsync for folders */
    close(fd);
    if (failed)
        return BF_FAIL(BF_E_IO, "%s: cannot sync folder: %s", folder, strerror(failed));
    return BF_DONE;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bf_status make_folder(const char *path)
{
    if (is_folder(path))
        return BF_DONE;
    if (mkdir(path, 0777) == 0)
        return sync_parent(path);
    int failed = errno;
    if (failed == EEXIST && is_folder(path))    /* another rank was faster */
        return BF_DONE;
    return BF_FAIL(BF_E_IO, "%s: cannot create folder: %s", path, strerror(failed));
}

bf_status bf_file_mkdirs(const char *path)
{
    char prefix[BF_PATH];
    BF_TRY(copy_path(prefix, path));
    for (char *p = prefix + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            BF_TRY(make_folder(prefix));
            *p = '/';
        }
    return make_folder(prefix);
}

bf_status bf_file_publish(const char *tmp, const char *path)
{
    int fd = open(tmp, O_RDONLY | O_CLOEXEC);       /* fsync takes a descriptor of any kind: all dirty pages of the file are meant */
    if (fd < 0)
        return BF_FAIL(BF_E_IO, "%s: cannot open: %s", tmp, strerror(errno));
    int failed = fsync(fd) != 0 ? errno : 0;
    close(fd);
    if (failed)
        return BF_FAIL(BF_E_IO, "%s: cannot sync: %s", tmp, strerror(failed));
    if (rename(tmp, path) != 0)
        return BF_FAIL(BF_E_IO, "%s: cannot rename to %s: %s", tmp, path, strerror(errno));
    return sync_parent(path);
}

bf_status bf_file_temporary(char *out, size_t size, const char *path, const char *tag)
{
    int n = snprintf(out, size, "%s.%s.tmp", path, tag);
    if (n < 0 || (size_t)n >= size)
        return BF_FAIL(BF_E_INPUT, "the path is too long for a temporary name beside it: %s", path);
    /* A rename would put a file in the place of a device or a pipe, whose users would not find it again. */
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return BF_FAIL(BF_E_IO, "%s: there is something that is not a file; choose another name", path);
    return BF_DONE;
}

static bf_status write_all(int fd, const char *path, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, bytes, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return BF_FAIL(BF_E_IO, "%s: cannot write: %s", path, strerror(errno));
        bytes += put;
        n -= (size_t)put;
    }
    return BF_DONE;
}

bf_status bf_file_write(const char *path, const char *tag, const void *bytes, size_t n)
{
    char tmp[BF_PATH];
    BF_TRY(bf_file_temporary(tmp, sizeof tmp, path, tag));
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return BF_FAIL(BF_E_IO, "%s: cannot create: %s", tmp, strerror(errno));
    bf_status s = write_all(fd, tmp, bytes, n);
    if (close(fd) != 0 && s.code == BF_OK)          /* network file systems report a full disk here */
        s = BF_FAIL(BF_E_IO, "%s: cannot close: %s", tmp, strerror(errno));
    if (s.code == BF_OK)
        s = bf_file_publish(tmp, path);
    if (s.code)
        unlink(tmp);
    return s;
}

/* Reads to the end, not to the size a file claims: that may be 0, wrong, or change meanwhile. */
static bf_status read_all(int fd, const char *path, size_t limit, char **text, size_t *n)
{
    size_t used = 0, room = 0;
    for (;;) {
        if (used + 1 >= room) {                     /* one byte stays for the NUL */
            room = room > 0 ? 2 * room : 16384;
            char *larger = realloc(*text, room);
            if (larger == NULL)
                return BF_FAIL(BF_E_MEMORY, "%s: cannot allocate %zu bytes to read it", path, room);
            *text = larger;
        }
        ssize_t got = read(fd, *text + used, room - used - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return BF_FAIL(BF_E_IO, "%s: cannot read: %s", path, strerror(errno));
        if (got == 0)
            break;
        used += (size_t)got;
        if (used > limit)
            return BF_FAIL(BF_E_INPUT, "%s: larger than the %zu bytes such a file may have", path, limit);
    }
    (*text)[used] = '\0';
    if (n != NULL)
        *n = used;
    return BF_DONE;
}

bf_status bf_file_read(const char *path, size_t limit, char **text, size_t *n)
{
    *text = NULL;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);         /* NONBLOCK: a pipe without a writer must not hold us here */
    if (fd < 0)
        return BF_FAIL(BF_E_INPUT, "%s: cannot open: %s", path, strerror(errno));
    struct stat st;
    bf_status s;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        s = BF_FAIL(BF_E_INPUT, "%s: not a regular file", path);
    else
        s = read_all(fd, path, limit, text, n);
    close(fd);
    if (s.code) {
        free(*text);
        *text = NULL;
    }
    return s;
}

bool bf_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bf_status bf_file_seen(const char *path)
{
    struct stat st;
    char host[65] = "";
    if (stat(path, &st) == 0)
        return BF_DONE;
    const int why = errno;
    gethostname(host, sizeof host - 1);
    return BF_FAIL(BF_E_IO, "%s: %s on %s; all nodes of a job have to share its folder", path, strerror(why), host);
}

int64_t bf_file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

int64_t bf_file_free_space(const char *path)
{
    char at[BF_PATH];
    if (copy_path(at, path).code)
        return -1;
    struct statvfs fs;
    while (statvfs(at, &fs) != 0)       /* what does not exist yet will be made on its nearest ancestor's file system */
        if ((errno != ENOENT && errno != ENOTDIR) || !to_parent(at))
            return -1;
    int64_t bytes;
    return __builtin_mul_overflow(fs.f_bavail, fs.f_frsize, &bytes) ? INT64_MAX : bytes;
}

bf_status bf_file_join(char *out, size_t size, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    const char *between = n == 0 || dir[n - 1] == '/' ? "" : "/";
    int wanted = snprintf(out, size, "%s%s%s", dir, between, name);
    if (wanted < 0 || (size_t)wanted >= size)
        return BF_FAIL(BF_E_INPUT, "the path is too long: %s%s%s", dir, between, name);
    return BF_DONE;
}

void bf_uuid(char out[37])
{
    unsigned char b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b) {           /* no such call here: time and process tell runs apart too */
        double moment[2] = { bf_clock_epoch(), bf_clock_seconds() };
        uint64_t half[2] = { bf_hash64(moment, sizeof moment), bf_hash64(&(int64_t){ getpid() }, sizeof(int64_t)) };
        memcpy(b, half, sizeof b);
    }
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);                   /* RFC 4122: version 4, variant 1 */
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        snprintf(out, 3, "%02x", b[i]);
        out += 2;
    }
}
