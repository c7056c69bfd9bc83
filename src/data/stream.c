#include "data/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct bf_stream {
    gzFile  file;                       /* reads plain files as they are */
    char    name[96];
    bool    plain;
    int64_t bytes;                      /* on disk */
    int64_t at;                         /* position in the content */
};

enum { BUFFER = 1 << 18 };

const char *bf_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

bf_status bf_stream_check(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || access(path, R_OK) != 0)
        return BF_FAIL(BF_E_INPUT, "cannot read %.150s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return BF_FAIL(BF_E_INPUT, "%.150s is no file", path);
    return BF_DONE;
}

bf_status bf_stream_open(const char *path, bf_stream **out)
{
    struct stat st;
    *out = NULL;
    BF_TRY(bf_stream_check(path));
    bf_stream *s = calloc(1, sizeof *s);
    const int fd = s ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (s && fd >= 0 && fstat(fd, &st) == 0)
        s->file = gzdopen(fd, "rb");
    if (!s || !s->file) {
        const int why = errno;
        if (fd >= 0)
            close(fd);
        free(s);
        return BF_FAIL(BF_E_INPUT, "cannot read %.150s: %s", path, strerror(why));
    }
    gzbuffer(s->file, BUFFER);
    s->plain = gzdirect(s->file) != 0;
    s->bytes = (int64_t)st.st_size;
    strncpy(s->name, bf_path_name(path), sizeof s->name - 1);
    *out = s;
    return BF_DONE;
}

/* zlib's sentence for what went wrong; a compressed file that ends early is no error here, the caller knows what it expected. */
static bf_status broken(bf_stream *s)
{
    int code = Z_OK;
    const char *what = gzerror(s->file, &code);
    bf_status st = BF_DONE;
    if (code == Z_ERRNO)
        st = BF_FAIL(BF_E_IO, "%s: cannot read: %s", s->name, strerror(errno));
    else if (code != Z_BUF_ERROR && code != Z_OK)
        st = BF_FAIL(code == Z_MEM_ERROR ? BF_E_MEMORY : BF_E_FORMAT, "%s: damaged compressed data: %.100s", s->name, what);
    gzclearerr(s->file);                /* frees what */
    s->at = -1;                         /* zlib's position is lost: the next read starts over */
    return st;
}

static bf_status go_to(bf_stream *s, int64_t at)
{
    if (s->at == at)
        return BF_DONE;
    if (s->at < 0 && gzrewind(s->file) != 0)
        return BF_FAIL(BF_E_IO, "%s: cannot go back to the start", s->name);
    if (gzseek(s->file, (z_off_t)at, SEEK_SET) != (z_off_t)at)
        return BF_FAIL(BF_E_IO, "%s: cannot go to byte %lld", s->name, (long long)at);
    s->at = at;
    return BF_DONE;
}

bf_status bf_stream_read(bf_stream *s, int64_t at, void *out, int64_t n, int64_t *got)
{
    *got = 0;
    BF_TRY(go_to(s, at));
    while (*got < n) {
        const int64_t left = n - *got;
        const int r = gzread(s->file, (char *)out + *got, (unsigned)(left < (1 << 30) ? left : 1 << 30));
        if (r <= 0)
            return broken(s);
        *got += r;
        s->at += r;
    }
    return BF_DONE;
}

bf_status bf_stream_size(bf_stream *s, int64_t limit, int64_t *size)
{
    *size = s->bytes;
    if (s->plain)
        return BF_DONE;
    char *scratch = malloc(BUFFER);
    bf_status st = scratch ? BF_DONE : BF_FAIL(BF_E_MEMORY, "%s: no memory to read it", s->name);
    int64_t got = BUFFER;
    *size = 0;
    while (!st.code && got == BUFFER && *size <= limit) {
        const int64_t left = limit - *size;
        const int64_t n = left < BUFFER - 1 ? left + 1 : BUFFER;
        st = bf_stream_read(s, *size, scratch, n, &got);
        *size += got;
    }
    free(scratch);
    return st;
}

bool bf_stream_compressed(const bf_stream *s)
{
    return !s->plain;
}

const char *bf_stream_name(const bf_stream *s)
{
    return s->name;
}

void bf_stream_close(bf_stream **s)
{
    if (!*s)
        return;
    gzclose((*s)->file);
    free(*s);
    *s = NULL;
}
